//! `tidegate case may-tell`: may I pass this on, now?

use crate::engine::Engine;
use crate::out::{Failure, Kind, Out, printable};
use clap::Args;
use serde_json::json;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::permission::{Because, Ruling};
use tidegate_domain::policy::vocabulary::{Answer, Item, RoleKind};
use tidegate_domain::policy::{Policy, RoleId};

#[derive(Debug, Args)]
pub(super) struct MayTell {
    /// The case.
    case: CaseId,
    /// What would be passed on: existence, cve-number, planned-date, deployment, outage-notice and so on.
    #[arg(value_parser = item)]
    item: Item,
    /// To whom: a role of the policy; by default the public.
    #[arg(long, value_name = "ROLE")]
    to: Option<Slug>,
}

fn item(name: &str) -> Result<Item, String> {
    Item::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Item::ALL.iter().map(|item| item.name()).collect();
        format!("known are {}", known.join(", "))
    })
}

impl MayTell {
    pub(super) async fn run(&self, engine: &Engine, who: &Slug, out: &Out) -> Result<(), Failure> {
        let (file, asker) = engine.open_case(self.case, who).await?;
        let policy = file.policy();
        let to = self.role(policy)?;
        let now = engine.clock.now();
        let ruling = file.may_tell(&asker, to, self.item).ok_or_else(|| {
            Failure::of(
                Kind::Refused,
                "acknowledge confidence for this case first: case acknowledge-confidence",
            )
        })?;
        let title = policy.role_at(to).map(|role| role.title.clone()).unwrap_or_default();
        let (clause, note) = match ruling.because {
            Because::Rule(rule) => (Some(rule.clause.as_str()), rule.note.as_str()),
            Because::Public | Because::Silence => (None, ""),
        };
        out.show(
            &in_words(&ruling, self.item, &title, &now.readable(), policy),
            &json!({
                "case": self.case.to_string(),
                "item": self.item.name(),
                "to": policy.role_at(to).map(|role| role.id.as_str()),
                "answer": ruling.answer.name(),
                "clause": clause,
                "note": note,
                "stated": ruling.stated,
                "policy": policy.id.as_str(),
                "at": now.to_string(),
            }),
        )
    }

    fn role(&self, policy: &Policy) -> Result<RoleId, Failure> {
        let role = match &self.to {
            Some(name) => policy.role(name.as_str()),
            None => policy.roles_of(RoleKind::Public).iter().next(),
        };
        role.ok_or_else(|| {
            let known: Vec<&str> = policy.roles.iter().map(|role| role.id.as_str()).collect();
            Failure::of(
                Kind::Usage,
                format!("--to names no role of {}: known are {}", policy.id, known.join(", ")),
            )
        })
    }
}

/// The answer so that it can be quoted.
fn in_words(ruling: &Ruling<'_>, item: Item, to: &str, at: &str, policy: &Policy) -> String {
    let answer = match ruling.answer {
        Answer::Yes => "Yes.",
        Answer::Ask => "Only with the security team's permission: ask it first.",
        Answer::No => "No.",
    };
    let mut text = format!("{answer}\n{} to {to}, as of {at}, under {}\n", item.phrase(), policy.id);
    let why = match ruling.because {
        Because::Rule(rule) if rule.note.is_empty() => format!("{}\n", rule.clause),
        Because::Rule(rule) => format!("{}: {}\n", rule.clause, rule.note),
        Because::Public => "The advisory is public, and so is this.\n".to_owned(),
        Because::Silence => "No rule of the policy mentions it, so none permits it.\n".to_owned(),
    };
    text.push_str(&why);
    if let Some(stated) = ruling.stated {
        text.push_str(&format!("The advisory states:\n{}\n", printable(stated)));
    }
    text
}
