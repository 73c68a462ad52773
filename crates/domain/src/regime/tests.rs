use super::check::{Finding, check};
use super::*;

const HEAD: &str = "\
schema = 1
id = \"example\"
title = \"An example\"
version = \"1\"
source = \"https://example.org\"
trigger = \"every vulnerability\"
force = \"duty\"
start = \"patch-merged\"
zone = \"UTC\"
";

fn regime(measure: &str) -> Regime {
    read(&format!("{HEAD}{measure}")).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn band(name: &str, from: &str, to: &str) -> String {
    format!("[[bands]]\nname = \"{name}\"\nfrom = \"{from}\"\nto = \"{to}\"\nwithin = \"P3D\"\n")
}

fn found(measure: &str) -> Vec<String> {
    check(&regime(measure)).iter().map(ToString::to_string).collect()
}

#[test]
fn gaps_and_overlaps_are_found() {
    let whole = format!("{}{}", band("low", "0.1", "3.9"), band("high", "4.0", "10.0"));
    assert!(found(&whole).is_empty());
    let holed = format!("{}{}", band("low", "0.5", "3.9"), band("high", "4.2", "9.9"));
    assert_eq!(
        found(&holed),
        ["no band covers 0.1 to 0.4", "no band covers 4.0 to 4.1", "no band covers 10.0 to 10.0"]
    );
    let doubled = format!("{}{}", band("low", "0.1", "5.0"), band("high", "4.5", "10.0"));
    assert_eq!(found(&doubled), ["both low and high cover 4.5 to 5.0"]);
}

#[test]
fn tables_are_covered_exactly_once() {
    let points = "[[points]]\nname = \"known\"\nvalues = [\"no\", \"yes\"]\n[[points]]\nname = \"open\"\nvalues = [\"no\", \"yes\"]\n";
    let rows = "[[rows]]\nwhen = { known = \"yes\" }\nwithin = \"P3D\"\n[[rows]]\nwhen = { open = \"yes\" }\nwithin = \"P14D\"\n";
    assert_eq!(
        found(&format!("{points}{rows}")),
        ["no row covers known = no, open = no", "both row 1 and row 2 cover known = yes, open = yes"]
    );
    let many = (0..30).map(|n| format!("[[points]]\nname = \"p{n}\"\nvalues = [\"no\", \"yes\"]\n"));
    assert_eq!(check(&regime(&many.collect::<String>())), [Finding::TooMany]);
}

#[test]
fn a_deadline_follows_from_the_start() {
    let regime = regime(&format!("{}{}", band("low", "0.1", "3.9"), band("high", "4.0", "10.0")));
    let score = Tenths::new(98).expect("a score");
    let deadline = regime.for_score(score).expect("a deadline");
    let start: Instant = "2024-12-04T11:02:33Z".parse().expect("an instant");
    let due = deadline.due(start, &regime.zone).map(|due| due.to_string());
    assert_eq!((deadline.name.as_str(), due.as_deref()), ("high", Some("2024-12-07T11:02:33Z")));
    assert_eq!(score.to_string(), "9.8");
}

#[test]
fn faults_have_their_place() {
    for (measure, part) in [
        (band("x", "0.1", "11.0"), "no score"),
        (band("x", "0.15", "1.0"), "no score"),
        (band("x", "9.0", "1.0"), "begins above its end"),
        (band("x", "0.1", "1.0").replace("P3D", "soon"), "no length of time"),
        (band("x", "0.1", "1.0").replace("P3D", "-P3D"), "no length of time"),
        (String::new(), "a regime has bands"),
        ("[[rows]]\nwhen = { a = \"b\" }\nwithin = \"P1D\"\n".to_owned(), "no point a"),
        ("colour = 1\n".to_owned(), "unknown field"),
    ] {
        let faults = read(&format!("{HEAD}{measure}")).expect_err("a fault");
        assert!(
            faults.iter().any(|fault| fault.what.contains(part) && fault.line > 0),
            "{measure}: {faults:?}"
        );
    }
    assert!(read("").is_err());
}

#[test]
fn shipped_regimes_have_neither_gaps_nor_overlaps() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regimes");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of regimes") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a file");
        let regime = read(&text).unwrap_or_else(|faults| panic!("{}: {faults:?}", path.display()));
        assert_eq!(check(&regime), [], "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 6);
}
