use super::*;
use proptest::prelude::*;
use tidegate_domain::verdict::{Affected, Side, Statement};

/// Everything in a text that was read, and what was wrong with the rest.
fn all(text: &str) -> (Vec<(Form, Ossa)>, Vec<Fault>) {
    let (mut read_ones, mut faults) = (Vec::new(), Vec::new());
    read(text.as_bytes(), &mut |one| match one {
        Ok(one) => read_ones.push(one),
        Err(fault) => faults.push(fault),
    });
    (read_ones, faults)
}

fn only(text: &str) -> Statement {
    let (read_ones, faults) = all(text);
    assert!(faults.is_empty(), "{faults:?}");
    let statements = read_ones.into_iter().flat_map(|(_, advisory)| advisory.statements);
    statements.last().expect("a statement")
}

fn ranges(statement: &Statement) -> String {
    match &statement.affected {
        Affected::NotUnderstood => "?".to_owned(),
        Affected::Ranges(ranges) => ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Affected::AtLeast(ranges) => {
            format!("at least {}", ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}

fn osv(affected: &str) -> String {
    format!(r#"{{"id":"X-1","modified":"2025-01-01T00:00:00Z","affected":[{affected}]}}"#)
}

fn pypi(rest: &str) -> String {
    osv(&format!(r#"{{"package":{{"ecosystem":"PyPI","name":"Tide"}},{rest}}}"#))
}

#[test]
fn osv_events_come_in_any_order() {
    for (rest, expected) in [
        (
            r#""ranges":[{"type":"ECOSYSTEM","events":[{"fixed":"2.0"},{"introduced":"3.0"},{"introduced":"0"},{"last_affected":"3.5"}]}]"#,
            "<2.0, >=3.0 <=3.5",
        ),
        (r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1.0"}]}]"#, ">=1.0 and later"),
        (
            r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.0"}]}],"versions":["1.0","2.5"]"#,
            "<2.0, ==2.5",
        ),
        (
            r#""ranges":[{"type":"GIT","events":[{"introduced":"0"},{"fixed":"abc"}]}],"versions":["1.0"]"#,
            "at least ==1.0",
        ),
        (r#""ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]"#, "?"),
        (r#""ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"x"},{"fixed":"y"}]}]"#, "?"),
    ] {
        assert_eq!(ranges(&only(&pypi(rest))), expected, "{rest}");
    }
    let withdrawn = r#"{"id":"X-1","modified":"2025-01-01T00:00:00Z","withdrawn":"2025-01-02T00:00:00Z"}"#;
    assert!(all(withdrawn).1.first().is_some_and(|fault| fault.what.contains("withdrawn")));
    let debian = osv(r#"{"package":{"ecosystem":"Debian:12","name":"nova"},"versions":["2:26.0.0-1"]}"#);
    assert!(all(&debian).1.first().is_some_and(|fault| fault.what.contains("Debian:12")));
}

#[test]
fn a_cve_record_that_states_no_default_says_nothing_of_the_rest() {
    let record = |rest: &str| {
        format!(
            r#"{{"dataType":"CVE_RECORD","cveMetadata":{{"cveId":"CVE-2031-1","state":"PUBLISHED","dateUpdated":"2031-01-02T00:00:00Z"}},
            "containers":{{"cna":{{"affected":[{{"vendor":"x","product":"Tide",{rest}}}]}}}}}}"#
        )
    };
    for (rest, expected) in [
        (
            r#""defaultStatus":"unaffected","versions":[{"version":"1.0","status":"affected","lessThan":"1.5"}]"#,
            ">=1.0 <1.5",
        ),
        (r#""versions":[{"version":"0","status":"affected","lessThanOrEqual":"1.5"}]"#, "at least <=1.5"),
        (
            r#""defaultStatus":"unaffected","versions":[{"version":"1.0","status":"affected","lessThan":"*",
            "changes":[{"at":"1.2","status":"unaffected"},{"at":"1.4","status":"affected"}]}]"#,
            ">=1.0 <1.2, >=1.4 and later",
        ),
        (r#""defaultStatus":"affected""#, "and later"),
        (r#""defaultStatus":"affected","versions":[{"version":"2.0","status":"unaffected"}]"#, "?"),
        (r#""versions":[{"version":"n/a","status":"affected"}]"#, "?"),
        (
            r#""versions":[{"version":"0123abc","status":"affected","versionType":"git","lessThan":"4567"}]"#,
            "?",
        ),
    ] {
        assert_eq!(ranges(&only(&record(rest))), expected, "{rest}");
    }
    let statement = only(&record(r#""versions":[{"version":"1.0","status":"affected","lessThan":"1.5"}]"#));
    let side = |version: &str| statement.side(&version.parse().expect("a version"), None);
    assert_eq!((side("1.2"), side("1.5"), side("0.9")), (Side::Within, Side::Untold, Side::Untold));
    assert!(all(&record("").replace("PUBLISHED", "REJECTED").replace(",}", "}")).0.is_empty());
}

fn csaf(branches: &str, affected: &str) -> String {
    format!(
        r#"{{"document":{{"csaf_version":"2.0","title":"t","tracking":{{"id":"T-1","version":"2.0.0","initial_release_date":"2031-01-02T00:00:00Z"}}}},
        "product_tree":{{"branches":[{{"category":"vendor","name":"v","branches":[{{"category":"product_name","name":"Tide","branches":[{branches}]}}]}}]}},
        "vulnerabilities":[{{"cve":"CVE-2031-1","product_status":{{"known_affected":{affected}}}}}]}}"#
    )
}

#[test]
fn csaf_products_are_found_in_the_tree() {
    let leaf = |category: &str, name: &str, id: &str| {
        format!(r#"{{"category":"{category}","name":"{name}","product":{{"name":"x","product_id":"{id}"}}}}"#)
    };
    for (category, name, expected) in [
        ("product_version_range", "vers:pypi/>=1.0|<1.5|>=2.0|<=2.3", ">=1.0 <1.5, >=2.0 <=2.3"),
        ("product_version_range", "vers:pypi/>=1.0|!=1.2|<1.5", ">=1.0 <1.5"),
        ("product_version_range", "vers:generic/*", "and later"),
        ("product_version_range", "<1.5, >=2.0 <2.3", "<1.5, >=2.0 <2.3"),
        ("product_version_range", "vers:rpm/<1.5-3.el9", "?"),
        ("product_version", "1.5", "at least ==1.5"),
        ("product_version", "some build", "?"),
    ] {
        let statement = only(&csaf(&leaf(category, name, "A"), r#"["A"]"#));
        assert_eq!((statement.product.as_str(), ranges(&statement).as_str()), ("tide", expected), "{name}");
    }
    let (read_ones, faults) = all(&csaf(&leaf("product_version", "1", "A"), r#"["B"]"#));
    assert!(read_ones.is_empty() && faults.first().is_some_and(|fault| fault.what.contains("`B`")));
}

#[test]
fn prose_is_named_and_judged_as_unknown() {
    let note = "= OSSN-0094: Ensuring =\n\n== Affected Services / Software ==\n\n'''Services''': Nova,Watcher\n\n'''Releases''': all supported releases\n";
    let (read_ones, _) = all(note);
    let (form, ossn) = read_ones.first().expect("a note");
    assert_eq!((*form, ossn.id.as_str(), ossn.title.as_str()), (Form::Ossn, "OSSN-0094", "Ensuring"));
    let products: Vec<&str> = ossn.statements.iter().map(|s| s.product.as_str()).collect();
    assert_eq!(products, ["nova", "watcher"]);
    let advisory = "            Xen Security Advisory CVE-2031-1 / XSA-900\n                             version 3\n\n         A flaw in something\n\nUPDATES IN VERSION 3\n====================\n\nPublic release.\n\nVULNERABLE SYSTEMS\n==================\n\nXen versions 4.5 and later are vulnerable.\n";
    let (read_ones, _) = all(advisory);
    let (form, xsa) = read_ones.first().expect("an advisory");
    assert_eq!((*form, xsa.id.as_str(), xsa.edition.name()), (Form::Xsa, "XSA-900", "3"));
    assert_eq!(
        (xsa.title.as_str(), xsa.cves.as_slice()),
        ("A flaw in something", ["CVE-2031-1".to_owned()].as_slice())
    );
    let statement = xsa.statements.first().expect("a statement");
    assert_eq!(
        (ranges(statement).as_str(), statement.said.as_str()),
        ("?", "Xen versions 4.5 and later are vulnerable.")
    );
}

#[test]
fn documents_follow_each_other_and_a_broken_one_is_named() {
    let good = pypi(r#""versions":["1.0"]"#);
    let (read_ones, faults) = all(&format!("{good}\n{{}}\n{good}\n{{\"id\":"));
    assert_eq!((read_ones.len(), faults.len()), (2, 2));
    for text in ["", "hello", "[1]", "id: [", "id: x\n"] {
        let (read_ones, faults) = all(text);
        assert!(read_ones.is_empty() && faults.len() == 1, "{text}");
    }
    assert_eq!(all(&"{\"a\":".repeat(100_000)).1.len(), 1);
}

proptest! {
    #[test]
    fn no_file_is_too_strange(text in "(\\{|\\}|\"id\":|\"modified\":\"1\"|\"affected\":\\[|\\]|,|:|OSSN-1|id: x|[a-z0-9 \n]){0,40}") {
        let (read_ones, faults) = all(&text);
        prop_assert!(!read_ones.is_empty() || !faults.is_empty());
    }
}
