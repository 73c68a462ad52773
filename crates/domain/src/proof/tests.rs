use super::*;
use crate::time::Instant;
use crate::verdict::Verdict;

const C: &str = r#"schema = 1
advisory = "OSSA-2099-002"
version = 1
product = "keystone"
deployment = "north"
provider = "Example Cloud"
given = "2099-11-14T09:00:00Z"
answer = "C"
how = "integrator"
integrator = "OSISM"
text = "The integrator's image 26.0.1 is rolled out. It has e.g. the fix."
[before]
taken = "2099-11-04T08:00:00Z"
sha256 = "0000000000000000000000000000000000000000000000000000000000000001"
[after]
taken = "2099-11-14T08:30:00Z"
sha256 = "0000000000000000000000000000000000000000000000000000000000000002"
[rollout]
done = 42
of = 42
[moments]
fix-merged = "2099-11-04T18:00:00Z"
image-built = "2099-11-12T10:00:00Z"
last-host-restarted = "2099-11-14T08:07:54Z"
"#;

fn now() -> Instant {
    "2099-12-01T00:00:00Z".parse().expect("an instant")
}

fn look(text: &str, finding: &Finding) -> Result<Examined, Vec<String>> {
    let answer = read_answer(text).unwrap_or_else(|faults| panic!("{faults:?}"));
    examine(&answer, finding, now()).map_err(|lacks| lacks.iter().map(ToString::to_string).collect())
}

fn with(verdict: Verdict) -> Option<(Verdict, String)> {
    Some((verdict, "it is so".to_owned()))
}

#[test]
fn an_answer_with_all_it_needs_has_nothing_against_it() {
    let examined =
        look(C, &Finding { verdict: with(Verdict::Affected), after: with(Verdict::Fixed), version: Some(1) });
    assert_eq!(examined, Ok(Examined { backing: Backing::Evidence, objections: Vec::new() }));
}

/// Each rule refuses by its number, and says what is needed.
#[test]
fn what_an_answer_lacks_is_refused_by_its_rule() {
    for (from, to, rule, why) in [
        ("The integrator's image", "One. Two. The integrator's image", "SCS-07", "has 4 sentences"),
        ("The integrator's image 26.0.1 is rolled out. It has e.g. the fix.", " ", "SCS-07", "says nothing"),
        ("done = 42", "done = 43", "SCS-06", "43 of 42 hosts is no share"),
        ("done = 42\nof = 42", "done = 0\nof = 0", "SCS-06", "0 of 0 hosts"),
        (
            "\"2099-11-12T10:00:00Z\"",
            "\"2099-11-03T10:00:00Z\"",
            "SCS-06",
            "image-built (2099-11-03T10:00:00Z) is before fix-merged",
        ),
        ("\"2099-11-14T08:07:54Z\"", "\"2099-11-14T10:07:54Z\"", "SCS-06", "later than the answer itself"),
        ("given = \"2099-11", "given = \"2199-11", "SCS-06", "which is not yet"),
        ("taken = \"2099-11-04", "taken = \"2099-11-24", "SCS-06", "not newer than the one before"),
        ("how = \"integrator\"\nintegrator = \"OSISM\"", "how = \"own\"", "SCS-02", "proof of the fix"),
    ] {
        let text = C.replace(from, to);
        assert_ne!(text, C, "{from}");
        let lacks = look(&text, &Finding::default()).expect_err(why);
        assert!(lacks.iter().any(|lack| lack.contains(rule) && lack.contains(why)), "{why}: {lacks:?}");
    }
    let own = C.replace("how = \"integrator\"\nintegrator = \"OSISM\"", "how = \"own\"\npatch-id = \"abc\"");
    assert!(look(&own, &Finding::default()).is_ok());
}

/// What speaks against an answer is named; a person judges.
#[test]
fn what_speaks_against_an_answer_is_named() {
    let said = |text: &str, finding: &Finding| -> Vec<String> {
        look(text, finding).expect("an answer").objections.iter().map(ToString::to_string).collect()
    };
    let a = C.replace("\"C\"\nhow = \"integrator\"\nintegrator = \"OSISM\"", "\"A\"");
    let affected = Finding { verdict: with(Verdict::Affected), ..Finding::default() };
    assert_eq!(said(&a, &affected), ["contradictory: the verdict is affected: it is so"]);
    assert_eq!(said(&a, &Finding { verdict: with(Verdict::Unknown), ..Finding::default() }), [""; 0]);
    let after = Finding { after: with(Verdict::Affected), version: Some(2), ..Finding::default() };
    assert_eq!(
        said(&C.replace("done = 42", "done = 40"), &after),
        [
            "contradictory: the verdict on the snapshot after the patch is affected: it is so",
            "in part: the patch runs on 40 of 42 hosts",
            "stale: version 1 of the advisory was answered, and 2 is in force"
        ]
    );
    assert_eq!(
        said(&C.replace("[rollout]\ndone = 42\nof = 42\n", ""), &Finding::default()),
        ["it isn't said on how many hosts, of how many, the patch runs"]
    );
}

/// SCS-08: without evidence the provider's word stands, and is marked as such.
#[test]
fn a_word_alone_is_marked_as_such() {
    let head = C.split("[before]").next().expect("a head");
    assert_eq!(look(head, &Finding::default()).expect("an answer").backing, Backing::OwnWord);
}

#[test]
fn faults_have_their_place() {
    for (from, to, part) in [
        ("of = 42", "", "needs its denominator (SCS-06)"),
        ("of = 42", "of = \"42\"", "invalid type"),
        ("answer = \"C\"", "answer = \"B\"", "`B`, `integrator` is no answer (SCS-07)"),
        ("integrator = \"OSISM\"", "", "needs `integrator`"),
        (
            "integrator = \"OSISM\"",
            "integrator = \"OSISM\"\nfixed-version = \"1\"",
            "`fixed-version` doesn't belong",
        ),
        ("00000002\"", "2\"", "64 hexadecimal digits"),
        ("image-built", "image-baked", "`image-baked` is no moment"),
        ("given = \"2099-11-14T09:00:00Z\"", "given = \"today\"", "not one exact instant"),
    ] {
        let faults = read_answer(&C.replacen(from, to, 1)).expect_err(part);
        assert!(faults.iter().any(|fault| fault.what.contains(part) && fault.line > 0), "{part}: {faults:?}");
    }
}

#[test]
fn a_digest_survives_print_and_parse() {
    let digest = Digest::of(b"abc");
    assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(format!("sha256:{digest}").parse(), Ok(digest));
    assert_eq!("sha256:xyz".parse::<Digest>(), Err(NotADigest));
}

#[test]
fn a_commitment_opens_to_its_answer_and_to_no_other() {
    let answer = read_answer(C).expect("an answer");
    let salt = Salt::from_bytes([7; 32]);
    let commitment = commit(&salt, C);
    let given = answer.given;
    assert_eq!(open(commitment, &salt, C, &answer, None), Ok(()));
    assert_eq!(open(commitment, &salt, C, &answer, Some(given)), Ok(()));
    let earlier = Instant::from_micros(given.micros() - 1);
    assert_eq!(
        open(commitment, &salt, C, &answer, Some(earlier)),
        Err(WrongOpening::GivenLater { given, logged: earlier })
    );
    let other = C.replace("done = 42", "done = 41");
    let wrong = open(commitment, &salt, &other, &answer, None);
    assert_eq!(wrong, Err(WrongOpening::NotCommitted { gives: commit(&salt, &other) }));
    let other_salt = Salt::from_bytes([8; 32]);
    assert!(open(commitment, &other_salt, C, &answer, None).is_err());
    // A salt in a log line tells nothing, and its file gives it back.
    assert_eq!(format!("{salt:?}"), "Salt");
    assert_eq!(salt.reveal().parse(), Ok(salt));
    assert_eq!("7".parse::<Salt>(), Err(NotASalt));
}
