//! Which project, and perhaps which case, an address belongs to.

use super::token;
use crate::engine::{Engine, EngineError};
use tidegate_domain::id::{CaseId, Slug};

/// Where a letter is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The project whose contact the address is.
    pub project: Slug,
    /// The case that the address names, where it was made here for one of the project's.
    pub case: Option<CaseId>,
}

impl Engine {
    /// The mailbox that an address is, with or without a detail (`security+anything@`). A detail that was not made
    /// here is passed over: the letter is for the project.
    ///
    /// # Errors
    /// The store's.
    pub async fn mailbox(&self, address: &str) -> Result<Option<Mailbox>, EngineError> {
        let whole = address.trim().to_ascii_lowercase();
        let separator = self.post.settings.subaddress;
        for project in self.store.projects().await? {
            let contact = self.policy(&project.id).await?.publisher.contact.to_ascii_lowercase();
            if contact == whole {
                return Ok(Some(Mailbox { project: project.id, case: None }));
            }
            let detail = separator.and_then(|separator| token::detail_of(&whole, &contact, separator));
            if let Some(detail) = detail {
                let case = token::case_of(&self.store, detail);
                return Ok(Some(Mailbox { project: project.id, case }));
            }
        }
        Ok(None)
    }
}
