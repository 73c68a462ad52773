//! What people wrote, made safe and readable: paragraphs, instants, links.

use maud::{Markup, html};
use tidegate_domain::time::Instant;
use tidegate_formats::Link;
pub(super) use tidegate_formats::plain::{clean, cut, line, line_or};

/// Longest line, in characters, that is still taken for the work of somebody's line wrapping.
const WRAP_CHARS_MAX: usize = 100;
/// Shortest of a paragraph's longest lines, in characters, that is taken for it.
const WRAP_CHARS_MIN: usize = 40;

/// How a paragraph wants to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Running text: its line breaks mean nothing.
    Prose,
    /// A list, a poem: its line breaks and spaces are kept.
    Kept,
    /// Indented throughout: code or output.
    Code,
}

/// The paragraphs of `text`, which blank lines separate.
pub(super) fn paragraphs(text: &str) -> Vec<(Shape, String)> {
    let cleaned = clean(text);
    let mut found: Vec<Vec<&str>> = vec![Vec::new()];
    for line in cleaned.lines() {
        match found.last_mut() {
            Some(current) if !line.trim().is_empty() => current.push(line.trim_end()),
            Some(current) if !current.is_empty() => found.push(Vec::new()),
            Some(_) | None => {}
        }
    }
    found
        .into_iter()
        .filter(|lines| !lines.is_empty())
        .map(|lines| (shape(&lines), lines.join("\n")))
        .collect()
}

fn shape(lines: &[&str]) -> Shape {
    if lines.iter().all(|line| line.starts_with("    ") || line.starts_with('\t')) {
        Shape::Code
    } else if lines.len() == 1 || is_filled(lines) {
        Shape::Prose
    } else {
        Shape::Kept
    }
}

/// Whether each line ends where the next word would not have fitted any more: an editor broke them, not the
/// author.
fn is_filled(lines: &[&str]) -> bool {
    let chars = |text: &str| text.chars().count();
    let longest = lines.iter().map(|line| chars(line)).max().unwrap_or(0);
    let is_running = |line: &&str| !line.starts_with([' ', '\t', '-', '*', '+', '$', '#', '>', '|']);
    let breaks_are_forced = lines.windows(2).all(|pair| match pair {
        [line, next] => chars(line) + 1 + next.split(' ').next().map_or(0, chars) > longest,
        _ => true,
    });
    (WRAP_CHARS_MIN..=WRAP_CHARS_MAX).contains(&longest) && lines.iter().all(is_running) && breaks_are_forced
}

/// What somebody wrote, as paragraphs that keep their own reading direction.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (shape, paragraph) in paragraphs(text) {
            @match shape {
                Shape::Prose => { p dir="auto" { (paragraph) } }
                Shape::Kept => { p.kept dir="auto" { (paragraph) } }
                Shape::Code => { p.kept.code dir="auto" { (paragraph) } }
            }
        }
    }
}

/// An instant in words, in UTC: `1 October 2014, 12:00 UTC`.
pub(super) fn instant_words(at: Instant) -> String {
    let at = at.whole_second().timestamp();
    let form = if at.as_second() % 60 == 0 { "%-d %B %Y, %H:%M UTC" } else { "%-d %B %Y, %H:%M:%S UTC" };
    at.strftime(form).to_string()
}

/// An instant for people and for programs.
pub(super) fn instant(at: Instant) -> Markup {
    html! { time datetime=(at.whole_second()) { (instant_words(at)) } }
}

/// The day of an instant, in UTC, for lists; the exact instant is on the page that the list leads to.
pub(super) fn day(at: Instant) -> Markup {
    html! { time datetime=(at.whole_second()) { (at.timestamp().strftime("%-d %B %Y")) } }
}

/// The address of an `https:` page, where `url` is one. Anything else is never made a link.
pub(super) fn https(url: &str) -> Option<String> {
    Link::salvage(url).map(|link| link.as_str().to_owned())
}

/// A `mailto:` address, where `address` is a plain mail address.
pub(super) fn mailto(address: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
    let (local, domain) = address.split_once('@')?;
    let is_address = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
    (is_address && address.chars().all(is_plain)).then(|| format!("mailto:{address}"))
}

/// A mail address or an `https:` URL as a link; any other text as text.
pub(super) fn address(text: &str) -> Markup {
    let shown = line(text);
    html! {
        @match mailto(&shown).or_else(|| https(&shown)) {
            Some(href) => { a href=(href) { bdi { (shown) } } }
            None => { bdi { (shown) } }
        }
    }
}

/// `phrase` with a capital letter first.
pub(super) fn capitalised(phrase: &str) -> String {
    let mut chars = phrase.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
