//! Accounts and what happened to them, as bytes: what they mean is not the store's to know.
//!
//! Every change of an account is stored with an event that tells of it. The account's row counts them, so that
//! one which was removed is missed.

use super::database::{Row, Tx};
use super::seal::{Place, Tag};
use super::{BODY_BYTES_MAX, NewToken, Store, StoreError, TokenId, TokenKind, check_length, sql};
use crate::secret::Secret;
use std::collections::HashMap;
use tidegate_domain::time::Instant;

/// An account as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    /// How many events it has.
    pub n: u64,
    /// What it holds.
    pub body: Vec<u8>,
}

/// A change of an account.
#[derive(Clone, Copy, Debug)]
pub struct AccountChange<'a> {
    /// Whose.
    pub owner: &'a str,
    /// When.
    pub at: Instant,
    /// How many events it had when it was read; 0 where there was no account.
    pub n: u64,
    /// What it holds from now on.
    pub body: &'a [u8],
    /// What happened.
    pub event: &'a [u8],
    /// What becomes of the tokens of its owner in the same commit.
    pub tokens: AccountTokens<'a>,
}

/// What becomes of tokens with a change of an account.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountTokens<'a> {
    /// This one is used up. Where it is not good any more, nothing is changed.
    pub uses_up: Option<(TokenKind, &'a Secret)>,
    /// This session is there still. Where it was ended, nothing is changed.
    pub within: Option<TokenId>,
    /// Every other session of theirs than `within` ends.
    pub ends_others: bool,
    /// Sessions, links and API tokens of theirs end, as with a new password.
    pub ends_all: bool,
    /// This one begins.
    pub begins: Option<NewToken<'a>>,
}

/// An event of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccountEvent {
    /// Its number, from 1.
    pub n: u64,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    pub body: Vec<u8>,
}

impl Store {
    /// The account of `owner`, if there is one.
    pub async fn account(&self, owner: &str) -> Result<Option<StoredAccount>, StoreError> {
        let rows = self.database.query(sql::ACCOUNT, [self.account_tag(owner).into()]).await?;
        rows.first().map(|row| self.open_account(row)).transpose()
    }

    /// The accounts of those of `owners` who have one.
    pub async fn accounts<'o>(
        &self,
        owners: impl IntoIterator<Item = &'o str>,
    ) -> Result<Vec<(&'o str, StoredAccount)>, StoreError> {
        let tagged = owners.into_iter().map(|owner| (self.account_tag(owner).0, owner));
        let owners: HashMap<_, _> = tagged.collect();
        let mut accounts = Vec::new();
        for row in self.database.query(sql::ACCOUNTS, []).await? {
            if let Some(owner) = owners.get(&row.digest("tag")?) {
                accounts.push((*owner, self.open_account(&row)?));
            }
        }
        Ok(accounts)
    }

    /// Stores a change with its event; false, and nothing is stored, where a token that it needs is not there any
    /// more.
    ///
    /// The account's row is locked first, then tokens: two changes of one account come one after the other, and
    /// whichever token the first ended, the second does not find.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where the account was changed since it was read: read it again.
    pub async fn change_account(&self, change: &AccountChange<'_>) -> Result<bool, StoreError> {
        check_length("an account", change.body.len(), BODY_BYTES_MAX)?;
        let tag = self.account_tag(change.owner);
        let (row, n) = (tag.to_string(), change.n.saturating_add(1));
        let seal = |place: &Place<'_>, body| self.vault.seal(self.vault.instance(), place, body);
        let body = seal(&account_place(&account_row(&row, n)), change.body)?;
        let event = seal(&event_place(&event_row(&row, n, change.at)), change.event)?;
        let mut tx = self.database.begin().await?;
        let changed = if change.n == 0 {
            tx.execute(sql::ACCOUNT_INSERT, [tag.into(), body.into()]).await?
        } else {
            tx.execute(sql::ACCOUNT_UPDATE, [tag.into(), change.n.into(), body.into()]).await?
        };
        if changed == 0 {
            return Err(StoreError::Busy);
        }
        let values = [tag.into(), n.into(), change.at.into(), event.into()];
        tx.execute(sql::ACCOUNT_EVENT_INSERT, values).await?;
        if !self.change_tokens(&mut tx, change).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn change_tokens(&self, tx: &mut Tx, change: &AccountChange<'_>) -> Result<bool, StoreError> {
        let tokens = &change.tokens;
        if let Some((kind, secret)) = tokens.uses_up
            && !self.use_token_up(tx, kind, secret, change.at).await?
        {
            return Ok(false);
        }
        if let Some(session) = tokens.within
            && !self.hold_token(tx, session).await?
        {
            return Ok(false);
        }
        if let (true, Some(own)) = (tokens.ends_others, tokens.within) {
            self.end_others(tx, TokenKind::Session, change.owner, own).await?;
        }
        if tokens.ends_all {
            tx.execute(sql::TOKENS_END, [self.account_tag(change.owner).into()]).await?;
            tx.execute(sql::API_TOKENS_END, [self.token_owner_tag(change.owner).into()]).await?;
        }
        if let Some(token) = &tokens.begins {
            self.insert_token(tx, token, change.at).await?;
        }
        Ok(true)
    }

    /// What happened to the account of `owner`, the newest first.
    pub async fn account_events(
        &self,
        owner: &str,
        limit: u32,
    ) -> Result<Vec<StoredAccountEvent>, StoreError> {
        let values = [self.account_tag(owner).into(), limit.into()];
        let rows = self.database.query(sql::ACCOUNT_EVENTS, values).await?;
        rows.iter().map(|row| self.open_account_event(row)).collect()
    }

    /// Reads every account with its events, and answers with all that is wrong with them, in words.
    pub async fn audit_accounts(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for row in self.database.query(sql::ACCOUNTS, []).await? {
            let (tag, n) = (Tag(row.digest("tag")?), row.count("n")?);
            let name = tag.to_string().chars().take(16).collect::<String>();
            if self.open_account(&row).is_err() {
                found.push(format!("the account {name}… was altered outside of Tidegate"));
            }
            let events = self.database.query(sql::ACCOUNT_EVENTS, [tag.into(), u32::MAX.into()]).await?;
            let readable = events.iter().filter(|row| self.open_account_event(row).is_ok()).count();
            let missing = n.saturating_sub(u64::try_from(events.len()).unwrap_or(u64::MAX));
            if missing > 0 {
                found.push(format!("{missing} of the {n} events of account {name}… are missing"));
            }
            if readable < events.len() {
                let altered = events.len() - readable;
                found.push(format!("{altered} events of account {name}… were altered outside of Tidegate"));
            }
        }
        Ok(found)
    }

    fn open_account(&self, row: &Row) -> Result<StoredAccount, StoreError> {
        let n = row.count("n")?;
        let name = account_row(&Tag(row.digest("tag")?).to_string(), n);
        let body = self.vault.instance().open(&account_place(&name), row.bytes("body")?)?;
        Ok(StoredAccount { n, body })
    }

    fn open_account_event(&self, row: &Row) -> Result<StoredAccountEvent, StoreError> {
        let (n, at) = (row.count("n")?, row.instant("at_us")?);
        let name = event_row(&Tag(row.digest("tag")?).to_string(), n, at);
        let body = self.vault.instance().open(&event_place(&name), row.bytes("body")?)?;
        Ok(StoredAccountEvent { n, at, body })
    }

    /// What is kept of a recovery code of `owner`: only this instance can make it.
    #[must_use]
    pub fn recovery_tag(&self, owner: &str, code: &str) -> String {
        self.vault.tag("recovery code", &[owner.as_bytes(), code.as_bytes()]).to_string()
    }

    /// What devices call `owner`: only this instance can make it.
    #[must_use]
    pub fn passkey_handle(&self, owner: &str) -> [u8; 16] {
        let Tag(tag) = self.vault.tag("passkey", &[owner.as_bytes()]);
        std::array::from_fn(|at| tag[at])
    }

    pub(super) fn account_tag(&self, owner: &str) -> Tag {
        self.vault.tag("account", &[owner.as_bytes()])
    }
}

/// With the count of its events, so that an older account put back does not open.
fn account_row(tag: &str, n: u64) -> String {
    format!("{tag}/{n}")
}

fn event_row(tag: &str, n: u64, at: Instant) -> String {
    format!("{tag}/{n}@{}", at.micros())
}

fn account_place(row: &str) -> Place<'_> {
    Place { table: "account", row, column: "body" }
}

fn event_place(row: &str) -> Place<'_> {
    Place { table: "account_event", row, column: "body" }
}
