//! Closures: whatever isn't answered is listed, and every leaf leads to its root (SCS-06, SCS-12).

use proptest::prelude::*;
use std::collections::BTreeMap;
use tidegate_domain::closure::{
    Ask, Closure, Given, Kind, Leaf, Ran, Review, Running, leaf_hash, path, read_scope, review, root,
    root_of, sides,
};
use tidegate_domain::proof::{Digest, read_answer};
use tidegate_domain::regime::{self, clock::Pin};
use tidegate_domain::time::Instant;
use tidegate_domain::verdict::Verdict;

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn leaf(number: usize, products: &[&str]) -> Leaf {
    Leaf {
        advisory: format!("OSSA-2099-{number:03}"),
        sha256: Digest::of(&number.to_be_bytes()),
        since: Some(at("2099-01-01T00:00:00Z")),
        edition: "1".to_owned(),
        products: products.iter().map(|product| (*product).to_owned()).collect(),
    }
}

fn closure(leaves: Vec<Leaf>) -> Closure {
    let text = "schema = 1\nid = \"iaas\"\ntitle = \"IaaS\"\nauthority = \"OSBA\"\nproducts = [\"nova\"]\n";
    Closure { scope: read_scope(text).expect("a scope"), at: at("2099-06-01T00:00:00Z"), leaves }
}

/// The answer to a leaf, with further lines at its top.
fn given(name: &str, number: usize, product: &str, letter: &str, when: &str, more: &str) -> Given {
    let text = format!(
        "schema = 1\nadvisory = \"OSSA-2099-{number:03}\"\nproduct = \"{product}\"\ndeployment = \"north\"\n\
         provider = \"Example\"\ngiven = \"{when}\"\nanswer = {letter}\ntext = \"So it is.\"\n{more}"
    );
    Given { name: name.to_owned(), answer: read_answer(&text).unwrap_or_else(|faults| panic!("{faults:?}")) }
}

fn look(closure: &Closure, given: &[Given], ran: Option<&Ran>) -> Review {
    let facts = BTreeMap::new();
    let now = at("2099-06-02T00:00:00Z");
    review(&Ask { closure, deployment: "north", given, ran, regime: None, joined: None, facts: &facts, now })
}

fn kinds(review: &Review) -> Vec<(Kind, &str)> {
    review.lines.iter().map(|line| (line.kind, line.what.as_str())).collect()
}

/// The tree hash of RFC 9162, 2.1.1, written as the RFC does.
fn by_the_book(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [one] => *one,
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            let (left, right) = (by_the_book(&many[..k]), by_the_book(&many[k..]));
            Digest::of(&[&[1][..], left.bytes(), right.bytes()].concat())
        }
    }
}

proptest! {
    /// Whichever leaves lack an answer are listed as missing, all of them and nothing else.
    #[test]
    fn a_missing_leaf_is_always_listed(answered in prop::collection::vec(any::<bool>(), 1..40)) {
        let leaves = (0..answered.len()).map(|number| leaf(number, &["nova"])).collect();
        let closure = closure(leaves);
        let given: Vec<Given> = (0..answered.len())
            .filter(|number| answered[*number])
            .map(|number| given("a.toml", number, "nova", "\"A\"", "2099-05-01T00:00:00Z", ""))
            .collect();
        let review = look(&closure, &given, None);
        let missing: Vec<usize> = (0..answered.len()).filter(|number| !answered[*number]).collect();
        let listed: Vec<String> = review
            .lines
            .iter()
            .filter(|line| line.kind == Kind::Missing)
            .map(|line| line.advisory.clone())
            .collect();
        prop_assert_eq!(listed, missing.iter().map(|number| format!("OSSA-2099-{number:03}")).collect::<Vec<_>>());
        prop_assert_eq!(review.lines.len(), missing.len());
        prop_assert_eq!(review.answered, given.len());
    }

    /// Every leaf's way leads to the root, and no other leaf's does.
    #[test]
    fn a_leaf_leads_to_its_root(size in 1_usize..70, place in 0_usize..70, other in 0_usize..70) {
        let (place, other) = (place % size, other % size);
        let hashes = closure((0..size).map(|number| leaf(number, &["nova"])).collect()).hashes();
        let steps = path(&hashes, place).expect("a way");
        prop_assert_eq!(root(&hashes), by_the_book(&hashes));
        prop_assert_eq!(root_of(hashes[place], &steps), root(&hashes));
        prop_assert_eq!(Some(steps.iter().map(|step| step.side).collect()), sides(place, size));
        if other != place {
            prop_assert_ne!(root_of(hashes[other], &steps), root(&hashes));
        }
        prop_assert_eq!(path(&hashes, size), None);
    }
}

/// Known answers of RFC 9162's hashes: the empty tree, and a tree of one empty leaf.
#[test]
fn the_hashes_are_those_of_the_rfc() {
    assert_eq!(root(&[]).to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let empty = leaf_hash(b"");
    assert_eq!(empty.to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

#[test]
fn each_product_needs_its_own_answer() {
    let closure = closure(vec![leaf(1, &["nova", "glance"])]);
    let nova = given("n.toml", 1, "Nova", "\"A\"", "2099-05-01T00:00:00Z", "");
    let stranger = given("x.toml", 7, "nova", "\"A\"", "2099-05-01T00:00:00Z", "");
    let review = look(&closure, &[nova, stranger], None);
    assert_eq!((review.asked, review.answered), (2, 1));
    assert_eq!(kinds(&review), [(Kind::Missing, "nobody answered")]);
    assert_eq!(review.lines[0].product, "glance");
    assert_eq!(review.beside, ["x.toml"]);
}

#[test]
fn an_answer_to_an_older_version_is_stale_and_answers_nothing() {
    let mut two = leaf(1, &["nova"]);
    two.edition = "2".to_owned();
    let document = format!("document = \"{}\"\n", two.sha256);
    let closure = closure(vec![two]);
    let said = |more: &str| {
        let given = given("a.toml", 1, "nova", "\"A\"", "2099-05-01T00:00:00Z", more);
        let review = look(&closure, &[given], None);
        review.lines.iter().map(|line| (line.kind, line.what.clone())).collect::<Vec<_>>()
    };
    assert_eq!(said("version = 2"), []);
    assert_eq!(said(&document), []);
    let older = said("version = 1");
    assert_eq!(older[0], (Kind::Stale, "a.toml: version 1 was answered, and 2 is in force".to_owned()));
    assert_eq!(older[1], (Kind::Missing, "nobody answered the version in force".to_owned()));
    assert!(said("")[0].1.contains("doesn't say which version"));
    let other = format!("document = \"{}\"\n", Digest::of(b"older"));
    assert!(said(&other)[0].1.contains("is in force"));
}

#[test]
fn what_contradicts_is_named() {
    let closure = closure(vec![leaf(1, &["nova"])]);
    let running = Running {
        verdict: Verdict::Affected,
        why: "it is old".to_owned(),
        components: vec!["nova-api".to_owned()],
        is_maintained: None,
    };
    let key = ("OSSA-2099-001".to_owned(), "nova".to_owned());
    let ran = |taken: &str| Ran {
        taken: Some(at(taken)),
        verdicts: BTreeMap::from([(key.clone(), running.clone())]),
    };
    let later = ran("2099-05-20T00:00:00Z");
    let one = |letter: &str, more: &str| given("a.toml", 1, "nova", letter, "2099-05-01T00:00:00Z", more);
    let said = |given: &[Given], ran: &Ran| {
        let review = look(&closure, given, Some(ran));
        review.lines.iter().map(|line| format!("{}: {}", line.kind.name(), line.what)).collect::<Vec<_>>()
    };
    assert_eq!(
        said(&[one("\"A\"", "")], &later),
        ["contradictory: a.toml: not affected, and the verdict on the inventory is affected: it is old"]
    );
    assert_eq!(
        said(&[one("\"B\"\nhow = \"not-used\"", "")], &later),
        ["contradictory: a.toml: not used, and the inventory has nova-api"]
    );
    let upstream = "\"C\"\nhow = \"upstream\"\nfixed-version = \"30\"";
    assert!(said(&[one(upstream, "")], &later)[0].contains("the later inventory is affected"));
    // Taken before the patch, it says nothing against it; taken before the advisory, it says nothing at all.
    assert_eq!(said(&[one(upstream, "")], &ran("2099-04-01T00:00:00Z")), [""; 0]);
    let old = said(&[one(upstream, "")], &ran("2098-04-01T00:00:00Z"));
    assert!(old[0].starts_with("stale: the inventory was taken at 2098"), "{old:?}");

    let b = one("\"B\"\nhow = \"disabled\"", "");
    let c = given("c.toml", 1, "nova", upstream, "2099-05-02T00:00:00Z", "");
    let none = Ran::default();
    assert_eq!(said(&[c.clone(), b], &none), [""; 0], "out of reach first, then patched");
    let a = given("z.toml", 1, "nova", "\"A\"", "2099-05-03T00:00:00Z", "");
    assert_eq!(
        said(&[c, a], &none),
        ["contradictory: c.toml says C (patched with upstream's version), z.toml says A (not affected)"]
    );
}

const REGIME: &str = include_str!("../../../regimes/scs-0124-v1.toml");

/// SCS-13, SCS-03: without a score every band's deadline; with one, late or not.
#[test]
fn lateness_is_by_the_pinned_regime() {
    let regime = regime::read(REGIME).expect("a regime");
    let pin = Pin { regime: regime.id.clone(), start: None, scorer: None };
    let closure = closure(vec![leaf(1, &["nova"])]);
    let facts = |scores: &str| {
        let text = format!(
            "schema = 1\nadvisory = \"OSSA-2099-001\"\nproduct = \"nova\"\ndeployment = \"north\"\n{scores}"
        );
        let facts = regime::read_facts(&text).expect("facts");
        BTreeMap::from([(("OSSA-2099-001".to_owned(), "nova".to_owned()), facts)])
    };
    let since = |given: &[Given], scores: &str, now: &str, joined: Option<&str>| {
        let facts = facts(scores);
        let regime = Some((&regime, &pin));
        let ask = Ask {
            closure: &closure,
            deployment: "north",
            given,
            ran: None,
            regime,
            facts: &facts,
            joined: joined.map(at),
            now: at(now),
        };
        let lines = review(&ask).lines;
        lines.iter().map(|line| format!("{}: {}", line.kind.name(), line.what)).collect::<Vec<_>>()
    };
    let said = |given: &[Given], scores: &str, now: &str| since(given, scores, now, None);
    let high = "[[scores]]\nby = \"mitre\"\nscore = \"7.5\"\nknown = \"2099-01-01T09:00:00Z\"\n";
    let on = |when: &str| vec![given("a.toml", 1, "nova", "\"B\"\nhow = \"disabled\"", when, "")];
    assert_eq!(said(&on("2099-01-03T00:00:00Z"), high, "2099-02-01T00:00:00Z"), [""; 0]);
    assert_eq!(
        said(&on("2099-01-05T00:00:00Z"), high, "2099-02-01T00:00:00Z"),
        ["late: a.toml: done after it was due, 2099-01-04T00:00:00Z"]
    );
    assert_eq!(
        said(&[], high, "2099-02-01T00:00:00Z"),
        ["missing: nobody answered; overdue since 2099-01-04T00:00:00Z"]
    );
    let pending = said(&on("2099-01-05T00:00:00Z"), "", "2099-02-01T00:00:00Z");
    assert!(pending[0].starts_with("severity pending: a.toml: severity pending: critical"), "{pending:?}");
    let late = said(&on("2099-04-05T00:00:00Z"), "", "2099-05-01T00:00:00Z");
    assert!(late[0].starts_with("late: a.toml: late whatever its severity"), "{late:?}");
    // SCS-11: whoever joined later wasn't late before. And there is no deadline where nothing is to be patched.
    let joined =
        since(&on("2099-01-05T00:00:00Z"), high, "2099-02-01T00:00:00Z", Some("2099-01-03T00:00:00Z"));
    assert_eq!(joined, [""; 0]);
    let a = given("a.toml", 1, "nova", "\"A\"", "2099-04-05T00:00:00Z", "");
    assert_eq!(said(&[a], high, "2099-05-01T00:00:00Z"), [""; 0]);
    // A share of the hosts is no patch.
    let c = "\"C\"\nhow = \"upstream\"\nfixed-version = \"30\"";
    let part = [given("c.toml", 1, "nova", c, "2099-01-02T00:00:00Z", "[rollout]\ndone = 2\nof = 4\n")];
    assert_eq!(
        said(&part, high, "2099-01-02T12:00:00Z"),
        ["missing: c.toml: patched in part, on 2 of 4 hosts; due 2099-01-04T00:00:00Z"]
    );
}

#[test]
fn a_scope_is_read_with_its_faults() {
    for (text, part) in [
        ("schema = 1\nid = \"x\"\ntitle = \"\"\nauthority = \"\"\nproducts = []\n", "names its products"),
        (
            "schema = 1\nid = \"x\"\ntitle = \"\"\nauthority = \"\"\nproducts = [\"a\"]\nlines = []\n",
            "`lines` is empty",
        ),
        ("schema = 2\nid = \"x\"\ntitle = \"\"\nauthority = \"\"\nproducts = [\"a\"]\n", "schema 2"),
    ] {
        let faults = read_scope(text).expect_err(part);
        assert!(faults.iter().any(|fault| fault.what.contains(part)), "{faults:?}");
    }
}
