//! Pages for whoever is not at a desk: reporting, the reporter's mailbox, signing in.

use super::frame::{Reader, page};
use crate::pages::text;
use crate::secret::Secret;
use crate::words::Said;
use maud::{Markup, html};
use tidegate_domain::time::Instant;

/// A project that takes reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportForm {
    /// Its name in addresses.
    pub project: String,
    /// How it calls itself.
    pub name: String,
    /// Where mail reaches its security team.
    pub contact: String,
}

/// The projects that take reports.
#[must_use]
pub fn reports(projects: &[ReportForm]) -> String {
    let main = html! {
        h1 { "Report a vulnerability in confidence" }
        @if projects.is_empty() { p { "No project takes reports here." } }
        ul.projects {
            @for project in projects {
                li {
                    h2 { a href={ "/report/" (project.project) } { bdi { (text::line(&project.name)) } } }
                    p { "Or write to " (text::address(&project.contact)) "." }
                }
            }
        }
    };
    page("Report a vulnerability", Reader::Anyone, &main)
}

/// The form for a report.
#[must_use]
pub fn report(form: &ReportForm) -> String {
    let name = text::line(&form.name);
    let main = html! {
        h1 { "Report a vulnerability in " bdi { (name) } }
        p.lead {
            "Only the security team reads it. You need no account: you will be given a key to a mailbox where "
            "you can follow the report and answer questions."
        }
        form.card-form method="post" action={ "/report/" (form.project) } enctype="multipart/form-data" {
            (line("title", "In one line, what is it?", true, None))
            (area("text", "What is wrong, in which versions, and how do you know?", true, 14))
            p.hint { "Whatever is missing can be sent later. Do not hold a report back because it is not complete." }
            div.field {
                label for="files" { "Files (proof of concept, logs, patches)" }
                input id="files" type="file" name="files" multiple;
            }
            (line("address", "Your mail address, if you want answers by mail", false, Some("email")))
            button { "Send the report" }
        }
    };
    page("Report a vulnerability", Reader::Anyone, &main)
}

/// The report is stored; this is the only time that its key is shown.
#[must_use]
pub fn mailbox_made(key: &Secret) -> String {
    let main = html! {
        h1 { "Your report is stored" }
        p { "The security team has been told. This key opens the report’s mailbox. It is shown only now, and we cannot make another: write it down." }
        p.key { code { (key.grouped()) } }
        p { "Whoever has the key can read and answer in your name." }
        form method="post" action="/mailbox" {
            input type="hidden" name="key" value=(key);
            button { "Open the mailbox" }
        }
    };
    page("Your report is stored", Reader::Anyone, &main)
}

/// The page that a link in a letter leads to.
#[must_use]
pub fn mailbox_link(key: &Secret) -> String {
    let main = html! {
        h1 { "Your report" }
        p.lead { "A message about your report waits in its mailbox." }
        form method="post" action="/mailbox" {
            input type="hidden" name="key" value=(key);
            button { "Open the mailbox" }
        }
    };
    page("Your report", Reader::Anyone, &main)
}

/// Asks for a mailbox's key.
#[must_use]
pub fn mailbox_key() -> String {
    let main = html! {
        h1 { "Your report" }
        p.lead { "The key that you were given when you reported opens its mailbox." }
        form.card-form method="post" action="/mailbox" {
            div.field {
                label for="key" { "Key" }
                input id="key" name="key" required autocomplete="off" autocapitalize="none" spellcheck="false";
            }
            button { "Open" }
        }
    };
    page("Your report", Reader::Anyone, &main)
}

/// What a reporter sees of their report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Its title, where they may know the record.
    pub title: String,
    /// Where it stands, in words.
    pub stands: String,
    /// The planned instant of disclosure, where they may know it.
    pub planned: Option<Instant>,
    /// Numbers that it was given: the advisory's, CVE identifiers.
    pub numbers: Vec<String>,
    /// What was written, oldest first.
    pub messages: Vec<Said>,
    /// An end of the embargo that is proposed and waits for the reporter's word.
    pub proposed: Option<Instant>,
}

/// A reporter's mailbox.
#[must_use]
pub fn mailbox(content: &Mailbox) -> String {
    let main = html! {
        h1 dir="auto" { (text::line_or(&content.title, "Your report")) }
        dl.pairs {
            dt { "Where it stands" } dd { (content.stands) }
            @if !content.numbers.is_empty() { dt { "Numbers" } dd { (content.numbers.join(", ")) } }
            @if let Some(at) = content.planned { dt { "Planned disclosure" } dd { (text::instant(at)) } }
        }
        @if let Some(until) = content.proposed {
            section.callout {
                h2 { "The team proposes to keep it confidential until " (text::instant(until)) }
                form.inline-form method="post" action="/mailbox/embargo" {
                    button name="answer" value="accept" { "Agree" } " "
                    button.quiet name="answer" value="reject" { "Do not agree" }
                }
            }
        }
        h2 { "Messages" }
        ol.messages { @for message in &content.messages { li.own[message.from == "you"] { (one(message)) } } }
        form.card-form method="post" action="/mailbox/message" enctype="multipart/form-data" {
            (area("text", "Write to the security team", true, 6))
            div.field {
                label for="files" { "Files" }
                input id="files" type="file" name="files" multiple;
            }
            button { "Send" }
        }
    };
    page("Your report", Reader::Reporter, &main)
}

fn one(message: &Said) -> Markup {
    html! {
        p.meta { (text::capitalised(message.from)) ", " (text::instant(message.at)) ": " bdi { (text::line(&message.what)) } }
        (text::prose(&message.text))
        @for file in &message.files { p.meta { "File: " bdi { (file) } } }
    }
}

/// The page that a one-time link leads to. It asks for a click, so that a mail scanner that follows links
/// does not use it up; and it is the same whether or not the link is good.
#[must_use]
pub fn sign_in_link(secret: &str) -> String {
    let main = html! {
        h1 { "Sign in" }
        p.lead { "This link signs you in once." }
        form method="post" action={ "/sign-in/" (secret) } { button { "Sign in" } }
    };
    page("Sign in", Reader::Anyone, &main)
}

fn line(name: &str, label: &str, required: bool, kind: Option<&str>) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type=(kind.unwrap_or("text")) required[required] maxlength="300";
        }
    }
}

fn area(name: &str, label: &str, required: bool, rows: u32) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            textarea id=(name) name=(name) rows=(rows) required[required] dir="auto" {}
        }
    }
}
