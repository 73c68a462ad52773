//! `tidegate project ...` and `tidegate person ...`.

use super::{identity, keys};
use crate::engine::Engine;
use crate::out::{Failure, Kind, Out, bar, table};
use crate::{instance, web};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};
use tidegate_domain::id::Slug;
use tidegate_domain::policy::{self, check};

#[derive(Debug, Subcommand)]
pub(super) enum Project {
    /// Add a project under a policy, or give it a new one. The policy is proved sound first.
    Add {
        /// The project's short name.
        id: Slug,
        /// The policy file.
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
    },
    /// List the projects.
    List,
    /// Set the public address of the site, which documents and letters link to.
    Site {
        /// An https URL.
        url: String,
    },
    /// Name the repository of a project, and the trees of its supported releases that patches are checked
    /// against; without --repo, show them.
    Repository(super::repository::Repository),
    /// The OpenPGP keys that a project signs and opens letters with.
    #[command(subcommand)]
    Key(keys::ProjectKey),
}

impl Project {
    pub(super) async fn run(self, engine: &mut Engine, out: &Out) -> Result<(), Failure> {
        match self {
            Project::Add { id, policy } => add(engine, &id, &policy, out).await,
            Project::List => {
                let mut rows = Vec::new();
                for project in engine.store.projects().await.map_err(crate::engine::EngineError::from)? {
                    let rules = engine.policy(&project.id).await?;
                    rows.push(vec![
                        project.id.to_string(),
                        rules.publisher.name.clone(),
                        rules.title.clone(),
                    ]);
                }
                let value = json!(
                    rows.iter()
                        .map(|row| json!({"id": row[0], "name": row[1], "policy": row[2]}))
                        .collect::<Vec<_>>()
                );
                out.show(&table(&["project", "name", "policy"], &rows), &value)
            }
            Project::Repository(command) => command.run(engine, out).await,
            Project::Key(command) => command.run(engine, out).await,
            Project::Site { url } => {
                let link = url.parse().map_err(|fault| Failure::plain(format!("{fault}")))?;
                engine.set_site(link).await?;
                out.show(&format!("the site is {}", engine.site), &json!({"site": engine.site.as_str()}))
            }
        }
    }
}

async fn add(engine: &Engine, id: &Slug, path: &std::path::Path, out: &Out) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    let rules =
        policy::read(&text).map_err(|faults| Failure::faults(&path.display().to_string(), &faults))?;
    let watching = bar(0, "proving the policy sound");
    let report = check::check(&rules);
    watching.finish_and_clear();
    if let Some(finding) = report.findings.first() {
        let message = format!(
            "the policy is not sound, and was not adopted: {}: {}\n  `tidegate policy check {}` shows the way there",
            finding.kind.name(),
            finding.what,
            path.display()
        );
        return Err(Failure::of(Kind::Faults, message));
    }
    engine.put_project(id, &text).await?;
    let said = format!("{id}: {} ({} states visited, sound)", rules.title, report.states);
    out.show(&said, &json!({"project": id.as_str(), "policy": rules.id.as_str(), "states": report.states}))
}

#[derive(Debug, Subcommand)]
pub(super) enum Person {
    /// Add a person, or give one a further role.
    Add {
        /// The name under which they act.
        name: Slug,
        /// Where mail reaches them.
        #[arg(long)]
        mail: Option<String>,
        /// The project.
        #[arg(long)]
        project: Slug,
        /// A role of the project's policy.
        #[arg(long)]
        role: Slug,
    },
    /// List the people.
    List,
    /// Print a link that signs a person in at the web door once, within a day.
    Link {
        /// The person.
        name: Slug,
    },
    /// Take their second factors, authenticator app and passkeys, from a person who lost them.
    ResetSecondFactor {
        /// The person.
        name: Slug,
    },
    /// Let whoever signs in under this name at the identity provider in as a person.
    BindIdentity {
        /// The person.
        name: Slug,
        /// What the provider calls them, in the claim that the configuration names: by default `sub`.
        #[arg(long)]
        subject: String,
    },
    /// Let nobody in as this person who signs in at the identity provider, and end whatever they had begun.
    UnbindIdentity {
        /// The person.
        name: Slug,
    },
    /// Send a person a letter with a link to choose a password with, once, within three days.
    Invite {
        /// The person.
        name: Slug,
    },
    /// The OpenPGP keys that a person's letters are encrypted to.
    #[command(subcommand)]
    Key(keys::PersonKeys),
}

impl Person {
    pub(super) async fn run(self, engine: &Engine, dir: &Path, out: &Out) -> Result<(), Failure> {
        let mut people = engine.people().await?;
        match self {
            Person::Key(command) => command.run(engine, out).await,
            Person::Add { name, mail, project, role } => {
                let rules = engine.policy(&project).await?;
                if rules.role(role.as_str()).is_none() {
                    let known: Vec<&str> = rules.roles.iter().map(|role| role.id.as_str()).collect();
                    return Err(Failure::plain(format!(
                        "the policy has no role {role}; it has: {}",
                        known.join(", ")
                    )));
                }
                if name.as_str() == tidegate_domain::case::REPORTER {
                    return Err(Failure::plain("`reporter` is whoever reported a case; choose another name"));
                }
                if mail.as_ref().is_some_and(|mail| !mail.contains('@') || mail.contains(char::is_whitespace))
                {
                    return Err(Failure::plain("--mail takes one mail address"));
                }
                people.grant(&name, mail.as_deref(), &project, &role);
                engine.set_people(&people).await?;
                out.show(
                    &format!("{name} is {role} of {project}"),
                    &json!({"person": name.as_str(), "project": project.as_str(), "role": role.as_str()}),
                )
            }
            Person::Link { name } => {
                let config = instance::read_config(dir)?.web;
                let origin = config.origin_at(config.listen).map_err(Failure::plain)?;
                let link = web::sign_in_link(engine, &origin, &name).await?;
                out.show(&link, &json!({"person": name.as_str(), "link": link}))
            }
            Person::ResetSecondFactor { name } => {
                if !engine.reset_second_factor(&name).await? {
                    return Err(Failure::of(Kind::NotFound, format!("{name} has set up no second factor")));
                }
                let said = format!(
                    "{name} has no app and no passkey any more, and is signed in nowhere: they sign in with what is left, and set one up again"
                );
                out.show(&said, &json!({"person": name.as_str(), "second_factor": false}))
            }
            Person::BindIdentity { name, subject } => identity::bind(engine, &name, &subject, out).await,
            Person::UnbindIdentity { name } => identity::unbind(engine, &name, out).await,
            Person::Invite { name } => {
                engine.invite(&name).await?;
                engine.work().await?;
                let said = format!("a letter to {name} is in the outbox");
                out.show(&said, &json!({"person": name.as_str(), "invited": true}))
            }
            Person::List => {
                let rows: Vec<Vec<String>> = people
                    .0
                    .iter()
                    .map(|person| {
                        let roles = person.roles.iter().flat_map(|(project, roles)| {
                            roles.iter().map(move |role| format!("{role} of {project}"))
                        });
                        vec![
                            person.name.to_string(),
                            person.mail.clone(),
                            roles.collect::<Vec<_>>().join(", "),
                        ]
                    })
                    .collect();
                let value = serde_json::to_value(&people).unwrap_or_default();
                out.show(&table(&["person", "mail", "roles"], &rows), &value)
            }
        }
    }
}
