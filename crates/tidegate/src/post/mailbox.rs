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
        let (base, detail) = separator.map_or((whole.clone(), None), |c| token::split(&whole, c));
        for project in self.store.projects().await? {
            let contact = self.policy(&project.id).await?.publisher.contact.to_ascii_lowercase();
            if contact == whole {
                return Ok(Some(Mailbox { project: project.id, case: None }));
            }
            if contact == base {
                let case = detail.as_deref().and_then(|detail| token::case_of(&self.store, detail));
                return Ok(Some(Mailbox { project: project.id, case }));
            }
        }
        Ok(None)
    }
}
