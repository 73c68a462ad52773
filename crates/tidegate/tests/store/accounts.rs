//! Tokens that come and go with a change of an account.

use super::bed::Bed;
use super::daily::open;
use std::sync::Arc;
use tidegate::chance::Chance;
use tidegate::secret::Secret;
use tidegate::store::{AccountChange, AccountTokens, NewApiToken, NewToken, Store, StoreError, TokenKind};
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;

const ROUNDS: u64 = 24;

fn at(minute: i64) -> Instant {
    Instant::from_micros(1_700_000_000_000_000 + minute * 60_000_000)
}

fn ian() -> Slug {
    "ian".parse().expect("a name")
}

fn secret(seed: u64) -> Secret {
    Secret::draw(&Chance::seeded(seed))
}

fn token<'a>(kind: TokenKind, secret: &'a Secret, owner: &'a Slug) -> NewToken<'a> {
    NewToken { kind, secret, owner: Some(owner), expires: at(60), body: b"{}" }
}

/// Changes the account as the engine does: again, where somebody else was faster.
async fn change(store: &Store, tokens: AccountTokens<'_>) -> bool {
    loop {
        let n = store.account("ian").await.expect("the account").map_or(0, |account| account.n);
        let change = AccountChange { owner: "ian", at: at(1), n, body: b"{}", event: b"{}", tokens };
        match store.change_account(&change).await {
            Err(StoreError::Busy) => {}
            done => return done.expect("stored"),
        }
    }
}

async fn events(store: &Store) -> usize {
    store.account_events("ian", 100).await.expect("events").len()
}

pub async fn a_session_begins_with_what_it_rests_on_or_not_at_all(bed: &Bed) {
    let (store, ian) = (open(bed).await, ian());
    let (link, first, second) = (secret(1), secret(2), secret(3));
    store.put_token(&token(TokenKind::SignIn, &link, &ian), at(0)).await.expect("a link");
    let by_link = |session| AccountTokens {
        uses_up: Some((TokenKind::SignIn, &link)),
        begins: Some(token(TokenKind::Session, session, &ian)),
        ..AccountTokens::default()
    };
    assert!(change(&store, by_link(&first)).await);
    assert!(!change(&store, by_link(&second)).await, "the link is used up");
    assert_eq!(events(&store).await, 1, "what did not happen is not told");
    let sessions = store.tokens_of(TokenKind::Session, &ian, at(2)).await.expect("sessions");
    assert_eq!(sessions.len(), 1);
    assert!(store.token(TokenKind::Session, &second, at(2)).await.expect("read").is_none());

    // What is done within a session is not done once that was ended.
    let within = Some(sessions[0].id);
    let inside = AccountTokens { within, ..AccountTokens::default() };
    assert!(change(&store, inside).await);
    let key = secret(4);
    let api = NewApiToken { secret: &key, owner: &ian, within, expires: at(60), body: b"{}" };
    assert_eq!(store.put_api_token(&api, at(2)).await, Ok(true));
    assert!(change(&store, AccountTokens { ends_all: true, ..AccountTokens::default() }).await);
    assert!(store.api_token(&key, at(2)).await.expect("read").is_none(), "API tokens end as well");
    assert!(!change(&store, inside).await);
    assert_eq!(store.put_api_token(&api, at(2)).await, Ok(false));
}

/// A new password comes while somebody signs in by a link: whichever is first, no session of the link is left.
pub async fn no_session_outlives_a_new_password(bed: &Bed) {
    let (store, ian) = (Arc::new(open(bed).await), ian());
    for round in 0..ROUNDS {
        let (link, session) = (secret(10 + 2 * round), secret(11 + 2 * round));
        store.put_token(&token(TokenKind::SignIn, &link, &ian), at(0)).await.expect("a link");
        let signs_in = AccountTokens {
            uses_up: Some((TokenKind::SignIn, &link)),
            begins: Some(token(TokenKind::Session, &session, &ian)),
            ..AccountTokens::default()
        };
        let new_password = AccountTokens { ends_all: true, ..AccountTokens::default() };
        let both = if round % 2 == 0 {
            tokio::join!(change(&store, signs_in), change(&store, new_password)).1
        } else {
            tokio::join!(change(&store, new_password), change(&store, signs_in)).0
        };
        assert!(both, "the password is set");
        let left = store.tokens_of(TokenKind::Session, &ian, at(2)).await.expect("sessions");
        assert!(left.is_empty(), "round {round}");
    }
}

pub async fn sessions_are_listed_and_ended_by_their_owner_alone(bed: &Bed) {
    let (store, ian) = (open(bed).await, ian());
    let olga: Slug = "olga".parse().expect("a name");
    let secrets = [secret(1), secret(2), secret(3), secret(4)];
    for (secret, owner) in secrets.iter().zip([&ian, &ian, &ian, &olga]) {
        store.put_token(&token(TokenKind::Session, secret, owner), at(0)).await.expect("a session");
    }
    let link = secret(5);
    store.put_token(&token(TokenKind::SignIn, &link, &ian), at(0)).await.expect("a link");
    let own = store.token(TokenKind::Session, &secrets[0], at(1)).await.expect("read").expect("a session");
    assert_eq!(store.tokens_of(TokenKind::Session, &ian, at(1)).await.expect("sessions").len(), 3);
    store.note_use(own.id, at(5), at(90)).await.expect("noted");
    store.note_use(own.id, at(4), at(95)).await.expect("noted");
    let used = store.token(TokenKind::Session, &secrets[0], at(80)).await.expect("read").expect("longer");
    assert_eq!((used.used, used.expires), (at(5), at(90)), "a late note changes nothing");
    store.end_other_tokens(TokenKind::Session, &ian, own.id).await.expect("ended");
    let left = store.tokens_of(TokenKind::Session, &ian, at(1)).await.expect("sessions");
    assert_eq!(left.iter().map(|held| held.id).collect::<Vec<_>>(), [own.id]);
    assert_eq!(store.tokens_of(TokenKind::Session, &olga, at(1)).await.expect("sessions").len(), 1);
    assert!(store.token(TokenKind::SignIn, &link, at(1)).await.expect("read").is_some(), "no session");
}
