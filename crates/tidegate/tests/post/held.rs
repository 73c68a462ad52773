//! Whose letter it is while it is being sent. The clock is set by hand, and so is the runtime's.

use super::bed::{Bed, Raw};
use super::outgoing::message_id;
use super::server::{MailServer, Mood};
use super::world::World;
use std::time::Duration;
use tidegate::hands::send::{LEASE_S, Sender, Sent};
use tidegate::store::DeliveryState;
use tidegate_domain::time::Instant;

/// A letter that the mail server has, without having said so.
async fn held() -> (Bed, MailServer, World) {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::TakesSlowly, Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    world.report().await;
    (bed, server, world)
}

/// Goes on with the round until the mail server has the letter.
async fn until_taken(round: &mut (impl Future<Output = Sent> + Unpin), server: &MailServer) {
    while server.taken().is_empty() {
        tokio::select! {
            sent = &mut *round => panic!("it ended: {sent:?}"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
}

/// Whether another server would take the letter over now.
async fn is_free(world: &World) -> bool {
    let now = world.engine.clock.now();
    let lease = Instant::from_micros(now.micros() + 1);
    !world.engine.store.claim_deliveries(now, lease, 1).await.expect("asked").is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_slow_mail_server_keeps_the_letter_with_its_sender() {
    let (_bed, server, world) = held().await;
    let mut sender = Sender::of(&world.engine).expect("settings").expect("a server");
    let mut round = Box::pin(world.round(&mut sender));
    until_taken(&mut round, &server).await;
    for _ in 0..20 {
        tokio::select! {
            sent = &mut round => panic!("it ended: {sent:?}"),
            () = tokio::time::sleep(Duration::from_secs(4)) => {}
        }
        world.pass(4);
        assert!(!is_free(&world).await, "it is still being sent");
    }
    server.go_on();
    assert_eq!(round.await.sent, 1);
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_letter_of_a_killed_server_is_free_when_its_lease_has_run_out_and_not_before() {
    let (_bed, server, world) = held().await;
    let mut sender = Sender::of(&world.engine).expect("settings").expect("a server");
    let mut round = Box::pin(world.round(&mut sender));
    until_taken(&mut round, &server).await;
    drop(round);
    tokio::time::resume();
    world.pass(LEASE_S - 1);
    assert_eq!(world.send().await.sent, 0);
    world.pass(1);
    assert_eq!(world.send().await.sent, 1);
    let taken = server.taken();
    assert_eq!(taken.len(), 2, "SMTP cannot tell whether it was taken");
    assert_eq!(message_id(&taken[0]), message_id(&taken[1]));
}

#[tokio::test(start_paused = true)]
async fn whoever_lost_the_letter_to_another_server_lets_it_go() {
    let (_bed, server, world) = held().await;
    let mut sender = Sender::of(&world.engine).expect("settings").expect("a server");
    let mut round = Box::pin(world.round(&mut sender));
    until_taken(&mut round, &server).await;
    // This server was stopped for so long that another took over.
    world.pass(LEASE_S);
    let other = world.engine.clock.now();
    let lease = Instant::from_micros(other.micros() + 1_000_000_000);
    assert_eq!(world.engine.store.claim_deliveries(other, lease, 1).await.expect("claimed").len(), 1);
    let sent = round.await;
    assert_eq!((sent.sent, sent.failed), (0, 0));
    assert!(sent.said[0].contains("was let go"), "{sent:?}");
    let way = &world.ways().await[0];
    assert_eq!((way.state, way.attempts), (DeliveryState::Waiting, 2), "it is the other's to say");
}

/// The database is away at the moment at which the mail server has taken a letter.
#[tokio::test(start_paused = true)]
async fn a_letter_that_was_taken_is_noted_as_soon_as_the_database_is_back() {
    let (bed, server, world) = held().await;
    let mut sender = Sender::of(&world.engine).expect("settings").expect("a server");
    let Raw::Sqlite(lock) = bed.connect().await else { panic!("a file") };
    {
        let stop = Default::default();
        let mut round = Box::pin(sender.round(&world.engine, &stop));
        while server.taken().is_empty() {
            tokio::select! {
                sent = &mut round => panic!("it ended: {sent:?}"),
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
        lock.execute_batch("BEGIN IMMEDIATE").expect("locked");
        server.go_on();
        assert!(round.await.is_err(), "it cannot be noted");
    }
    lock.execute_batch("ROLLBACK").expect("free");
    world.pass(LEASE_S);
    assert_eq!(world.round(&mut sender).await.sent, 0, "there is nothing left to send");
    assert_eq!(world.ways().await[0].state, DeliveryState::Sent);
    assert_eq!(server.taken().len(), 1);
}
