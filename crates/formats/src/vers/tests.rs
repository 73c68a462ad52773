use super::*;
use proptest::prelude::*;

const ALL: [Scheme; 20] = [
    Scheme::Alpine,
    Scheme::Arch,
    Scheme::Cargo,
    Scheme::Composer,
    Scheme::Conan,
    Scheme::Datetime,
    Scheme::Debian,
    Scheme::Gem,
    Scheme::Generic,
    Scheme::Gentoo,
    Scheme::Golang,
    Scheme::Lexicographic,
    Scheme::Maven,
    Scheme::Nginx,
    Scheme::Npm,
    Scheme::Nuget,
    Scheme::Openssl,
    Scheme::Pypi,
    Scheme::Rpm,
    Scheme::Semver,
];

/// Each list is in order, all different.
#[test]
fn versions_are_in_order() {
    for (scheme, versions) in [
        (Scheme::Debian, vec!["1.0~rc1", "1.0", "1.0-1", "1.0+dfsg-1", "1.0.1", "1.10", "1:0.1"]),
        (Scheme::Rpm, vec!["1.0~rc1", "1.0", "1.0^git1", "1.0a", "1.0.1", "1.0.1-2", "1.10", "2:0.1"]),
        (Scheme::Pypi, vec!["1.dev1", "1a1", "1b2", "1rc1", "1", "1+local", "1.post1", "1.1", "1.10", "1!0"]),
        (Scheme::Maven, vec!["1-alpha", "1-beta", "1-rc1", "1-SNAPSHOT", "1", "1-sp", "1-1", "1.1"]),
        (
            Scheme::Npm,
            vec!["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.10.0"],
        ),
        (Scheme::Alpine, vec!["1.0_alpha", "1.0_rc1", "1.0", "1.0-r1", "1.0_p1", "1.0b", "1.0.1", "1.10"]),
        (Scheme::Gem, vec!["1.0.a", "1.0.b1", "1", "1.0.1", "1.10"]),
        (Scheme::Openssl, vec!["1.0.2-beta1", "1.0.2", "1.0.2a", "1.0.2zd", "1.1.0", "3.0.0"]),
    ] {
        for pair in versions.windows(2) {
            if let [a, b] = pair {
                assert_eq!(compare(scheme, a, b), Ordering::Less, "{scheme:?}: {a} < {b}");
            }
        }
    }
}

#[test]
fn ranges_contain_versions() {
    let range = Vers::parse("vers:pypi/ >=1.0 | <2.0|!=1.5|3.0").expect("a range");
    assert_eq!(range.to_string(), "vers:pypi/>=1.0|!=1.5|<2.0|3.0");
    for (version, expected) in [
        ("0.9", false),
        ("1.0", true),
        ("1.5", false),
        ("1.6", true),
        ("2.0", false),
        ("3.0", true),
        ("4", false),
    ] {
        assert_eq!(range.contains(version), expected, "{version}");
    }
    assert!(Vers::parse("vers:npm/*").expect("a range").contains("anything"));
    for text in
        ["", "vers:", "vers:npm", "vers:npm/", "vers:nothing/1", "pypi/1", "vers:npm/<", "vers:npm/%zz"]
    {
        assert!(Vers::parse(text).is_err(), "{text}");
    }
}

/// Alternatives that overlap leave no gap: a gap would be a wrong "not affected".
#[test]
fn overlapping_ranges_contain_what_each_of_them_contains() {
    for (range, inside, outside) in [
        (">=1|>=2|<3|<4", vec!["1", "1.5", "2.5", "3", "3.5"], vec!["0.9", "4", "5"]),
        ("<1|<2", vec!["0.1", "1", "1.5"], vec!["2", "3"]),
        (">1|>2", vec!["1.5", "2", "3"], vec!["0.5", "1"]),
        ("<2|>2", vec!["1", "3"], vec!["2"]),
        ("<=1|>=2|>=3|<4|7", vec!["1", "2.5", "3.5", "7"], vec!["1.5", "4", "6"]),
    ] {
        let vers = Vers::parse(&format!("vers:npm/{range}")).expect("a range");
        inside.iter().for_each(|version| assert!(vers.contains(version), "{version} in {range}"));
        outside.iter().for_each(|version| assert!(!vers.contains(version), "{version} not in {range}"));
    }
    let native = from_native(Scheme::Npm, ">=1.0.0 <3.0.0 || >=2.0.0 <4.0.0").expect("a range");
    assert!(native.contains("1.5.0") && native.contains("3.5.0") && !native.contains("4.0.0"));
}

#[test]
fn native_ranges_are_read() {
    for (scheme, native, expected) in [
        (Scheme::Npm, "^0.2.3 || 1.x", "vers:npm/>=0.2.3|<0.3.0|>=1.0.0|<2.0.0"),
        (Scheme::Npm, "1.2 - 2.3.4", "vers:npm/>=1.2.0|<=2.3.4"),
        (Scheme::Pypi, "~=1.4.2, !=1.4.5", "vers:pypi/>=1.4.2|!=1.4.5|<1.5"),
        (Scheme::Pypi, "==2.1.*", "vers:pypi/>=2.1|<2.2"),
        (Scheme::Maven, "[1.0,2.0),[3.0]", "vers:maven/>=1.0|<2.0|3.0"),
    ] {
        assert_eq!(from_native(scheme, native).expect("a range").to_string(), expected, "{native}");
    }
    for (scheme, native) in [
        (Scheme::Maven, "[1.0"),
        (Scheme::Maven, "[1.0],2.0"),
        (Scheme::Composer, "^1.0"),
        (Scheme::Golang, "before 2.0"),
        (Scheme::Rpm, "1.0 - 2.0"),
        (Scheme::Npm, "<"),
        (Scheme::Npm, "!=1.x"),
    ] {
        assert!(from_native(scheme, native).is_err(), "{native}");
    }
    assert!(Vers::parse("vers:pypi/1.5|!=1.5").is_err(), "named and excluded");
    assert!(Vers::parse("vers:pypi/>=1.5|!=1.5").is_ok_and(|range| !range.contains("1.5")));
    assert!(from_native(Scheme::Pypi, "").is_err());
}

proptest! {
    /// Antisymmetric in every scheme; transitive in all but Arch's and Maven's, whose own rules are not.
    #[test]
    fn every_order_is_total(
        a in "([0-3a-c]|[._+~^:-]|rc|alpha|dev|_p|-r){1,8}",
        b in "([0-3a-c]|[._+~^:-]|rc|alpha|dev|_p|-r){1,8}",
        c in "([0-3a-c]|[._+~^:-]|rc|alpha|dev|_p|-r){1,8}",
    ) {
        for scheme in ALL {
            let order = |a: &str, b: &str| compare(scheme, a, b);
            prop_assert_eq!(order(&a, &a), Ordering::Equal, "{:?} {}", scheme, a);
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse(), "{:?} {} {}", scheme, a, b);
            let is_transitive = !matches!(scheme, Scheme::Arch | Scheme::Maven);
            if is_transitive && order(&a, &b).is_le() && order(&b, &c).is_le() {
                prop_assert!(order(&a, &c).is_le(), "{:?} {} {} {}", scheme, a, b, c);
            }
        }
    }

    #[test]
    fn mavens_usual_versions_are_in_one_order(
        a in "[0-3](\\.[0-3]){0,2}(-(alpha|beta|rc|snapshot|sp|abc|[0-3])){0,2}",
        b in "[0-3](\\.[0-3]){0,2}(-(alpha|beta|rc|snapshot|sp|abc|[0-3])){0,2}",
        c in "[0-3](\\.[0-3]){0,2}(-(alpha|beta|rc|snapshot|sp|abc|[0-3])){0,2}",
    ) {
        let order = |a: &str, b: &str| compare(Scheme::Maven, a, b);
        if order(&a, &b).is_le() && order(&b, &c).is_le() {
            prop_assert!(order(&a, &c).is_le(), "{} {} {}", a, b, c);
        }
    }

    #[test]
    fn no_text_is_too_much(text in ".{0,60}") {
        for scheme in ALL {
            let _ = compare(scheme, &text, "1.0");
            let _ = from_native(scheme, &text);
        }
        let _ = Vers::parse(&text);
        let _ = Vers::parse_canonical(&format!("vers:npm/{text}"));
    }
}
