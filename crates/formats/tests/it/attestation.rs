//! Answers in standard clothes: what each becomes, and that nothing else is taken for one.

use tidegate_domain::proof::read_answer;
use tidegate_formats::attestation::{read, statement};
use tidegate_formats::dsse::{Envelope, Signature, pre_authentication};

const ANSWER: &str = r#"schema = 1
advisory = "OSSA-2099-002"
aliases = ["CVE-2099-65073"]
product = "keystone"
deployment = "north 1"
provider = "Example Cloud"
given = "2099-11-14T09:00:00Z"
answer = "C"
how = "upstream"
fixed-version = "26.0.1"
text = "Upstream's 26.0.1 is rolled out."
[after]
taken = "2099-11-14T08:30:00Z"
sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
[rollout]
done = 40
of = 42
"#;

fn made(text: &str) -> Vec<u8> {
    statement(text, &read_answer(text).expect("an answer"))
}

fn status(text: &str) -> (String, Option<String>) {
    let value: serde_json::Value = serde_json::from_slice(&made(text)).expect("JSON");
    let vex = &value["predicate"]["statements"][0];
    let justification = vex["justification"].as_str().map(str::to_owned);
    (vex["status"].as_str().expect("a status").to_owned(), justification)
}

#[test]
fn a_statement_as_it_is_written() {
    insta::assert_snapshot!(String::from_utf8(made(ANSWER)).expect("UTF-8"));
}

#[test]
fn every_answer_has_its_status() {
    let c = "\"C\"\nhow = \"upstream\"\nfixed-version = \"26.0.1\"";
    let with = |answer: &str| status(&ANSWER.replace(c, answer));
    let not = |why: &str| ("not_affected".to_owned(), Some(why.to_owned()));
    assert_eq!(status(&ANSWER.replace("done = 40", "done = 42")), ("fixed".to_owned(), None));
    // A patch that doesn't run everywhere leaves the deployment affected.
    assert_eq!(status(ANSWER), ("affected".to_owned(), None));
    assert_eq!(with("\"A\""), not("vulnerable_code_not_present"));
    assert_eq!(with("\"B\"\nhow = \"disabled\""), not("vulnerable_code_not_in_execute_path"));
    assert_eq!(
        with("\"B\"\nhow = \"unreachable\""),
        not("vulnerable_code_cannot_be_controlled_by_adversary")
    );
    assert_eq!(with("\"B\"\nhow = \"not-used\""), not("component_not_present"));
}

#[test]
fn a_statement_that_says_otherwise_than_its_answer_is_found_out() {
    let payload = String::from_utf8(made(ANSWER)).expect("UTF-8");
    assert_eq!(read(payload.as_bytes()).expect("a statement").0, ANSWER);
    for (from, to, part) in [
        ("\"affected\"", "\"fixed\"", "otherwise than the answer"),
        ("snapshot-after", "snapshot-before", "otherwise than the answer"),
        ("OSSA-2099-002", "OSSA-2099-003", "otherwise than the answer"),
        ("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1", "no in-toto Statement v1"),
        ("application/toml", "text/plain", "not the answer"),
        ("c2NoZW1h", "c2NoZW1i", "the answer in it has faults"),
        ("c2NoZW1h", "????", "not base 64"),
        ("{", "[", "no JSON"),
    ] {
        let changed = payload.replacen(from, to, 1);
        assert_ne!(changed, payload, "{from}");
        let fault = read(changed.as_bytes()).expect_err(part);
        assert!(fault.what.contains(part), "{part}: {fault}");
    }
}

/// The example of DSSE's own protocol text.
#[test]
fn the_signed_bytes_are_those_of_dsse() {
    let signed = pre_authentication("http://example.com/HelloWorld", b"hello world");
    assert_eq!(signed, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn an_envelope_survives_print_and_parse_in_both_alphabets() {
    let signatures = vec![Signature { key_id: "k".to_owned(), signature: vec![0xfb, 0xff] }];
    let envelope = Envelope { payload_type: "t".to_owned(), payload: vec![0xff; 4], signatures };
    let text = String::from_utf8(envelope.write()).expect("UTF-8");
    assert_eq!(Envelope::read(text.as_bytes()), Ok(envelope.clone()));
    let for_urls = text.replace("+/8=", "-_8").replace("/////w==", "_____w");
    assert_ne!(for_urls, text);
    assert_eq!(Envelope::read(for_urls.as_bytes()), Ok(envelope));
    assert!(Envelope::read(b"{}").is_err_and(|fault| fault.line > 0));
    assert!(Envelope::read(br#"{"payloadType":"t","payload":"","signatures":[]}"#).is_err());
}
