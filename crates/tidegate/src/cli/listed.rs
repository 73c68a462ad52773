//! `tidegate list ...`: applications and members of an instance.

use super::acting;
use super::list::{lack_line, read};
use crate::engine::Engine;
use crate::engine::list::{Asker, Kept};
use crate::out::{Failure, Out, lines, printable, table};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;
use tidegate_domain::admission::Ruling;
use tidegate_domain::id::{Slug, StreamId};
use tidegate_domain::list::application::{Action, Application, Stage};
use tidegate_domain::list::member::{self, Member};
use tidegate_domain::policy::Policy;
use tidegate_domain::time::Instant;

#[derive(Debug, Subcommand)]
pub(super) enum Listed {
    /// Take an application in, as it came from an organisation. What is missing rejects it by itself (XEN-17).
    Submit {
        /// The project whose list it is.
        project: Slug,
        /// The application, as docs/list.md shows one.
        file: PathBuf,
    },
    /// The applications to a project's list, and what became of them.
    Applications {
        /// The project.
        project: Slug,
    },
    /// One application: what it holds but its alias, what is missing, the questions and their answers.
    Application {
        /// The application.
        application: StreamId,
    },
    /// Answer a criterion by which an application is judged, with the reason.
    Answer {
        /// The application.
        application: StreamId,
        /// The criterion, by the policy's name.
        criterion: Slug,
        /// Whether it is met.
        met: YesNo,
        /// Why. Public with the decision (XEN-18).
        #[arg(long)]
        why: String,
    },
    /// Stand by the answers: with the last person that the policy asks for, the outcome follows from them.
    Decide {
        /// The application.
        application: StreamId,
    },
    /// Enter an organisation's appeal against its rejection.
    Appeal {
        /// The application.
        application: StreamId,
        /// Why it appeals. Public.
        #[arg(long)]
        text: String,
    },
    /// Say something in the public thread of an appeal.
    Say {
        /// The application.
        application: StreamId,
        /// What.
        #[arg(long)]
        text: String,
    },
    /// Find whether an appeal is to be granted.
    Hear {
        /// The application.
        application: StreamId,
        /// Whether it is.
        granted: YesNo,
        /// Why. Public.
        #[arg(long)]
        why: String,
    },
    /// Enter that an organisation takes its application back.
    Withdraw {
        /// The application.
        application: StreamId,
    },
    /// The members of a project's list, former ones too.
    Members {
        /// The project.
        project: Slug,
    },
    /// One member, with its keys and its log.
    Member {
        /// The member.
        member: StreamId,
    },
    /// Add an OpenPGP certificate of a member. It is not used before its fingerprint is confirmed.
    AddKey {
        /// The member.
        member: StreamId,
        /// The certificate, armoured or not.
        file: PathBuf,
    },
    /// Confirm a key by the fingerprint that the member reads off.
    ConfirmKey {
        /// The member.
        member: StreamId,
        /// In hex; spaces and case do not matter.
        fingerprint: String,
    },
    /// Take a member's key away.
    RemoveKey {
        /// The member.
        member: StreamId,
        /// In hex; spaces and case do not matter.
        fingerprint: String,
    },
    /// Confirm what a member shows, from its form as it is now.
    Reconfirm {
        /// The member.
        member: StreamId,
        /// The form, as an application is written.
        file: PathBuf,
    },
    /// Stop telling a member, at once, as after a leak.
    Suspend {
        /// The member.
        member: StreamId,
        /// Why.
        #[arg(long)]
        why: String,
    },
    /// Tell a suspended member again.
    Resume {
        /// The member.
        member: StreamId,
        /// Why.
        #[arg(long)]
        why: String,
    },
    /// Remove a member from the list; as many persons as the policy asks for.
    Remove {
        /// The member.
        member: StreamId,
        /// Why.
        #[arg(long)]
        why: String,
    },
    /// Enter that a member leaves.
    Leave {
        /// The member.
        member: StreamId,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum YesNo {
    Yes,
    No,
}

impl YesNo {
    fn is_yes(self) -> bool {
        matches!(self, YesNo::Yes)
    }
}

impl Listed {
    pub(super) async fn run(self, engine: &Engine, who: Option<&Slug>, out: &Out) -> Result<(), Failure> {
        let (id, action) = match self {
            Listed::Submit { project, file } => {
                let kept = engine.submit_application(&project, read(&file)?).await?;
                return show_application(engine, &kept, out).await;
            }
            Listed::Applications { project } => return applications(engine, &project, out).await,
            Listed::Application { application } => {
                return show_application(engine, &engine.application(application).await?, out).await;
            }
            Listed::Members { project } => return members(engine, &project, out).await,
            Listed::Member { member } => return show_member(engine, &engine.member(member).await?, out),
            other => other.asked(engine)?,
        };
        let name = acting(who)?.clone();
        match action {
            Asked::OfApplication(action) => {
                let behalf = matches!(action, Action::Appeal { .. } | Action::Withdraw);
                let asker = if behalf { Asker::Behalf(name) } else { Asker::Person(name) };
                show_application(engine, &engine.on_application(id, &asker, &action).await?, out).await
            }
            Asked::OfMember(action) => {
                use member::Action::{Remove, Resume, Suspend};
                let decides = matches!(action, Suspend { .. } | Resume { .. } | Remove { .. });
                let asker = if decides { Asker::Person(name) } else { Asker::Behalf(name) };
                show_member(engine, &engine.on_member(id, &asker, &action).await?, out)
            }
        }
    }

    /// What is asked of which stream.
    fn asked(self, engine: &Engine) -> Result<(StreamId, Asked), Failure> {
        use member::Action as OfMember;
        Ok(match self {
            Listed::Answer { application, criterion, met, why } => {
                let ruling = Ruling { criterion, met: met.is_yes(), why };
                (application, Asked::OfApplication(Action::Answer { ruling }))
            }
            Listed::Decide { application } => {
                (application, Asked::OfApplication(Action::Decide { member: engine.draw_stream() }))
            }
            Listed::Appeal { application, text } => {
                (application, Asked::OfApplication(Action::Appeal { text }))
            }
            Listed::Say { application, text } => (application, Asked::OfApplication(Action::Say { text })),
            Listed::Hear { application, granted, why } => {
                let (granted, member) = (granted.is_yes(), engine.draw_stream());
                (application, Asked::OfApplication(Action::Hear { granted, why, member }))
            }
            Listed::Withdraw { application } => (application, Asked::OfApplication(Action::Withdraw)),
            Listed::AddKey { member, file } => {
                let bytes = std::fs::read(&file).map_err(|error| Failure::file(&file, &error))?;
                (member, Asked::OfMember(engine.key_to_add(&bytes)?))
            }
            Listed::ConfirmKey { member, fingerprint } => {
                (member, Asked::OfMember(OfMember::ConfirmKey { fingerprint }))
            }
            Listed::RemoveKey { member, fingerprint } => {
                (member, Asked::OfMember(OfMember::RemoveKey { fingerprint }))
            }
            Listed::Reconfirm { member, file } => {
                (member, Asked::OfMember(OfMember::Reconfirm { form: Box::new(read(&file)?) }))
            }
            Listed::Suspend { member, why } => (member, Asked::OfMember(OfMember::Suspend { why })),
            Listed::Resume { member, why } => (member, Asked::OfMember(OfMember::Resume { why })),
            Listed::Remove { member, why } => (member, Asked::OfMember(OfMember::Remove { why })),
            Listed::Leave { member } => (member, Asked::OfMember(OfMember::Leave)),
            Listed::Submit { .. }
            | Listed::Applications { .. }
            | Listed::Application { .. }
            | Listed::Members { .. }
            | Listed::Member { .. } => return Err(Failure::plain("this is shown, not done")),
        })
    }
}

enum Asked {
    OfApplication(Action),
    OfMember(member::Action),
}

async fn applications(engine: &Engine, project: &Slug, out: &Out) -> Result<(), Failure> {
    engine.policy(project).await?;
    let all = engine.applications(project).await?;
    let row = |kept: &Kept<Application>| {
        let submitted = kept.now.submitted.whole_second().readable();
        vec![kept.id.to_string(), submitted, kept.now.form.organisation.clone(), stage(&kept.now.stage)]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let text = match rows.as_slice() {
        [] => "no applications".to_owned(),
        rows => table(&["application", "submitted", "organisation", ""], rows),
    };
    out.show(&text, &json!(all.iter().map(application_json).collect::<Vec<_>>()))
}

fn stage(stage: &Stage) -> String {
    match stage {
        Stage::Open => "for the team to decide".to_owned(),
        Stage::Incomplete { .. } => "rejected: incomplete".to_owned(),
        Stage::NotMet { criteria, .. } => {
            let criteria: Vec<&str> = criteria.iter().map(Slug::as_str).collect();
            format!("rejected: not met: {}", criteria.join(", "))
        }
        Stage::Accepted { member, .. } => format!("accepted, as member {member}"),
        Stage::Withdrawn { .. } => "withdrawn".to_owned(),
    }
}

async fn show_application(engine: &Engine, kept: &Kept<Application>, out: &Out) -> Result<(), Failure> {
    let policy = engine.policy(&kept.now.project).await?;
    out.show(&application_in_words(kept, &policy), &application_json(kept))
}

fn application_in_words(kept: &Kept<Application>, policy: &Policy) -> String {
    let application = &kept.now;
    let mut text = format!(
        "application {} of {}: {}\n",
        kept.id,
        printable(&application.form.organisation),
        stage(&application.stage)
    );
    for lack in &application.lacks {
        text.push_str(&format!("  missing: {}\n", printable(&lack_line(lack))));
    }
    for criterion in policy.list.iter().flat_map(|rules| &rules.criteria) {
        let answer = match application.answer(&criterion.id) {
            Some(answer) => {
                let met = if answer.ruling.met { "yes" } else { "no" };
                format!("{met}, says {}: {}", answer.by, printable(&answer.ruling.why))
            }
            None if application.stage == Stage::Open => "open".to_owned(),
            None => continue,
        };
        text.push_str(&format!("  {}: {} {answer}\n", criterion.id, criterion.question));
    }
    let standing: Vec<&str> = application.decided_by.iter().map(Slug::as_str).collect();
    if !standing.is_empty() {
        text.push_str(&format!("  by these answers stand: {}\n", standing.join(", ")));
    }
    for said in application.appeal.iter().flat_map(|appeal| &appeal.said) {
        text.push_str(&format!(
            "  appeal, {}: {}\n",
            said.at.whole_second().readable(),
            printable(&said.text)
        ));
    }
    text
}

/// Everything but the alias, which is secret (XEN-19).
fn application_json(kept: &Kept<Application>) -> Value {
    let application = &kept.now;
    let mut log = lines(&kept.entries);
    for line in log.as_array_mut().into_iter().flatten() {
        if let Some(form) = line.pointer_mut("/event/submitted/form").and_then(Value::as_object_mut) {
            form.remove("alias");
        }
    }
    json!({
        "application": kept.id.to_string(),
        "project": application.project.as_str(),
        "organisation": application.form.organisation,
        "submitted": application.submitted.to_string(),
        "complete": application.is_complete(),
        "stage": stage(&application.stage),
        "member": match &application.stage {
            Stage::Accepted { member, .. } => Some(member.to_string()),
            Stage::Open | Stage::Incomplete { .. } | Stage::NotMet { .. } | Stage::Withdrawn { .. } => None,
        },
        "lacks": application.lacks,
        "log": log,
    })
}

async fn members(engine: &Engine, project: &Slug, out: &Out) -> Result<(), Failure> {
    engine.policy(project).await?;
    let (all, now) = (engine.members(project).await?, engine.clock.now());
    let row = |kept: &Kept<Member>| {
        let keys = kept.now.usable_keys(now).count();
        let keys =
            if kept.now.is_member() { format!("{keys} of {}", kept.now.keys.len()) } else { String::new() };
        let standing = kept.now.standing.phrase().to_owned();
        vec![kept.id.to_string(), kept.now.form.organisation.clone(), standing, keys]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let text = match rows.as_slice() {
        [] => "no members".to_owned(),
        rows => table(&["member", "organisation", "", "usable keys"], rows),
    };
    let value: Vec<Value> = all.iter().map(|kept| member_json(kept, now)).collect();
    out.show(&text, &json!(value))
}

fn show_member(engine: &Engine, kept: &Kept<Member>, out: &Out) -> Result<(), Failure> {
    let (member, now) = (&kept.now, engine.clock.now());
    let name = printable(&member.form.organisation);
    let mut text = format!("member {}, {name}: {}\n", kept.id, member.standing.phrase());
    for key in &member.keys {
        let expires = key.certificate.expires.map_or_else(
            || "no end".to_owned(),
            |expires| format!("until {}", expires.whole_second().readable()),
        );
        text.push_str(&format!(
            "  key {}, {expires}: {}\n",
            key.certificate.fingerprint,
            key.state(now).phrase()
        ));
    }
    if member.is_active() && member.usable_keys(now).next().is_none() {
        text.push_str("  nothing can be encrypted to it: add a key and confirm its fingerprint\n");
    }
    out.show(&text, &member_json(kept, now))
}

/// Without the alias and the certificates.
fn member_json(kept: &Kept<Member>, now: Instant) -> Value {
    let member = &kept.now;
    let keys = member.keys.iter().map(|key| {
        json!({
            "fingerprint": key.certificate.fingerprint,
            "expires": key.certificate.expires.map(|expires| expires.to_string()),
            "state": key.state(now).phrase(),
        })
    });
    json!({
        "member": kept.id.to_string(),
        "project": member.project.as_str(),
        "organisation": member.form.organisation,
        "application": member.application.to_string(),
        "joined": member.joined.to_string(),
        "standing": member.standing.phrase(),
        "confirmed": member.confirmed.to_string(),
        "keys": keys.collect::<Vec<_>>(),
    })
}
