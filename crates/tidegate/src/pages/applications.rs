//! The public archive of applications to a project's predisclosure list, and of what was decided about them (XEN-15,
//! XEN-18).

use super::layout::{Frame, Here, project_page};
use super::{ProjectLinks, text};
use maud::{Markup, html};
use tidegate_domain::admission::Lack;
use tidegate_domain::id::StreamId;
use tidegate_domain::list::By;
use tidegate_domain::list::application::{Appeal, Application, Stage};
use tidegate_domain::policy::Policy;
use tidegate_domain::policy::list::{Ask, ListRules};
use tidegate_domain::policy::vocabulary::Asked;
use tidegate_domain::time::Instant;

/// An application as everybody may read it: [`Application::public`].
#[derive(Clone, Debug)]
pub struct PublicApplication {
    /// Its name.
    pub id: StreamId,
    /// The application, without its alias.
    pub application: Application,
}

/// All applications, the newest first.
#[must_use]
pub fn applications(
    policy: &Policy,
    all: &[PublicApplication],
    folder: &str,
    links: &ProjectLinks,
) -> String {
    let main = html! {
        h1 { "Applications to the predisclosure list" }
        p.lead { "Who asked to be told before the public is, and what was decided. " a href=(links.policy) { "The policy" } " says what an application holds and how it is judged." }
        ul.advisories {
            @for PublicApplication { id, application } in all.iter().rev() {
                li {
                    h3 { a href={ (folder) "/" (id) ".html" } { span.title dir="auto" { (organisation(application)) } } }
                    ul.inline {
                        li { (text::capitalised(application.stage.phrase())) }
                        li { "Submitted " (text::day(application.submitted)) }
                    }
                }
            }
        }
    };
    page(policy, "Applications", &main, links)
}

/// One application, with its decision and its appeal.
#[must_use]
pub fn application(policy: &Policy, shown: &PublicApplication, links: &ProjectLinks) -> String {
    let application = &shown.application;
    let main = html! {
        h1 dir="auto" { (organisation(application)) }
        p.lead { (text::capitalised(application.stage.phrase())) "." }
        p { "Application " code { (shown.id) } ", submitted " (text::instant(application.submitted)) "." }
        @if !application.lacks.is_empty() { (lacking(&application.lacks)) }
        @if let Some(rules) = &policy.list {
            (decision(application, rules))
            (held(application, rules))
        }
        @if let Some(appeal) = &application.appeal { (thread(appeal)) }
    };
    page(policy, "Application", &main, links)
}

fn page(policy: &Policy, title: &str, main: &Markup, links: &ProjectLinks) -> String {
    let description = "Applications to the predisclosure list, and what was decided about them.";
    let frame = Frame { title, description, publisher: &policy.publisher, links, here: Here::Elsewhere };
    project_page(&frame, main)
}

fn organisation(application: &Application) -> String {
    text::line_or(&application.form.organisation, "Unnamed organisation")
}

fn lacking(lacks: &[Lack]) -> Markup {
    html! {
        h2 { "What is missing" }
        ul {
            @for lack in lacks {
                li { strong { (text::line(&lack.title)) } ": " span dir="auto" { (text::line(&lack.what)) } ". " (text::line(&lack.advice)) " (" (text::line(&lack.clause)) ")" }
            }
        }
    }
}

fn decision(application: &Application, rules: &ListRules) -> Markup {
    let decided = match &application.stage {
        Stage::NotMet { since, .. } | Stage::Accepted { since, .. } => Some(*since),
        Stage::Open | Stage::Incomplete { .. } | Stage::Withdrawn { .. } => None,
    };
    let answered = rules
        .criteria
        .iter()
        .filter_map(|criterion| application.answer(&criterion.id).map(|answer| (criterion, answer)));
    html! {
        @if let Some(at) = decided {
            h2 { "The decision" }
            p { "Decided " (text::instant(at)) "." }
            @for (criterion, answer) in answered {
                h3 { (text::line(&criterion.question)) }
                p { strong { @if answer.ruling.met { "Yes" } @else { "No" } } " (" (text::line(&criterion.clause)) ")" }
                (text::prose(&answer.ruling.why))
            }
        }
    }
}

/// What the application holds, in the order of the form. The alias is no part of it.
fn held(application: &Application, rules: &ListRules) -> Markup {
    let form = &application.form;
    let asked = rules.asks.iter().filter(|ask| ask.concerns(&form.applies_as) && ask.asked != Asked::Alias);
    html! {
        h2 { "The application" }
        @for ask in asked {
            h3 { (text::line(&ask.title)) }
            (given(application, ask))
        }
    }
}

fn given(application: &Application, ask: &Ask) -> Markup {
    let form = &application.form;
    let words = form.answers.get(ask.id.as_str()).map_or("", String::as_str);
    match ask.asked {
        Asked::Organisation => html! { p dir="auto" { (organisation(application)) } },
        Asked::Domains => html! { p { (text::line(&form.domains.join(", "))) } },
        Asked::Products if form.all_products => html! { p { "All of them." } },
        Asked::Words | Asked::Products => text::prose(words),
        Asked::Statement => text::prose(&form.statement),
        Asked::Evidence => html! {
            ul { @for link in form.links.iter().filter(|link| link.shows == ask.id) {
                li {
                    @if let Some(href) = text::https(&link.url) { a href=(href) rel="nofollow noreferrer" { (text::line(&link.url)) } }
                    @else { (text::line(&link.url)) }
                    @if !link.part.is_empty() { ", " span dir="auto" { (text::line(&link.part)) } }
                }
            } }
        },
        Asked::Alias => html! {},
    }
}

fn thread(appeal: &Appeal) -> Markup {
    let who = |by: &By| match by {
        By::Organisation | By::Behalf(_) => "The organisation",
        By::Person(_) => "The project",
        By::Clock => "The clock",
    };
    let heard = |(at, granted): (Instant, bool)| {
        html! {
            p { @if granted { "Granted " } @else { "Dismissed " } (text::instant(at)) "." }
        }
    };
    html! {
        h2 { "The appeal" }
        @for said in &appeal.said {
            h3 { (who(&said.by)) ", " (text::instant(said.at)) }
            (text::prose(&said.text))
        }
        @if let Some(outcome) = appeal.heard {
            (heard(outcome))
            @for finding in appeal.findings.iter().filter(|finding| finding.granted == outcome.1) { (text::prose(&finding.why)) }
        }
    }
}
