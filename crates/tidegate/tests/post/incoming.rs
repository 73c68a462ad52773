//! Letters that come in: stored before they are answered for, and brought to their case.

use super::bed::Bed;
use super::client::{Client, PATIENCE, with_door};
use super::world::{World, name, project, start};
use std::time::Duration;
use tidegate::post::lmtp::Patience;
use tidegate::post::settings::Settings;
use tidegate::post::{field, system_time, token};
use tidegate::store::{DeliveryState, LetterState};
use tidegate_domain::case::{Action, Report};
use tidegate_domain::id::CaseId;
use tidegate_envelope::{Secret, letter};

const SECURITY: &str = "security@cloudstack.example";
const STORED: &str = "250 2.0.0 stored";

fn mail(id: &str, more: &str, text: &str) -> String {
    format!(
        "From: Rita <rita@finder.example>\r\nTo: {SECURITY}\r\nSubject: A hole\r\nMessage-ID: <{id}@finder.example>\r\n\
         Date: Sun, 1 Jun 2025 00:00:00 +0000\r\n{more}\r\n{text}\r\n"
    )
}

/// Hands a letter over as a mail server does, and lets it be read.
async fn deliver(world: &World, to: &str, letter: &str) {
    let answers = with_door(world, PATIENCE, async |port| {
        Client::new(port).await.hand_over("rita@finder.example", &[to], letter).await
    });
    assert_eq!(answers.await, [STORED]);
    let round = world.engine.work().await.expect("works");
    assert_eq!(round.failed, Vec::<String>::new());
}

async fn cases(world: &World) -> Vec<CaseId> {
    world.engine.store.cases(None, false).await.expect("cases").iter().map(|row| row.case).collect()
}

async fn reports(world: &World, case: CaseId) -> Vec<Report> {
    let (file, viewer) = world.engine.open_case(case, &name("lars")).await.expect("the team's case");
    let view = file.view(&viewer).expect("the team sees it");
    view.record.as_deref().expect("a record").reports.clone()
}

async fn set_aside(world: &World) -> usize {
    world.engine.store.letters(Some(LetterState::SetAside), 100).await.expect("letters").len()
}

/// A letter of the outbox, as it stands there.
async fn outgoing(world: &World, seq: u64) -> String {
    let letter = world.engine.store.outgoing_one(seq).await.expect("read").expect("a letter");
    String::from_utf8(letter.raw.expect("bytes")).expect("text")
}

#[tokio::test]
async fn a_letter_is_stored_before_the_answer_and_becomes_a_case() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let stored = with_door(&world, PATIENCE, async |port| {
        let mut client = Client::new(port).await;
        let to = [SECURITY, "nobody@cloudstack.example", "SECURITY+anything@CloudStack.example"];
        let answers = client.hand_over("rita@finder.example", &to, &mail("1", "", "kitchen\r\n.dot")).await;
        assert_eq!(answers, ["550 5.1.1 no project has this address", STORED, STORED]);
        let waiting = world.engine.store.letters(Some(LetterState::Waiting), 9).await.expect("letters");
        assert_eq!(client.say("QUIT").await, "221 2.0.0 bye");
        waiting
    })
    .await;
    assert_eq!(stored.len(), 1, "two addresses of one project are one letter, stored before the answer");
    let raw = world.engine.store.letter(stored[0].id).await.expect("the letter").raw;
    assert!(String::from_utf8_lossy(&raw).contains("Return-Path: <rita@finder.example>\r\nFrom: Rita"));
    world.engine.work().await.expect("works");
    let found = cases(&world).await;
    assert_eq!(found.len(), 1);
    let report = &reports(&world, found[0]).await[0];
    assert_eq!(
        (report.from.as_deref(), report.text.trim_end()),
        (Some("rita@finder.example"), "kitchen\n.dot")
    );
    assert_eq!((&report.standing, &report.faults), (&Vec::new(), &Vec::new()));
}

#[tokio::test]
async fn commands_out_of_order_are_refused_and_endless_ones_ended() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    with_door(&world, PATIENCE, async |port| {
        let mut client = Client::new(port).await;
        for (line, answer) in [
            ("EHLO x", "500 5.5.1 this is LMTP: say LHLO"),
            ("RCPT TO:<a@b>", "503 5.5.1 MAIL first"),
            ("DATA", "503 5.5.1 RCPT first"),
            ("MAIL TO:<a@b>", "501 5.5.4 MAIL FROM:<address>"),
            ("MAIL FROM:<a@b> SIZE=99999999999", "552 5.3.4 the letter is too large; send it in parts"),
            ("MAIL FROM:<> BODY=8BITMIME SIZE=10", "250 2.1.0 go on"),
            ("MAIL FROM:<a@b>", "503 5.5.1 not now"),
            ("RCPT TO:a@b", "501 5.5.4 RCPT TO:<address>"),
            ("RCPT TO:<@relay.example:security@cloudstack.example>", "250 2.1.5 go on"),
            ("RSET", "250 2.0.0 forgotten"),
            ("DATA", "503 5.5.1 RCPT first"),
            ("NOOP", "250 2.0.0 here"),
            ("XYZ", "500 5.5.1 there is no such command"),
        ] {
            assert_eq!(client.say(line).await, answer, "{line}");
        }
        let unusable = "500 5.5.2 a line ends with CR LF, and is not that long";
        assert_eq!(client.say(&"x".repeat(100_000)).await, unusable);
        assert_eq!(client.say("NOOP\nQUIT").await, unusable, "a bare line feed ends nothing");
        let mut answer = client.say("XYZ").await;
        while answer.starts_with("500") {
            answer = client.say("XYZ").await;
        }
        assert_eq!(answer, "421 4.7.0 enough for one connection");
        assert_eq!(client.hear().await, "", "closed");
        let mut pipelined = Client::new(port).await;
        pipelined.write(b"MAIL FROM:<a@b>\r\nRCPT TO:<security@cloudstack.example>\r\nDATA\r\n").await;
        assert!(pipelined.hear().await.starts_with("250"));
        assert!(pipelined.hear().await.starts_with("250"));
        assert!(pipelined.hear().await.starts_with("354"));
    })
    .await;
}

#[tokio::test]
async fn no_letter_hides_another() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    with_door(&world, PATIENCE, async |port| {
        let mut client = Client::new(port).await;
        let hidden = "\n.\nMAIL FROM:<evil@x>\nRCPT TO:<security@cloudstack.example>\nDATA\nSubject: hidden\n\nx\n.\r\nmore";
        assert_eq!(client.hand_over("a@b", &[SECURITY], &mail("1", "", hidden)).await, [STORED]);
        assert_eq!(client.say("NOOP").await, "250 2.0.0 here");
    })
    .await;
    world.engine.work().await.expect("works");
    let found = cases(&world).await;
    assert_eq!(found.len(), 1);
    assert!(reports(&world, found[0]).await[0].text.contains("Subject: hidden"), "the bytes are all there");
}

/// Time stands still here until everybody waits for it.
#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_or_goes_away_leaves_nothing() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let impatient = Patience { idle: Duration::from_millis(200), letter: Duration::from_millis(700) };
    with_door(&world, impatient, async |port| {
        let mut silent = Client::new(port).await;
        assert_eq!(silent.hear().await, "", "closed");
        let mut slow = Client::new(port).await;
        slow.say("MAIL FROM:<a@b>").await;
        slow.say(&format!("RCPT TO:<{SECURITY}>")).await;
        slow.say("DATA").await;
        for _ in 0..10 {
            slow.try_write(b"x").await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(slow.hear().await, "", "closed, though bytes came all the time");
    })
    .await;
    assert_eq!(world.engine.store.letters(None, 9).await.expect("letters"), []);
}

#[tokio::test]
async fn an_answer_finds_its_case_by_its_address_or_its_references() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let case = world.report().await;
    let ours = field(outgoing(&world, 1).await.as_bytes(), "Message-ID").expect("a Message-ID");
    let address = token::answer_address(&world.engine.store, SECURITY, '+', case).expect("an address");
    deliver(&world, &address.to_uppercase(), &mail("2", "", "by address")).await;
    deliver(&world, SECURITY, &mail("3", &format!("In-Reply-To: {ours}\r\n"), "by reference")).await;
    let more = format!("References: <x@y> {ours} <z@y>\r\n");
    deliver(&world, SECURITY, &mail("4", &more, "by an older reference")).await;
    deliver(&world, SECURITY, &mail("5", "In-Reply-To: <r1@finder.example>\r\n", "to her own letter")).await;
    let texts: Vec<String> =
        reports(&world, case).await.iter().skip(1).map(|report| report.text.trim_end().to_owned()).collect();
    assert_eq!(texts, ["by address", "by reference", "by an older reference", "to her own letter"]);
    // What was not made here opens no case's door.
    for (n, forged) in [address.replacen('.', ".0", 1).as_str(), "security+7k3m9xq4b2wd@cloudstack.example"]
        .iter()
        .enumerate()
    {
        deliver(&world, forged, &mail(&format!("6{n}"), "", "forged")).await;
    }
    deliver(&world, SECURITY, &format!("X-Tidegate-Case: {case}\r\n{}", mail("7", "", "forged"))).await;
    assert_eq!((cases(&world).await.len(), reports(&world, case).await.len()), (4, 5));
}

/// Whoever knows the Message-ID of a reporter's letter can write into the case, and is told nothing of it.
#[tokio::test]
async fn whoever_writes_into_a_case_from_elsewhere_is_told_nothing() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let case = world.report().await;
    let letter = mail("9", "In-Reply-To: <r1@finder.example>\r\n", "I know of it, too");
    let letter = letter.replace("<rita@finder.example>", "<mallory@elsewhere.example>");
    assert!(letter.contains("mallory@elsewhere.example>"));
    deliver(&world, SECURITY, &letter).await;
    assert_eq!(reports(&world, case).await.len(), 2, "it is heard");
    let action = Action::MessageReporter { text: "We know which line.".to_owned() };
    world.engine.perform(case, &name("lars"), &action).await.expect("written");
    world.engine.work().await.expect("worked");
    let letters = world.engine.store.outgoing(0, 100).await.expect("the outbox");
    let to: Vec<String> =
        letters.iter().filter_map(|letter| field(letter.raw.as_deref().unwrap_or_default(), "To")).collect();
    assert!(to.iter().any(|to| to.contains("rita@finder.example")), "{to:?}");
    assert!(!to.iter().any(|to| to.contains("mallory")), "{to:?}");
    // What somebody else wrote, a member of the team by mistake perhaps, is not shown to the reporter either.
    let seen = told_to_reporter(&world, case).await;
    assert!(seen.contains("We know which line.") && !seen.contains("I know of it"), "{seen}");
}

/// What the reporter is shown of what was written.
async fn told_to_reporter(world: &World, case: CaseId) -> String {
    let (file, viewer) = world.engine.open_case(case, &name("reporter")).await.expect("the reporter's case");
    format!("{:?}", file.correspondence(&viewer))
}

/// Whoever sends on a ciphertext that they cannot read does not read it here.
#[tokio::test]
async fn what_came_encrypted_is_not_repeated_to_its_sender() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let ours = world.project_key();
    let at = system_time(start()) - Duration::from_secs(60);
    let rita = Secret::generate("Rita <rita@finder.example>", at, None).expect("a key");
    let plain = mail("1", "MIME-Version: 1.0\r\n", "the kitchen window is open");
    let sealed = letter::seal(plain.as_bytes(), &ours.certificate(), &rita, at).expect("sealed");
    deliver(&world, SECURITY, &String::from_utf8(sealed).expect("text")).await;
    let case = cases(&world).await[0];
    assert!(reports(&world, case).await[0].text.contains("kitchen"), "the team reads it");
    let seen = told_to_reporter(&world, case).await;
    assert!(
        !seen.contains("kitchen") && !seen.contains("A hole") && seen.contains("came encrypted"),
        "{seen}"
    );
}

#[tokio::test]
async fn an_answer_to_what_is_public_is_a_report_of_its_own() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let case = world.report().await;
    let raw = b"From: a@b\r\nSubject: advisory\r\n\r\npublic\r\n";
    world.engine.store.put_outgoing("announcement", Some(case), start(), raw).await.expect("a letter");
    let more =
        format!("In-Reply-To: <{}@cloudstack.example>\r\n", world.engine.store.message_name("announcement"));
    deliver(&world, SECURITY, &mail("2", &more, "another hole")).await;
    assert_eq!((cases(&world).await.len(), reports(&world, case).await.len()), (2, 1));
}

#[tokio::test]
async fn what_programs_write_about_our_letters_opens_no_case() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let case = world.report().await;
    let ours = field(outgoing(&world, 1).await.as_bytes(), "Message-ID").expect("a Message-ID");
    let away = format!("In-Reply-To: {ours}\r\nAuto-Submitted: auto-replied\r\n");
    deliver(&world, SECURITY, &mail("2", &away, "I am away")).await;
    deliver(&world, SECURITY, &outgoing(&world, 1).await).await;
    deliver(&world, SECURITY, super::world::REPORT).await;
    assert_eq!((cases(&world).await, set_aside(&world).await), (vec![case], 2));
    assert_eq!(reports(&world, case).await.len(), 2, "the same words by another way are told once more");
    deliver(&world, SECURITY, super::world::REPORT).await;
    assert_eq!(
        (reports(&world, case).await.len(), set_aside(&world).await),
        (2, 3),
        "the same bytes are not"
    );
    // A person's answer through a list, and a scanner's report, are letters like others.
    deliver(&world, SECURITY, &mail("4", &format!("In-Reply-To: {ours}\r\nPrecedence: list\r\n"), "me too"))
        .await;
    deliver(&world, SECURITY, &mail("5", "Auto-Submitted: auto-generated\r\n", "scan found")).await;
    assert_eq!((cases(&world).await.len(), reports(&world, case).await.len()), (2, 3));
}

#[tokio::test]
async fn a_bounce_marks_its_letter_and_the_team_is_told_once() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let case = world.report().await;
    world.engine.store.settle_delivery(1, start(), DeliveryState::Sent, "250 ok").await.expect("sent");
    let ours = field(outgoing(&world, 1).await.as_bytes(), "Message-ID").expect("a Message-ID");
    let report = |action: &str| {
        format!(
            "From: MAILER-DAEMON@mx.example.org\r\nTo: {SECURITY}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 no such user\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
             Message-ID: {ours}\r\n--b--\r\n"
        )
    };
    deliver(&world, SECURITY, &report("delayed")).await;
    assert_eq!(world.ways().await[0].state, DeliveryState::Sent);
    deliver(&world, SECURITY, &report("failed")).await;
    let ways = world.ways().await;
    assert_eq!((ways[0].state, ways.len()), (DeliveryState::Bounced, 2));
    assert_eq!(ways[0].said.as_deref(), Some("it came back: 5.1.1 smtp; 550 no such user"));
    let notice = outgoing(&world, 2).await;
    assert!(notice.contains("550 no such user") && notice.contains("X-Tidegate-Notice"), "{notice}");
    assert_eq!((cases(&world).await, set_aside(&world).await), (vec![case], 2));
}

#[tokio::test]
async fn an_encrypted_letter_is_read_and_its_standing_shown() {
    let bed = Bed::sqlite();
    let mut world = World::new(&bed, None).await;
    world.engine.post.settings = Settings {
        trusted_authserv: Some("mx.example.org".to_owned()),
        subaddress: Some('+'),
        ..Settings::default()
    };
    let ours = world.project_key();
    let at = system_time(start()) - Duration::from_secs(60);
    let rita = Secret::generate("Rita <rita@finder.example>", at, None).expect("a key");
    let plain = mail("1", "MIME-Version: 1.0\r\n", "The hole is in the kitchen.");
    let sealed = letter::seal(plain.as_bytes(), &ours.certificate(), &rita, at).expect("sealed");
    let sealed = String::from_utf8(sealed).expect("text");
    assert!(!sealed.contains("kitchen"));
    let result = "Authentication-Results: mx.example.org; spf=pass; dkim=pass header.d=finder.example\r\n";
    deliver(&world, SECURITY, &format!("{result}{sealed}")).await;
    let case = cases(&world).await[0];
    let report = &reports(&world, case).await[0];
    assert_eq!(
        (report.title.to_string().as_str(), report.text.trim_end()),
        ("A hole", "The hole is in the kitchen.")
    );
    let signed_by = rita.certificate().fingerprint();
    assert_eq!(report.standing.len(), 3, "{:?}", report.standing);
    assert_eq!(report.standing[0], "the receiving server found: spf=pass; dkim=pass header.d=finder.example");
    assert_eq!(report.standing[1], "it arrived encrypted (OpenPGP)");
    assert!(report.standing[2].starts_with("signature by an unknown key, "), "{:?}", report.standing);
    // Known now.
    world.key_of("lars", &rita.certificate()).await;
    let again =
        letter::seal(plain.replace("<1@", "<2@").as_bytes(), &ours.certificate(), &rita, at).expect("sealed");
    deliver(&world, SECURITY, &String::from_utf8(again).expect("text")).await;
    let other = cases(&world).await.into_iter().find(|found| *found != case).expect("another case");
    let standing = reports(&world, other).await[0].standing.join("; ");
    assert!(
        standing.contains(&format!("good signature, {signed_by}, kept here as the key of lars")),
        "{standing}"
    );
}

#[tokio::test]
async fn a_letter_that_cannot_be_opened_is_a_case_all_the_same() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let at = system_time(start()) - Duration::from_secs(60);
    let other = Secret::generate("Other <o@x.example>", at, None).expect("a key");
    let sealed =
        letter::seal(mail("1", "", "kitchen").as_bytes(), &other.certificate(), &other, at).expect("sealed");
    deliver(&world, SECURITY, &String::from_utf8(sealed).expect("text")).await;
    let report = &reports(&world, cases(&world).await[0]).await[0];
    assert_eq!(report.standing, ["could not be opened: encrypted to none of the keys that are here"]);
    assert!(report.attachments.iter().any(|(name, _)| name == "encrypted.asc"), "{:?}", report.attachments);
}

#[tokio::test]
async fn large_and_broken_letters_survive() {
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let limit = tidegate_formats::mail::LETTER_BYTES_MAX;
    let filler = format!("{}\r\n", "x".repeat(70)).repeat(limit / 72);
    let head = mail("1", "", "");
    let large = format!("{head}{}", &filler[..limit - head.len() - 2]);
    let headers = format!("{}{}", "X-Filler: y\r\n".repeat(10_000), mail("2", "", "after many fields"));
    let broken = "Content-Type: multipart/mixed; boundary=\"\r\n--\r\n\u{0}\u{fffd} no header at all";
    with_door(&world, PATIENCE, async |port| {
        let mut client = Client::new(port).await;
        assert_eq!(client.hand_over("", &[SECURITY], &large).await, [STORED]);
        let answers = client.hand_over("a@b", &[SECURITY, SECURITY], &format!("{large}more")).await;
        assert_eq!(answers, ["552 5.3.4 the letter is too large; send it in parts"; 2]);
        assert_eq!(client.hand_over("a@b", &[SECURITY], &headers).await, [STORED]);
        assert_eq!(client.hand_over("a@b", &[SECURITY], broken).await, [STORED]);
        assert_eq!(client.hand_over("a@b", &[SECURITY], "").await, [STORED]);
    })
    .await;
    let round = world.engine.work().await.expect("works");
    assert_eq!(round.failed, Vec::<String>::new());
    assert_eq!(cases(&world).await.len(), 4);
    assert_eq!(project().as_str(), "cloudstack");
}
