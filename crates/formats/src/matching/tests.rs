use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tidegate_domain::matching::{Certainty, Index, is_placed};

fn index(documents: &[&str]) -> Index<Scheme> {
    let mut builder = Builder::default();
    for document in documents {
        Advisory::parse(document.as_bytes()).expect("an advisory").index(&mut builder).expect("room");
    }
    builder.finish().expect("room")
}

fn found(index: &Index<Scheme>, named: &Named, version: &str) -> Vec<(String, Certainty)> {
    let mut hits = Vec::new();
    index.find(&named.identity(), version, &mut hits);
    hits.iter().map(|hit| (index.advisory(hit.advisory).to_owned(), hit.certainty)).collect()
}

fn package(purl: &str) -> crate::purl::Package {
    crate::purl::Package::normalized(purl).expect("a package URL")
}

fn of(index: &Index<Scheme>, purl: &str) -> Vec<(String, Certainty)> {
    let package = package(purl);
    let version = package.version.clone().unwrap_or_default();
    found(index, &Named::of_purl(&package), &version)
}

const DJANGO: &str = r#"{"id":"GHSA-1","modified":"2024-01-01T00:00:00Z","affected":[{
    "package":{"ecosystem":"PyPI","name":"Django"},
    "ranges":[{"type":"ECOSYSTEM","events":[{"fixed":"4.2.1"},{"introduced":"4.0"},{"introduced":"5.0"}]}],
    "versions":["4.0","4.1","3.2rc1"]}]}"#;
const CURL: &str = r#"{"id":"DSA-1","modified":"2024-01-01T00:00:00Z","affected":[
    {"package":{"ecosystem":"Debian:12","name":"curl","purl":"pkg:deb/debian/curl?arch=source"},
     "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"7.88.1-10+deb12u5"}]}]},
    {"package":{"ecosystem":"Debian:11","name":"curl"},
     "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"7.74.0-1.3+deb11u11"}]}]}]}"#;

fn sure(id: &str) -> Vec<(String, Certainty)> {
    vec![(id.to_owned(), Certainty::Affected)]
}

fn doubted(id: &str) -> Vec<(String, Certainty)> {
    vec![(id.to_owned(), Certainty::Untold)]
}

#[test]
fn packages_find_their_advisories() {
    let index = index(&[DJANGO, CURL]);
    assert_eq!(of(&index, "pkg:pypi/Django@4.1.7"), sure("GHSA-1"));
    assert_eq!(of(&index, "pkg:pypi/django@4.2.1"), []);
    assert_eq!(of(&index, "pkg:pypi/django@3.2"), []);
    assert_eq!(of(&index, "pkg:pypi/django@3.2rc1"), sure("GHSA-1"));
    assert_eq!(of(&index, "pkg:pypi/django@5.1"), sure("GHSA-1"));
    assert_eq!(of(&index, "pkg:pypi/django@latest"), doubted("GHSA-1"));
    assert_eq!(of(&index, "pkg:npm/django@4.1.7"), []);
}

#[test]
fn a_suite_has_its_own_fixes() {
    let index = index(&[DJANGO, CURL]);
    assert_eq!(of(&index, "pkg:deb/debian/curl@7.88.1-10+deb12u4?distro=debian-12"), sure("DSA-1"));
    assert_eq!(of(&index, "pkg:deb/debian/curl@7.88.1-10+deb12u5?distro=debian-12"), []);
    assert_eq!(of(&index, "pkg:deb/debian/curl@7.74.0-1.3+deb11u11?distro=debian-11"), []);
    // Of an unknown suite, what is fixed in one and not in the other is in doubt.
    assert_eq!(of(&index, "pkg:deb/debian/curl@7.74.0-1.3+deb11u11"), doubted("DSA-1"));
    assert_eq!(of(&index, "pkg:deb/debian/curl@7.88.1-10+deb12u5?distro=bookworm"), []);
}

#[test]
fn a_package_is_known_by_its_source() {
    let index = index(&[CURL]);
    let library = package("pkg:deb/debian/libcurl4@7.88.1-10?distro=debian-12&upstream=curl%407.88.1-10");
    let (source, version) = Named::of_source(&library).expect("a source");
    assert_eq!(found(&index, &source, &version.expect("a version")), sure("DSA-1"));
    let rpm = package("pkg:rpm/redhat/libcurl@7.76.1?upstream=curl-7.76.1-26.el9.src.rpm&distro=rhel-9.2");
    let source = Named::of_source(&rpm).map(|(named, _)| (named.name, named.suite));
    assert_eq!(source, Some(("rpm/redhat/curl".to_owned(), Some("9.2".to_owned()))));
}

#[test]
fn csaf_documents_name_packages() {
    let document = r#"{"document":{"csaf_version":"2.0","tracking":{"id":"SA-1"}},"product_tree":{"branches":[
        {"category":"vendor","name":"V","branches":[{"category":"product_name","name":"Thing","branches":[
          {"category":"product_version_range","name":"vers:npm/>=1.0.0|<1.4.0","product":{"product_id":"A",
            "product_identification_helper":{"purl":"pkg:npm/%40v/thing"}}},
          {"category":"product_version","name":"2.0.0","product":{"product_id":"B",
            "product_identification_helper":{"purl":"pkg:npm/%40v/thing@2.0.0"}}},
          {"category":"product_version","name":"3.0.0","product":{"product_id":"C"}}]}]}],
        "relationships":[{"product_reference":"B","full_product_name":{"product_id":"D"}}]},
        "vulnerabilities":[{"product_status":{"known_affected":["A","B"],"fixed":["C"]}},
          {"product_status":{"under_investigation":["C"]}}]}"#;
    let index = index(&[document]);
    assert_eq!(of(&index, "pkg:npm/%40v/thing@1.3.9"), sure("SA-1"));
    assert_eq!(of(&index, "pkg:npm/%40v/thing@1.4.0"), []);
    assert_eq!(of(&index, "pkg:npm/%40v/thing@2.0.0"), sure("SA-1"));
    assert_eq!(found(&index, &Named::product("thing"), "1"), doubted("SA-1"));
}

#[test]
fn what_is_no_advisory_is_refused() {
    for bad in ["", "{}", "[", "{\"id\":5,\"modified\":1}", "{\"document\":{}}", "nonsense", "\u{0}"] {
        let fault = Advisory::parse(bad.as_bytes()).expect_err("no advisory");
        assert!(!fault.what.is_empty() && !fault.advice.is_empty(), "{bad}");
    }
    let withdrawn = DJANGO.replacen("\"affected\"", "\"withdrawn\":\"2024-02-01T00:00:00Z\",\"affected\"", 1);
    assert_eq!(of(&index(&[&withdrawn]), "pkg:pypi/django@4.1"), []);
}

fn versions(scheme: Scheme) -> impl Strategy<Value = String> {
    let text = match scheme {
        Scheme::Debian => "([01]:)?[0-3](\\.[0-3]){0,2}([~+][a-c0-3]{1,2})?(-[0-3])?",
        Scheme::Maven => "[0-3](\\.[0-3]){0,2}(-(alpha|sp|abc|[0-3]))?|[0-3](\\.(a|b|sp|[0-3])){0,2}",
        Scheme::Pypi => "(1!)?[0-3](\\.[0-3]){0,3}((rc|a|\\.post|\\.dev)[0-3])?(\\+[a-c0-3])?",
        _ => "[0-3](\\.[0-3]){0,3}([._+~-][a-c0-3]{1,2}){0,2}",
    };
    text.prop_map(|version| version)
}

type Stated = (u8, String, u8, String);

fn case() -> impl Strategy<Value = (Scheme, Vec<Stated>, String)> {
    let schemes = [
        Scheme::Alpine,
        Scheme::Arch,
        Scheme::Conan,
        Scheme::Debian,
        Scheme::Gem,
        Scheme::Generic,
        Scheme::Maven,
        Scheme::Npm,
        Scheme::Nuget,
        Scheme::Openssl,
        Scheme::Pypi,
        Scheme::Rpm,
        Scheme::Semver,
    ];
    proptest::sample::select(schemes.to_vec()).prop_flat_map(|scheme| {
        let claim = (0..3_u8, versions(scheme), 0..3_u8, versions(scheme));
        (Just(scheme), proptest::collection::vec(claim, 1..12), versions(scheme))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// With the real orders of versions, too, the index finds what comparing one by one finds.
    #[test]
    fn the_index_is_exact_in_every_scheme((scheme, claims, version) in case()) {
        let named = Named { scheme, name: "a/b".to_owned(), suite: None };
        let spans: Vec<Span<'_>> = claims.iter().map(|(from, start, to, end)| Span {
            from: match from { 0 => Start::Beginning, 1 => Start::At(start), _ => Start::After(start) },
            to: match to { 0 => End::Never, 1 => End::Through(end), _ => End::Below(end) },
        }).collect();
        let mut builder = Builder::default();
        for (number, span) in spans.iter().enumerate() {
            builder.add(&number.to_string(), &named.identity(), Claim::Spans(&[*span])).expect("room");
        }
        let index = builder.finish().expect("room");
        let found: BTreeSet<_> = found(&index, &named, &version).into_iter().collect();
        let mut expected = BTreeSet::new();
        for (number, span) in spans.iter().enumerate() {
            if !is_placed(&version) || !span.is_placed() {
                expected.insert((number.to_string(), Certainty::Untold));
            } else if span.contains(scheme, &version) {
                expected.insert((number.to_string(), Certainty::Affected));
            }
        }
        prop_assert_eq!(found, expected);
    }

    /// The spans of a specifier are never narrower than it.
    #[test]
    fn spans_contain_what_the_specifier_contains(
        constraints in proptest::collection::vec(("(<|<=|>|>=|=|!=)", "[0-4](\\.[0-2])?"), 1..6),
        version in "[0-4](\\.[0-2])?",
    ) {
        let text: Vec<String> = constraints.iter().map(|(sign, version)| format!("{sign}{version}")).collect();
        if let Ok(vers) = Vers::parse(&format!("vers:semver/{}", text.join("|"))) && vers.contains(&version) {
            let spans = spans_of(&vers);
            prop_assert!(spans.iter().any(|span| span.contains(Scheme::Semver, &version)), "{:?}", spans);
        }
    }
}
