//! The advisory as plain text, in the layout that the Xen Project has used since 2011 for
//! `advisory-N.txt`: a centred header, sections under upper-case headings in the project's order, credits,
//! then the resolution with its patches and their checksums.

use crate::{fixes, plain, sections};
use plain::COLUMNS;
use tidegate_domain::advisory::{Publication, Section};
use unicode_width::UnicodeWidthStr;

/// A heading and the lines under it.
struct Block {
    section: Option<Section>,
    heading: String,
    lines: Vec<String>,
}

/// The advisory of this publication. Lines have at most 72 columns, except for a single word that is longer
/// and for checksums, which stay as `sha256sum -c` reads them; a line feed ends each line.
#[must_use]
pub fn advisory(publication: &Publication) -> String {
    let mut text = header(publication);
    let blocks = updates(publication).into_iter().chain(body(publication)).chain(closing(publication));
    for block in blocks {
        text.push('\n');
        for heading in plain::wrap(&block.heading.to_uppercase(), COLUMNS) {
            text.push_str(&heading);
            text.push('\n');
            text.push_str(&"=".repeat(heading.width()));
            text.push('\n');
        }
        text.push('\n');
        for line in block.lines {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

fn header(publication: &Publication) -> String {
    let number = sections::number(publication);
    let mut cves: Vec<&str> = Vec::new();
    for cve in &publication.cves {
        if cve.as_str() != number && !cves.contains(&cve.as_str()) {
            cves.push(cve.as_str());
        }
    }
    let name = if cves.is_empty() { number } else { format!("{} / {number}", cves.join(", ")) };
    let mut text = String::new();
    push_centred(&mut text, &format!("{} Security Advisory {name}", sections::publisher(publication)));
    push_centred(&mut text, &format!("version {}", publication.version()));
    text.push('\n');
    push_centred(&mut text, &plain::line(publication.draft.title.as_str()));
    for notice in
        publication.notices.iter().map(|notice| plain::line(notice)).filter(|notice| !notice.is_empty())
    {
        text.push('\n');
        push_centred(&mut text, &format!("*** {notice} ***"));
    }
    text
}

fn push_centred(text: &mut String, line: &str) {
    for line in plain::wrap(line, COLUMNS - 8) {
        text.push_str(&plain::centred(&line, COLUMNS));
        text.push('\n');
    }
}

fn block(section: Option<Section>, heading: impl Into<String>, text: &str) -> Block {
    Block { section, heading: heading.into(), lines: plain::wrap(text, COLUMNS) }
}

/// XEN-21: what a re-issue changed stands before everything else.
fn updates(publication: &Publication) -> Option<Block> {
    let issued = publication.history.last().filter(|issued| issued.version > 1)?;
    Some(block(None, format!("Updates in version {}", issued.version), &sections::changes(issued)))
}

/// The sections, with the credits before the resolution, wherever that is. What the draft says only as data
/// stands in for a section that it does not have.
fn body(publication: &Publication) -> Vec<Block> {
    let mut blocks: Vec<Block> = sections::ordered(publication)
        .into_iter()
        .map(|headed| match headed.section {
            Section::Resolution => resolution(publication, headed.heading, &headed.text),
            Section::Summary
            | Section::Description
            | Section::Impact
            | Section::AffectedSystems
            | Section::Mitigation
            | Section::Deployment
            | Section::Notes => block(Some(headed.section), headed.heading, &headed.text),
        })
        .collect();
    let has = |blocks: &[Block], section| blocks.iter().any(|block| block.section == Some(section));
    if !has(&blocks, Section::Resolution) && !publication.fixes.is_empty() {
        blocks.push(resolution(publication, sections::heading(publication, Section::Resolution), ""));
    }
    let mut before_resolution = Vec::new();
    if !has(&blocks, Section::AffectedSystems) && !publication.draft.affected.is_empty() {
        let heading = sections::heading(publication, Section::AffectedSystems);
        before_resolution.push(block(Some(Section::AffectedSystems), heading, &affected(publication)));
    }
    before_resolution.extend(credits(publication));
    let position = blocks.iter().position(|block| block.section == Some(Section::Resolution));
    let position = position.unwrap_or(blocks.len());
    blocks.splice(position..position, before_resolution);
    blocks
}

/// What the Xen Project's advisories do not have, after everything that they have.
fn closing(publication: &Publication) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(rating) = &publication.rating {
        blocks.push(block(None, "Severity", &rating.to_string()));
    }
    let reference = |reference: &tidegate_domain::advisory::Reference| {
        format!("{}\n  {}", plain::line(&reference.title), plain::line(&reference.url))
    };
    let references: Vec<String> = publication.draft.references.iter().map(reference).collect();
    if !references.is_empty() {
        blocks.push(block(None, "References", &references.join("\n")));
    }
    blocks
}

fn credits(publication: &Publication) -> Option<Block> {
    let names = publication.draft.credits.iter().map(sections::credit);
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    let sentence = match names.as_slice() {
        [] => return None,
        [only] => format!("This issue was reported by {only}."),
        several => format!("This issue was reported by:\n\n- {}", several.join("\n- ")),
    };
    Some(block(None, "Credits", &sentence))
}

fn affected(publication: &Publication) -> String {
    let mut lines = Vec::new();
    for product in &publication.draft.affected {
        let name = plain::line_or(&product.product, "unnamed product");
        if product.ranges.is_empty() {
            lines.push(format!("- {name}: all versions"));
        }
        let ranges = product.ranges.iter().map(sections::range_in_words);
        lines.extend(ranges.map(|range| format!("- {name}: {range}")));
    }
    lines.join("\n")
}

/// What to do, then the releases, then which patch is for which release, then the checksums as `sha256sum`
/// prints them.
fn resolution(publication: &Publication, heading: String, text: &str) -> Block {
    let mut paragraphs: Vec<Vec<String>> = vec![plain::wrap(text, COLUMNS)];
    let releases = fixes::releases(&publication.fixes).into_iter().map(|release| format!("- {release}"));
    paragraphs.push(releases.flat_map(|release| plain::wrap(&release, COLUMNS)).collect());
    paragraphs.push(publication.fixes.iter().flat_map(fixes::resolved).flat_map(resolved_lines).collect());
    let patches = fixes::patches(&publication.fixes);
    if !patches.is_empty() {
        let name_width = patches.iter().map(|patch| patch.name.width()).max().unwrap_or(0).min(COLUMNS / 2);
        paragraphs.push(patches.iter().flat_map(|patch| patch_lines(patch, name_width)).collect());
        let mut sums = vec![format!("$ sha256sum {}", pattern(publication, &patches))];
        sums.extend(patches.iter().map(|patch| format!("{}  {}", patch.sha256, patch.name)));
        sums.push("$".to_owned());
        paragraphs.push(sums);
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    Block { section: Some(Section::Resolution), heading, lines: paragraphs.join(&String::new()) }
}

/// A line, then each commit on one of its own, ready to be given to `git cherry-pick`.
fn resolved_lines(resolved: fixes::Resolved) -> Vec<String> {
    let end = if resolved.commits.is_empty() { "" } else { ":" };
    let mut lines = plain::wrap(&format!("- {}{end}", resolved.line), COLUMNS);
    lines.extend(resolved.commits.iter().map(|commit| format!("    {commit}")));
    lines
}

/// `xsa108.patch     xen-unstable, Xen 4.4.x`, the releases under one another where they are many.
fn patch_lines(patch: &fixes::Patch, name_width: usize) -> Vec<String> {
    let margin = name_width + 4;
    let padding = name_width.saturating_sub(patch.name.width()) + 4;
    let releases = plain::wrap(&patch.releases.join(", "), COLUMNS.saturating_sub(margin));
    let mut lines = Vec::with_capacity(releases.len());
    for (position, releases) in releases.iter().enumerate() {
        let start =
            if position == 0 { format!("{}{}", patch.name, " ".repeat(padding)) } else { " ".repeat(margin) };
        lines.push(format!("{start}{releases}").trim_end().to_owned());
    }
    if lines.is_empty() { vec![patch.name.clone()] } else { lines }
}

/// What a reader types to get these sums: the file's name, or `xsa108*` where all names begin so.
fn pattern(publication: &Publication, patches: &[fixes::Patch]) -> String {
    let stem: String =
        sections::number(publication).to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    match patches {
        [only] => only.name.clone(),
        several if several.iter().all(|patch| patch.name.starts_with(&stem)) => format!("{stem}*"),
        several => several.iter().map(|patch| patch.name.as_str()).collect::<Vec<_>>().join(" "),
    }
}
