//! Publications of a project that does not exist.

use std::collections::BTreeMap;
use tidegate_domain::advisory::{
    ActionNeeded, AffectedProduct, AffectedRange, AppliesTo, Cna, Credit, Draft, Fix, IssuedVersion,
    PatchFile, Publication, Publisher, Reference, Section, Title,
};
use tidegate_domain::case::Reason;
use tidegate_domain::time::Instant;
use tidegate_formats::{Context, Link};

pub fn context() -> Context {
    Context {
        page: link("https://security.harbourmaster.example/advisories/HSA-17"),
        csaf_folder: link("https://security.harbourmaster.example/csaf/white/2031/"),
        engine_version: "0.1.0".to_owned(),
    }
}

pub fn link(text: &str) -> Link {
    text.parse().expect("a link")
}

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The first version: two products, two CVE identifiers, CVSS 3.1.
pub fn first() -> Publication {
    Publication {
        publisher: publisher(),
        number: "HSA-17".to_owned(),
        draft: Draft {
            title: "Berth allocation lets a guest read the ledger of another tenant"
                .parse::<Title>()
                .expect("a title"),
            sections: sections(),
            affected: affected(),
            credits: vec![
                Credit { name: "Ada Example".to_owned(), organisation: some("Example Cloud") },
                Credit { name: "Bo Sample".to_owned(), organisation: None },
            ],
            references: vec![Reference {
                title: "Public bug 4711".to_owned(),
                url: "https://bugs.harbourmaster.example/4711".to_owned(),
            }],
            cwe: some("CWE-639"),
        },
        headings: headings(),
        cves: ["CVE-2031-10001", "CVE-2031-10002"].map(|id| id.parse().expect("a CVE id")).to_vec(),
        rating: Some("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:N/A:N".parse().expect("a vector")),
        fixes: fixes(),
        history: vec![IssuedVersion {
            version: 1,
            at: at("2031-10-01T12:00:00Z"),
            changes: "Public release.".to_owned(),
            action_needed: None,
        }],
        notices: Vec::new(),
    }
}

/// The second version: a patch was missing, and the rating is now CVSS 4.0.
pub fn second() -> Publication {
    let mut publication = first();
    publication.history.push(IssuedVersion {
        version: 2,
        at: at("2031-10-09T09:30:00Z"),
        changes: "The patch for 4.19 was incomplete: it left the export path open. hsa17-4.19-2.patch completes it.".to_owned(),
        action_needed: Some(ActionNeeded::Again),
    });
    publication.rating =
        Some("CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:N/VA:N/SC:H/SI:N/SA:N".parse().expect("a vector"));
    let second_patch = PatchFile { name: "hsa17-4.19-2.patch".to_owned(), sha256: "d".repeat(64) };
    if let Some(fix) = publication.fixes.first_mut() {
        fix.patches.push(second_patch);
    }
    publication.notices = vec!["The patches of version 1 must not be used alone.".to_owned()];
    publication
}

/// One product, and for each release how it is resolved: as it stands, after commits, and for a reason.
pub fn resolved() -> Publication {
    let mut publication = first();
    publication.draft.affected.truncate(1);
    let to = |tree: &str, digits: &[&str]| AppliesTo {
        tree: tree.to_owned(),
        prerequisites: digits.iter().map(|digit| digit.repeat(40)).collect(),
    };
    let [older, old, main] = publication.fixes.as_mut_slice() else { panic!("three releases") };
    older.applies = vec![to("v4.19.1", &["7", "8"]), to("stable-4.19", &[])];
    old.applies = vec![to("v4.18.6", &["9"])];
    old.reason = Some(Reason::ByHand);
    main.applies = vec![to("main", &[])];
    let left = |release: &str, reason| Fix {
        release: release.to_owned(),
        commit: None,
        version: None,
        patches: Vec::new(),
        applies: Vec::new(),
        reason: Some(reason),
    };
    publication.fixes.push(left("4.17", Reason::NoFix));
    publication.fixes.push(left("4.16", Reason::NotAffected));
    publication
}

/// An advisory with nothing but a title, first issued in public as version 3.
pub fn bare() -> Publication {
    Publication {
        publisher: publisher(),
        number: "HSA-18".to_owned(),
        draft: Draft {
            title: "Ledger export stops early".parse::<Title>().expect("a title"),
            sections: BTreeMap::new(),
            affected: Vec::new(),
            credits: Vec::new(),
            references: Vec::new(),
            cwe: None,
        },
        headings: headings(),
        cves: Vec::new(),
        rating: None,
        fixes: Vec::new(),
        history: vec![IssuedVersion {
            version: 3,
            at: at("2031-11-01T12:00:00Z"),
            changes: "Public release.".to_owned(),
            action_needed: None,
        }],
        notices: Vec::new(),
    }
}

/// What breaks quoting, markup, lines and reading order, in every field that takes text.
pub const HOSTILE: &str = "\"'</script><script>alert(1)</script>&amp;]]>\0\u{1b}[31m\u{202e}txt\r\nBcc: x\u{ffff}{{7*7}}`$(id)`\\ <3 é 日本 עברית 🦀";

/// A publication with [`HOSTILE`] text in every field that takes text.
pub fn hostile() -> Publication {
    filled_with(HOSTILE)
}

/// A publication with `text` in every field that takes text.
pub fn filled_with(text: &str) -> Publication {
    let owned = || text.to_owned();
    let mut publication = second();
    publication.publisher = Publisher {
        name: owned(),
        url: owned(),
        contact: owned(),
        cna: Cna { short_name: owned(), org_id: publisher().cna.org_id },
    };
    publication.number = owned();
    publication.draft = Draft {
        title: Title::salvage(text),
        sections: Section::ALL.into_iter().map(|section| (section, owned())).collect(),
        affected: vec![
            AffectedProduct {
                product: owned(),
                purl: Some(owned()),
                repository: Some(owned()),
                ranges: vec![
                    AffectedRange {
                        introduced: Some(owned()),
                        fixed: Some(owned()),
                        last_affected: Some(owned())
                    },
                    AffectedRange { introduced: Some(owned()), fixed: None, last_affected: Some(owned()) },
                    AffectedRange { introduced: None, fixed: Some(owned()), last_affected: None },
                    AffectedRange { introduced: None, fixed: Some(owned()), last_affected: None },
                    AffectedRange { introduced: None, fixed: None, last_affected: None },
                ],
            };
            2
        ],
        credits: vec![Credit { name: owned(), organisation: Some(owned()) }; 2],
        references: vec![Reference { title: owned(), url: format!("https://a.example/{text}") }; 2],
        cwe: Some(owned()),
    };
    publication.headings = vec![(Section::Impact, owned()), (Section::Impact, owned())];
    publication.cves.push("CVE-2031-10001".parse().expect("a CVE id"));
    publication.fixes = vec![
        Fix {
            release: owned(),
            commit: Some(owned()),
            version: Some(owned()),
            patches: vec![PatchFile { name: owned(), sha256: owned() }],
            applies: vec![AppliesTo { tree: owned(), prerequisites: vec![owned(), owned()] }; 2],
            reason: Some(Reason::Elsewhere),
        };
        2
    ];
    for issued in &mut publication.history {
        issued.changes = owned();
    }
    publication.notices = vec![owned(), owned()];
    publication
}

fn publisher() -> Publisher {
    Publisher {
        name: "Harbourmaster Project".to_owned(),
        url: "https://harbourmaster.example".to_owned(),
        contact: "security@harbourmaster.example".to_owned(),
        cna: Cna {
            short_name: "harbourmaster".to_owned(),
            org_id: "8b7e2c1e-40f5-4c8c-9a54-0d6d1f3f7a11".to_owned(),
        },
    }
}

fn headings() -> Vec<(Section, String)> {
    [
        (Section::Description, "Issue description"),
        (Section::Impact, "Impact"),
        (Section::AffectedSystems, "Vulnerable systems"),
        (Section::Mitigation, "Mitigation"),
        (Section::Resolution, "Resolution"),
        (Section::Deployment, "Deployment during embargo"),
    ]
    .map(|(section, heading)| (section, heading.to_owned()))
    .to_vec()
}

fn sections() -> BTreeMap<Section, String> {
    let mut sections = BTreeMap::new();
    let mut add = |section, text: &str| sections.insert(section, text.to_owned());
    add(
        Section::Summary,
        "The berth allocator checks the tenant of a request, but not the tenant of the berth that the request names. A guest that guesses a berth number reads the ledger of whoever owns it.",
    );
    add(
        Section::Description,
        "The berth allocator resolves the berth before it resolves the tenant:\n\n    berth = find(request.berth)\n    ledger = berth.ledger    # no check of berth.tenant\n\nSince berth numbers are consecutive, guessing one takes a single try.\n",
    );
    add(
        Section::Impact,
        "A guest with any account reads, but cannot change, the ledger of every other tenant.",
    );
    add(
        Section::AffectedSystems,
        "All systems with more than one tenant are vulnerable.\n\n- Harbourmaster 4.18 and later with `allocator = \"berth\"`, which is the default since 4.18.\n- Systems with a single tenant are not vulnerable.",
    );
    add(
        Section::Mitigation,
        "Setting `allocator = \"quay\"` avoids the issue, and needs a restart of the allocator.",
    );
    add(Section::Resolution, "Applying the patch for your release resolves this issue.");
    add(
        Section::Deployment,
        "Deployment of the patches is permitted during the embargo, on public-facing systems too.",
    );
    sections
}

fn affected() -> Vec<AffectedProduct> {
    let range = |introduced: &str, fixed: &str| AffectedRange {
        introduced: some(introduced),
        fixed: some(fixed),
        last_affected: None,
    };
    vec![
        AffectedProduct {
            product: "Harbourmaster".to_owned(),
            purl: some("pkg:pypi/harbourmaster"),
            repository: some("https://git.harbourmaster.example/harbourmaster.git"),
            ranges: vec![range("4.18.0", "4.18.7"), range("4.19.0", "4.19.2")],
        },
        AffectedProduct {
            product: "Quayside appliance".to_owned(),
            purl: None,
            repository: None,
            ranges: vec![AffectedRange { introduced: None, fixed: None, last_affected: some("2030-R3") }],
        },
    ]
}

fn fixes() -> Vec<Fix> {
    let shared = PatchFile { name: "hsa17.patch".to_owned(), sha256: "c".repeat(64) };
    let fix = |release: &str, digit: &str, version: &str, patches: Vec<PatchFile>| Fix {
        release: release.to_owned(),
        commit: Some(digit.repeat(40)),
        version: some(version),
        patches,
        applies: Vec::new(),
        reason: None,
    };
    let own = PatchFile { name: "hsa17-4.19.patch".to_owned(), sha256: "b".repeat(64) };
    vec![
        fix("4.19", "1", "4.19.2", vec![own]),
        fix("4.18", "2", "4.18.7", vec![shared.clone()]),
        Fix {
            release: "main".to_owned(),
            commit: Some("3".repeat(40)),
            version: None,
            patches: vec![shared],
            applies: Vec::new(),
            reason: None,
        },
    ]
}
