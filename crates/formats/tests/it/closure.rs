//! Closures as statements, and proofs of leaves as lines: what is written is read again, and nothing else is.

use proptest::prelude::*;
use serde_json::Value;
use tidegate_domain::closure::{Closure, Leaf, read_scope};
use tidegate_domain::proof::Digest;
use tidegate_domain::time::Instant;
use tidegate_formats::closure::{LeafProof, read, statement};

const SCOPE: &str =
    "schema = 1\nid = \"iaas\"\ntitle = \"IaaS\"\nauthority = \"OSBA\"\nproducts = [\"nova\"]\n";

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn closure(size: usize) -> Closure {
    let leaf = |number: usize| Leaf {
        advisory: format!("OSSA-2099-{number:03}"),
        sha256: Digest::of(&number.to_be_bytes()),
        since: (!number.is_multiple_of(3)).then(|| at("2099-01-01T00:00:00Z")),
        edition: "1".to_owned(),
        products: vec!["nova".to_owned()],
    };
    let scope = read_scope(SCOPE).expect("a scope");
    Closure { scope, at: at("2099-06-01T00:00:00Z"), leaves: (0..size).map(leaf).collect() }
}

/// The statement with one thing changed; whatever it is, it isn't read.
fn changed(place: &str, value: Value) -> Vec<u8> {
    let mut said: Value = serde_json::from_slice(&statement(SCOPE, &closure(5))).expect("JSON");
    let field = said.pointer_mut(place).unwrap_or_else(|| panic!("{place}"));
    assert_ne!(*field, value, "{place}");
    *field = value;
    serde_json::to_vec(&said).expect("JSON")
}

#[test]
fn a_statement_says_one_thing_or_is_not_read() {
    assert_eq!(read(&statement(SCOPE, &closure(5))), Ok(closure(5)));
    let digits = || Value::from("0".repeat(64));
    for (place, value, why) in [
        ("/predicate/root", digits(), "its root is not that of its leaves"),
        ("/subject/0/digest/sha256", digits(), "its root is not that of its leaves"),
        ("/predicate/leaves/2/sha256", digits(), "its root is not that of its leaves"),
        ("/predicate/leaves/2/since", Value::Null, "its root is not that of its leaves"),
        ("/predicate/leaves/2/products", Value::from(Vec::<Value>::new()), "a leaf has no advisory"),
        ("/predicate/leaves/2/advisory", "OSSA-2099-001".into(), "not in order, or one is there twice"),
        ("/predicate/leaves/2/advisory", "A\nB".into(), "a leaf has no advisory"),
        ("/predicate/size", 4.into(), "its root is not that of its leaves"),
        ("/predicate/authority", "BSI".into(), "otherwise than the scope"),
        ("/predicate/leaves", Value::from(Vec::<Value>::new()), "it has 0 leaves"),
        ("/predicateType", "https://openvex.dev/ns/v0.2.0".into(), "Statement v1 about a closure"),
        ("/subject/1/content", "bm90aGluZw==".into(), "the scope in it has faults"),
    ] {
        let fault = read(&changed(place, value)).expect_err(place);
        assert!(fault.what.contains(why), "{place}: {}", fault.what);
    }
}

proptest! {
    /// A leaf's proof holds as it was written, and not with any of its lines changed.
    #[test]
    fn a_leafs_proof_is_read_as_it_was_written(size in 1_usize..40, place in 0_usize..40, line in 0_usize..12) {
        let closure = closure(size);
        let advisory = &closure.leaves[place % size].advisory;
        let proof = LeafProof::of(&closure, advisory).expect("a proof");
        prop_assert!(proof.holds());
        let text = proof.write();
        let read = LeafProof::read(&text).expect("what was written");
        prop_assert!(read.holds() && read.root == closure.root());
        prop_assert_eq!(read.write(), text.clone());
        // A digit, a side, a number, the word at the top.
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let line = line % lines.len();
        // Near the left edge a larger tree has the same way: how many leaves there are, the closure says.
        prop_assume!(!lines[line].starts_with("size"));
        let end = lines[line].pop().expect("a letter");
        lines[line].push(if end == '1' { '2' } else { '1' });
        let other = LeafProof::read(&lines.join("\n"));
        prop_assert!(other.is_err() || !other.expect("a proof").holds());
    }

    /// Whatever comes in, it is read or has a fault.
    #[test]
    fn nothing_breaks_the_reader(text in "(tidegate-closure-proof-v1\n)?((advisory|sha256|since|place|size|left|right|root) [ -~]{0,70}\n){0,10}") {
        if let Ok(proof) = LeafProof::read(&text) {
            let _ = proof.holds();
        }
    }
}
