//! Snapshots of every format, and what must hold for all of them.

use crate::sample;
use tidegate_domain::advisory::Publication;
use tidegate_formats::atom::{self, FeedContext, FeedEntry};
use tidegate_formats::{csaf, cve, osv, text};

pub fn feed(publications: &[&Publication]) -> Vec<u8> {
    let context = FeedContext {
        title: "Harbourmaster security advisories".to_owned(),
        author: "Harbourmaster Project".to_owned(),
        feed: sample::link("https://security.harbourmaster.example/advisories.atom"),
        page: sample::link("https://security.harbourmaster.example/advisories?order=newest&lang=en"),
        project: None,
        authority: "harbourmaster.example".to_owned(),
        since: "2031-01-01T00:00:00Z".parse().expect("an instant"),
    };
    let page = sample::context().page;
    let entries: Vec<FeedEntry<'_>> = publications
        .iter()
        .map(|publication| FeedEntry { publication, page: &page, project: None })
        .collect();
    atom::feed(&entries, &context)
}

/// Every format of one publication, by name.
pub fn all(publication: &Publication) -> Vec<(&'static str, Vec<u8>)> {
    let context = sample::context();
    let cve_id = "CVE-2031-10001".parse().expect("a CVE id");
    vec![
        ("csaf.json", csaf::document(publication, &context)),
        ("cve.json", cve::record(publication, &cve_id, &context)),
        ("cve-submission.json", cve::submission(publication, &context)),
        ("osv.json", osv::record(publication, &context)),
        ("feed.atom", feed(&[publication])),
        ("advisory.txt", text::advisory(publication).into_bytes()),
    ]
}

#[test]
fn every_format_of_every_sample_is_as_it_was() {
    let samples = [
        ("first", sample::first()),
        ("second", sample::second()),
        ("bare", sample::bare()),
        ("resolved", sample::resolved()),
        ("hostile", sample::hostile()),
    ];
    for (sample, publication) in samples {
        for (format, bytes) in all(&publication) {
            let text = String::from_utf8(bytes).expect("UTF-8");
            insta::assert_snapshot!(format!("{sample}-{format}"), text);
        }
    }
}

/// Half a list of commits is a wrong one: where a CVE record has no room for all, it has none, and says where they are.
#[test]
fn a_list_of_prerequisites_is_whole_or_not_there() {
    let mut publication = sample::resolved();
    let whole = |publication: &Publication| {
        let id = "CVE-2031-10001".parse().expect("a CVE id");
        String::from_utf8(cve::record(publication, &id, &sample::context())).expect("UTF-8")
    };
    assert!(whole(&publication).contains(&"7".repeat(40)));
    let first = publication.fixes.first_mut().and_then(|fix| fix.applies.first_mut()).expect("a tree");
    first.prerequisites = vec!["7".repeat(40); 120];
    let text = whole(&publication);
    assert!(!text.contains(&"7".repeat(40)));
    assert!(
        text.contains("after these 120 commits of its branch, in this order, as the advisory lists them")
    );
}

#[test]
fn the_same_publication_gives_the_same_bytes() {
    assert_eq!(all(&sample::second()), all(&sample::second()));
}

#[test]
fn the_csaf_file_name_follows_section_5_1() {
    let mut publication = sample::first();
    for (number, name) in [
        ("HSA-17", "hsa-17.json"),
        ("Red Hat: RHSA+2031 / 1", "red_hat_rhsa+2031_1.json"),
        ("../../etc/passwd", "_etc_passwd.json"),
        ("\u{0}", "unnumbered.json"),
    ] {
        publication.number = number.to_owned();
        assert_eq!(csaf::file_name(&publication), name);
    }
}

#[test]
fn an_osv_id_has_a_prefix_that_osv_knows() {
    let mut publication = sample::first();
    for (number, id) in [("HSA-17", "x_HSA-17"), ("CVE-2031-10001", "CVE-2031-10001"), ("a b/c", "x_a_b_c")] {
        publication.number = number.to_owned();
        assert_eq!(osv::id(&publication), id);
    }
}

/// XEN-21: a re-issue says first what changed, and whether readers must act again.
#[test]
fn a_reissue_says_what_changed_before_anything_else() {
    let text = text::advisory(&sample::second());
    let updates = text.find("UPDATES IN VERSION 2\n====================\n").expect("the section");
    assert!(updates < text.find("ISSUE DESCRIPTION").expect("the section"));
    assert!(text.contains("Action is needed again"));
    assert!(!text::advisory(&sample::first()).contains("UPDATES IN VERSION"));
}

#[test]
fn plain_text_is_plain_and_narrow() {
    for publication in
        [sample::first(), sample::second(), sample::bare(), sample::resolved(), sample::hostile()]
    {
        let text = text::advisory(&publication);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
        assert!(!text.chars().any(|c| c != '\n' && c.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'));
    }
    let text = text::advisory(&sample::second());
    for line in text.lines().filter(|line| line.len() > 72) {
        let (sum, name) = line.split_once("  ").expect("a checksum's line; only these may be longer");
        assert!(sum.len() == 64 && name.ends_with(".patch"), "{line}");
    }
}

/// ALL-01: nothing in a feed depends on the order in which a caller's store returns the advisories.
#[test]
fn a_feed_has_its_own_order() {
    let (first, bare) = (sample::first(), sample::bare());
    assert_eq!(feed(&[&first, &bare]), feed(&[&bare, &first]));
    assert!(String::from_utf8(feed(&[])).expect("UTF-8").contains("<updated>2031-01-01T00:00:00Z</updated>"));
}

/// RFC 4287 sections 4.1.1 and 4.1.2: what a feed and an entry must have, once each.
#[test]
fn a_feed_has_what_atom_demands() {
    let bytes = feed(&[&sample::hostile(), &sample::bare()]);
    let text = String::from_utf8(bytes).expect("UTF-8");
    let document = roxmltree::Document::parse(&text).expect("XML");
    let root = document.root_element();
    let namespace = Some("http://www.w3.org/2005/Atom");
    assert!(
        document
            .descendants()
            .filter(roxmltree::Node::is_element)
            .all(|node| node.tag_name().namespace() == namespace)
    );
    let count = |node: roxmltree::Node<'_, '_>, name: &str| {
        node.children().filter(|child| child.tag_name().name() == name).count()
    };
    let entries: Vec<_> = root.children().filter(|node| node.tag_name().name() == "entry").collect();
    assert_eq!((root.tag_name().name(), entries.len()), ("feed", 2));
    for node in entries.into_iter().chain([root]) {
        for name in ["id", "title", "updated"] {
            assert_eq!(count(node, name), 1, "{name}");
        }
        let links = node.children().filter(|child| child.tag_name().name() == "link");
        assert_eq!(links.filter(|link| link.attribute("rel") == Some("alternate")).count(), 1);
    }
    assert_eq!(count(root, "author"), 1);
}
