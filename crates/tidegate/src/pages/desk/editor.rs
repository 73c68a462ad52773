//! The advisory's editor: the text, what is wrong with it and where, and every form of it.

use super::frame::{Reader, page};
use crate::pages::layout::scrolling;
use maud::{Markup, html};
use tidegate_domain::fault::Fault;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::refusal::Explanation;
use tidegate_formats::draft::{Lint, Weight};

/// Lines of the text that are shown around a fault, before and after it.
const AROUND: usize = 2;

/// One form of the advisory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// What the form is called.
    pub form: &'static str,
    /// Where it would be published, below the site's root.
    pub path: String,
    /// It, word for word.
    pub text: String,
}

impl Preview {
    /// What the form of a published file is called; `None` for files that repeat another one.
    #[must_use]
    pub fn form_of(path: &str) -> Option<&'static str> {
        let (folder, file) = path.split_once('/')?;
        let (_, ending) = file.rsplit_once('.')?;
        match (folder, ending) {
            ("advisories", "html") => Some("Web page"),
            ("advisories", "txt") if !file.contains(".v") => Some("Text"),
            ("csaf", "json") => Some("CSAF"),
            ("cve", "json") => Some("CVE record"),
            ("osv", "json") => Some("OSV"),
            _ => None,
        }
    }
}

/// What the editor shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftPage {
    /// The case.
    pub id: CaseId,
    /// What was typed, word for word.
    pub text: String,
    /// Why it cannot be read, if it cannot.
    pub fault: Option<Fault>,
    /// What its author should look at.
    pub lints: Vec<Lint>,
    /// Its forms.
    pub previews: Vec<Preview>,
    /// Why it was not saved, where a rule refused.
    pub refused: Option<Explanation>,
}

/// The editor.
#[must_use]
pub fn editor(name: &Slug, content: &DraftPage) -> String {
    let main = html! {
        p { a href={ "/desk/cases/" (content.id) } { "Back to the case" } }
        h1 { "The advisory" }
        @if let Some(told) = &content.refused {
            div.callout role="alert" {
                p { strong { "Not saved: " } (told.why) " " @if !told.clause.is_empty() { span.clause { (told.clause) } } }
                @if !told.needed.is_empty() { p { "What is needed: " (told.needed) } }
            }
        }
        @if let Some(fault) = &content.fault { (place_of(fault, &content.text)) }
        (findings(&content.lints))
        form.editor method="post" {
            div.field {
                label for="draft" { "Text" }
                p.hint #draft-hint { "Lines that begin with # are for you alone. Looking at it saves nothing." }
                textarea.code #draft name="draft" rows="30" dir="auto" spellcheck="true" aria-describedby="draft-hint"
                    aria-invalid=[content.fault.as_ref().map(|_| "true")]
                { "\n" (content.text) }
            }
            button name="do" value="look" { "Check and preview" } " "
            button.quiet name="do" value="save" { "Save the draft" }
        }
        @if !content.previews.is_empty() {
            h2 { "As it would become public" }
            @for preview in &content.previews { (shown(preview)) }
        }
    };
    page("The advisory", Reader::Person(name), &main)
}

/// The fault with the lines around it: whoever cannot count lines in a box finds it all the same.
fn place_of(fault: &Fault, text: &str) -> Markup {
    let first = fault.line.saturating_sub(AROUND).max(1);
    let lines = (1..).zip(text.lines()).skip(first - 1).take(fault.line + AROUND + 1 - first);
    html! {
        div.callout role="alert" {
            p {
                strong { "This cannot be read" }
                @if fault.line > 0 { " (line " (fault.line) ", column " (fault.column) ")" }
                ": " (fault.what)
            }
            @if !fault.advice.is_empty() { p { (fault.advice) } }
            @if fault.line > 0 {
                pre.lines { @for (number, line) in lines {
                    @if number == fault.line { mark { (number) "  " (line) } } @else { (number) "  " (line) }
                    "\n"
                } }
            }
        }
    }
}

fn findings(lints: &[Lint]) -> Markup {
    let table = html! {
        table {
            thead { tr { th scope="col" { "Where" } th scope="col" { "What" } th scope="col" { "What to do" } th scope="col" { "Weight" } } }
            tbody { @for lint in lints { tr {
                th scope="row" { (lint.place) } td { (lint.what) } td { (lint.advice) }
                td { @match lint.weight { Weight::Blocks => span.badge.critical { "Not finished" }, Weight::Hint => "look at it" } }
            } } }
        }
    };
    html! { @if !lints.is_empty() { h2 { "To look at" } (scrolling("To look at", &table)) } }
}

fn shown(preview: &Preview) -> Markup {
    html! {
        details.offer {
            summary { (preview.form) " " span.meta { (preview.path) } }
            div.scroll role="region" aria-label=(preview.form) tabindex="0" { pre.source { (preview.text) } }
        }
    }
}
