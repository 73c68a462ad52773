//! One advisory.

use super::layout::{DESCRIPTION_CHARS_MAX, Frame, Here, project_page, scrolling};
use super::{SiteLinks, text};
use maud::{Markup, html};
use tidegate_domain::advisory::{
    ActionNeeded, AffectedProduct, AffectedRange, AppliesTo, Credit, Fix, IssuedVersion, Publication,
    Reference, Section,
};
use tidegate_domain::rating::{CvssVersion, Rating};
use tidegate_formats::sections;

/// The page of one advisory, for readers who decide whether and how to act: how severe, what is affected,
/// what to install, and whether a re-issue asks for anything again (XEN-21).
#[must_use]
pub fn advisory(publication: &Publication, links: &SiteLinks) -> String {
    let number = text::line_or(&publication.number, "unnumbered");
    let title = format!("{number}: {}", publication.draft.title);
    let description = description(publication);
    let frame = Frame {
        title: &title,
        description: &description,
        publisher: &publication.publisher,
        links: &links.project,
        here: Here::Elsewhere,
    };
    let main = html! {
        article.advisory {
            div.head {
                h1 { span.number { bdi { (number) } } " " span.title dir="auto" { (publication.draft.title.as_str()) } }
                ul.inline {
                    li { (severity_badge(publication.rating.as_ref())) }
                    li { "Version " (publication.version()) }
                    li { "Public since " (text::instant(publication.first_public())) }
                }
                @for notice in &publication.notices { p.callout dir="auto" { (text::line(notice)) } }
                (updates(publication))
            }
            (at_a_glance(publication, links))
            div.body { (body(publication, links)) }
        }
    };
    project_page(&frame, &main)
}

fn description(publication: &Publication) -> String {
    let sections = &publication.draft.sections;
    let words = sections.get(&Section::Summary).or_else(|| sections.get(&Section::Description));
    text::cut(
        &text::line(words.map_or(publication.draft.title.as_str(), String::as_str)),
        DESCRIPTION_CHARS_MAX,
    )
}

/// The severity as one word with its score, never as a colour alone. Unrated is a state of its own: neither
/// low nor ignored (SCS-13).
pub(super) fn severity_badge(rating: Option<&Rating>) -> Markup {
    match rating {
        None => html! { span.badge.pending { "Severity pending" } },
        Some(rating) => html! {
            span class={ "badge " (rating.severity().name()) } {
                (text::capitalised(rating.severity().name())) " " (score(rating))
            }
        },
    }
}

fn score(rating: &Rating) -> String {
    format!("{}.{}", rating.tenths() / 10, rating.tenths() % 10)
}

/// What is new in this version, before anything else.
fn updates(publication: &Publication) -> Markup {
    let Some(issued) = publication.history.last().filter(|issued| issued.version > 1) else {
        return html! {};
    };
    html! {
        section.callout {
            h2 #updates { "Updates in version " (issued.version) }
            (text::prose(&issued.changes))
            (action_needed(issued))
        }
    }
}

fn action_needed(issued: &IssuedVersion) -> Markup {
    html! {
        @match issued.action_needed {
            Some(ActionNeeded::Again) => {
                p { strong { "Action is needed again:" } " whoever acted on an earlier version must act on this one." }
            }
            Some(ActionNeeded::NotAgain) => { p { "No new action is needed from those who acted on an earlier version." } }
            None => {}
        }
    }
}

fn at_a_glance(publication: &Publication, links: &SiteLinks) -> Markup {
    html! {
        div.glance {
            h2 { "At a glance" }
            dl {
                dt { "Severity" }
                dd { (severity(publication.rating.as_ref())) }
                @if !publication.cves.is_empty() {
                    dt { "CVE" }
                    @for cve in &publication.cves { dd { (cve.as_str()) } }
                }
                @if let Some(cwe) = &publication.draft.cwe { dt { "Weakness" } dd { (weakness(cwe)) } }
                dt { "Public since" }
                dd { (text::instant(publication.first_public())) }
                @if publication.version() > 1 {
                    dt { "Version " (publication.version()) " of" }
                    dd { (text::instant(publication.last_updated())) }
                }
            }
            h2 { "Other forms" }
            ul {
                li { a href=(links.text) type="text/plain" { "Plain text" } }
                li { a href=(links.csaf) type="application/json" { "CSAF" } }
                @for (cve, href) in &links.cve { li { a href=(href) type="application/json" { "CVE record " (cve) } } }
                @if let Some(osv) = &links.osv { li { a href=(osv) type="application/json" { "OSV" } } }
            }
        }
    }
}

fn severity(rating: Option<&Rating>) -> Markup {
    let Some(rating) = rating else {
        return html! { "Pending: there is no CVSS score yet. That says nothing about how severe it is." };
    };
    let version = match rating.version() {
        CvssVersion::V3_0 => "3.0",
        CvssVersion::V3_1 => "3.1",
        CvssVersion::V4_0 => "4.0",
    };
    html! {
        (text::capitalised(rating.severity().name())) ", " (score(rating)) " of 10 by CVSS " (version)
        " " code.vector { (rating.vector()) }
    }
}

/// The weakness, linked where it is a number of the CWE list.
fn weakness(cwe: &str) -> Markup {
    let cwe = text::line(cwe);
    let digits = cwe
        .strip_prefix("CWE-")
        .filter(|rest| (1..=6).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit()));
    html! {
        @match digits {
            Some(digits) => { a href={ "https://cwe.mitre.org/data/definitions/" (digits) ".html" } { (cwe) } }
            None => { bdi { (cwe) } }
        }
    }
}

/// The sections in the project's order and under its headings, then those that it did not order: nothing
/// that was written is lost. What is affected and what fixes it stand where the text speaks of them.
fn body(publication: &Publication, links: &SiteLinks) -> Markup {
    let ordered = sections::ordered(publication);
    let says = |wanted: Section| ordered.iter().any(|headed| headed.section == wanted);
    html! {
        @for headed in &ordered {
            section {
                h2 id=(headed.section.name()) dir="auto" { (headed.heading) }
                (text::prose(&headed.text))
                @match headed.section {
                    Section::AffectedSystems => { (affected(&publication.draft.affected)) }
                    Section::Resolution => { (fixes(&publication.fixes, links)) }
                    Section::Summary | Section::Description | Section::Impact | Section::Mitigation
                    | Section::Deployment | Section::Notes => {}
                }
            }
        }
        @if !says(Section::AffectedSystems) && !publication.draft.affected.is_empty() {
            section { h2 #affected { "Affected" } (affected(&publication.draft.affected)) }
        }
        @if !says(Section::Resolution) && !publication.fixes.is_empty() {
            section { h2 #fixes { "Fixes" } (fixes(&publication.fixes, links)) }
        }
        (credits(&publication.draft.credits))
        (references(&publication.draft.references))
        (history(publication, links))
    }
}

fn affected(products: &[AffectedProduct]) -> Markup {
    if products.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption { "Affected versions" }
            thead { tr { th scope="col" { "Product" } th scope="col" { "Versions" } th scope="col" { "Package or repository" } } }
            tbody { @for product in products { (affected_product(product)) } }
        }
    };
    scrolling("Affected versions", &table)
}

fn affected_product(product: &AffectedProduct) -> Markup {
    html! {
        tr {
            th scope="row" dir="auto" { (text::line_or(&product.product, "Unnamed product")) }
            td.wide {
                @if product.ranges.is_empty() { "all versions" }
                @for range in &product.ranges { div { (range_in_words(range)) } }
            }
            td.wide {
                @if let Some(purl) = &product.purl { div { code { (text::line(purl)) } } }
                @if let Some(repository) = &product.repository { div { (text::address(repository)) } }
                @if product.purl.is_none() && product.repository.is_none() { "not given" }
            }
        }
    }
}

/// One range in words: `from 4.1 before 4.4.2`.
fn range_in_words(range: &AffectedRange) -> Markup {
    let version = |version: &str| html! { bdi { (text::line(version)) } };
    html! {
        @if let Some(introduced) = &range.introduced { "from " (version(introduced)) " " }
        @match (&range.fixed, &range.last_affected) {
            (Some(fixed), _) => { "before " (version(fixed)) }
            (None, Some(last)) => { "up to and including " (version(last)) }
            (None, None) if range.introduced.is_some() => { "on" }
            (None, None) => { "all versions" }
        }
    }
}

fn fixes(fixes: &[Fix], links: &SiteLinks) -> Markup {
    if fixes.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption { "Fixes by release" }
            thead {
                tr {
                    th scope="col" { "Release" } th scope="col" { "Fixed in version" }
                    th scope="col" { "Commit" } th scope="col" { "Patch" }
                }
            }
            tbody { @for fix in fixes { (fixed_release(fix)) } }
        }
    };
    html! {
        (scrolling("Fixes by release", &table))
        (resolved(fixes))
        (patches(fixes, links))
    }
}

fn fixed_release(fix: &Fix) -> Markup {
    html! {
        tr {
            th scope="row" dir="auto" { (text::line(&fix.release)) }
            td dir="auto" { @match &fix.version { Some(version) => (text::line(version)), None => "not released" } }
            td.wide { @match &fix.commit { Some(commit) => { code.hash { (text::line(commit)) } }, None => "none" } }
            td {
                @if fix.patches.is_empty() { "none" }
                @for patch in &fix.patches { div dir="auto" { (text::line(&patch.name)) } }
            }
        }
    }
}

/// To which trees of each release its patch applies, and which commits come first, or why there is no such patch.
fn resolved(fixes: &[Fix]) -> Markup {
    let known: Vec<&Fix> =
        fixes.iter().filter(|fix| fix.reason.is_some() || !fix.applies.is_empty()).collect();
    if known.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption { "Where the patches apply" }
            thead { tr { th scope="col" { "Release" } th scope="col" { "Tree" } th scope="col" { "The patch applies" } } }
            @for fix in known {
                tbody {
                    @if let Some(reason) = fix.reason {
                        tr { th scope="row" dir="auto" { (text::line(&fix.release)) } td {} td { (reason.phrase()) } }
                    }
                    @for to in &fix.applies { (applies_to(&fix.release, to)) }
                }
            }
        }
    };
    scrolling("Where the patches apply", &table)
}

fn applies_to(release: &str, to: &AppliesTo) -> Markup {
    html! {
        tr {
            th scope="row" dir="auto" { (text::line(release)) }
            td { bdi { (text::line(&to.tree)) } }
            td.wide {
                @match to.prerequisites.len() {
                    0 => "as it stands",
                    1 => "after this commit of its branch",
                    many => { "after these " (many) " commits of its branch, in this order" },
                }
                @if !to.prerequisites.is_empty() {
                    ol { @for commit in &to.prerequisites { li { code.hash { (text::line(commit)) } } } }
                }
            }
        }
    }
}

/// Every patch file once, with the hash that shows that a download is the right one.
fn patches(fixes: &[Fix], links: &SiteLinks) -> Markup {
    let mut files: Vec<(&str, &str)> = Vec::new();
    for patch in fixes.iter().flat_map(|fix| &fix.patches) {
        let file = (patch.name.as_str(), patch.sha256.as_str());
        if !files.contains(&file) {
            files.push(file);
        }
    }
    if files.is_empty() {
        return html! {};
    }
    let href = |name: &str| links.patches.iter().find(|(known, _)| known == name).map(|(_, href)| href);
    html! {
        h3 { "Patch files and their SHA-256" }
        dl.hashes {
            @for (name, sha256) in files {
                dt dir="auto" {
                    @match href(name) { Some(href) => { a href=(href) { (text::line(name)) } }, None => (text::line(name)) }
                }
                dd { code.hash { (text::line(sha256)) } }
            }
        }
    }
}

fn credits(credits: &[Credit]) -> Markup {
    if credits.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 #credits { "Credits" }
            ul {
                @for credit in credits {
                    li {
                        bdi { (text::line(&credit.name)) }
                        @if let Some(organisation) = &credit.organisation { " of " bdi { (text::line(organisation)) } }
                    }
                }
            }
        }
    }
}

/// Only `https:` addresses become links; whatever else was stored is shown as the text that it is.
fn references(references: &[Reference]) -> Markup {
    if references.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 #references { "References" }
            ul {
                @for reference in references {
                    li { @match text::https(&reference.url) {
                        Some(href) => { a href=(href) { bdi { (text::line_or(&reference.title, &href)) } } }
                        None => { bdi { (text::line(&reference.title)) } " (" bdi { (text::line(&reference.url)) } ")" }
                    } }
                }
            }
        }
    }
}

fn history(publication: &Publication, links: &SiteLinks) -> Markup {
    let href =
        |version: u32| links.versions.iter().find(|(known, _)| *known == version).map(|(_, href)| href);
    html! {
        section {
            h2 #history { "History" }
            ol.history reversed {
                @for issued in publication.history.iter().rev() {
                    li {
                        h3 {
                            @match href(issued.version) {
                                Some(href) => { a href=(href) { "Version " (issued.version) } }
                                None => { "Version " (issued.version) }
                            }
                            ", " (text::instant(issued.at))
                        }
                        (text::prose(&issued.changes))
                        (action_needed(issued))
                    }
                }
            }
        }
    }
}
