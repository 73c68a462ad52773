//! The negotiation of a case's embargo: who agreed to what, what the policy allows, what the formal machine
//! allows next.

use crate::pages::text;
use maud::{Markup, html};
use tidegate_domain::case::Case;
use tidegate_domain::case::machines::{Em, EmStep, Pec, embargo_negotiable};
use tidegate_domain::policy::vocabulary::Force;
use tidegate_domain::policy::{Limit, Policy};
use tidegate_domain::time::Instant;

/// The negotiation, for those who work on the case.
pub(super) fn negotiation(policy: &Policy, case: &Case) -> Markup {
    let received = case.received();
    html! {
        h2 { "Embargo" }
        dl.pairs {
            dt { "Stands" } dd { (state(case.em)) @if let Some(until) = case.until { ", until " (text::instant(until)) } }
            dt { "Must agree" } dd { (policy.titles(policy.embargo.agree)) " " span.clause { (policy.embargo.clause) } }
            dt { "The policy proposes" } dd { (text::instant(policy.embargo.default_end(policy, received))) }
            @for limit in policy.embargo.limits.iter().filter(|limit| applies(limit, case)) {
                dt { @if limit.force == Force::Duty { "Limit" } @else { "Advice" } }
                dd { (limits(policy, limit, received)) " " span.clause { (limit.clause) } }
            }
            @if policy.embargo.negotiated { dt { "Length" } dd { "any that all agree to" } }
            dt { "Next, by the model" } dd { (next(case)) }
        }
        @if !case.proposals.is_empty() {
            h3 { "Proposed" }
            ol.rules {
                @for proposal in &case.proposals {
                    li { (text::instant(proposal.until)) ": " (agreed(policy, &proposal.agreed)) }
                }
            }
        }
        @if !case.consents.is_empty() {
            h3 { "Consent" }
            ul.rules { @for (role, consent) in &case.consents { li { (title(policy, role.as_str())) ": " (consent_phrase(*consent)) } } }
        }
    }
}

fn applies(limit: &Limit, case: &Case) -> bool {
    case.severity().is_none_or(|band| limit.severity.contains(&band))
}

fn limits(policy: &Policy, limit: &Limit, received: Instant) -> Markup {
    html! {
        @if let Some(least) = limit.at_least { "not before " (text::instant(least.after(received, &policy.zone))) " " }
        @if let Some(most) = limit.at_most { "not after " (text::instant(most.after(received, &policy.zone))) " " }
        @if !limit.severity.is_empty() {
            "(" (limit.severity.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) ")"
        }
    }
}

fn title<'p>(policy: &'p Policy, role: &'p str) -> &'p str {
    policy.role(role).and_then(|id| policy.role_at(id)).map_or(role, |role| &role.title)
}

fn agreed(policy: &Policy, roles: &[tidegate_domain::id::Slug]) -> String {
    let titles: Vec<&str> = roles.iter().map(|role| title(policy, role.as_str())).collect();
    if titles.is_empty() {
        "nobody agreed yet".to_owned()
    } else {
        format!("agreed by {}", titles.join(", "))
    }
}

fn state(em: Em) -> &'static str {
    match em {
        Em::None => "there is none",
        Em::Proposed => "proposed, not agreed",
        Em::Active => "agreed and running",
        Em::Revise => "running, and another end is proposed",
        Em::Exited => "over; there is no way back",
    }
}

fn consent_phrase(consent: Pec) -> &'static str {
    match consent {
        Pec::None => "not asked",
        Pec::Invited => "asked",
        Pec::Signatory => "agreed",
        Pec::Lapsed => "agreed to an earlier end only",
        Pec::Declined => "refused",
    }
}

/// What the embargo's machine allows from here, whatever the policy says.
fn next(case: &Case) -> String {
    let open = embargo_negotiable(case.rm, case.state.pxa);
    let negotiating = |step: EmStep| match step {
        EmStep::Propose | EmStep::Accept | EmStep::Revise => open,
        EmStep::Reject | EmStep::Terminate => true,
    };
    let steps = EmStep::ALL.into_iter().filter(|step| case.em.step(*step).is_some() && negotiating(*step));
    let phrases: Vec<&str> = steps.map(step_phrase).collect();
    if phrases.is_empty() {
        "nothing: no embargo is possible any more".to_owned()
    } else {
        phrases.join(", ")
    }
}

fn step_phrase(step: EmStep) -> &'static str {
    match step {
        EmStep::Propose => "propose an end",
        EmStep::Accept => "accept the shortest proposal",
        EmStep::Reject => "reject it",
        EmStep::Revise => "propose another end",
        EmStep::Terminate => "end it",
    }
}
