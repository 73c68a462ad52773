//! The pages hold what they are given, all of it, and nothing that it could do harm with.

use super::{HomeEntry, IndexEntry, PolicyLinks, ProjectLinks, SiteLinks};
use super::{advisory, home, index, policy_html, policy_markdown, style, text};
use std::collections::BTreeMap;
use tidegate_domain::advisory::{
    ActionNeeded, AffectedProduct, AffectedRange, AppliesTo, Cna, Credit, Draft, Fix, IssuedVersion,
    PatchFile, Publication, Publisher, Reference, Section, Title,
};
use tidegate_domain::case::Reason;
use tidegate_domain::policy::{self, Policy};
use tidegate_domain::time::Instant;

/// A policy whose every word is a trick, and which uses every field of the language.
const HOSTILE_POLICY: &str = include_str!("tests/hostile.toml");

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn publisher(name: &str) -> Publisher {
    let cna =
        Cna { short_name: "EXAMPLE".to_owned(), org_id: "6f8ad2a7-2f0d-4f1c-9a52-1c0d1a3f9c11".to_owned() };
    let (url, contact) = ("https://example.org/".to_owned(), "security@example.org".to_owned());
    Publisher { name: name.to_owned(), url, contact, cna }
}

fn issued(version: u32, at_text: &str, action_needed: Option<ActionNeeded>) -> IssuedVersion {
    IssuedVersion { version, at: at(at_text), changes: format!("Changes of {version}."), action_needed }
}

fn publication(number: &str, words: &str) -> Publication {
    let version = || Some(words.to_owned());
    let draft = Draft {
        title: Title::salvage(words),
        sections: Section::ALL
            .into_iter()
            .map(|section| (section, words.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        affected: vec![AffectedProduct {
            product: words.to_owned(),
            purl: version(),
            repository: version(),
            ranges: vec![AffectedRange { introduced: version(), fixed: version(), last_affected: None }],
        }],
        credits: vec![Credit { name: words.to_owned(), organisation: version() }],
        references: vec![Reference { title: words.to_owned(), url: words.to_owned() }],
        cwe: version(),
    };
    let patches = vec![PatchFile { name: words.to_owned(), sha256: words.to_owned() }];
    Publication {
        publisher: publisher("Example Project"),
        number: number.to_owned(),
        draft,
        headings: vec![(Section::Impact, words.to_owned())],
        cves: vec!["CVE-2026-40007".parse().expect("a CVE")],
        rating: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".parse().ok(),
        fixes: vec![Fix {
            release: words.to_owned(),
            commit: version(),
            version: version(),
            patches,
            applies: vec![AppliesTo { tree: words.to_owned(), prerequisites: vec![words.to_owned()] }],
            reason: Some(Reason::ByHand),
        }],
        history: vec![issued(1, "2026-03-10T12:00:00Z", None)],
        notices: vec![words.to_owned()],
    }
}

fn project_links() -> ProjectLinks {
    let href = |name: &str| format!("../{name}");
    ProjectLinks {
        root: "../".to_owned(),
        advisories: href("index.html"),
        policy: href("policy.html"),
        feed: href("feed.atom"),
        members: None,
        report: None,
    }
}

fn site_links() -> SiteLinks {
    SiteLinks {
        project: project_links(),
        text: "a.txt".to_owned(),
        csaf: "a.json".to_owned(),
        ..SiteLinks::default()
    }
}

/// What a reader sees: no tags, one space for any white space and between paragraphs.
fn shown(page: &str) -> String {
    let mut words = String::new();
    let mut in_tag = false;
    for c in page.replace("</p>", "\n</p>").chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if !in_tag => words.push(c),
            _ => {}
        }
    }
    let plain = words.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    one_line(&plain)
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nothing on the page runs, loads from elsewhere, or leads to anything but a page.
fn assert_harmless(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>"), "a document");
    for tag in page.split('<').skip(1) {
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let is_ours = [
            "", "html", "head", "title", "meta", "link", "body", "a", "header", "nav", "main", "footer",
            "article", "section", "div", "span", "p", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd",
            "table", "caption", "thead", "tbody", "tr", "th", "td", "code", "strong", "time", "bdi",
        ];
        assert!(is_ours.contains(&name.as_str()), "<{name}>");
        let inside = tag.split('>').next().unwrap_or_default();
        let attributes: String = inside.split('"').step_by(2).collect();
        assert!(!attributes.contains(" on") && !attributes.contains(" style"), "<{inside}>");
        if let Some(href) = inside.split(" href=\"").nth(1).and_then(|rest| rest.split('"').next()) {
            let scheme = href.split([':', '/', '#']).next().unwrap_or_default();
            let is_page = !href.contains(':') || ["https", "mailto"].contains(&scheme);
            assert!(is_page, "{href}");
        }
    }
    assert!(page.contains(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
    ));
    assert!(!page.contains(['\u{202e}', '\u{0}', '\u{2066}']), "no trick with the reading direction");
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for (index, id) in ids.iter().enumerate() {
        assert!(
            !id.is_empty() && !id.contains(char::is_whitespace) && !ids[..index].contains(id),
            "{id:?} is one id"
        );
    }
    for target in page.split(" href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&target), "#{target} leads somewhere");
    }
}

const HOSTILE_WORDS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "שלום \u{202e}gnp.exe\u{0}",
    "</title></p></section><style>*{display:none}</style><!--",
    "&lt;b&gt; &amp; 'quotes'",
];

#[test]
fn what_people_wrote_is_only_ever_text() {
    let long = "x".repeat(5_000);
    for words in HOSTILE_WORDS.into_iter().chain([long.as_str()]) {
        let publication = publication(words, words);
        let page = advisory(&publication, &site_links());
        assert_harmless(&page);
        assert!(
            shown(&page).contains(&one_line(&text::clean(words))),
            "{words:?} is shown as it was written"
        );
        let entry = IndexEntry { publication: &publication, href: "a.html".to_owned() };
        assert_harmless(&index(&publisher(words), &[entry], &project_links()));
        let hostile = publisher(words);
        assert_harmless(&home(&[HomeEntry { publisher: &hostile, links: project_links() }]));
    }
}

#[test]
fn only_https_references_are_links() {
    let mut publication = publication("EXA-1", "words");
    let reference = |title: &str, url: &str| Reference { title: title.to_owned(), url: url.to_owned() };
    publication.draft.references = vec![
        reference("good", "https://example.org/a?b=c&d"),
        reference("bad", "javascript:alert(1)"),
        reference("old", "http://example.org/"),
    ];
    let page = advisory(&publication, &site_links());
    assert!(page.contains("<a href=\"https://example.org/a?b=c&amp;d\">"));
    assert!(
        shown(&page).contains("bad (javascript:alert(1))")
            && shown(&page).contains("old (http://example.org/)")
    );
}

/// SCS-13: no score yet is a state of its own.
#[test]
fn what_is_not_rated_is_pending() {
    let mut unrated = publication("EXA-1", "words");
    unrated.rating = None;
    let page = shown(&advisory(&unrated, &site_links()));
    assert!(page.contains("Severity pending") && !page.to_lowercase().contains("low "), "{page}");
    assert!(
        shown(&advisory(&publication("EXA-1", "words"), &site_links()))
            .contains("Critical, 9.8 of 10 by CVSS 3.1")
    );
}

/// XEN-21: a re-issue says what changed, and whether action is needed again.
#[test]
fn a_reissue_says_what_is_new() {
    let mut publication = publication("EXA-1", "words");
    assert!(!shown(&advisory(&publication, &site_links())).contains("Updates in version"));
    publication.history.push(issued(2, "2026-03-17T15:30:00Z", Some(ActionNeeded::Again)));
    let page = advisory(&publication, &site_links());
    assert!(shown(&page).contains("Updates in version 2") && shown(&page).contains("Changes of 2."));
    assert!(page.contains("Action is needed again"));
    assert!(page.contains("<time datetime=\"2026-03-17T15:30:00Z\">17 March 2026, 15:30 UTC</time>"));
    publication.history.push(issued(3, "2026-03-18T00:00:01Z", Some(ActionNeeded::NotAgain)));
    let page = advisory(&publication, &site_links());
    assert!(page.contains("No new action is needed") && page.contains("18 March 2026, 00:00:01 UTC"));
}

#[test]
fn the_newest_comes_first_and_nothing_is_counted() {
    let mut publications = Vec::new();
    for (number, day) in
        [("EXA-9", "2026-03-10"), ("EXA-10", "2026-03-10"), ("EXA-3", "2027-01-02"), ("EXA-1", "2025-12-31")]
    {
        let mut publication = publication(number, "words");
        publication.history = vec![issued(1, &format!("{day}T12:00:00Z"), None)];
        publications.push(publication);
    }
    let entries: Vec<IndexEntry<'_>> = publications
        .iter()
        .map(|publication| IndexEntry { publication, href: format!("{}.html", publication.number) })
        .collect();
    let page = index(&publisher("Example Project"), &entries, &project_links());
    let order: Vec<&str> =
        page.split("<a href=\"EXA-").skip(1).filter_map(|rest| rest.split('.').next()).collect();
    assert_eq!(order, ["3", "10", "9", "1"]);
    let mut turned = entries.clone();
    turned.reverse();
    assert_eq!(
        page,
        index(&publisher("Example Project"), &turned, &project_links()),
        "the caller's order is not shown"
    );
}

#[test]
fn paragraphs_keep_the_shape_that_their_author_gave_them() {
    use text::Shape::{Code, Kept, Prose};
    let filled =
        "The console back end trusts the consumer index that the guest writes into\nthe shared ring page.";
    let shapes =
        |words: &str| text::paragraphs(words).into_iter().map(|(shape, _)| shape).collect::<Vec<_>>();
    assert_eq!(shapes(filled), [Prose]);
    assert_eq!(shapes("- one\n- two"), [Kept]);
    assert_eq!(shapes("Roses are red\nviolets are blue"), [Kept]);
    assert_eq!(shapes("See:\r\n\r\n    make\n    make install\n\n \n\nThen rest."), [Prose, Code, Prose]);
    assert_eq!(shapes(" \n\n"), []);
}

#[test]
fn links_are_made_of_addresses_alone() {
    assert_eq!(text::mailto("security@example.org").as_deref(), Some("mailto:security@example.org"));
    for bad in ["", "@", "a@", "a@b@c", "a@b?subject=x", "a b@c", "javascript:alert(1)", "a@b\"onload=x"] {
        assert_eq!(text::mailto(bad), None, "{bad}");
    }
    assert_eq!(text::https("http://example.org/"), None);
}

#[test]
fn the_style_sheet_loads_nothing() {
    for word in ["url(", "@import", "@font-face", "http:", "https:"] {
        assert!(!style().contains(word), "{word}");
    }
}

fn shipped() -> Vec<(String, Policy)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let files = std::fs::read_dir(folder).expect("the folder of shipped policies");
    let paths = files.flatten().map(|entry| entry.path());
    let texts = paths.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let read = texts.filter_map(|path| {
        let text = std::fs::read_to_string(&path).expect("a readable policy");
        // Policies for certificates are printed by themselves: tests/certificate.rs.
        let is_for_cases = !tidegate_domain::certificate::is_rules(&text);
        let read = || policy::read(&text).expect("a policy without faults");
        is_for_cases.then(|| (path.display().to_string(), read()))
    });
    read.chain([("hostile".to_owned(), policy::read(HOSTILE_POLICY).expect("a policy without faults"))])
        .collect()
}

/// Whatever a policy's author wrote for people, and every name and number of it.
fn words_of(policy: &Policy) -> Vec<String> {
    let mut words = vec![&policy.title, &policy.source, &policy.summary, &policy.zone_name];
    words.extend([&policy.publisher.name, &policy.publisher.url, &policy.publisher.contact]);
    words.extend([&policy.publisher.cna.short_name, &policy.publisher.cna.org_id]);
    words.extend([
        &policy.scope.covers,
        &policy.scope.clause,
        &policy.embargo.clause,
        &policy.commit.clause,
        &policy.advisory.clause,
    ]);
    words.extend(policy.scope.hand_over.iter().flat_map(|rule| [&rule.before, &rule.to, &rule.clause]));
    words.extend(policy.roles.iter().flat_map(|role| [&role.title, &role.clause]));
    words.extend(policy.steps.iter().flat_map(|step| [&step.title, &step.clause, &step.note]));
    words.extend(policy.embargo.limits.iter().map(|limit| &limit.clause));
    words.extend(policy.embargo.ends.iter().map(|slot| &slot.clause));
    words.extend(policy.knows.iter().map(|rule| &rule.clause));
    words.extend(policy.tells.iter().flat_map(|rule| [&rule.clause, &rule.note]));
    words.extend(policy.clocks.iter().flat_map(|clock| [&clock.title, &clock.clause]));
    words.extend(&policy.commit.never_says);
    words.extend(policy.advisory.sections.iter().map(|(_, heading)| heading));
    words.extend(policy.channels.iter().flat_map(|channel| [&channel.title, &channel.address]));
    words.extend(policy.list.iter().flat_map(|list| {
        let asks = list.asks.iter().flat_map(|ask| [&ask.title, &ask.clause]);
        let criteria = list.criteria.iter().flat_map(|criterion| [&criterion.question, &criterion.clause]);
        let rest = [&list.clause, &list.appeal, &list.evidence.clause, &list.alias.clause];
        let hosts = list.evidence.never_hosts.iter().chain(&list.alias.words);
        asks.chain(criteria).chain(rest).chain(hosts).chain(list.applicants.iter().map(|kind| &kind.title))
    }));
    words.extend(policy.mails.values().flat_map(|mail| [&mail.subject, &mail.text]));
    let mut all: Vec<String> = words.into_iter().cloned().collect();
    all.push(policy.id.to_string());
    all.extend(policy.roles.iter().map(|role| role.id.to_string()));
    all.extend(policy.steps.iter().map(|step| step.act.to_string()));
    all.extend(
        policy
            .steps
            .iter()
            .flat_map(|step| step.after.iter().chain(&step.before).chain(&step.then))
            .map(|fact| policy.fact_phrase(fact)),
    );
    all.extend(policy.clocks.iter().flat_map(|clock| {
        [clock.id.to_string(), policy.fact_phrase(&clock.starts), policy.fact_phrase(&clock.satisfied)]
    }));
    all.extend(policy.clocks.iter().flat_map(|clock| clock.remind.iter().map(ToString::to_string)));
    all.extend(
        policy.clocks.iter().flat_map(|clock| clock.unless.iter().map(|fact| policy.fact_phrase(fact))),
    );
    all.extend(policy.channels.iter().map(|channel| channel.id.to_string()));
    all.extend(policy.mails.keys().map(ToString::to_string));
    all.push(policy.embargo.default.to_string());
    all.into_iter().map(|words| one_line(&text::clean(&words))).filter(|words| !words.is_empty()).collect()
}

/// What Markdown's reader sees, as far as this test needs it: escapes undone, anchors left out.
fn unescaped(markdown: &str) -> String {
    let mut words = String::new();
    let mut rest = markdown.chars().peekable();
    while let Some(c) = rest.next() {
        let escapes = c == '\\' && rest.peek().is_some_and(char::is_ascii_punctuation);
        words.push(if escapes { rest.next().unwrap_or(c) } else { c });
    }
    one_line(&words)
}

#[test]
fn the_printed_policy_leaves_nothing_out() {
    for (file, policy) in shipped() {
        let page = policy_html(&policy, &PolicyLinks { project: project_links(), ..PolicyLinks::default() });
        assert_harmless(&page);
        let (page, markdown) = (shown(&page), unescaped(&policy_markdown(&policy)));
        for words in words_of(&policy) {
            assert!(page.contains(&words), "{file}: the page says {words:?}");
            assert!(markdown.contains(&words), "{file}: the Markdown says {words:?}");
        }
    }
}

#[test]
fn a_clause_is_an_anchor_at_the_step_that_applies_it() {
    for (file, policy) in shipped() {
        let page = policy_html(&policy, &PolicyLinks::default());
        for step in &policy.steps {
            for clause in step.clause.split([',', ';']).map(str::trim).filter(|clause| is_number(clause)) {
                assert!(page.contains(&format!(" id=\"{clause}\"")), "{file}: {clause}");
                assert!(
                    policy_markdown(&policy).contains(&format!("<a id=\"{clause}\">")),
                    "{file}: {clause}"
                );
            }
        }
    }
}

/// `CS-05`
fn is_number(clause: &str) -> bool {
    clause.split_once('-').is_some_and(|(name, number)| {
        name.chars().all(|c| c.is_ascii_uppercase())
            && !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit())
    })
}

/// Outside code, every `<` is escaped but those of our own anchors and links.
#[test]
fn markdown_stays_text() {
    let policy = policy::read(HOSTILE_POLICY).expect("a policy without faults");
    let markdown = policy_markdown(&policy);
    let mut in_fence = false;
    for line in markdown.lines() {
        in_fence ^= line.starts_with("````");
        assert!(in_fence || !line.starts_with("# ") || line.starts_with("# \\<script>"), "{line}");
        let mut before = String::new();
        for part in line.split_inclusive('<').filter(|_| !in_fence && !line.contains('`')) {
            let is_ours = before.is_empty()
                || part.starts_with("a id=\"")
                || part.starts_with("/a>")
                || before.ends_with("](<");
            assert!(is_ours || before.ends_with("\\<"), "{line}");
            before.push_str(part);
        }
    }
    assert_eq!(markdown, policy_markdown(&policy), "the same bytes");
}
