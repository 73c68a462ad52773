//! XSA-108 (CVE-2014-7188) in Xen: the case that document 004 is the post-mortem of.

use super::story::{Beat, Deed, Known, Story, beat, draft, instant, name, product, refused};
use Known::{Assumed, Fact};
use tidegate_domain::advisory::{Draft, Section};
use tidegate_domain::case::{Action, TestOutcome};

const ADVISORY: &str = "https://xenbits.xen.org/xsa/advisory-108.html";
const CVE_RECORD: &str = "https://www.cve.org/CVERecord?id=CVE-2014-7188";
const HISTORY: &str = "https://xenbits.xen.org/gitweb/?p=xen.git";
const POST_MORTEM: &str = "https://lists.xenproject.org/archives/html/xen-devel/2014-10/msg00976.html";

/// The public instant.
const PUBLIC: &str = "2014-10-01T12:00:00Z";

const REPORT: &str = "From: Jan Beulich <finder@example.org>\r\n\
To: security@xen.example\r\n\
Subject: x2APIC MSR range is too wide\r\n\
Date: Mon, 22 Sep 2014 09:00:00 +0000\r\n\
Message-ID: <demo-xsa108@example.org>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
hvm_x2apic_msr_read() in xen/arch/x86/hvm/vlapic.c answers for 1024 MSRs\r\n\
where there are 256. A guest that reads the others gets memory behind the\r\n\
page of its APIC, or brings the host down. 4.1 and later, x86, HVM guests.\r\n";

const PEOPLE: &[(&str, &str, &str)] = &[
    ("ian", "ian@xen.example", "team"),
    ("lars", "lars@xen.example", "team"),
    ("andrew", "andrew@xen.example", "helper"),
];

/// Branch, public commit, minute of the commit, first released version where there is one.
const FIXES: [(&str, &str, &str, Option<&str>); 4] = [
    ("master", "61fdda7acf3de11f3d50d50e5b4f4ecfac7e0d04", "2014-10-01T12:54:47Z", Some("4.5.0")),
    ("4.4", "c6de14eebd7b414c25094e942f24b2791d7c66c2", "2014-10-01T12:59:00Z", Some("4.4.2")),
    ("4.3", "534084207cca8e2060b2ed2fe1c8b7190a3e1897", "2014-10-01T13:09:12Z", Some("4.3.4")),
    ("4.2", "fad105dd0ac1a224d91757afee01acd4566f7e82", "2014-10-01T13:13:17Z", None),
];

/// The story.
#[must_use]
pub fn story() -> Story {
    let mut beats = reported();
    beats.extend(patched());
    beats.extend(disclosed());
    Story {
        project: name("xen"),
        policy: include_str!("../../../../policies/xen-2014.toml"),
        title: "XSA-108 (CVE-2014-7188), Xen: the case that document 004 looks back on",
        people: PEOPLE,
        beats,
    }
}

fn reported() -> Vec<Beat> {
    let report = Beat {
        at: instant("2014-09-22T09:02:00Z"),
        case: 0,
        who: name("reporter"),
        deed: Deed::Report(REPORT),
        known: Assumed,
    };
    vec![
        report,
        beat(
            "2014-09-22T10:00:00Z",
            "ian",
            Action::Acknowledge { text: "Thank you, we see it too.".to_owned() },
            Assumed,
        ),
        beat(
            "2014-09-22T11:00:00Z",
            "ian",
            Action::Confirm {
                affected: FIXES.iter().map(|(branch, ..)| name(branch)).collect(),
                versions: vec!["4.1".to_owned(), "4.4.1".to_owned()],
            },
            Fact(CVE_RECORD),
        ),
        beat("2014-09-22T11:30:00Z", "ian", Action::Rate { rating: rating() }, Assumed),
        beat("2014-09-22T12:00:00Z", "ian", Action::ProposeEmbargo { until: instant(PUBLIC) }, Assumed),
        beat("2014-09-22T13:00:00Z", "reporter", Action::AcceptEmbargo, Assumed),
        beat(
            "2014-09-22T13:30:00Z",
            "ian",
            Action::Invite { person: name("andrew"), role: name("helper") },
            Assumed,
        ),
        beat("2014-09-22T14:00:00Z", "andrew", Action::AcknowledgeConfidence, Assumed),
    ]
}

fn patched() -> Vec<Beat> {
    let mut beats = Vec::new();
    for (branch, file) in [
        ("master", "xsa108.patch"),
        ("4.4", "xsa108-4.4.patch"),
        ("4.3", "xsa108-4.3.patch"),
        ("4.2", "xsa108-4.2.patch"),
    ] {
        beats.push(Beat {
            at: instant("2014-09-23T09:00:00Z"),
            case: 0,
            who: name("ian"),
            deed: Deed::Patch { release: branch, name: file },
            known: Assumed,
        });
        let test = Action::RecordTest {
            release: name(branch),
            outcome: TestOutcome::Pass,
            note: "read every MSR of the range from an HVM guest".to_owned(),
        };
        beats.push(beat("2014-09-23T12:00:00Z", "andrew", test, Assumed));
    }
    beats.push(Beat {
        at: instant("2014-09-23T13:00:00Z"),
        case: 0,
        who: name("ian"),
        deed: Deed::Number("XSA-108"),
        known: Fact(ADVISORY),
    });
    beats.push(beat(
        "2014-09-23T15:00:00Z",
        "ian",
        Action::DraftAdvisory { draft: Box::new(text()) },
        Assumed,
    ));
    beats.push(beat("2014-09-23T16:00:00Z", "ian", Action::Predisclose, Assumed));
    beats
}

fn disclosed() -> Vec<Beat> {
    let cve = || "CVE-2014-7188".parse().unwrap_or_else(|_| unreachable!("a CVE identifier of this story"));
    let mut beats = vec![
        beat("2014-09-26T12:00:00Z", "ian", Action::ReserveCve { cve: cve() }, Fact(CVE_RECORD)),
        beat("2014-09-29T10:00:00Z", "lars", Action::Approve, Assumed),
        beat("2014-09-29T11:00:00Z", "ian", Action::Announce, Assumed),
    ];
    // Before the embargo's end nothing is pushed: this is refused.
    let (branch, commit, at, _) = FIXES[0];
    let message = "x86/HVM: properly bound x2APIC MSR range. This is XSA-108.";
    let push = |branch: &str, commit: &str| Action::RecordCommit {
        release: name(branch),
        commit: commit.to_owned(),
        message: message.to_owned(),
    };
    beats.push(refused("2014-09-30T18:00:00Z", "ian", push(branch, commit)));
    beats.push(beat(at, "ian", push(branch, commit), Fact(HISTORY)));
    for (branch, commit, at, _) in FIXES.iter().skip(1) {
        beats.push(beat(at, "ian", push(branch, commit), Fact(HISTORY)));
    }
    let retrospective = Action::Retrospective {
        text: "Sharing among members, deployment during the embargo and membership were unclear; a discussion on \
               xen-devel led to the proposal that this policy states."
            .to_owned(),
    };
    beats.push(beat("2014-10-22T15:00:00Z", "lars", retrospective, Fact(POST_MORTEM)));
    beats.push(beat(
        "2014-10-22T16:00:00Z",
        "ian",
        Action::Close { reason: "public and fixed".to_owned() },
        Assumed,
    ));
    beats
}

/// Ours: the public record has a version 2 vector only, 8.3 (AV:A/AC:L/Au:N/C:C/I:C/A:C).
fn rating() -> tidegate_domain::rating::Rating {
    let vector = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:N/A:H";
    vector.parse().unwrap_or_else(|_| unreachable!("a vector of this story"))
}

fn text() -> Draft {
    let affected = vec![product(
        "Xen",
        None,
        "https://xenbits.xen.org/git-http/xen.git",
        &[
            (Some("4.1.0"), None, Some("4.2.5")),
            (Some("4.3.0"), Some("4.3.4"), None),
            (Some("4.4.0"), Some("4.4.2"), None),
        ],
    )];
    let sections = [
        (
            Section::Description,
            "The code that emulates the x2APIC registers answers for 1024 of them, where the architecture has 256. A read of one that does not exist goes beyond the page that holds the guest's APIC.",
        ),
        (
            Section::Impact,
            "A guest can bring down the host, or read up to 3 KiB of memory that belongs to the hypervisor or to another guest.",
        ),
        (Section::AffectedSystems, "Xen 4.1 and later on x86. Only HVM guests can use it; PV guests cannot."),
        (Section::Mitigation, "Running only PV guests avoids it."),
        (
            Section::Resolution,
            "Apply the patch for your release. The CVSS 3.1 vector shown here is the demonstration's own, and so are the patch files; commits and dates are those of the public record.",
        ),
        (
            Section::Deployment,
            "Deployment of the patch is permitted during the embargo, on public-facing systems too, even where guests are managed or used by others.",
        ),
    ];
    draft(
        "Improper MSR range used for x2APIC emulation",
        &sections,
        affected,
        &[("Jan Beulich", Some("SUSE"))],
        &[("The advisory", ADVISORY), ("Look back on xen-devel", POST_MORTEM)],
        None,
    )
}
