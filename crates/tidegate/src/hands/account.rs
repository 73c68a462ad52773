//! The hand that writes letters about accounts: links to set a password with.

use super::compose::{Composed, fill, one_line, rfc822, split};
use crate::engine::people::{People, Person};
use crate::engine::{Engine, EngineError};
use crate::store::{Job, StoreError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidegate_domain::id::Slug;
use tidegate_domain::policy::Policy;

/// The kind of job that writes such a letter.
pub const ACCOUNT_LETTER: &str = "account-letter";

/// A letter about an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AccountLetter {
    /// An administrator invites somebody.
    Invitation { person: Slug },
    /// Somebody wants back in. Perhaps nobody has this address.
    Recovery { address: String },
}

impl Engine {
    /// Writes the letter, where there is somebody to write to. A repeat after a crash makes a second link and no
    /// second letter; the first link, which nobody was sent, expires.
    pub(super) async fn write_account_letter(&self, job: &Job) -> Result<String, EngineError> {
        let asked: AccountLetter = serde_json::from_slice(&job.body)
            .map_err(|_| StoreError::Tampered { table: "job", row: job.id.to_string() })?;
        let people = self.people().await?;
        let (person, template) = match &asked {
            AccountLetter::Invitation { person } => {
                (people.find(person), include_str!("../../../../templates/mail/account-invitation.txt"))
            }
            AccountLetter::Recovery { address } => (
                people.with_address(address),
                include_str!("../../../../templates/mail/account-recovery.txt"),
            ),
        };
        if let Some(person) = person
            && let Some(policy) = self.policy_of(&people, person).await?
        {
            let link = self.site.join("welcome").join(&self.welcome(&person.name).await?.to_string());
            let values = [
                ("project", policy.publisher.name.clone()),
                ("person", person.name.to_string()),
                ("link", link.to_string()),
            ];
            let (subject, text) = split(template);
            let composed = Composed {
                to: person.mail.clone(),
                subject: one_line(&fill(&subject, &values)),
                text: fill(&text, &values),
                // It must reach whoever has no key: it tells of no case, works once, and not for long.
                confidential: false,
                automatic: true,
            };
            let key = format!("{ACCOUNT_LETTER}/{}", job.id);
            let raw = rfc822(&policy, &composed, &self.store.message_name(&key), job.run_at);
            self.store.put_outgoing(&key, None, job.run_at, &raw).await?;
        }
        self.store.finish_job(job.id).await?;
        Ok("a request for a letter about an account was seen to".to_owned())
    }

    /// The policy of the project that writes to `person`: one of theirs.
    async fn policy_of(&self, people: &People, person: &Person) -> Result<Option<Arc<Policy>>, EngineError> {
        let known = people.find(&person.name).into_iter().flat_map(|person| person.roles.keys());
        for project in known {
            match self.policy(project).await {
                Err(EngineError::NoSuchProject(_)) => {}
                policy => return policy.map(Some),
            }
        }
        Ok(None)
    }
}
