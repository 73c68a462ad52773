//! CVE-2013-2756 and CVE-2013-2758 in Apache CloudStack: two console flaws, announced together with the
//! release that fixes them, on 24 April 2013.

use super::story::{Beat, Deed, Known, Story, beat, draft, in_case, instant, name, product, refused};
use Known::{Assumed, Fact};
use tidegate_domain::advisory::{Draft, Section};
use tidegate_domain::case::{Action, TestOutcome};

const CVE_RECORD: &str = "https://www.cve.org/CVERecord?id=CVE-2013-2756";
const RELEASE: &str = "https://blogs.apache.org/cloudstack/entry/apache_cloudstack_4_0_2";
const NEWS: &str = "Apache CloudStack weekly news of 2013-05-02";
const MAIL: &str = "dev@cloudstack.apache.org, 2013-04-24, <51786984.1060300@stratosec.co>";

/// The Message-ID of the announcement begins with this second in hex.
const PUBLIC: &str = "2013-04-24T23:23:48Z";

const REPORT_2756: &str = "From: A finder <finder@example.org>\r\n\
To: security@cloudstack.example\r\n\
Subject: Console proxy lets one tenant onto another's console\r\n\
Date: Wed, 27 Mar 2013 09:12:00 +0000\r\n\
Message-ID: <demo-2756@example.org>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
Whoever has read the source of the console proxy can make an access token\r\n\
for any virtual machine, and gets its console without being asked who they\r\n\
are. Seen with 4.0.1-incubating. We told Citrix as well.\r\n";

const REPORT_2758: &str = "From: A finder <finder@example.org>\r\n\
To: security@cloudstack.example\r\n\
Subject: Console addresses can be guessed\r\n\
Date: Wed, 27 Mar 2013 10:40:00 +0000\r\n\
Message-ID: <demo-2758@example.org>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
The address of a console holds a weak hash over a sequence that can be\r\n\
predicted. With a few tries one arrives at a console of somebody else.\r\n\
Seen with 4.0.1-incubating.\r\n";

const PEOPLE: &[(&str, &str, &str)] = &[
    ("lars", "lars@cloudstack.example", "team"),
    ("chiradeep", "chiradeep@cloudstack.example", "team"),
    ("asf", "security@asf.example", "apache"),
];

/// The story.
#[must_use]
pub fn story() -> Story {
    let mut beats = Vec::new();
    beats.push(report("2013-03-27T09:15:00Z", 0, REPORT_2756));
    beats.push(report("2013-03-27T10:45:00Z", 1, REPORT_2758));
    for (case, cve, vector) in [
        (0, "CVE-2013-2756", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N"),
        (1, "CVE-2013-2758", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N"),
    ] {
        beats.extend(judged(cve, vector).into_iter().map(|beat| in_case(case, beat)));
    }
    for (case, text) in [(0, bypass()), (1, guessable())] {
        beats.extend(fixed(text).into_iter().map(|beat| in_case(case, beat)));
    }
    for case in [0, 1] {
        beats.extend(announced().into_iter().map(|beat| in_case(case, beat)));
    }
    Story {
        project: name("cloudstack"),
        policy: include_str!("../../../../policies/cloudstack.toml"),
        title: "CVE-2013-2756 and CVE-2013-2758, Apache CloudStack: a batch of two (document 003)",
        people: PEOPLE,
        beats,
    }
}

fn report(at: &str, case: usize, mail: &'static str) -> Beat {
    Beat { at: instant(at), case, who: name("reporter"), deed: Deed::Report(mail), known: Assumed }
}

fn judged(cve: &str, vector: &str) -> Vec<Beat> {
    let cve = cve.parse().unwrap_or_else(|_| unreachable!("a CVE identifier of this story"));
    let reserve = || Action::ReserveCve { cve: Clone::clone(&cve) };
    let rating = vector.parse().unwrap_or_else(|_| unreachable!("a vector of this story"));
    vec![
        beat(
            "2013-03-27T16:00:00Z",
            "lars",
            Action::Acknowledge { text: "We are looking at it.".to_owned() },
            Assumed,
        ),
        beat(
            "2013-03-28T10:00:00Z",
            "lars",
            Action::Confirm {
                affected: vec![name("4.0"), name("master")],
                versions: vec!["4.0.0-incubating".to_owned(), "4.0.1-incubating".to_owned()],
            },
            Fact(CVE_RECORD),
        ),
        refused("2013-03-28T10:05:00Z", "lars", reserve()),
        beat(
            "2013-03-28T11:00:00Z",
            "lars",
            Action::Custom { step: name("apache-notified"), note: "by mail".to_owned() },
            Assumed,
        ),
        beat("2013-03-28T14:00:00Z", "chiradeep", Action::Rate { rating }, Assumed),
        beat("2013-03-29T09:00:00Z", "lars", Action::ProposeEmbargo { until: instant(PUBLIC) }, Assumed),
        beat("2013-03-29T12:00:00Z", "reporter", Action::AcceptEmbargo, Assumed),
        beat("2013-04-03T12:00:00Z", "asf", reserve(), Fact(CVE_RECORD)),
    ]
}

fn fixed(text: Draft) -> Vec<Beat> {
    let mut beats = Vec::new();
    for (release, file) in [("4.0", "cloudstack-4.0.patch"), ("master", "cloudstack-master.patch")] {
        beats.push(Beat {
            at: instant("2013-04-09T15:00:00Z"),
            case: 0,
            who: name("chiradeep"),
            deed: Deed::Patch { release, name: file },
            known: Assumed,
        });
        let test = Action::RecordTest {
            release: name(release),
            outcome: TestOutcome::Pass,
            note: "console access of two tenants".to_owned(),
        };
        beats.push(beat("2013-04-10T15:00:00Z", "lars", test, Assumed));
    }
    beats.push(beat(
        "2013-04-11T09:00:00Z",
        "lars",
        Action::DraftAdvisory { draft: Box::new(text) },
        Assumed,
    ));
    beats.push(beat("2013-04-11T15:00:00Z", "lars", Action::Predisclose, Assumed));
    let commit = |release: &str, message: &str| Action::RecordCommit {
        release: name(release),
        commit: placeholder(release),
        message: message.to_owned(),
    };
    let telling = "CVE-2013-2756: fix the console proxy's authentication";
    beats.push(refused("2013-04-12T09:00:00Z", "chiradeep", commit("4.0", telling)));
    let neutral = "Use a key of its own for console access of each installation";
    beats.push(beat("2013-04-12T09:30:00Z", "chiradeep", commit("4.0", neutral), Assumed));
    beats.push(beat("2013-04-12T09:40:00Z", "chiradeep", commit("master", neutral), Assumed));
    beats
}

/// The commits are not known to us: what stands here is made up, and the advisory says so.
fn placeholder(release: &str) -> String {
    if release == "master" { "d".repeat(40) } else { "e".repeat(40) }
}

fn announced() -> Vec<Beat> {
    let release = |release: &str, version: &str| Action::RecordRelease {
        release: name(release),
        version: version.to_owned(),
    };
    vec![
        beat("2013-04-24T12:00:00Z", "lars", release("4.0", "4.0.2"), Fact(RELEASE)),
        beat("2013-04-24T12:05:00Z", "lars", release("master", "4.1.0"), Assumed),
        beat(
            "2013-04-24T13:00:00Z",
            "lars",
            Action::Custom { step: name("distributors-coordinated"), note: "Citrix is ready".to_owned() },
            Assumed,
        ),
        beat(
            "2013-04-24T14:00:00Z",
            "lars",
            Action::Batch { batch: name("4.0.2"), at: instant(PUBLIC) },
            Fact(MAIL),
        ),
        beat("2013-04-24T15:00:00Z", "chiradeep", Action::Approve, Assumed),
        beat("2013-04-24T16:00:00Z", "lars", Action::Announce, Fact(MAIL)),
        beat(
            "2013-04-25T09:00:00Z",
            "lars",
            Action::Custom { step: name("changes-and-news"), note: "CHANGES of 4.0.2".to_owned() },
            Assumed,
        ),
        beat("2013-04-25T10:00:00Z", "lars", Action::OpenCase, Assumed),
        beat(
            "2013-05-02T09:00:00Z",
            "lars",
            Action::Retrospective {
                text: "The finders went to Citrix, which told the project: sharing works both ways."
                    .to_owned(),
            },
            Fact(NEWS),
        ),
        beat(
            "2013-05-02T10:00:00Z",
            "lars",
            Action::Close { reason: "announced and reviewed".to_owned() },
            Assumed,
        ),
    ]
}

fn cloudstack_text(title: &str, description: &str, impact: &str, cwe: &str) -> Draft {
    let affected = vec![product(
        "Apache CloudStack",
        Some("pkg:github/apache/cloudstack"),
        "https://github.com/apache/cloudstack",
        &[(Some("4.0.0-incubating"), Some("4.0.2"), None)],
    )];
    let sections = [
        (Section::Summary, impact),
        (
            Section::AffectedSystems,
            "Releases 4.0.0-incubating and 4.0.1-incubating. Installations that do not run a console proxy are not affected.",
        ),
        (Section::Description, description),
        (Section::Impact, impact),
        (Section::Mitigation, "Keep the console proxy out of reach of those who need no console."),
        (Section::Resolution, "Upgrade to 4.0.2."),
        (
            Section::Notes,
            "Commit ids and patch files shown here were made up for this demonstration, and the CVSS 3.1 vector is ours; dates and numbers are those of the public record.",
        ),
    ];
    let credits = [("Wolfram Schlich", None), ("Mathijs Schmittmann", None)];
    let references = [("Release 4.0.2", "https://cloudstack.apache.org/"), ("The CVE record", CVE_RECORD)];
    draft(title, &sections, affected, &credits, &references, Some(cwe))
}

fn bypass() -> Draft {
    cloudstack_text(
        "Console proxy access without authentication",
        "The console proxy trusts a token that anybody who has read its source can make.",
        "Somebody with an account can open the console of another tenant's virtual machine.",
        "CWE-287",
    )
}

fn guessable() -> Draft {
    cloudstack_text(
        "Guessable addresses of consoles",
        "Addresses of consoles hold a weak hash over a predictable sequence.",
        "Somebody can guess the address of another tenant's console and open it.",
        "CWE-310",
    )
}
