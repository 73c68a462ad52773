//! Two servers, as programs of their own, on one PostgreSQL; a real mail server takes their letters. One of the two is
//! killed during a disclosure, where it hurts; the other goes on.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;
#[path = "served/mod.rs"]
#[expect(dead_code, reason = "these servers are killed, and say little")]
mod served;
#[path = "two/world.rs"]
mod world;

use world::{Hold, World};

/// It is not there any more when the embargo ends.
#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_instant() {
    let Some(mut world) = World::new("before", Hold::Never).await else { return };
    world.end_embargo_soon().await;
    world.kill("one");
    world.everything_is_public_and_every_letter_arrived(&[]).await;
}

/// What is rendered is being promoted: the commit has begun, and does not end.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_render_and_promote() {
    killed_while_it_writes("promote", "public_document").await;
}

/// The advisory is public, and the letters about it are being written.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_letters_are_written() {
    killed_while_it_writes("write", "outgoing").await;
}

async fn killed_while_it_writes(test: &str, table: &'static str) {
    let Some(mut world) = World::new(test, Hold::Never).await else { return };
    world.end_embargo_soon().await;
    let lock = world.lock(table).await;
    let stuck = world.server_that_waits_for(table).await;
    world.kill(&stuck);
    lock.commit().await.expect("unlocked");
    world.everything_is_public_and_every_letter_arrived(&[]).await;
}

/// Nothing of the letter has arrived yet: nobody gets it twice.
#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_letter_has_arrived() {
    let Some(mut world) = World::new("rcpt", Hold::Rcpt).await else { return };
    world.end_embargo_soon().await;
    let sending = world.held().await;
    world.kill(&sending);
    world.everything_is_public_and_every_letter_arrived(&[]).await;
}

/// The mail server has the letter, and the sender never heard so. That one letter comes again, under its Message-ID.
#[tokio::test(flavor = "multi_thread")]
async fn killed_before_it_hears_that_the_letter_arrived() {
    let Some(mut world) = World::new("data", Hold::Data).await else { return };
    world.end_embargo_soon().await;
    let sending = world.held().await;
    let twice = world.letters_so_far().last().cloned().expect("the one that is held");
    world.kill(&sending);
    world.everything_is_public_and_every_letter_arrived(&[twice]).await;
}
