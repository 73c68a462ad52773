//! The Atom feed of a project's advisories (RFC 4287).
//!
//! Ids are `tag:` URIs (RFC 4151) made of the project's domain and the advisory's number, so that they stay
//! the same when pages move. Dates come from the publications, never from a clock.

use crate::{Link, link, plain, sections, text};
use std::fmt::Write;
use tidegate_domain::advisory::Publication;
use tidegate_domain::time::Instant;

/// What a feed says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedContext {
    /// The feed's title.
    pub title: String,
    /// Who publishes: the feed's author.
    pub author: String,
    /// Where the feed is found.
    pub feed: Link,
    /// The page for people that it belongs to.
    pub page: Link,
    /// The project whose advisories it holds, where it is a project's own feed.
    pub project: Option<String>,
    /// A domain that the project held on `since`, for the `tag:` URIs: `xenproject.org`.
    pub authority: String,
    /// The day from which on ids are made, for the `tag:` URIs; never changed once a feed is out. It is also
    /// the date of a feed without entries.
    pub since: Instant,
}

/// One advisory in a feed.
#[derive(Clone, Copy, Debug)]
pub struct FeedEntry<'a> {
    /// The newest version of the advisory.
    pub publication: &'a Publication,
    /// Its page for people.
    pub page: &'a Link,
    /// The project that it belongs to, where several share a site: two may publish under one number.
    pub project: Option<&'a str>,
}

/// The feed, newest change first; entries of one instant are ordered by number.
#[must_use]
pub fn feed(entries: &[FeedEntry<'_>], context: &FeedContext) -> Vec<u8> {
    let mut entries = entries.to_vec();
    entries.sort_by(|a, b| {
        let newest_first = b.publication.last_updated().cmp(&a.publication.last_updated());
        newest_first.then_with(|| a.publication.number.cmp(&b.publication.number))
    });
    let updated = entries.first().map_or(context.since, |entry| entry.publication.last_updated());
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    xml.push_str("<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n");
    element(&mut xml, 1, "id", &tag_uri(context, context.project.as_deref(), "advisories"));
    element(&mut xml, 1, "title", &plain::line_or(&context.title, "Security advisories"));
    element(&mut xml, 1, "updated", &sections::date(updated));
    xml.push_str("  <author>\n");
    element(&mut xml, 2, "name", &plain::line_or(&context.author, "unnamed publisher"));
    xml.push_str("  </author>\n");
    link_element(&mut xml, 1, "self", "application/atom+xml", &context.feed);
    link_element(&mut xml, 1, "alternate", "text/html", &context.page);
    for entry in entries {
        push_entry(&mut xml, entry, context);
    }
    xml.push_str("</feed>\n");
    xml.into_bytes()
}

fn push_entry(xml: &mut String, entry: FeedEntry<'_>, context: &FeedContext) {
    let publication = entry.publication;
    let number = sections::number(publication);
    let title = format!("{number}: {}", plain::line(publication.draft.title.as_str()));
    xml.push_str("  <entry>\n");
    element(xml, 2, "id", &tag_uri(context, entry.project, &number));
    element(xml, 2, "title", &title);
    element(xml, 2, "published", &sections::date(publication.first_public()));
    element(xml, 2, "updated", &sections::date(publication.last_updated()));
    link_element(xml, 2, "alternate", "text/html", entry.page);
    for cve in &publication.cves {
        let _ = writeln!(xml, "    <category term=\"{}\"/>", escaped(cve.as_str()));
    }
    element(xml, 2, "summary", &sections::summary(publication));
    element(xml, 2, "content", &text::advisory(publication));
    xml.push_str("  </entry>\n");
}

/// `tag:xenproject.org,2014-10-01:XSA-108`, or with the project `...:xen/XSA-108` (RFC 4151 section 2.1).
fn tag_uri(context: &FeedContext, project: Option<&str>, specific: &str) -> String {
    let day = sections::date(context.since);
    let day = day.split('T').next().unwrap_or("1970-01-01");
    let is_authority = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let authority = context.authority.to_ascii_lowercase();
    let authority = if !authority.is_empty() && authority.bytes().all(is_authority) {
        authority.as_str()
    } else {
        "invalid"
    };
    let project = project.map(|project| link::encode_segment(project) + "/").unwrap_or_default();
    format!("tag:{authority},{day}:{project}{}", link::encode_segment(specific))
}

/// An element with text, without attributes: Atom's text constructs are `type="text"` by default.
fn element(xml: &mut String, depth: usize, name: &str, text: &str) {
    let _ = writeln!(xml, "{}<{name}>{}</{name}>", "  ".repeat(depth), escaped(text));
}

fn link_element(xml: &mut String, depth: usize, relation: &str, media_type: &str, target: &Link) {
    let indent = "  ".repeat(depth);
    let target = escaped(target.as_str());
    let _ = writeln!(xml, "{indent}<link rel=\"{relation}\" type=\"{media_type}\" href=\"{target}\"/>");
}

/// Escaped for text and for attributes in double quotes (XML 1.0 section 2.4). [`plain::clean`] has removed
/// the characters that XML cannot hold.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
