//! Letters on their way out: each reaches its reader, protected, under the same Message-ID for ever.

use super::bed::Bed;
use super::server::{MailServer, Mood, Taken};
use super::world::{World, name, project};
use std::collections::BTreeSet;
use std::sync::Arc;
use tidegate::hands::send::{GIVE_UP_AFTER_S, Sender};
use tidegate::post::{field, system_time};
use tidegate::store::{DeliveryState, Faults, Side, StoreError};
use tidegate_domain::case::Action;
use tidegate_envelope::{Keyring, Secret, letter};

pub fn message_id(taken: &Taken) -> String {
    field(taken.letter.as_bytes(), "Message-ID").expect("a Message-ID")
}

fn alice(world: &World) -> Secret {
    let at = system_time(super::world::start()) - std::time::Duration::from_secs(60);
    assert!(world.folder.path().exists());
    Secret::generate("Lars <lars@cloudstack.example>", at, None).expect("a key")
}

#[tokio::test]
async fn a_letter_goes_out_encrypted_and_its_way_is_kept() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    let (ours, lars) = (world.project_key(), alice(&world));
    world.key_of("lars", &lars.certificate()).await;
    let case = world.report().await;
    let sent = world.send().await;
    assert_eq!((sent.sent, sent.failed, sent.said.len()), (1, 0, 0));
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].from.contains("<security@cloudstack.example>"), "{:?}", taken[0]);
    assert!(taken[0].to[0].contains("<lars@cloudstack.example>"), "{:?}", taken[0]);
    assert!(!taken[0].letter.contains("kitchen") && !taken[0].letter.contains("A hole"));
    assert!(taken[0].letter.contains("Subject: [...]\r\n"), "{}", taken[0].letter);
    let (secrets, known) = ([lars], [ours.certificate()]);
    let keys = Keyring { secrets: &secrets, known: &known };
    let opened = letter::open(taken[0].letter.as_bytes(), keys, system_time(super::world::start()));
    let opened = opened.expect("sealed");
    assert!(opened.seal.encrypted && opened.seal.is_signed(), "{:?}", opened.seal);
    let text = String::from_utf8_lossy(&opened.letter).into_owned();
    assert!(text.contains(&case.to_string()), "{text}");
    assert!(text.contains("Reply-To: <security+"), "{text}");
    let way = &world.ways().await[0];
    assert_eq!((way.state, way.attempts), (DeliveryState::Sent, 1));
    let said = way.said.clone().expect("an answer");
    let expected = format!("encrypted to {}; 250 2.0.0 queued as 7", secrets[0].certificate().fingerprint());
    assert_eq!(said, expected);
    // Nothing is left to send, and the connection is not even made.
    let before = server.connections();
    assert_eq!(world.send().await.sent, 0);
    assert_eq!(server.connections(), before);
}

#[tokio::test]
async fn whoever_has_no_key_gets_a_link_and_never_content() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    world.project_key();
    let case = world.report().await;
    let action = Action::Acknowledge { text: "The kitchen, we see.".to_owned() };
    world.engine.perform(case, &name("lars"), &action).await.expect("acknowledged");
    world.engine.work().await.expect("works");
    assert_eq!(world.send().await.sent, 2);
    let taken = server.taken();
    assert!(taken[1].to[0].contains("<rita@finder.example>"), "{:?}", taken[1]);
    for taken in &taken {
        assert!(!taken.letter.contains("kitchen") && !taken.letter.contains("A hole"), "{}", taken.letter);
        assert!(taken.letter.contains("BEGIN PGP SIGNATURE"), "{}", taken.letter);
        assert!(taken.letter.contains("Auto-Submitted: auto-generated"), "{}", taken.letter);
    }
    let desk = format!("https://security.example/desk/cases/{case}");
    assert!(taken[0].letter.contains(&desk), "{}", taken[0].letter);
    // The reporter has no desk: the link brings the key of the report's mailbox.
    let (_, key) = taken[1].letter.split_once("https://security.example/mailbox/").expect("a link");
    let key = key.split_whitespace().next().expect("a key").parse().expect("a secret");
    assert_eq!(world.engine.open_mailbox(&key).await, Ok(Some(case)));
    assert!(!taken[0].letter.contains("/mailbox/"), "{}", taken[0].letter);
    let said = world.ways().await[1].said.clone().expect("an answer");
    assert!(said.starts_with("without its content, because we have no OpenPGP key of yours; 250"), "{said}");
}

#[tokio::test]
async fn a_reporter_whose_key_was_added_by_address_gets_the_content() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    world.project_key();
    let rita = alice(&world);
    world.key_of("rita@finder.example", &rita.certificate()).await;
    let case = world.report().await;
    let action = Action::Acknowledge { text: "The kitchen, we see.".to_owned() };
    world.engine.perform(case, &name("lars"), &action).await.expect("acknowledged");
    world.engine.work().await.expect("works");
    assert_eq!(world.send().await.sent, 2);
    let taken = &server.taken()[1];
    assert!(taken.to[0].contains("<rita@finder.example>"), "{taken:?}");
    let secrets = [rita];
    let keys = Keyring { secrets: &secrets, known: &[] };
    let opened =
        letter::open(taken.letter.as_bytes(), keys, system_time(super::world::start())).expect("sealed");
    assert!(String::from_utf8_lossy(&opened.letter).contains("The kitchen, we see."));
}

#[tokio::test]
async fn a_letter_of_no_case_leaves_as_it_is_or_without_its_content() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    let raw = |more: &str| {
        format!("From: \"P\" <p@b.example>\r\nTo: <a@b.example>\r\nSubject: s\r\n{more}\r\nwords\r\n")
    };
    let put = async |key: &str, raw: String| {
        world
            .engine
            .store
            .put_outgoing(key, None, super::world::start(), raw.as_bytes())
            .await
            .expect("a letter");
    };
    put("open", raw("")).await;
    put("closed", raw("X-Tidegate-Confidential: yes\r\n")).await;
    assert_eq!(world.send().await.sent, 2);
    let taken = server.taken();
    assert_eq!(taken[0].letter.trim_end(), raw("").trim_end());
    assert!(!taken[1].letter.contains("words"), "{}", taken[1].letter);
    assert!(taken[1].letter.contains("https://security.example"), "{}", taken[1].letter);
}

#[tokio::test]
async fn a_key_that_is_added_later_counts_for_letters_that_wait() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Away]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    world.project_key();
    world.report().await;
    let mut sender = Sender::of(&world.engine).expect("settings").expect("a server");
    let down = world.round(&mut sender).await;
    assert_eq!((down.sent, down.said.len()), (0, 1));
    assert!(down.said[0].starts_with("the mail server cannot be used; "), "{:?}", down.said);
    world.key_of("lars", &alice(&world).certificate()).await;
    server.set(&[Mood::Takes]);
    assert_eq!(world.round(&mut sender).await, tidegate::hands::send::Sent::default(), "it is left in peace");
    world.pass(100);
    assert_eq!(world.round(&mut sender).await.sent, 1);
    assert!(server.taken()[0].letter.contains("BEGIN PGP MESSAGE"));
    assert_eq!(world.ways().await[0].attempts, 2);
}

#[tokio::test]
async fn a_letter_that_is_refused_for_now_is_tried_later_and_later() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Says("451 4.7.1 greylisted")]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    world.report().await;
    let mut pauses = Vec::new();
    for _ in 0..12 {
        let now = tidegate::engine::clock::Clock::now(world.clock.as_ref());
        let sent = world.send().await;
        assert_eq!(sent.said.len(), 1, "{:?}", sent.said);
        assert!(!sent.said[0].contains("lars@"), "no address in what is said: {:?}", sent.said);
        let way = &world.ways().await[0];
        assert_eq!(way.state, DeliveryState::Waiting);
        assert!(way.said.as_ref().is_some_and(|said| said.contains("greylisted")), "{way:?}");
        let pause = (way.next.micros() - now.micros()) / super::world::SECOND_US;
        pauses.push(pause);
        world.pass(pause + 1);
    }
    for (nth, pause) in pauses.iter().enumerate() {
        let middle = (60_i64 << nth).min(4 * 3_600);
        assert!((middle * 3 / 4..=middle * 5 / 4).contains(pause), "{pauses:?}");
    }
    assert!(pauses.iter().zip(0..).any(|(pause, nth)| *pause != 60 << nth), "pauses differ by chance");
    // Greylisting ends.
    server.set(&[Mood::Takes]);
    assert_eq!(world.send().await.sent, 1);
}

#[tokio::test]
async fn after_five_days_it_is_given_up_and_the_team_told() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    world.report().await;
    world.pass(GIVE_UP_AFTER_S + 1);
    let sent = world.send().await;
    assert_eq!((sent.sent, sent.failed), (1, 1), "the letter, and the notice of it: {:?}", sent.said);
    let ways = world.ways().await;
    assert_eq!((ways[0].state, ways[1].state), (DeliveryState::Failed, DeliveryState::Sent));
    assert!(ways[0].said.as_ref().is_some_and(|said| said.starts_with("five days")), "{ways:?}");
    let again =
        world.engine.store.deliver_again(1, tidegate::engine::clock::Clock::now(world.clock.as_ref()));
    assert_eq!(again.await, Ok(true));
    assert_eq!(world.send().await.sent, 1, "whoever asks for it gets another five days");
    assert_eq!(world.engine.store.deliver_again(1, super::world::start()).await, Ok(false), "it was sent");
}

#[tokio::test]
async fn a_refusal_for_good_is_told_to_the_team_once_and_not_of_itself() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Says("550 5.1.1 no such user")]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    let lars = alice(&world);
    world.project_key();
    world.key_of("lars", &lars.certificate()).await;
    world.report().await;
    let sent = world.send().await;
    assert_eq!((sent.sent, sent.failed), (0, 2), "the letter, and the notice: {:?}", sent.said);
    let ways = world.ways().await;
    assert_eq!(ways.len(), 2, "no notice of a notice");
    assert!(ways[0].said.as_ref().is_some_and(|said| said.contains("no such user")), "{ways:?}");
    let notice = world.engine.store.outgoing_one(2).await.expect("read").expect("a letter");
    let notice = String::from_utf8(notice.raw.expect("bytes")).expect("text");
    for part in [
        "X-Tidegate-Confidential: yes",
        "To: <lars@cloudstack.example>",
        "no such user",
        "tidegate outbox resend 1",
    ] {
        assert!(notice.contains(part), "{part} not in {notice}");
    }
}

/// Dies at every effect of a round, before and after it took hold, and starts again: the server may see a letter
/// twice, but then under the same Message-ID, and none is lost.
#[tokio::test]
async fn wherever_it_dies_every_letter_arrives_and_a_repeat_is_recognised() {
    let mut repeats = 0;
    let mut nth = 0;
    loop {
        nth += 1;
        let mut reached = false;
        for side in [Side::Before, Side::After] {
            let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Takes]).await);
            let world = World::new(&bed, Some(server.settings())).await;
            let case = world.report().await;
            let action = Action::Acknowledge { text: "Thank you.".to_owned() };
            world.engine.perform(case, &name("lars"), &action).await.expect("acknowledged");
            world.engine.work().await.expect("works");
            world.engine.store.close().await;
            let faults = Arc::new(Faults::die_at(nth, side));
            if let Ok(dying) = World::open(&bed, Some(server.settings()), &faults).await {
                let mut sender = Sender::of(&dying.engine).expect("settings").expect("a server");
                let died = sender.round(&dying.engine, &Default::default()).await;
                let injected = Err(tidegate::engine::EngineError::Store(StoreError::Injected));
                reached |= died == injected;
                dying.engine.store.close().await;
            } else {
                reached = true;
            }
            let world =
                World::open(&bed, Some(server.settings()), &Arc::new(Faults::none())).await.expect("opens");
            world.pass(1_000);
            world.send().await;
            let taken = server.taken();
            let names: BTreeSet<String> = taken.iter().map(message_id).collect();
            assert_eq!(names.len(), 2, "effect {nth}, {side:?}");
            repeats += taken.len() - names.len();
            let ways = world.ways().await;
            assert!(
                ways.iter().all(|way| way.state == DeliveryState::Sent),
                "effect {nth}, {side:?}: {ways:?}"
            );
        }
        if !reached {
            break;
        }
    }
    assert!(nth > 4, "two letters are claimed and settled: {nth}");
    assert!(repeats > 0, "a crash after the server's answer repeats the letter");
}

#[tokio::test]
async fn a_server_that_dies_before_its_answer_gets_the_letter_again() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::TakesInSilence, Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    world.report().await;
    assert_eq!(world.send().await.sent, 0);
    world.pass(200);
    assert_eq!(world.send().await.sent, 1);
    let taken = server.taken();
    assert_eq!((taken.len(), message_id(&taken[0])), (2, message_id(&taken[1])));
}

#[tokio::test]
async fn two_senders_never_hold_the_same_letter() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    for n in 0..5 {
        world.report_of(n).await;
    }
    let (one, other) = tokio::join!(world.send(), world.send());
    assert_eq!(one.sent + other.sent, 5);
    assert_eq!(server.taken().len(), 5);
}

#[tokio::test]
async fn letters_of_a_shredded_case_go_nowhere() {
    let (bed, server) = (Bed::sqlite(), MailServer::start(&[Mood::Takes]).await);
    let world = World::new(&bed, Some(server.settings())).await;
    let case = world.report().await;
    world.engine.store.shred(case, super::world::start(), "lars").await.expect("shredded");
    assert_eq!((world.send().await.failed, server.taken().len()), (1, 0));
    let ways = world.ways().await;
    assert_eq!(
        (ways[0].state, ways[0].said.as_ref()),
        (DeliveryState::Failed, None),
        "no key to keep words under"
    );
}

#[tokio::test]
async fn keys_are_added_extended_and_refused_with_a_reason() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let at = system_time(super::world::start());
    let lars = "lars";
    let add = async |bytes: &[u8]| world.engine.add_person_key(lars, bytes).await.expect("a person");
    assert!(add(b"hello").await.expect_err("no key").contains("no OpenPGP key"));
    let day = std::time::Duration::from_secs(86_400);
    let expired = Secret::generate("L <l@x.example>", at - 9 * day, Some(8 * day)).expect("a key");
    let expired = expired.certificate().armoured().expect("text");
    assert!(add(&expired).await.expect_err("expired").contains("has expired"));
    let good = Secret::generate("L <l@x.example>", at - day, None).expect("a key").certificate();
    let armoured = good.armoured().expect("text");
    add(&armoured).await.expect("kept");
    add(&armoured).await.expect("the same again");
    let kept = world.engine.store.person_keys(None).await.expect("keys");
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].owner.as_str(), &kept[0].fingerprint), (lars, &good.fingerprint()));
    assert!(world.engine.add_person_key("nobody", &armoured).await.is_err());
    for bad in ["A@b", "@b", "a@", "a@b@c", "a b", "Lars"] {
        let why = world.engine.add_person_key(bad, &armoured).await.expect("an answer").expect_err(bad);
        assert!(why.contains("mail address"), "{why}");
    }
    assert_eq!(world.engine.store.remove_person_key(lars, &good.fingerprint()).await, Ok(true));
    assert_eq!(world.engine.store.remove_person_key(lars, &good.fingerprint()).await, Ok(false));
    assert_eq!(world.engine.store.person_keys(Some(lars)).await, Ok(Vec::new()));
    assert_eq!(project().as_str(), "cloudstack");
}
