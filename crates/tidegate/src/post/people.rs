//! Keeping people's certificates.

use super::system_time;
use crate::engine::{Engine, EngineError};
use crate::store::PersonKey;
use tidegate_domain::id::Slug;
use tidegate_envelope::Certificate;

impl Engine {
    /// Keeps a certificate of a person. A newer copy of one that is here is added to it.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`]; in words, where it is no certificate, or one that nothing can be encrypted
    /// to and that says nothing of one that is here.
    pub async fn add_person_key(
        &self,
        person: &Slug,
        bytes: &[u8],
    ) -> Result<Result<Certificate, String>, EngineError> {
        if self.people().await?.find(person).is_none() {
            return Err(EngineError::NoSuchPerson(person.clone()));
        }
        let given = match Certificate::read(bytes) {
            Ok(given) => given,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let fingerprint = given.fingerprint();
        let known = self.store.person_keys(Some(person)).await?;
        let older = known.iter().find(|key| key.fingerprint == fingerprint);
        let now = self.clock.now();
        let merged = match older.and_then(|key| Certificate::read(key.armoured.as_bytes()).ok()) {
            Some(older) => older.merged(given),
            None => {
                let standing = given.standing(system_time(now));
                if !standing.is_usable() {
                    return Ok(Err(format!("nothing can be encrypted to this key: {standing}")));
                }
                Ok(given)
            }
        };
        let text = merged.and_then(|merged| Ok((merged.armoured()?, merged)));
        let (armoured, merged) = match text {
            Ok(kept) => kept,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let armoured = String::from_utf8_lossy(&armoured).into_owned();
        let key = PersonKey { person: person.clone(), fingerprint, armoured };
        self.store.put_person_key(now, &key).await?;
        Ok(Ok(merged))
    }
}
