//! Shredding a case: the one thing that is done to a case and not to its record.

use super::{Engine, EngineError};
use tidegate_domain::id::{CaseId, Slug};

impl Engine {
    /// Destroys the case's key for ever. The log says that `name` did, and when; nothing else of the case can
    /// be read again.
    ///
    /// # Errors
    /// [`EngineError::NoSuchCase`] where for `name` there is none, or `name` is not on the security team.
    pub async fn shred(&self, id: CaseId, name: &Slug) -> Result<(), EngineError> {
        let (file, viewer) = self.open_case(id, name).await?;
        if !file.is_teams(&viewer) {
            return Err(EngineError::NoSuchCase(id));
        }
        Ok(self.store.shred(id, self.clock.now(), name.as_str()).await?)
    }
}
