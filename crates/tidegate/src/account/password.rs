//! Passwords: which are taken, and how they are kept (RFC 9106).

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The shortest password. Length is what helps; rules of composition do not (NIST SP 800-63B).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password, in bytes: more work for nobody.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Memory of one hash, in KiB: RFC 9106's choice where 2 GiB are too much.
const MEMORY_KIB: u32 = 64 * 1024;
/// Passes over it.
const PASSES: u32 = 3;
/// One lane: we compute on one thread, so that a second lane would only be an attacker's gain.
const LANES: u32 = 1;
/// Hashes computed at a time: each holds [`MEMORY_KIB`] and a core.
const AT_A_TIME: usize = 2;
/// Most that wait for their turn; further ones are asked to come again.
const WAITING_MAX: usize = 32;
/// zxcvbn's scale goes from 0 to 4; from 3 on, a password withstands 10^8 guesses.
const SCORE_MIN: u8 = 3;
/// What an unknown account's password is held against: of the same cost, and of no password.
const NOBODYS: &str =
    "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Too many hashes are asked for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun;

/// What is wrong with a new password; `None` where nothing is. `about`: words that it should not be made of, such
/// as its owner's name.
#[must_use]
pub fn fault(password: &str, about: &[&str]) -> Option<String> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Some(format!("the password is too short: it needs {PASSWORD_CHARS_MIN} characters or more"));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Some(format!("the password is too long: {PASSWORD_BYTES_MAX} bytes are taken"));
    }
    let judged = zxcvbn::zxcvbn(password, about);
    if u8::from(judged.score()) >= SCORE_MIN {
        return None;
    }
    let why = judged.feedback().and_then(|feedback| feedback.warning());
    let why = why.map_or_else(|| "it is among the first that are tried".to_owned(), |why| why.to_string());
    Some(format!("the password is easily guessed: {why} Four or five unrelated words would do."))
}

/// Computes hashes, few at a time, beside the threads that answer requests.
#[derive(Clone, Debug)]
pub struct Passwords {
    turn: Arc<Semaphore>,
    place: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Passwords {
        let place = Semaphore::new(AT_A_TIME + WAITING_MAX);
        Passwords { turn: Arc::new(Semaphore::new(AT_A_TIME)), place: Arc::new(place) }
    }
}

impl Passwords {
    /// The hash of a password, to be kept; `None` only where it is longer than any that [`fault`] lets pass.
    ///
    /// # Errors
    /// [`Overrun`].
    pub async fn hash(&self, password: Zeroizing<String>, salt: [u8; 16]) -> Result<Option<String>, Overrun> {
        self.compute(move || {
            let salt = SaltString::encode_b64(&salt).ok()?;
            argon2().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
        })
        .await
    }

    /// Whether the password is the one that was kept. Where none was, it takes as long, and is not.
    ///
    /// # Errors
    /// [`Overrun`].
    pub async fn fits(&self, password: Zeroizing<String>, kept: Option<String>) -> Result<bool, Overrun> {
        self.compute(move || {
            let kept = kept.unwrap_or_else(|| NOBODYS.to_owned());
            let bytes = password.get(..PASSWORD_BYTES_MAX).unwrap_or(&password).as_bytes();
            PasswordHash::new(&kept).is_ok_and(|kept| argon2().verify_password(bytes, &kept).is_ok())
                && password.len() <= PASSWORD_BYTES_MAX
        })
        .await
    }

    async fn compute<T: Send + Default + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Overrun> {
        let _place = self.place.try_acquire().map_err(|_| Overrun)?;
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| Overrun)?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        Ok(done.await.unwrap_or_default())
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_its_own_and_nobodys_is_none() {
        let passwords = Passwords::default();
        let typed = |text: &str| Zeroizing::new(text.to_owned());
        let hash =
            passwords.hash(typed("tide comes in twice"), [7; 16]).await.expect("a turn").expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{hash}");
        let fits = async |text: &str, kept: Option<&str>| {
            passwords.fits(typed(text), kept.map(str::to_owned)).await.expect("a turn")
        };
        assert!(fits("tide comes in twice", Some(&hash)).await);
        assert!(!fits("tide comes in thrice", Some(&hash)).await);
        assert!(!fits("", None).await);
        assert!(PasswordHash::new(NOBODYS).is_ok_and(|hash| hash.hash.is_some()), "it costs as much as any");
        assert!(!fits(&"é".repeat(PASSWORD_BYTES_MAX), Some("nonsense")).await);
    }

    #[tokio::test]
    async fn more_at_once_than_there_is_room_for_are_asked_to_come_again() {
        let passwords = Passwords::default();
        let held = passwords.place.try_acquire_many(u32::try_from(AT_A_TIME + WAITING_MAX).expect("few"));
        assert!(held.is_ok());
        assert_eq!(passwords.fits(Zeroizing::default(), None).await, Err(Overrun));
    }

    #[test]
    fn length_counts_and_the_commonest_are_refused() {
        assert_eq!(fault("correct horse battery staple", &[]), None);
        assert_eq!(fault("Zwölf Boxkämpfer jagen", &[]), None);
        for (password, why) in [
            ("short", "too short"),
            ("password1234", "easily guessed"),
            ("aaaaaaaaaaaaaaaa", "easily guessed"),
            ("qwertyuiop12", "easily guessed"),
            ("ian-beech-xen", "easily guessed"),
        ] {
            let said = fault(password, &["ian-beech", "xen"]).unwrap_or_default();
            assert!(said.contains(why), "{password}: {said}");
        }
        assert!(fault(&"a b".repeat(200), &[]).is_some_and(|said| said.contains("too long")));
    }
}
