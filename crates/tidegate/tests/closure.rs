//! `tidegate closure` from the outside: made, signed, verified by others' programs, and answered.

mod desk;

use desk::{Desk, good, refused};
use serde_json::Value;
use std::process::Output;

fn advisory(number: u32, date: &str, product: &str, range: &str) -> String {
    format!(
        "date: {date}\nid: OSSA-{}-{number}\ntitle: A flaw\naffected-products:\n  - product: {product}\n    \
         version: '{range}'\nissues:\n  links:\n    - https://launchpad.net/bugs/{number}\nreviews:\n  \
         2024.1/pine:\n    - https://review.example.org/1\n",
        &date[..4]
    )
}

const SCOPE: &str = "schema = 1\nid = \"iaas\"\ntitle = \"IaaS\"\nauthority = \"OSBA\"\n\
                     products = [\"tide\", \"reef\"]\nlines = [\"2024.1\"]\n";
const LINES: &str =
    "- name: pine\n  release-id: 2024.1\n  status: maintained\n  initial-release: 2024-04-03\n";
const FIRST_SEEN: &str = r#"{"pine":{"tide":{"24.0.0":"2024-04-02T12:00:00Z","24.0.1":"2024-07-17T12:00:00Z",
    "24.1.0":"2024-12-11T12:00:00Z"}}}"#;
const MANIFEST: &str = "images:\n  - image: registry.example.org/kolla/tide-agent:24.0.2.20240720\n";

impl Desk {
    /// Advisories of which the first two are in the scope and in force, signed for by a fresh SSH key; none
    /// where `ssh-keygen` isn't installed.
    fn new() -> Option<Desk> {
        let desk = Desk::empty();
        desk.write("ossa/1.yaml", &advisory(901, "2024-08-03", "Tide", ">=24.0.0 <24.0.2"));
        desk.write("ossa/2.yaml", &advisory(902, "2024-09-03", "reef", "<3.0.0"));
        desk.write("ossa/3.yaml", &advisory(903, "2024-09-03", "tide", "<23.0.0"));
        desk.write("ossa/4.yaml", &advisory(904, "2024-09-03", "other", "<23.0.0"));
        desk.write("ossa/5.yaml", &advisory(905, "2025-09-03", "tide", "<30.0.0"));
        desk.write("releases/release-data/series_status.yaml", LINES);
        desk.write("releases/deliverables/pine/tide.yaml", "releases:\n- version: 24.0.0\n");
        desk.write("releases/version_first_seen.json", FIRST_SEEN);
        desk.write("scope.toml", SCOPE);
        desk.write("inventory.yml", MANIFEST);
        std::fs::create_dir(desk.path().join("proofs")).expect("a folder");
        for who in ["authority", "north"] {
            let line = ["-q", "-t", "ed25519", "-N", "", "-C", who, "-f", who];
            desk.other("ssh-keygen", &line, None)?;
            let key = desk.text(&format!("{who}.pub"));
            desk.write(&format!("{who}.signers"), &format!("{who}@example.org {key}"));
        }
        Some(desk)
    }

    fn closure(&self, line: &[&str]) -> Output {
        self.run(&[&["closure"], line].concat())
    }

    fn make(&self, more: &[&str]) -> Output {
        let over = ["make", "--advisories", "ossa", "--releases", "releases", "--scope", "scope.toml"];
        self.closure(&[&over[..], &["--at", "2025-01-01T00:00:00Z", "--out", "closure.json"], more].concat())
    }

    /// A signed answer of the provider.
    fn answer(&self, name: &str, number: u32, product: &str, answer: &str) {
        let text = format!(
            "schema = 1\nadvisory = \"OSSA-2024-{number}\"\nproduct = \"{product}\"\ndeployment = \"north\"\n\
             provider = \"Example Cloud\"\ngiven = \"2024-09-10T00:00:00Z\"\ntext = \"So it is.\"\n{answer}\n"
        );
        self.write("answer.toml", &text);
        let out = format!("proofs/{name}");
        good(&self.run(&["proof", "make", "answer.toml", "--ssh-key", "north", "--out", &out]));
    }

    fn check(&self, more: &[&str]) -> Output {
        let line = ["check", "closure.json", "--proofs", "proofs", "--at", "2025-01-02T00:00:00Z"];
        let keys = ["--signers", "north.signers", "--authority-signers", "authority.signers"];
        self.closure(&[&line[..], &keys, more].concat())
    }
}

/// The desk, unless something that the test needs isn't installed.
macro_rules! desk {
    () => {
        match Desk::new() {
            Some(desk) => desk,
            None => {
                println!("skipped: ssh-keygen is not installed");
                return;
            }
        }
    };
}

/// The blocks of shell in the manual.
fn manual() -> Vec<String> {
    let page = include_str!("../../../docs/authority.md");
    page.split("```sh\n").skip(1).filter_map(|rest| Some(rest.split("```").next()?.to_owned())).collect()
}

#[test]
fn a_closure_is_what_is_in_force_and_others_verify_it() {
    let desk = desk!();
    good(&desk.make(&["--sign-with", "authority"]));
    let said = good(&desk.closure(&["verify", "closure.json", "--signers", "authority.signers"]));
    assert!(said.starts_with("signed by authority@example.org, SHA256:"), "{said}");
    let listed: Vec<&str> = said.lines().filter(|line| line.contains("since")).collect();
    assert_eq!(
        listed,
        [
            "  OSSA-2024-901 since 2024-08-03T00:00:00Z, for tide",
            "  OSSA-2024-902 since 2024-09-03T00:00:00Z, for reef"
        ],
        "neither what is fixed on the line, nor what is out of scope, nor what comes later"
    );
    refused(
        &desk.closure(&["verify", "closure.json", "--signers", "north.signers"]),
        3,
        "nobody who is known",
    );

    // The statement by hand, its signature by ssh-keygen.
    let by_hand = r#"
        jq -rj .payload closure.json | base64 -d > statement
        { printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(wc -c < statement | tr -d ' ')"; cat statement; } > payload
        jq -rj '.signatures[0].sig' closure.json | base64 -d > payload.sig
        jq -r .predicate.root statement"#;
    if desk.other("jq", &["--version"], None).is_none() {
        println!("skipped: jq is not installed");
        return;
    }
    let root = good(&desk.other("sh", &["-euc", by_hand], None).expect("a shell"));
    let line = "-Y verify -f authority.signers -I authority@example.org -n tidegate-closure -s payload.sig";
    let words: Vec<&str> = line.split(' ').collect();
    good(&desk.other("ssh-keygen", &words, Some("payload")).expect("ssh-keygen"));
    assert!(said.contains(root.trim()), "{said}");
}

#[test]
fn one_leaf_is_proved_and_the_manuals_shell_agrees() {
    let desk = desk!();
    for number in 10..16 {
        desk.write(&format!("ossa/{number}.yaml"), &advisory(800 + number, "2024-08-03", "reef", "<9"));
    }
    good(&desk.make(&["--sign-with", "authority"]));
    let shell = manual().into_iter().find(|block| block.starts_with("field()")).expect("the manual's way");
    for number in [810, 813, 902] {
        let id = format!("OSSA-2024-{number}");
        desk.write("leaf.txt", &good(&desk.closure(&["prove", "closure.json", &id])));
        let said = good(&desk.closure(&["verify-leaf", "leaf.txt", "--closure", "closure.json"]));
        let root = said.trim().rsplit(' ').next().expect("a root").to_owned();
        good(&desk.closure(&["verify-leaf", "leaf.txt", "--root", &root]));
        let by_hand = good(&desk.other("sh", &["-euc", &shell], None).expect("a shell"));
        assert_eq!(by_hand.trim(), root, "{id}");
        refused(&desk.closure(&["verify-leaf", "leaf.txt", "--root", &"0".repeat(64)]), 3, "it leads to");
    }
    // The digest of a leaf is that of its file, and a leaf that says otherwise leads nowhere.
    let leaf = desk.text("leaf.txt");
    let digest = good(&desk.other("sha256sum", &["ossa/2.yaml"], None).expect("sha256sum"));
    assert!(leaf.contains(&format!("sha256 {}\n", &digest[..64])), "{leaf}");
    desk.write("leaf.txt", &leaf.replace("OSSA-2024-902", "OSSA-2024-901"));
    refused(
        &desk.closure(&["verify-leaf", "leaf.txt", "--closure", "closure.json"]),
        3,
        "its steps don't lead",
    );
    // A root alone doesn't say how many leaves there are; its closure does.
    desk.write("leaf.txt", &good(&desk.closure(&["prove", "closure.json", "OSSA-2024-810"])));
    desk.write("leaf.txt", &desk.text("leaf.txt").replace("size 8", "size 7"));
    refused(&desk.closure(&["verify-leaf", "leaf.txt", "--closure", "closure.json"]), 3, "the closure has 8");
    refused(&desk.closure(&["prove", "closure.json", "OSSA-2024-903"]), 4, "no leaf");
}

#[test]
fn what_is_not_answered_is_a_list() {
    let desk = desk!();
    good(&desk.make(&["--sign-with", "authority"]));
    refused(&desk.check(&[]), 3, "no answer counts, and no deployment is named");
    // Silence shows.
    let said = refused(&desk.check(&["--deployment", "north"]), 3, "[SCS-06]");
    assert!(said.contains("north: 0 of 2 answered"), "{said}");
    assert!(said.contains("missing OSSA-2024-902, reef: nobody answered"), "{said}");

    desk.answer("1.json", 901, "tide", "answer = \"A\"");
    desk.answer("2.json", 902, "reef", "answer = \"B\"\nhow = \"not-used\"");
    assert!(good(&desk.check(&[])).contains("north of Example Cloud: 2 of 2 answered"));
    let regime = concat!(env!("CARGO_MANIFEST_DIR"), "/../../regimes/scs-0124-v1.toml");
    desk.write(
        "facts/1.toml",
        "schema = 1\nadvisory = \"OSSA-2024-901\"\nproduct = \"tide\"\ndeployment = \"north\"\n[[scores]]\n\
         by = \"nvd\"\nscore = \"9.1\"\nknown = \"2024-08-03T12:00:00Z\"\n",
    );
    let ran = ["--inventory", "inventory.yml", "--taken", "2024-09-10T00:00:00Z", "--advisories", "ossa"];
    let more = [&ran[..], &["--releases", "releases", "--regime", regime, "--facts", "facts"]].concat();
    let said = refused(&desk.check(&more), 3, "1 of the closure's lines");
    let all: Vec<&str> = said.lines().filter(|line| line.starts_with("  ")).collect();
    let (by, all) = all.split_first().expect("lines");
    assert!(by.starts_with("  signed by north@example.org, SHA256:"), "{said}");
    assert!(
        all[0].starts_with("  contradictory OSSA-2024-901, tide: 1.json: not affected, and the verdict"),
        "{said}"
    );
    assert!(all[1].starts_with("  severity pending OSSA-2024-902, reef: 2.json:"), "{said}");
    desk.answer("1.json", 901, "tide", "answer = \"B\"\nhow = \"disabled\"");
    let said = refused(&desk.check(&more), 3, "1 of the closure's lines");
    let late = "  late OSSA-2024-901, tide: 1.json: done after it was due, 2024-08-03T03:00:00Z\n";
    assert!(said.contains(late), "{said}");
    let joined = [&more[..], &["--joined", "2024-09-09T22:00:00Z"]].concat();
    assert!(!good(&desk.check(&joined)).contains("late "));
    let json = desk.check(&[&more[..], &["--json"]].concat());
    let value: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(value["deployments"][0]["lines"][0]["due"], "2024-08-03T03:00:00Z");

    // A re-issue leaves the old answer behind.
    let text = advisory(902, "2024-09-03", "reef", "<3.0.1");
    desk.write(
        "ossa/2.yaml",
        &format!("{text}errata_history:\n  - 2024-12-03 - Errata 1\n  - 2024-12-04 - Errata 2\n"),
    );
    good(&desk.make(&["--sign-with", "authority"]));
    let said = refused(&desk.check(&[]), 3, "2 of the closure's lines");
    assert!(said.contains("stale OSSA-2024-902, reef: 2.json: it doesn't say which version"), "{said}");
    assert!(said.contains("missing OSSA-2024-902"), "{said}");
}

#[test]
fn only_what_is_signed_counts_and_everything_else_is_named() {
    let desk = desk!();
    good(&desk.make(&["--sign-with", "authority"]));
    desk.answer("1.json", 901, "tide", "answer = \"A\"");
    desk.write("proofs/2.toml", &desk.text("answer.toml").replace("901", "902"));
    desk.write("proofs/notes.txt", "Call them on Monday.");
    let said = refused(&desk.check(&[]), 3, "[SCS-06]");
    assert!(said.contains("1 of 2 answered"), "{said}");
    assert!(said.contains("counts as no answer: 2.toml: nobody has signed it"), "{said}");
    assert!(said.contains("counts as no answer: notes.txt"), "{said}");
    // Nor does a closure count that its authority hasn't signed.
    good(&desk.make(&["--sign-with", "north"]));
    refused(&desk.check(&[]), 3, "its authority has not signed it");
    // Scopes with slips of the pen close over nothing.
    desk.write("scope.toml", &SCOPE.replace("2024.1", "2024.9"));
    refused(&desk.make(&["--sign-with", "authority"]), 5, "no line `2024.9`");
    desk.write("scope.toml", &SCOPE.replace("\"tide\", \"reef\"", "\"tidy\""));
    refused(&desk.make(&["--sign-with", "authority"]), 5, "nothing is in force");
    // Nor does one that would leave out what nobody understood.
    desk.write("scope.toml", SCOPE);
    desk.write("ossa/6.yaml", "id: OSSA-2024-906\naffected-products: [");
    refused(&desk.make(&["--sign-with", "authority"]), 5, "1 of the files in ossa were not understood");
}

#[test]
fn gpg_signs_closures_too() {
    let desk = desk!();
    let home = desk.path().join("gnupg");
    std::fs::create_dir(&home).expect("a folder");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&home, mode).expect("permissions");
    let gpg = |line: &str| {
        let start = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        desk.other("gpg", &start.into_iter().chain(line.split(' ')).collect::<Vec<_>>(), None)
    };
    let Some(made) = gpg("--quick-gen-key osba@example.org ed25519 sign never") else {
        println!("skipped: gpg is not installed");
        return;
    };
    good(&made);
    good(&gpg("--armor --output secret.asc --export-secret-keys osba@example.org").expect("gpg"));
    good(&gpg("--armor --output osba.asc --export osba@example.org").expect("gpg"));
    good(&desk.make(&["--sign-with", "secret.asc"]));
    let said = good(&desk.closure(&["verify", "closure.json", "--openpgp-cert", "osba.asc"]));
    assert!(said.starts_with("signed by osba@example.org, "), "{said}");
    // A key elsewhere signs what `payload` prints.
    let over = ["payload", "--advisories", "ossa", "--releases", "releases", "--scope", "scope.toml"];
    let payload = desk.closure(&[&over[..], &["--at", "2025-01-01T00:00:00Z"]].concat());
    desk.write("payload", &good(&payload));
    good(&gpg("--armor --yes --output payload.sig --detach-sign payload").expect("gpg"));
    good(&desk.make(&["--signature", "payload.sig"]));
    good(&desk.closure(&["verify", "closure.json", "--openpgp-cert", "osba.asc"]));
    // The agent of this folder ends with it.
    good(&desk.other("gpgconf", &["--kill", "gpg-agent"], None).expect("gpgconf"));
}
