//! Encryption at rest. Every ciphertext is bound to the place it is stored in, and its length tells little.

use super::StoreError;
use super::database::{Row, Value};
use crate::chance::Chance;
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use tidegate_domain::id::CaseId;
use zeroize::Zeroizing;

/// Plaintexts are padded to a multiple of this before encryption.
const BUCKET_BYTES: usize = 256;
const NONCE_BYTES: usize = 24;
/// The byte that ends the plaintext; zeros follow it (ISO/IEC 7816-4).
const PADDING_MARK: u8 = 0x80;

/// A key of XChaCha20-Poly1305, wiped when dropped.
#[derive(Clone)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub(super) struct Key(Zeroizing<[u8; 32]>);

/// Where a ciphertext is stored. It is the associated data, so a ciphertext that someone copies to another
/// row or column does not open there. Tables and columns are our own words without a slash, so
/// `table/row/column` reads one way only, whatever the row is called.
///
/// The row's name includes the plain columns that the content depends on, such as its instant: changing those
/// is noticed too.
pub(super) struct Place<'a> {
    pub table: &'static str,
    pub row: &'a str,
    pub column: &'static str,
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        format!("tidegate 1/{}/{}/{}", self.table, self.row, self.column).into_bytes()
    }

    fn tampered(&self) -> StoreError {
        StoreError::tampered(self.table, self.row)
    }
}

impl Key {
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Key {
        Key(Zeroizing::new(bytes))
    }

    /// Pads and encrypts.
    pub(super) fn seal(
        &self,
        chance: &Chance,
        place: &Place<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let padded = (plain.len() + 1).next_multiple_of(BUCKET_BYTES);
        let mut buffer = Vec::with_capacity(padded + 16 + NONCE_BYTES);
        buffer.extend_from_slice(plain);
        buffer.push(PADDING_MARK);
        buffer.resize(padded, 0);
        self.encrypt(chance, place, buffer)
    }

    /// Decrypts and takes the padding off.
    pub(super) fn open(&self, place: &Place<'_>, sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let mut plain = self.decrypt(place, sealed)?;
        let mark = plain.iter().rposition(|byte| *byte != 0).ok_or_else(|| place.tampered())?;
        plain.truncate(mark);
        Ok(plain)
    }

    /// As [`Key::open`], for what was text when it was sealed.
    pub(super) fn open_text(&self, place: &Place<'_>, sealed: Vec<u8>) -> Result<String, StoreError> {
        String::from_utf8(self.open(place, sealed)?).map_err(|_| place.tampered())
    }

    fn wrap(&self, chance: &Chance, place: &Place<'_>, key: &Key) -> Result<Vec<u8>, StoreError> {
        self.encrypt(chance, place, key.0.to_vec())
    }

    fn unwrap(&self, place: &Place<'_>, wrapped: Vec<u8>) -> Result<Key, StoreError> {
        let bytes = Zeroizing::new(self.decrypt(place, wrapped)?);
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| place.tampered())?;
        Ok(Key::from_bytes(bytes))
    }

    /// In place, so that no second copy of the plaintext is made: ciphertext, then tag, then nonce.
    fn encrypt(
        &self,
        chance: &Chance,
        place: &Place<'_>,
        mut buffer: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let nonce = chance.bytes::<NONCE_BYTES>();
        self.cipher()
            .encrypt_in_place(&XNonce::from(nonce), &place.associated_data(), &mut buffer)
            .map_err(|_| StoreError::TooLarge { what: place.table, limit: usize::MAX })?;
        buffer.extend_from_slice(&nonce);
        Ok(buffer)
    }

    fn decrypt(&self, place: &Place<'_>, mut sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let nonce = *sealed.last_chunk::<NONCE_BYTES>().ok_or_else(|| place.tampered())?;
        sealed.truncate(sealed.len() - NONCE_BYTES);
        self.cipher()
            .decrypt_in_place(&XNonce::from(nonce), &place.associated_data(), &mut sealed)
            .map_err(|_| place.tampered())?;
        Ok(sealed)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// The keys of one open database.
///
/// Case keys are not kept here: they are unwrapped from their row each time, which costs about a microsecond,
/// so a shredded case is unreadable at once, in every process.
#[derive(Debug)]
pub(super) struct Vault {
    master: Key,
    instance: Key,
    pub(super) chance: Arc<Chance>,
}

const INSTANCE_KEY: Place<'_> = Place { table: "instance", row: "key", column: "value" };

impl Vault {
    /// A fresh instance key, wrapped by the master key.
    pub(super) fn new_instance_key(master: &Key, chance: &Chance) -> Result<Vec<u8>, StoreError> {
        master.wrap(chance, &INSTANCE_KEY, &Key::from_bytes(chance.bytes()))
    }

    /// Unwraps the instance key. It serves as the master key's check value: another master key fails here.
    pub(super) fn unlock(master: &Key, wrapped: Vec<u8>, chance: Arc<Chance>) -> Result<Vault, StoreError> {
        let instance = master.unwrap(&INSTANCE_KEY, wrapped).map_err(|_| StoreError::WrongMasterKey)?;
        Ok(Vault { master: master.clone(), instance, chance })
    }

    /// The key of what belongs to no case.
    pub(super) fn instance(&self) -> &Key {
        &self.instance
    }

    /// Encrypts under the given key.
    pub(super) fn seal(&self, key: &Key, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        key.seal(&self.chance, place, plain)
    }

    /// A fresh case key, wrapped.
    pub(super) fn new_case_key(&self, case: CaseId) -> Result<Vec<u8>, StoreError> {
        let key = Key::from_bytes(self.chance.bytes());
        self.master.wrap(&self.chance, &case_key_place(&case.to_string()), &key)
    }

    /// The case's key, from the answer to [`super::sql::CASE_KEY`].
    pub(super) fn case_key(&self, case: CaseId, rows: &[Row]) -> Result<Key, StoreError> {
        let row = rows.first().ok_or_else(|| StoreError::not_found(format_args!("case {case}")))?;
        self.unwrap_case_key(case, row)?.ok_or(StoreError::Shredded { case })
    }

    /// The key in a row with the columns `wrapped` and `shredded_us` of `case_key`; `None` if the case was
    /// shredded. A key that is merely not there was not removed by this program.
    pub(super) fn unwrap_case_key(&self, case: CaseId, row: &Row) -> Result<Option<Key>, StoreError> {
        match (row.opt_bytes("wrapped")?, row.opt_int("shredded_us")?) {
            (Some(wrapped), None) => {
                self.master.unwrap(&case_key_place(&case.to_string()), wrapped).map(Some)
            }
            (None, Some(_)) => Ok(None),
            (Some(_), Some(_)) | (None, None) => Err(StoreError::tampered("case_key", case)),
        }
    }

    /// The key for something that may belong to a case, from a row with columns `case_id`, `wrapped` and `shredded_us`;
    /// `None` if that case was shredded.
    pub(super) fn key_for(&self, row: &Row) -> Result<(Option<CaseId>, Option<Key>), StoreError> {
        match row.opt_case("case_id")? {
            None => Ok((None, Some(self.instance.clone()))),
            Some(case) => Ok((Some(case), self.unwrap_case_key(case, row)?)),
        }
    }

    /// A name that only this instance can make: equal names meet in the database, and tell its reader nothing.
    /// Parts are length-prefixed, so that two lists of parts never meet by accident.
    pub(super) fn tag(&self, kind: &'static str, parts: &[&[u8]]) -> Tag {
        // HMAC fills a short key up with zeros to its hash's block; done here, it needs no fallible call.
        let mut block = Zeroizing::new([0_u8; 64]);
        block[..32].copy_from_slice(self.instance.0.as_slice());
        let mut mac = <Hmac<Sha256> as Mac>::new((&*block).into());
        mac.update(b"tidegate tag 1/");
        mac.update(kind.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Tag(mac.finalize().into_bytes().into())
    }
}

fn case_key_place(case: &str) -> Place<'_> {
    Place { table: "case_key", row: case, column: "wrapped" }
}

/// See [`Vault::tag`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Tag(pub [u8; 32]);

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl From<Tag> for Value {
    fn from(tag: Tag) -> Value {
        Value::from(tag.0)
    }
}

impl From<Option<Tag>> for Value {
    fn from(tag: Option<Tag>) -> Value {
        tag.map_or(Value::Bytes(None), Value::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place { table: "event", row: "a/1", column: "body" };

    #[test]
    fn what_is_sealed_opens_here_and_nowhere_else() {
        let (chance, key) = (Chance::seeded(1), Key::from_bytes([7; 32]));
        for plain in [&b""[..], b"\0\0", b"\x80", &[9; 255], &[0; 256], &[1; 1000]] {
            let sealed = key.seal(&chance, &HERE, plain).expect("sealed");
            assert_eq!(sealed.len() % BUCKET_BYTES, 40);
            assert_eq!(key.open(&HERE, sealed.clone()), Ok(plain.to_vec()));
            let elsewhere = Place { row: "a/2", ..HERE };
            assert_eq!(key.open(&elsewhere, sealed.clone()), Err(StoreError::tampered("event", "a/2")));
            assert!(Key::from_bytes([8; 32]).open(&HERE, sealed.clone()).is_err());
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert!(key.open(&HERE, changed).is_err(), "byte {at}");
            }
            for length in 0..sealed.len() {
                assert!(key.open(&HERE, sealed[..length].to_vec()).is_err(), "cut to {length}");
            }
        }
    }

    #[test]
    fn nearby_lengths_look_the_same() {
        let (chance, key) = (Chance::seeded(1), Key::from_bytes([7; 32]));
        let length = |plain: usize| key.seal(&chance, &HERE, &vec![1; plain]).expect("sealed").len();
        assert_eq!(length(0), length(255));
        assert_eq!(length(256), length(511));
    }
}
