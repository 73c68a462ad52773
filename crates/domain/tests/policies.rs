//! The shipped policies are sound; broken ones are found out, by the shortest way.

use std::path::{Path, PathBuf};
use tidegate_domain::policy::check::{Kind, check};
use tidegate_domain::policy::{Policy, read};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(root().join(folder))
        .expect("the folder is part of the project")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("text"))
        })
        .collect();
    files.sort();
    files
}

fn parsed(name: &str, text: &str) -> Policy {
    read(text).unwrap_or_else(|faults| {
        panic!("{name}: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

#[test]
fn shipped_policies_are_sound() {
    let shipped = files("policies");
    assert!(shipped.len() >= 4);
    // Policies for certificates are a kind of their own: tests/certificates.rs.
    for (name, text) in shipped.into_iter().filter(|(_, text)| !tidegate_domain::certificate::is_rules(text))
    {
        let report = check(&parsed(&name, &text));
        assert!(report.findings.is_empty(), "{name}: {:#?}", report.findings);
        assert!(report.states > 1_000 && report.transitions > report.states, "{name} was not explored");
    }
}

/// What a broken policy says of itself: `# expect: leak-public`, `# clauses: CS-01, CS-02`.
fn expected<'t>(text: &'t str, what: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(&format!("# {what}: ")))
}

fn fits(expected: &str, kind: Kind) -> bool {
    match kind {
        Kind::Contradiction => expected == "contradiction",
        Kind::Limits => expected == "limits",
        Kind::EmbargoWithoutEnd => expected == "embargo-without-end",
        Kind::Unreachable => expected == "unreachable",
        Kind::Leak => expected.starts_with("leak"),
        Kind::DeadEnd => matches!(expected, "dead-end" | "follow-up"),
        Kind::Broken => expected == "follow-up",
    }
}

#[test]
fn broken_policies_are_found_out() {
    let broken = files("tests/policies-broken");
    assert!(broken.len() > 12, "the base and at least twelve broken ones");
    let mut said = String::new();
    for (name, text) in broken {
        let report = check(&parsed(&name, &text));
        let Some(expected_kind) = expected(&text, "expect").filter(|kind| *kind != "nothing") else {
            assert!(report.findings.is_empty(), "{name} is sound: {:#?}", report.findings);
            continue;
        };
        let finding = report.findings.iter().find(|finding| fits(expected_kind, finding.kind));
        let finding = finding
            .unwrap_or_else(|| panic!("{name}: expected {expected_kind}, found {:#?}", report.findings));
        for clause in expected(&text, "clauses").unwrap_or_default().split(',').map(str::trim) {
            assert!(finding.what.contains(clause), "{name}: {} does not name {clause}", finding.what);
        }
        said.push_str(&format!("{name}\n  {}: {}\n", finding.kind.name(), finding.what));
        for (number, step) in (1..).zip(&finding.path) {
            said.push_str(&format!("    {number}. {step}\n"));
        }
    }
    insta::assert_snapshot!("counterexamples", said);
}

#[test]
fn faulty_files_are_told_where_and_what() {
    let faulty = files("tests/policies-faulty");
    assert!(faulty.len() > 10);
    let mut said = String::new();
    for (name, text) in faulty {
        let faults = read(&text).err().unwrap_or_else(|| panic!("{name} has a fault that was not found"));
        if let Some(line) = expected(&text, "expect-line") {
            let found: Vec<String> = faults.iter().map(|fault| fault.line.to_string()).collect();
            assert!(
                found.iter().any(|l| l == line.trim()),
                "{name}: expected line {line}, found {faults:#?}"
            );
        }
        let all = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for word in expected(&text, "expect").unwrap_or_default().split(',').map(str::trim) {
            assert!(all.to_lowercase().contains(&word.to_lowercase()), "{name}: {all} does not say {word}");
        }
        said.push_str(&format!("{name}\n{all}\n\n"));
    }
    insta::assert_snapshot!("faults", said);
}
