//! Other people's tests of versions and package URLs, and other programs' opinions.

use crate::oracles::data_folder;
use serde_json::Value;
use std::cmp::Ordering;
use std::path::PathBuf;
use std::process::Command;
use tidegate_formats::purl::Package;
use tidegate_formats::vers::{Scheme, Vers, compare, from_native};

fn suite(name: &str) -> Option<PathBuf> {
    data_folder().map(|folder| folder.join(name).join("tests")).filter(|folder| folder.is_dir())
}

fn tests(path: &std::path::Path) -> Vec<Value> {
    let bytes = std::fs::read(path).expect("a file");
    let file: Value = serde_json::from_slice(&bytes).expect("JSON");
    file.get("tests").and_then(Value::as_array).expect("a list of tests").clone()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether one test of the VERS suite passes.
fn passes(test: &Value) -> bool {
    let (input, expected) = (&test["input"], &test["expected_output"]);
    let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default();
    let scheme = |key: &str| Scheme::named(text(key)).expect("a scheme");
    match test["test_type"].as_str().unwrap_or_default() {
        "comparison" => {
            let scheme = scheme("input_scheme");
            let mut versions = texts(&input["versions"]);
            versions.sort_by(|a, b| compare(scheme, a, b));
            // The suite writes NuGet's pre-releases in lower case.
            versions.len() == texts(expected).len()
                && versions
                    .iter()
                    .zip(texts(expected))
                    .all(|(a, b)| *a == b || (scheme == Scheme::Nuget && a.eq_ignore_ascii_case(b)))
        }
        "equality" => {
            let versions = texts(&input["versions"]);
            let [a, b] = versions.as_slice() else { return false };
            let is_equal = compare(scheme("input_scheme"), a, b) == Ordering::Equal;
            Some(is_equal) == expected.as_bool()
        }
        "from_native" => from_native(scheme("scheme"), text("native_range"))
            .is_ok_and(|range| Some(range.to_string().as_str()) == expected.as_str()),
        "containment" => {
            let range = Vers::parse(text("vers")).expect("a range");
            Some(range.contains(text("version"))) == expected.as_bool()
        }
        "validate" => Vers::parse(input.as_str().unwrap_or_default())
            .is_ok_and(|range| Some(range.to_string().as_str()) == expected.as_str()),
        "parse" => match Vers::parse_canonical(input.as_str().unwrap_or_default()) {
            Err(fault) => Some(fault.what.as_str()) == test["expected_message"].as_str(),
            Ok(range) => {
                let constraints: Vec<Value> = range
                    .constraints
                    .iter()
                    .map(|constraint| serde_json::json!([constraint.comparator.sign(), constraint.version]))
                    .collect();
                *expected
                    == serde_json::json!({"scheme": range.scheme.name(), "version_constraints": constraints})
            }
        },
        other => panic!("a kind of test that isn't known: {other}"),
    }
}

#[test]
fn the_vers_suite_passes() {
    let Some(folder) = suite("vers") else {
        println!("skipped: the VERS suite is not there");
        return;
    };
    let (mut all, mut failed) = (0, Vec::new());
    let entries = std::fs::read_dir(folder).expect("a folder");
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        for test in tests(&path) {
            all += 1;
            if !passes(&test) {
                failed.push(format!("{}: {}", path.display(), test));
            }
        }
    }
    println!("{} of {all} pass; not: {:#?}", all - failed.len(), failed);
    assert!(all >= 2701 && failed.len() <= 11, "{} of {all} fail", failed.len());
}

/// Versions that programs disagree about most readily, each against each.
const TRICKY: [&str; 24] = [
    "0",
    "0.0",
    "1",
    "1.0",
    "1.0.0",
    "1.0~rc1",
    "1.0~~",
    "1.0a",
    "1.0b1",
    "1.0rc1",
    "1.0.post1",
    "1.0.dev3",
    "1.0+1",
    "1.0+a",
    "1.0-1",
    "1.0-1.1",
    "1.00",
    "1.01",
    "1.1",
    "1.10",
    "1:0.9",
    "1.0^git1",
    "1.0~",
    "2.0.0.1",
];

/// How a program orders each pair, as one line each: `<`, `=` or `>`. Nothing where it isn't installed.
fn ask(command: &mut Command) -> Option<Vec<String>> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.lines().map(str::to_owned).collect())
}

fn pairs() -> Vec<(&'static str, &'static str)> {
    TRICKY.iter().flat_map(|a| TRICKY.iter().map(|b| (*a, *b))).collect()
}

fn sign(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
}

#[test]
fn debian_versions_are_ordered_as_dpkg_orders_them() {
    let script = "while read -r a b; do if dpkg --compare-versions \"$a\" lt \"$b\"; then echo '<'; \
        elif dpkg --compare-versions \"$a\" gt \"$b\"; then echo '>'; else echo '='; fi; done 2>/dev/null";
    // dpkg refuses a caret.
    let pairs: Vec<_> = pairs().into_iter().filter(|(a, b)| !a.contains('^') && !b.contains('^')).collect();
    let input: String = pairs.iter().map(|(a, b)| format!("{a} {b}\n")).collect();
    let is_installed =
        Command::new("dpkg").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_installed {
        println!("skipped: dpkg is not installed");
        return;
    }
    let whole = format!("printf '%s' \"$PAIRS\" | {script}");
    let said = ask(Command::new("sh").args(["-c", &whole]).env("PAIRS", input)).expect("an answer");
    assert_eq!(said.len(), pairs.len());
    for ((a, b), expected) in pairs.iter().zip(said) {
        assert_eq!(sign(compare(Scheme::Debian, a, b)), expected, "{a} and {b}");
    }
}

#[test]
fn rpm_versions_are_ordered_as_rpm_orders_them() {
    // Epochs and releases are rpm's labels, which `vercmp` doesn't read.
    let pairs: Vec<_> =
        pairs().into_iter().filter(|(a, b)| !a.contains([':', '-']) && !b.contains([':', '-'])).collect();
    let calls: String = pairs.iter().map(|(a, b)| format!("print(rpm.vercmp('{a}','{b}'),'\\n')")).collect();
    let Some(said) = ask(Command::new("rpm").args(["--eval", &format!("%{{lua:{calls}}}")])) else {
        println!("skipped: rpm is not installed");
        return;
    };
    let said: Vec<String> =
        said.iter().map(|line| line.trim().to_owned()).filter(|l| !l.is_empty()).collect();
    assert_eq!(said.len(), pairs.len());
    for ((a, b), expected) in pairs.iter().zip(said) {
        let order = match compare(Scheme::Rpm, a, b) {
            Ordering::Less => "-1",
            Ordering::Equal => "0",
            Ordering::Greater => "1",
        };
        assert_eq!(order, expected, "{a} and {b}");
    }
}

#[test]
fn python_versions_are_ordered_as_pip_orders_them() {
    let script = "\
import os
from pip._vendor.packaging.version import Version, InvalidVersion
def read(text):
    try:
        return Version(text)
    except InvalidVersion:
        return None
for pair in os.environ['PAIRS'].splitlines():
    a, b = map(read, pair.split())
    print('?' if a is None or b is None else '<' if a < b else '>' if a > b else '=')
";
    let input: String = pairs().iter().map(|(a, b)| format!("{a} {b}\n")).collect();
    let Some(said) = ask(Command::new("python3").args(["-c", script]).env("PAIRS", input)) else {
        println!("skipped: pip is not installed");
        return;
    };
    assert_eq!(said.len(), pairs().len());
    for ((a, b), expected) in pairs().iter().zip(said).filter(|(_, expected)| expected != "?") {
        assert_eq!(sign(compare(Scheme::Pypi, a, b)), expected, "{a} and {b}");
    }
}

fn package(parts: &Value) -> Option<Package> {
    let text = |key: &str| parts.get(key).and_then(Value::as_str).map(str::to_owned);
    let qualifiers = parts.get("qualifiers").and_then(Value::as_object).into_iter().flatten();
    let package = Package {
        kind: text("type")?,
        namespace: text("namespace"),
        name: text("name").unwrap_or_default(),
        version: text("version"),
        qualifiers: qualifiers
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        subpath: text("subpath"),
    };
    package.canonical().ok()
}

#[test]
fn the_package_url_suite_passes() {
    let Some(folder) = suite("purl") else {
        println!("skipped: the package URL suite is not there");
        return;
    };
    let (mut all, mut failed) = (0, Vec::new());
    for inner in ["spec", "types"] {
        let entries = std::fs::read_dir(folder.join(inner)).expect("a folder");
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            for test in tests(&path) {
                all += 1;
                let (input, expected) = (&test["input"], &test["expected_output"]);
                let read = match input.as_str() {
                    Some(text) if test["test_type"] == "parse" => Package::parse(text).ok(),
                    Some(text) => Package::normalized(text).ok(),
                    None => package(input),
                };
                let is_right = match (&read, test["expected_failure"].as_bool()) {
                    (None, fails) => fails == Some(true),
                    (Some(_), Some(true)) => false,
                    (Some(read), _) if expected.is_object() => Some(read) == package(expected).as_ref(),
                    (Some(read), _) => Some(read.to_string().as_str()) == expected.as_str(),
                };
                if !is_right {
                    failed.push(format!("{input} => {expected}, not {read:?}"));
                }
            }
        }
    }
    assert!(all >= 586 && failed.is_empty(), "{} of {all} fail:\n{}", failed.len(), failed.join("\n"));
}
