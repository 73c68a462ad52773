//! OSSA-2025-002 in OpenStack Keystone: published without a CVE identifier or a score, and re-issued thirteen
//! days later with both.

use super::story::{Beat, Deed, Known, Story, beat, draft, instant, name, product, refused};
use Known::{Assumed, Fact};
use tidegate_domain::advisory::{ActionNeeded, Draft, Section};
use tidegate_domain::case::{Action, TestOutcome};

const ADVISORY: &str = "https://security.openstack.org/ossa/OSSA-2025-002.html";
const BUG: &str = "https://launchpad.net/bugs/2119646";
const MAIL: &str = "https://www.openwall.com/lists/oss-security/2025/11/04/2";
const ERRATA: &str = "https://www.openwall.com/lists/oss-security/2025/11/17/6";
const CVE_RECORD: &str = "https://www.cve.org/CVERecord?id=CVE-2025-65073";
const COMMITS: &str = "https://opendev.org/openstack/keystone/commits";

/// The hour of the process, on the day of the advisory.
const PUBLIC: &str = "2025-11-04T15:00:00Z";

const REPORT: &str = "From: kay <finder@example.org>\r\n\
To: security@openstack.example\r\n\
Subject: ec2tokens and s3tokens answer anybody\r\n\
Date: Thu, 07 Aug 2025 09:00:00 +0000\r\n\
Message-ID: <demo-ossa@example.org>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
/v3/ec2tokens and /v3/s3tokens take a signature from anybody, without a\r\n\
token of their own. Whoever holds a presigned S3 URL sends its signature\r\n\
there and gets a Keystone token of the user who made it.\r\n";

const PEOPLE: &[(&str, &str, &str)] = &[
    ("jeremy", "jeremy@openstack.example", "team"),
    ("goutham", "goutham@openstack.example", "team"),
    ("grzegorz", "grzegorz@openstack.example", "reviewer"),
];

/// Branch, public commit, first released version.
const FIXES: [(&str, &str, &str); 4] = [
    ("master", "5a8e4443d8607cc96de38c5609a9ed979f11f944", "29.0.0"),
    ("2025.2", "680ec90e47223dbe88865e76fe251c75997f6a7a", "28.0.1"),
    ("2025.1", "0d4625051dc6bff22ee13c4e5e0c6b80d7af1d26", "27.0.1"),
    ("2024.2", "aea59e3117db10a3463dfcbac2caa7faa29dfccf", "26.1.0"),
];

/// The story.
#[must_use]
pub fn story() -> Story {
    let mut beats = triaged();
    beats.extend(patched());
    beats.extend(published());
    beats.extend(reissued());
    Story {
        project: name("openstack"),
        policy: include_str!("../../../../policies/openstack.toml"),
        title: "OSSA-2025-002 (later CVE-2025-65073), OpenStack Keystone: published, then re-issued",
        people: PEOPLE,
        beats,
    }
}

fn triaged() -> Vec<Beat> {
    let report = Beat {
        at: instant("2025-08-07T09:02:00Z"),
        case: 0,
        who: name("reporter"),
        deed: Deed::Report(REPORT),
        known: Fact(BUG),
    };
    vec![
        report,
        beat(
            "2025-08-07T15:00:00Z",
            "jeremy",
            Action::Acknowledge { text: "We have it.".to_owned() },
            Assumed,
        ),
        beat(
            "2025-08-07T15:30:00Z",
            "jeremy",
            Action::Invite { person: name("grzegorz"), role: name("reviewer") },
            Assumed,
        ),
        beat("2025-08-08T08:00:00Z", "grzegorz", Action::AcknowledgeConfidence, Assumed),
        beat(
            "2025-08-11T12:00:00Z",
            "jeremy",
            Action::Confirm {
                affected: FIXES.iter().map(|(branch, ..)| name(branch)).collect(),
                versions: Vec::new(),
            },
            Fact(ADVISORY),
        ),
        refused(
            "2025-08-11T12:30:00Z",
            "jeremy",
            Action::ProposeEmbargo { until: instant("2025-12-02T15:00:00Z") },
        ),
        beat("2025-08-11T12:40:00Z", "jeremy", Action::ProposeEmbargo { until: instant(PUBLIC) }, Assumed),
        beat("2025-08-12T09:00:00Z", "reporter", Action::AcceptEmbargo, Assumed),
    ]
}

fn patched() -> Vec<Beat> {
    let mut beats = Vec::new();
    for (branch, file) in [
        ("master", "keystone-master.patch"),
        ("2025.2", "keystone-2025.2.patch"),
        ("2025.1", "keystone-2025.1.patch"),
        ("2024.2", "keystone-2024.2.patch"),
    ] {
        beats.push(Beat {
            at: instant("2025-09-19T12:02:18Z"),
            case: 0,
            who: name("grzegorz"),
            deed: Deed::Patch { release: branch, name: file },
            known: Fact(COMMITS),
        });
        let test = Action::RecordTest {
            release: name(branch),
            outcome: TestOutcome::Pass,
            note: "unit and tempest tests".to_owned(),
        };
        beats.push(beat("2025-09-22T09:00:00Z", "grzegorz", test, Assumed));
    }
    let requested =
        Action::Custom { step: name("cve-requested"), note: "request 1930434 to MITRE".to_owned() };
    beats.extend([
        beat(
            "2025-09-23T10:00:00Z",
            "jeremy",
            Action::DraftAdvisory { draft: Box::new(first_text()) },
            Assumed,
        ),
        beat("2025-09-23T15:00:00Z", "goutham", Action::Approve, Assumed),
        beat("2025-09-24T08:00:00Z", "grzegorz", Action::Approve, Assumed),
        beat("2025-09-24T14:00:00Z", "jeremy", requested, Fact(MAIL)),
        Beat {
            at: instant("2025-10-28T14:00:00Z"),
            case: 0,
            who: name("jeremy"),
            deed: Deed::Number("OSSA-2025-002"),
            known: Assumed,
        },
        beat("2025-10-28T15:00:00Z", "jeremy", Action::Predisclose, Assumed),
    ]);
    beats
}

fn published() -> Vec<Beat> {
    let mut beats = vec![beat("2025-11-03T21:13:16Z", "jeremy", Action::Announce, Fact(ADVISORY))];
    for (branch, commit, _) in FIXES {
        let push = Action::RecordCommit {
            release: name(branch),
            commit: commit.to_owned(),
            message: "Add token authentication to ec2tokens and s3tokens".to_owned(),
        };
        beats.push(beat("2025-11-04T15:05:00Z", "grzegorz", push, Fact(COMMITS)));
    }
    let notified =
        Action::Custom { step: name("publication-notified"), note: "oss-security and the lists".to_owned() };
    beats.push(beat("2025-11-04T15:10:00Z", "jeremy", notified, Fact(MAIL)));
    beats.push(beat("2025-11-04T15:20:00Z", "jeremy", Action::OpenCase, Fact(BUG)));
    beats
}

fn reissued() -> Vec<Beat> {
    let cve = "CVE-2025-65073".parse().unwrap_or_else(|_| unreachable!("a CVE identifier of this story"));
    let vector = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:L/I:H/A:N";
    let rating = vector.parse().unwrap_or_else(|_| unreachable!("a vector of this story"));
    let reissue = Action::Reissue {
        draft: Box::new(second_text()),
        changes:
            "CVE-2025-65073 was assigned. The description says whose authorization is gained. Backports for \
                  unmaintained/2024.1 are available."
                .to_owned(),
        action_needed: ActionNeeded::NotAgain,
    };
    let mut beats = vec![
        beat("2025-11-17T08:00:00Z", "jeremy", Action::ReserveCve { cve }, Fact(CVE_RECORD)),
        beat("2025-11-17T08:20:00Z", "jeremy", Action::Rate { rating }, Fact(CVE_RECORD)),
        beat("2025-11-17T17:30:00Z", "jeremy", reissue, Fact(ERRATA)),
        beat("2025-11-17T17:45:00Z", "goutham", Action::Approve, Assumed),
        beat("2025-11-17T17:50:00Z", "grzegorz", Action::Approve, Assumed),
        beat("2025-11-17T18:18:25Z", "jeremy", Action::Announce, Fact(ERRATA)),
    ];
    for (branch, at, version) in [
        ("2024.2", "2026-01-26T12:00:00Z", FIXES[3].2),
        ("master", "2026-04-01T12:00:00Z", FIXES[0].2),
        ("2025.2", "2026-04-16T12:00:00Z", FIXES[1].2),
        ("2025.1", "2026-04-16T12:05:00Z", FIXES[2].2),
    ] {
        let release = Action::RecordRelease { release: name(branch), version: version.to_owned() };
        beats.push(beat(at, "jeremy", release, Fact("https://releases.openstack.org/")));
    }
    let lesson = Action::Retrospective {
        text: "A CVE identifier asked for in September came in November.".to_owned(),
    };
    beats.push(beat("2026-04-17T09:00:00Z", "jeremy", lesson, Assumed));
    beats.push(beat(
        "2026-04-17T09:30:00Z",
        "jeremy",
        Action::Close { reason: "released".to_owned() },
        Assumed,
    ));
    beats
}

fn first_text() -> Draft {
    text(
        "Keystone's ec2tokens and s3tokens interfaces accept a valid AWS signature from anybody. Whoever has one, from a presigned S3 URL for instance, gets an authorization for it without having authenticated.",
        "Deployments whose /v3/ec2tokens or /v3/s3tokens can be reached by clients that have not authenticated.",
        "Companion changes for Swift keep its optional S3 interface working. A CVE identifier was requested on 24 September and is pending.",
    )
}

fn second_text() -> Draft {
    text(
        "Keystone's ec2tokens and s3tokens interfaces accept a valid AWS signature from anybody. Whoever has one, from a presigned S3 URL for instance, gets an authorization of the user who made the signature without having authenticated.",
        "Deployments whose /v3/ec2tokens or /v3/s3tokens can be reached by clients that have not authenticated.",
        "Companion changes for Swift keep its optional S3 interface working. Backports for unmaintained/2024.1 are offered as a courtesy; that line gets no further release.",
    )
}

fn text(description: &str, systems: &str, notes: &str) -> Draft {
    let affected = vec![product(
        "Keystone",
        Some("pkg:pypi/keystone"),
        "https://opendev.org/openstack/keystone",
        &[
            (None, Some("26.0.1"), None),
            (Some("27.0.0"), None, Some("27.0.0")),
            (Some("28.0.0"), None, Some("28.0.0")),
        ],
    )];
    let notes = format!("{notes} The patch files shown here were made up for this demonstration.");
    let sections = [
        (Section::Description, description),
        (
            Section::Impact,
            "Unauthorized access and more rights than granted: ec2tokens can give a token with full scope.",
        ),
        (Section::AffectedSystems, systems),
        (Section::Mitigation, "Keep both interfaces out of reach of clients that have not authenticated."),
        (Section::Resolution, "Apply the patch for your release."),
        (Section::Notes, notes.as_str()),
    ];
    let references = [("Launchpad bug 2119646", BUG), ("The advisory", ADVISORY)];
    draft(
        "Unauthenticated access to EC2/S3 token endpoints can grant Keystone authorization",
        &sections,
        affected,
        &[("kay", None)],
        &references,
        Some("CWE-863"),
    )
}
