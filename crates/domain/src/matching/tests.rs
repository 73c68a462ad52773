use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Two orders of numbers between dots: one that is total, and one that a version without a second number
/// breaks, as `alpm` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Toy {
    Total,
    Loose,
}

impl Scheme for Toy {
    fn compare(self, a: &str, b: &str) -> Ordering {
        let numbers = |text: &str| -> Vec<u32> { text.split('.').map(|n| n.parse().unwrap_or(0)).collect() };
        let (a, b) = (numbers(a), numbers(b));
        match self {
            Toy::Total => a.cmp(&b),
            Toy::Loose => {
                a.iter().zip(&b).map(|(a, b)| a.cmp(b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            }
        }
    }

    fn is_total(self) -> bool {
        self == Toy::Total
    }

    /// Some versions have one, others don't.
    fn key(self, version: &str) -> Option<u128> {
        version.parse().ok()
    }
}

#[derive(Clone, Debug)]
struct Stated {
    advisory: u32,
    name: String,
    suite: Option<String>,
    spans: Option<Vec<(u8, String, u8, String)>>,
}

fn scheme_of(name: &str) -> Toy {
    if name.starts_with("loose") { Toy::Loose } else { Toy::Total }
}

fn identity<'a>(name: &'a str, suite: &'a Option<String>) -> Identity<'a, Toy> {
    Identity { scheme: scheme_of(name), name, suite: suite.as_deref() }
}

fn span((from, start, to, end): &(u8, String, u8, String)) -> Span<'_> {
    let from = match from {
        0 => Start::Beginning,
        1 => Start::At(start),
        _ => Start::After(start),
    };
    let to = match to {
        0 => End::Never,
        1 => End::Through(end),
        _ => End::Below(end),
    };
    Span { from, to }
}

/// What one claim says of one component, by comparing the two.
fn compared(stated: &Stated, name: &str, suite: &Option<String>, version: &str) -> Option<Certainty> {
    let is_other = stated.suite.is_some() && suite.is_some() && stated.suite != *suite;
    if stated.name != name || is_other {
        return None;
    }
    let Some(spans) = &stated.spans else { return Some(Certainty::Untold) };
    let each = spans.iter().map(span).filter_map(|span| {
        if !is_placed(version) || !span.is_placed() {
            return Some(Certainty::Untold);
        }
        let sure =
            if stated.suite.is_some() && suite.is_none() { Certainty::Untold } else { Certainty::Affected };
        span.contains(scheme_of(name), version).then_some(sure)
    });
    each.min()
}

fn version() -> impl Strategy<Value = String> {
    prop_oneof![9 => "[0-3](\\.[0-3]){0,2}", 1 => "(latest|v1|)"]
}

fn name() -> impl Strategy<Value = String> {
    "(a|b|loose)"
}

fn suite() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("(11|12)")
}

fn stated() -> impl Strategy<Value = Vec<Stated>> {
    let span = (0..3_u8, version(), 0..3_u8, version());
    let spans = proptest::option::weighted(0.9, proptest::collection::vec(span, 0..4));
    let one = (0..6_u32, name(), suite(), spans).prop_map(|(advisory, name, suite, spans)| Stated {
        advisory,
        name,
        suite,
        spans,
    });
    proptest::collection::vec(one, 0..20)
}

fn index(claims: &[Stated]) -> Index<Toy> {
    let mut builder = Builder::default();
    for stated in claims {
        let spans: Option<Vec<Span<'_>>> =
            stated.spans.as_ref().map(|spans| spans.iter().map(span).collect());
        let claim = spans.as_deref().map_or(Claim::Untold, Claim::Spans);
        let name = format!("A-{}", stated.advisory);
        builder.add(&name, &identity(&stated.name, &stated.suite), claim).expect("room");
    }
    builder.finish().expect("room")
}

proptest! {
    /// The index finds what comparing everything with everything finds, no more and no less.
    #[test]
    fn the_index_is_exact(claims in stated(), name in name(), suite in suite(), version in version()) {
        let index = index(&claims);
        let mut hits = Vec::new();
        index.find(&identity(&name, &suite), &version, &mut hits);
        let found: BTreeSet<(String, Certainty)> =
            hits.iter().map(|hit| (index.advisory(hit.advisory).to_owned(), hit.certainty)).collect();
        prop_assert_eq!(found.len(), hits.len());
        let mut expected = BTreeSet::new();
        for advisory in 0..6 {
            let own = claims.iter().filter(|stated| stated.advisory == advisory);
            let said = own.filter_map(|stated| compared(stated, &name, &suite, &version)).min();
            expected.extend(said.map(|said| (format!("A-{advisory}"), said)));
        }
        prop_assert_eq!(found, expected);
    }

    /// A fleet finds for a claim what comparing it with every component finds, through any changes.
    #[test]
    fn the_fleet_is_exact(
        changes in proptest::collection::vec((any::<bool>(), 0..5_u32, name(), suite(), version()), 0..40),
        claims in stated(),
    ) {
        let (mut fleet, mut running) = (Fleet::default(), BTreeSet::new());
        for (adds, deployment, name, suite, version) in &changes {
            let component = (*deployment, name.clone(), suite.clone(), version.clone());
            if *adds {
                fleet.add(*deployment, &identity(name, suite), version).expect("room");
                running.insert(component);
            } else {
                fleet.remove(*deployment, &identity(name, suite), version);
                running.remove(&component);
            }
        }
        for stated in &claims {
            let mut found = BTreeSet::new();
            let spans: Vec<Option<Span<'_>>> = match &stated.spans {
                Some(spans) => spans.iter().map(|one| Some(span(one))).collect(),
                None => vec![None],
            };
            for span in &spans {
                fleet.find(&identity(&stated.name, &stated.suite), span.as_ref(), &mut |hit| {
                    let version = hit.version.to_owned();
                    found.extend(hit.deployments.iter().map(|one| (*one, version.clone(), hit.certainty)));
                });
            }
            let mut expected = BTreeSet::new();
            for (deployment, name, suite, version) in &running {
                let each = stated.spans.iter().flatten().map(|one| Stated { spans: Some(vec![one.clone()]), ..stated.clone() });
                let claims: Vec<Stated> = if stated.spans.is_some() { each.collect() } else { vec![stated.clone()] };
                let said = claims.iter().filter_map(|claim| compared(claim, name, suite, version));
                expected.extend(said.map(|said| (*deployment, version.clone(), said)));
            }
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn each_text_is_kept_once() {
    let mut names = Names::default();
    assert_eq!(names.number("a"), Ok(0));
    assert_eq!(names.number(""), Ok(1));
    assert_eq!(names.number("ab"), Ok(2));
    assert_eq!(names.number("a"), Ok(0));
    assert_eq!((names.text(0), names.text(1), names.text(2), names.text(9)), ("a", "", "ab", ""));
    assert_eq!((names.find("ab"), names.find("b"), names.len()), (Some(2), None, 3));
}

#[test]
fn what_names_a_product_is_found_once() {
    let mut builder = Builder::default();
    let nova = Identity { scheme: Toy::Total, name: "product/nova", suite: None };
    for advisory in ["OSSA-1", "OSSA-2", "OSSA-1"] {
        builder.add(advisory, &nova, Claim::Untold).expect("room");
    }
    let index = builder.finish().expect("room");
    assert_eq!(index.naming("product/nova").collect::<Vec<_>>(), [0, 1]);
    assert_eq!(index.naming("product/heat").count(), 0);
    assert_eq!((index.len(), index.advisory(1)), (2, "OSSA-2"));
}
