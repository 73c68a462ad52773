//! The case whose embargo ends while somebody watches: a project, people and a flaw that do not exist, told
//! backwards from the embargo's end.

use super::story::{Beat, Deed, Known, Story, draft, name, product};
use crate::engine::Engine;
use crate::out::Failure;
use crate::post::system_time;
use std::sync::LazyLock;
use std::time::Duration;
use tidegate_domain::advisory::{Draft, Section};
use tidegate_domain::case::{Action, TestOutcome};
use tidegate_domain::time::Instant;
use tidegate_envelope::Secret;

/// The project's name in the instance.
pub const PROJECT: &str = "lantern";
/// The advisory's number.
pub const NUMBER: &str = "LSA-1";
/// Whose letters are encrypted, because the demo makes them a key.
pub const KEY_HOLDER: &str = "mara";

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
/// For how long the demo's keys are good.
const KEY_VALIDITY: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Xen's process of 2014 with another project's names in it: a made-up advisory under a real name would be taken
/// for a real one.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    [
        ("id = \"xen-2014\"", "id = \"lantern\""),
        (
            "title = \"Xen Project: security problem response process, as proposed in 2014\"",
            "title = \"Lantern: a made-up project under a real process, that of Xen as proposed in 2014\"",
        ),
        ("name = \"Xen Project\"", "name = \"Lantern (made up)\""),
        ("https://xenproject.org", "https://lantern.example"),
        ("https://xenbits.xen.org/xsa/", "https://lantern.example/"),
        ("lists.xen.example", "lists.lantern.example"),
        ("security@xen.example", "security@lantern.example"),
        ("\"xen-", "\"lantern-"),
        ("its XSA number", "its number"),
        ("\"XSA-{n}\"", "\"LSA-{n}\""),
        ("the Xen Project's governance", "Lantern's governance"),
    ]
    .into_iter()
    .fold(include_str!("../../../../policies/xen-2014.toml").to_owned(), |text, (from, to)| {
        text.replace(from, to)
    })
});

const PEOPLE: &[(&str, &str, &str)] = &[
    (KEY_HOLDER, "mara@lantern.example", "team"),
    ("noor", "noor@lantern.example", "team"),
    ("tom", "tom@lantern.example", "helper"),
];

const REPORT: &str = "From: A finder <finder@example.org>\r\n\
To: security@lantern.example\r\n\
Subject: Any guest can read the lamp of its neighbour\r\n\
Message-ID: <demo-lantern@example.org>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
lamp_read() takes the lamp's number from the guest and looks it up without\r\n\
asking whose it is. Seen with 2.1 and 2.2. Everything in this report is\r\n\
made up for the demonstration.\r\n";

/// When the embargo ends: at the first whole minute that is at least `minutes` after `now`.
#[must_use]
pub fn embargo_end(now: Instant, minutes: u32) -> Instant {
    let end = now.micros().saturating_add(i64::from(minutes) * MINUTE_US);
    Instant::from_micros(end.saturating_add(MINUTE_US - 1).div_euclid(MINUTE_US) * MINUTE_US)
}

/// The story, up to the announcement that waits for `until`.
#[must_use]
pub fn story(until: Instant) -> Story {
    let beat = |hours: i64, who: &str, deed: Deed| Beat {
        at: Instant::from_micros(until.micros().saturating_sub(hours * HOUR_US)),
        case: 0,
        who: name(who),
        deed,
        known: Known::Assumed,
    };
    let act = |hours: i64, who: &str, action: Action| beat(hours, who, Deed::Do(Box::new(action)));
    let pass = |release: &str| Action::RecordTest {
        release: name(release),
        outcome: TestOutcome::Pass,
        note: "two guests, two lamps".to_owned(),
    };
    let releases = vec![name("2.2"), name("master")];
    Story {
        project: name(PROJECT),
        policy: &POLICY,
        title: "LSA-1, Lantern: made up, and public in a few minutes",
        people: PEOPLE,
        beats: vec![
            beat(219, "reporter", Deed::Report(REPORT)),
            act(218, "mara", Action::Acknowledge { text: "Thank you, we see it too.".to_owned() }),
            act(217, "mara", Action::Confirm { affected: releases, versions: vec!["2.1".to_owned()] }),
            act(216, "mara", Action::ProposeEmbargo { until }),
            act(215, "reporter", Action::AcceptEmbargo),
            act(214, "mara", Action::Invite { person: name("tom"), role: name("helper") }),
            act(213, "tom", Action::AcknowledgeConfidence),
            beat(195, "tom", Deed::Patch { release: "2.2", name: "lsa1-2.2.patch" }),
            beat(195, "tom", Deed::Patch { release: "master", name: "lsa1.patch" }),
            act(194, "noor", pass("2.2")),
            act(194, "noor", pass("master")),
            beat(193, "mara", Deed::Number(NUMBER)),
            act(192, "mara", Action::DraftAdvisory { draft: Box::new(text()) }),
            act(190, "mara", Action::Predisclose),
            act(50, "noor", Action::Approve),
            act(26, "mara", Action::Announce),
        ],
    }
}

fn text() -> Draft {
    let affected = vec![product(
        "Lantern",
        None,
        "https://lantern.example/git/lantern",
        &[(Some("2.1.0"), Some("2.2.1"), None)],
    )];
    let sections = [
        (
            Section::Description,
            "The call that reads a lamp takes the lamp's number from the guest and looks it up without asking whose lamp it is.",
        ),
        (Section::Impact, "A guest can read the lamps of all other guests on its host."),
        (
            Section::AffectedSystems,
            "Lantern 2.1 and later. Lantern does not exist, and neither does this flaw.",
        ),
        (Section::Mitigation, "Running one guest for each host avoids it."),
        (Section::Resolution, "Apply the patch for your release."),
        (Section::Deployment, "Deployment of the patch is permitted during the embargo."),
    ];
    draft(
        "A guest can read its neighbour's lamp",
        &sections,
        affected,
        &[("A finder", None)],
        &[],
        Some("CWE-862"),
    )
}

/// Makes the keys by which some of the demo's letters leave signed or encrypted.
///
/// # Errors
/// Where a key cannot be made or kept.
pub async fn make_keys(engine: &Engine) -> Result<(), Failure> {
    let Some(keystore) = &engine.post.keystore else { return Ok(()) };
    let at = system_time(engine.clock.now());
    let make = |user: &str| Secret::generate(user, at, Some(KEY_VALIDITY)).map_err(|error| failed(&error));
    keystore
        .put(&name(PROJECT), &make("Lantern (made up) <security@lantern.example>")?)
        .map_err(|error| failed(&error))?;
    let certificate = make("Mara <mara@lantern.example>")?.certificate();
    let armoured = certificate.armoured().map_err(|error| failed(&error))?;
    engine.add_person_key(KEY_HOLDER, &armoured).await?.map(drop).map_err(Failure::plain)
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::plain(format!("the demo's keys: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::story::instant;
    use tidegate_domain::policy::{self, check};

    #[test]
    fn the_embargo_ends_on_a_whole_minute_that_is_far_enough() {
        let end = |now: &str| embargo_end(instant(now), 3).to_string();
        assert_eq!(end("2026-03-02T09:00:00Z"), "2026-03-02T09:03:00Z");
        assert_eq!(end("2026-03-02T09:00:00.000001Z"), "2026-03-02T09:04:00Z");
    }

    #[test]
    fn the_made_up_project_names_no_real_one() {
        let policy = policy::read(&POLICY).expect("a policy");
        assert!(check::check(&policy).findings.is_empty());
        assert_eq!(policy.publisher.contact, "security@lantern.example");
        let names = |line: &&str| {
            let rest = ["title = ", "source = "].into_iter().all(|start| !line.starts_with(start));
            rest && !line.starts_with('#')
                && [".xen", "XSA", "Xen Project"].iter().any(|name| line.contains(name))
        };
        assert_eq!(POLICY.lines().find(names), None);
    }
}
