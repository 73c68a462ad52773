//! The hand that hands letters to the smarthost. It waits for the network and holds no transaction while it does.
//!
//! A letter is leased, made for its reader, handed over, and settled. The lease is short and is renewed for as long as
//! the handing over takes, so that another server soon takes over from one that was killed. Whoever cannot renew lets go
//! of the letter before its lease runs out.
//!
//! A crash between the server's answer and our commit leaves the lease: when that has run out the letter is sent again,
//! under the same Message-ID.

use super::compose;
use crate::engine::{Engine, EngineError};
use crate::post::dress::{self, Cover, Stationery};
use crate::post::smarthost::{Smarthost, Undelivered};
use crate::post::{field, recipient, system_time, token};
use crate::store::{Claimed, DeliveryState, Outgoing, StoreError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;
use tidegate_envelope::{Certificate, Secret};

/// How long a letter is leased to its sender, in seconds. So long a letter waits that a killed server was sending.
pub const LEASE_S: i64 = 15;
/// How often a sender renews its lease.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// Before a lease runs out that could not be renewed, the letter is let go for so many seconds: for clocks that do not
/// quite agree, and for a connection that takes a moment to be closed.
const LET_GO_S: i64 = 3;
/// The pause after the first attempt, in seconds. It doubles with each.
const PAUSE_S_MIN: i64 = 60;
/// The longest pause between attempts, in seconds.
const PAUSE_S_MAX: i64 = 4 * 3_600;
/// How long a letter is tried, in seconds: five days (RFC 5321 section 4.5.4.1).
pub const GIVE_UP_AFTER_S: i64 = 5 * 86_400;
const SECOND_US: i64 = 1_000_000;

/// What a round of sending did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Letters that the mail server took.
    pub sent: usize,
    /// Letters that were given up.
    pub failed: usize,
    /// What else there is to say, without content and addresses.
    pub said: Vec<String>,
}

/// Sends what waits. One of them for as long as the program runs: it remembers that the server is down.
#[derive(Debug)]
pub struct Sender {
    smarthost: Smarthost,
    /// Rounds that ended with the server out of reach, one after the other, and until when it is left in peace.
    down: Option<(u32, Instant)>,
    /// What the mail server said to a letter that it took, where that could not be noted: the database was away. It is
    /// noted before anything else, lest the letter be sent again.
    unnoted: Option<(u64, String)>,
}

/// What becomes of a letter after an attempt.
enum Outcome {
    Sent(String),
    Later(String),
    Down(String),
    Never(String),
    /// The lease could not be renewed: the letter is somebody else's now, or will be.
    Lost,
}

impl Sender {
    /// For the engine's smarthost; `None` where it has none.
    ///
    /// # Errors
    /// In words, where the settings cannot be used.
    pub fn of(engine: &Engine) -> Result<Option<Sender>, String> {
        let server = engine.post.settings.smarthost.as_ref();
        server
            .map(|server| Ok(Sender { smarthost: Smarthost::new(server)?, down: None, unnoted: None }))
            .transpose()
    }

    /// Sends every letter that is due, one after the other, until none is left or `stop` is set.
    ///
    /// # Errors
    /// The store's.
    pub async fn round(&mut self, engine: &Engine, stop: &AtomicBool) -> Result<Sent, EngineError> {
        let mut round = Sent::default();
        self.note_sent(engine).await?;
        while !stop.load(Ordering::Relaxed) {
            let now = engine.clock.now();
            if self.down.is_some_and(|(_, until)| until > now) {
                break;
            }
            let lease = after(now, LEASE_S);
            let claimed = engine.store.claim_deliveries(now, lease, 1).await?;
            let Some(claimed) = claimed.first() else { break };
            // Dropping the attempt closes its connection: a letter whose end was not sent yet does not arrive.
            let attempt = async {
                tokio::select! {
                    biased;
                    attempted = self.attempt(engine, claimed) => attempted,
                    () = hold(engine, claimed, lease) => Ok(Outcome::Lost),
                }
            };
            // One letter that cannot be made keeps no other from leaving.
            let outcome = match attempt.await {
                Err(EngineError::Store(StoreError::Injected)) => return Err(StoreError::Injected.into()),
                Err(error) => Outcome::Later(error.to_string()),
                Ok(outcome) => outcome,
            };
            self.settle(engine, claimed, outcome, &mut round).await?;
        }
        Ok(round)
    }

    async fn attempt(&self, engine: &Engine, claimed: &Claimed) -> Result<Outcome, EngineError> {
        let Some(letter) = engine.store.outgoing_one(claimed.seq).await? else {
            return Ok(Outcome::Never("the letter is not in the outbox".to_owned()));
        };
        let Some(raw) = &letter.raw else { return Ok(Outcome::Never("the case was shredded".to_owned())) };
        if engine.clock.now() > after(claimed.since, GIVE_UP_AFTER_S) {
            return Ok(Outcome::Never("five days have passed, and it was not sent".to_owned()));
        }
        let dressed = match engine.dress_letter(&letter, raw).await? {
            Ok(dressed) => dressed,
            Err(why) => return Ok(Outcome::Later(why)),
        };
        let from = field(raw, "From").unwrap_or_default();
        let from = from.rsplit_once('<').map_or(from.as_str(), |(_, rest)| rest).trim_end_matches('>');
        Ok(match self.smarthost.carry(from, &recipient(raw), &dressed.bytes).await {
            Ok(answer) => Outcome::Sent(format!("{}; {answer}", in_words(&dressed.cover))),
            Err(Undelivered::Later(why)) => Outcome::Later(why),
            Err(Undelivered::Down(why)) => Outcome::Down(why),
            Err(Undelivered::Never(why)) => Outcome::Never(why),
        })
    }

    async fn note_sent(&mut self, engine: &Engine) -> Result<(), EngineError> {
        if let Some((seq, answer)) = &self.unnoted {
            engine.store.settle_delivery(*seq, engine.clock.now(), DeliveryState::Sent, answer).await?;
            self.unnoted = None;
        }
        Ok(())
    }

    async fn settle(
        &mut self,
        engine: &Engine,
        claimed: &Claimed,
        outcome: Outcome,
        round: &mut Sent,
    ) -> Result<(), EngineError> {
        let (seq, now) = (claimed.seq, engine.clock.now());
        match outcome {
            Outcome::Lost => {
                round.said.push(format!("letter {seq} was let go, because its lease could not be renewed"));
            }
            Outcome::Sent(answer) => {
                self.down = None;
                round.sent += 1;
                self.unnoted = Some((seq, answer));
                self.note_sent(engine).await?;
            }
            Outcome::Never(why) => {
                round.failed += 1;
                round.said.push(format!("letter {seq} was given up; `tidegate outbox list` says why"));
                engine.give_up(seq, claimed.since, DeliveryState::Failed, &why).await?;
            }
            Outcome::Later(why) => {
                let next = after(now, engine.pause_s(claimed.attempts));
                round.said.push(format!("letter {seq} was not taken; next attempt at {next}"));
                engine.store.put_delivery_off(claimed, now, next, &why).await?;
            }
            Outcome::Down(why) => {
                let times = self.down.map_or(1, |(times, _)| times + 1);
                let next = after(now, engine.pause_s(times));
                self.down = Some((times, next));
                // The server's words may hold addresses: they are in the outbox's list.
                round.said.push(format!(
                    "the mail server cannot be used; `tidegate outbox list` says why; next attempt at {next}"
                ));
                engine.store.put_delivery_off(claimed, now, next, &why).await?;
            }
        }
        Ok(())
    }
}

/// Renews the lease again and again; ends when that was in vain.
async fn hold(engine: &Engine, claimed: &Claimed, mut lease: Instant) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let next = after(engine.clock.now(), LEASE_S);
        // A database that does not answer in time has not renewed it.
        let renewed = tokio::time::timeout(RENEW_EVERY, engine.store.renew_delivery(claimed, next)).await;
        match renewed {
            Ok(Ok(true)) => lease = next,
            Ok(Ok(false)) => return,
            Ok(Err(_)) | Err(_) if after(engine.clock.now(), LET_GO_S) >= lease => return,
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

impl Engine {
    /// The letter as it leaves now, or why it cannot.
    pub(crate) async fn dress_letter(
        &self,
        letter: &Outgoing,
        raw: &[u8],
    ) -> Result<Result<dress::Dressed, String>, EngineError> {
        let readers = self.keys_of_address(&recipient(raw)).await?;
        let at = system_time(self.clock.now());
        let Some(case) = letter.case else {
            // Of no project: there is nobody to sign it, and content that is not public stays here.
            let link = self.site.to_string();
            let case = "none".to_owned();
            let project = field(raw, "From").unwrap_or_default();
            let project = project.split('<').next().unwrap_or_default().trim().trim_matches('"');
            let with =
                Stationery { secrets: &[], readers: &readers, project, case, link, reply_to: None, at };
            return Ok(dress::dress(raw, &with).map_err(|error| error.to_string()));
        };
        let project = self.store.case_row(case).await?.project;
        let policy = self.policy(&project).await?;
        let secrets: Vec<Secret> = match self.post.keystore.as_ref().map(|keys| keys.secrets(&project)) {
            Some(Ok(secrets)) => secrets,
            Some(Err(error)) => return Ok(Err(error.to_string())),
            None => Vec::new(),
        };
        let is_bare = dress::stays_here(raw, &secrets, &readers, at);
        let link = self.case_link(case, &recipient(raw), is_bare).await?;
        let with = Stationery {
            secrets: &secrets,
            readers: &readers,
            project: &policy.publisher.name,
            case: case.to_string(),
            link,
            reply_to: self.answer_address(&policy.publisher.contact, case),
            at,
        };
        Ok(dress::dress(raw, &with).map_err(|error| error.to_string()))
    }

    /// The certificates of the address and of everybody whose mail goes there, the newest first of each.
    async fn keys_of_address(&self, address: &str) -> Result<Vec<Certificate>, EngineError> {
        let people = self.people().await?.0;
        let theirs = people.iter().filter(|person| person.mail.eq_ignore_ascii_case(address));
        let mut owners: Vec<String> = theirs.map(|person| person.name.to_string()).collect();
        owners.push(address.to_ascii_lowercase());
        let mut certificates = Vec::new();
        for owner in owners {
            let keys = self.store.person_keys(Some(&owner)).await?;
            certificates
                .extend(keys.iter().filter_map(|key| Certificate::read(key.armoured.as_bytes()).ok()));
        }
        Ok(certificates)
    }

    /// Where the reader of a letter sees the case: a reporter in the case's mailbox, for which a letter without
    /// content brings the key, and everybody else at their desk. The key is for the reporter alone.
    async fn case_link(&self, case: CaseId, address: &str, is_bare: bool) -> Result<String, EngineError> {
        let same = |known: &str| known.eq_ignore_ascii_case(address);
        let is_reporter = match self.load(case).await {
            Ok(file) => file.case.reporters.iter().any(|reporter| same(reporter)),
            Err(EngineError::NoSuchCase(_)) => false,
            Err(other) => return Err(other),
        };
        let path = match (is_reporter, is_bare) {
            (true, true) => format!("mailbox/{}", self.mailbox_of_case(case).await?),
            (true, false) => "mailbox".to_owned(),
            (false, _) => format!("desk/cases/{case}"),
        };
        Ok(self.site.join(&path).to_string())
    }

    fn answer_address(&self, contact: &str, case: CaseId) -> Option<String> {
        token::answer_address(&self.store, contact, self.post.settings.subaddress?, case)
    }

    /// Ends the attempts for a letter, and tells the team, unless the letter itself told them of another one.
    ///
    /// The notice is written first, under a key of its own: a crash right here repeats both, and adds nothing.
    pub(crate) async fn give_up(
        &self,
        seq: u64,
        since: Instant,
        state: DeliveryState,
        why: &str,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        if let Some(letter) = self.store.outgoing_one(seq).await?
            && let (Some(case), Some(raw)) = (letter.case, &letter.raw)
            && field(raw, compose::NOTICE).is_none()
        {
            let file = self.load(case).await?;
            let people = self.people().await?;
            let key = format!("{}/{seq}/{}", state.word(), since.micros());
            let what = compose::Undelivered { key, seq, raw, why };
            for (key, notice) in compose::undelivered(&self.store, &file, &people, &what, now) {
                self.store.put_outgoing(&key, Some(case), now, &notice).await?;
            }
        }
        Ok(self.store.settle_delivery(seq, now, state, why).await?)
    }

    /// The pause after the `attempts`-th attempt, in seconds: doubled each time, and a quarter more or less, so
    /// that letters which failed together do not come together again.
    fn pause_s(&self, attempts: u32) -> i64 {
        let doubled = PAUSE_S_MIN << attempts.saturating_sub(1).min(12);
        let pause = doubled.min(PAUSE_S_MAX);
        let spread = u64::try_from(pause / 2).unwrap_or(1);
        pause - pause / 4 + i64::try_from(self.chance.u64() % spread).unwrap_or(0)
    }
}

fn after(at: Instant, seconds: i64) -> Instant {
    Instant::from_micros(at.micros().saturating_add(seconds * SECOND_US))
}

fn in_words(cover: &Cover) -> String {
    match cover {
        Cover::Sealed(fingerprint) => format!("encrypted to {fingerprint}"),
        Cover::Link(why) => format!("without its content, because {why}"),
        Cover::Signed => "signed".to_owned(),
        Cover::Open => "in the open".to_owned(),
    }
}
