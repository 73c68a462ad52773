//! Keeping people's certificates.

use super::system_time;
use crate::engine::{Engine, EngineError};
use crate::store::PersonKey;
use tidegate_domain::id::Slug;
use tidegate_envelope::Certificate;

impl Engine {
    /// Keeps a certificate of a person, by name, or of a mail address whose owner has no name here, as reporters. A
    /// newer copy of one that is here is added to it.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`]; in words, where it is no certificate, or one that nothing can be encrypted
    /// to and that says nothing of one that is here.
    pub async fn add_person_key(
        &self,
        owner: &str,
        bytes: &[u8],
    ) -> Result<Result<Certificate, String>, EngineError> {
        if let Err(why) = self.demand_owner(owner).await? {
            return Ok(Err(why));
        }
        let given = match Certificate::read(bytes) {
            Ok(given) => given,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let fingerprint = given.fingerprint();
        let known = self.store.person_keys(Some(owner)).await?;
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
        let key = PersonKey { owner: owner.to_owned(), fingerprint, armoured };
        self.store.put_person_key(now, &key).await?;
        Ok(Ok(merged))
    }

    /// Whether there is such a person, or it is a mail address as they are kept.
    async fn demand_owner(&self, owner: &str) -> Result<Result<(), String>, EngineError> {
        if let Some((local, domain)) = owner.split_once('@') {
            let is_address = !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && owner.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase());
            let why = || format!("`{owner}` is no mail address");
            return Ok(if is_address { Ok(()) } else { Err(why()) });
        }
        let Ok(name) = owner.parse::<Slug>() else {
            return Ok(Err(format!("`{owner}` is neither a person's name nor a mail address")));
        };
        match self.people().await?.find(&name) {
            Some(_) => Ok(Ok(())),
            None => Err(EngineError::NoSuchPerson(name)),
        }
    }
}
