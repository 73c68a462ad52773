//! The program as it is typed: what it prints where, and how it ends.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use tidegate_domain::time::Instant;

/// An instance of one test's own, with a project and a person on its team.
struct Desk {
    dir: TempDir,
}

const MAIL: &str = "From: finder@example.org\nSubject: A flaw\n\nIt overflows.\n";

fn policy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name)
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.env_remove("TIDEGATE_DIR").env_remove("TIDEGATE_AS").stdin(Stdio::null());
    command
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { dir: tempfile::tempdir().expect("a folder") };
        let file = policy("xen-2014.toml").display().to_string();
        for line in [
            &["init"][..],
            &["project", "add", "xen", "--policy", &file],
            &["person", "add", "ian", "--project", "xen", "--role", "team", "--mail", "ian@xen.example"],
        ] {
            assert!(desk.run(line).status.success(), "{line:?}");
        }
        desk
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = program();
        command.env("TIDEGATE_AS", "ian").arg("--dir").arg(self.dir.path().join("instance")).args(line);
        command
    }

    fn run(&self, line: &[&str]) -> Output {
        self.command(line).output().expect("the program runs")
    }

    /// What a command answers in JSON.
    fn json(&self, line: &[&str]) -> Value {
        let output = self.command(line).arg("--json").output().expect("the program runs");
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    /// Receives a report, and answers with its case.
    fn report(&self) -> String {
        let mail = self.dir.path().join("report.eml");
        std::fs::write(&mail, MAIL).expect("written");
        let file = std::fs::File::open(mail).expect("open");
        let output = self
            .command(&["report", "receive", "--project", "xen", "--json"])
            .stdin(file)
            .output()
            .expect("the program runs");
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        value["case"].as_str().expect("a case").to_owned()
    }
}

/// A worker died with a job in its hands: the next one says so, and what it does itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_says_what_it_does_and_what_waits() {
    let desk = Desk::new();
    let case = desk.report();
    let engine = tidegate::instance::open(
        &desk.dir.path().join("instance"),
        Arc::new(tidegate::engine::clock::SystemClock::start()),
    )
    .await
    .expect("opens");
    let project = "xen".parse().expect("a name");
    let now = engine.clock.now();
    engine.accept_letter(&project, None, MAIL.as_bytes()).await.expect("stored");
    let until = Instant::from_micros(now.micros() + 120_000_000);
    let held = engine.store.claim_jobs(engine.clock.now(), until, "dead", 1).await.expect("leased");
    assert_eq!(held.len(), 1);
    let id = case.parse().expect("an id");
    let more = format!("{MAIL}And more.\n");
    let second = engine.accept_letter(&project, Some(id), more.as_bytes()).await.expect("stored");
    engine.store.close().await;

    let mut run = desk.command(&["run"]);
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    let mut said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let line = said.next().expect("a line").expect("text");
    child.kill().expect("killed");
    let output = child.wait_with_output().expect("ended");
    assert!(line.ends_with(&format!("case {case}  a letter was read")), "{line}");
    assert!(!line.contains("A flaw") && !line.contains(&second.to_string()), "{line}");
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(notes.contains(&format!("another worker holds 1 job; if it is dead, it waits until {until}")));
    assert_eq!(desk.json(&["work"])["done"], Value::Array(vec![]), "nothing is left but what is leased");
}

/// The one JSON object that a failing command writes, and its exit code.
fn error(output: &Output) -> (Value, Option<i32>) {
    assert!(output.stdout.is_empty(), "a result and an error");
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().last().unwrap_or_else(|| panic!("nothing was said"));
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    (value["error"].clone(), output.status.code())
}

#[test]
fn errors_are_json_where_json_is_asked_for() {
    let desk = Desk::new();
    let case = desk.report();

    let refused = desk.run(&["--json", "case", "approve", &case]);
    let (said, code) = error(&refused);
    assert_eq!((said["kind"].as_str(), code), (Some("refused"), Some(3)), "{said}");
    assert!(said["rule"].is_string() && said["help"].is_string(), "{said}");
    let plain = desk.run(&["case", "approve", &case]);
    assert!(String::from_utf8_lossy(&plain.stderr).starts_with("tidegate: refused: "));
    assert_eq!(plain.status.code(), Some(3));

    let (said, code) = error(&desk.run(&["--json", "case", "show", "zzzz-zzzz-zzzz"]));
    assert_eq!((said["kind"].as_str(), code), (Some("not-found"), Some(4)), "{said}");

    let (said, code) = error(&desk.run(&["--json", "case", "approve"]));
    assert_eq!((said["kind"].as_str(), code), (Some("usage"), Some(2)), "{said}");

    let faulty = desk.dir.path().join("faulty.toml");
    std::fs::write(&faulty, "tidegate-policy = 1\nwhat = 2\n").expect("written");
    let (said, code) = error(&desk.run(&["--json", "policy", "check", &faulty.display().to_string()]));
    assert_eq!((said["kind"].as_str(), code), (Some("faults"), Some(5)), "{said}");
    assert!(said["place"].as_str().is_some_and(|place| place.contains("faulty.toml")), "{said}");

    let elsewhere = desk.dir.path().join("none").display().to_string();
    let output = program().args(["--json", "--dir", &elsewhere, "due"]).output().expect("runs");
    let (said, code) = error(&output);
    assert_eq!((said["kind"].as_str(), code), (Some("failure"), Some(1)), "{said}");
    assert!(said["help"].as_str().is_some_and(|help| help.contains("tidegate init")), "{said}");
}

#[test]
fn every_answer_is_json_where_json_is_asked_for() {
    let desk = Desk::new();
    let case = desk.report();
    let file = policy("xen-2014.toml").display().to_string();
    assert!(desk.json(&["policy", "page", &file])["page"].as_str().is_some_and(|page| page.len() > 1_000));
    let other = policy("xen.toml").display().to_string();
    let diff = desk.json(&["policy", "diff", &file, &other]);
    assert_eq!((diff["before"].as_str(), diff["after"].as_str()), (Some("xen-2014"), Some("xen")), "{diff}");
    assert!(
        diff["differences"][0]["what"][0].is_string() && diff["differences"][0]["part"].is_string(),
        "{diff}"
    );
    assert_eq!(desk.json(&["policy", "diff", &file, &file])["differences"], serde_json::json!([]));
    let matrix = desk.json(&["policy", "matrix", &file]);
    assert!(matrix[0]["phases"].is_array() && matrix[0]["role"].is_string(), "{matrix}");
    let letter = desk.json(&["outbox", "show", "1"]);
    assert!(letter["letter"].as_str().is_some_and(|text| text.contains("Subject: ")), "{letter}");
    assert!(desk.json(&["advisory", "template", "--project", "xen"])["draft"].is_string());
    let log = desk.json(&["case", "log", &case]);
    let at = log[0]["at"].as_str().expect("an instant in RFC 3339");
    assert!(at.parse::<Instant>().is_ok(), "{at}");
    let done = desk.json(&["case", "acknowledge", &case, "--text", "Thank you."]);
    assert!(done["events"][0]["at"].is_string(), "{done}");
}

/// The reporter sees what was said between them and the team, and nothing of what the team says to itself.
#[test]
fn a_reporter_sees_how_their_report_stands() {
    let desk = Desk::new();
    let case = desk.report();
    let page = |desk: &Desk| desk.json(&["case", "show", &case, "--as", "reporter"])["reporter"].clone();
    let first = page(&desk);
    assert_eq!(first["stands"], "it arrived, and waits for the security team");
    assert_eq!(first["messages"][0]["text"], "It overflows.");
    for line in [
        &["acknowledge", &case, "--text", "Thank you."][..],
        &["confirm", &case, "--release", "4.4"],
        &["assign", &case, "--person", "ian"],
        &["propose-embargo", &case],
    ] {
        let line = [&["case"], line].concat();
        let output = desk.run(&line);
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let second = page(&desk);
    let said: Vec<&str> = second["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter_map(|one| one["from"].as_str())
        .collect();
    assert_eq!(said, ["you", "the security team", "the security team"], "{second}");
    assert_eq!(second["messages"][1]["text"], "Thank you.");
    assert!(!second.to_string().contains("ian"), "who works on it is the team's to know: {second}");
    let steps = second["steps"].as_array().expect("steps");
    assert!(steps.iter().any(|step| step["step"] == "accept-embargo"), "{second}");
    assert!(desk.run(&["case", "accept-embargo", &case, "--as", "reporter"]).status.success());
    assert!(page(&desk)["disclosure"].is_string());
    let text = desk.run(&["case", "show", &case, "--as", "reporter"]).stdout;
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(text.contains("it becomes public at ") && text.contains("the embargo is agreed"), "{text}");
    assert!(desk.run(&["case", "end-embargo", &case, "--text", "early"]).status.success());
    let after = desk.run(&["case", "show", &case, "--as", "reporter"]).stdout;
    let after = String::from_utf8_lossy(&after).into_owned();
    assert!(after.contains("the embargo is over\n  | early"), "{after}");
    assert!(!after.contains("it becomes public at "), "the end that was agreed holds no more: {after}");
}

/// XEN-08, XEN-13: what may be passed on is answered with its clause, and to nobody who has no such case.
#[test]
fn may_i_is_answered_with_its_clause() {
    let desk = Desk::new();
    let case = desk.report();
    let added = ["person", "add", "mary", "--project", "xen", "--role", "member", "--mail", "m@m.example"];
    assert!(desk.run(&added).status.success());
    let answer = desk.json(&["case", "may-tell", &case, "record"]);
    assert_eq!((answer["answer"].as_str(), &answer["clause"]), (Some("no"), &Value::Null));
    let stranger = desk.run(&["--as", "mary", "case", "may-tell", &case, "cve-number"]);
    let nothing = desk.run(&["--as", "mary", "case", "may-tell", "0000-0000-0000", "cve-number"]);
    assert_eq!(stranger.status.code(), Some(4));
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).replace(&case, "0000-0000-0000");
    assert_eq!(said(&stranger), said(&nothing));
    let typo = desk.run(&["case", "may-tell", &case, "cve"]);
    assert_eq!(typo.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&typo.stderr).contains("cve-number"));
    let nobody = desk.run(&["case", "may-tell", &case, "nature", "--to", "press"]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("member"));
}
