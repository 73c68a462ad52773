//! The outbox on its way: what became of letters, and sending them.

use super::keep::Trouble;

use crate::engine::{Engine, EngineError};
use crate::hands::send::{Sender, Sent};
use crate::out::{Failure, Kind, Out, table};
use crate::post::lmtp::{Door, Patience};
use crate::post::recipient;
use crate::store::{Delivery, DeliveryState, Outgoing};
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Letters listed at a time.
const LETTERS_LISTED: u32 = 200;

/// `tidegate outbox list`
pub(super) async fn list(engine: &Engine, after: u64, out: &Out) -> Result<(), Failure> {
    let letters = engine.store.outgoing(after, LETTERS_LISTED).await.map_err(EngineError::from)?;
    let ways = engine.store.deliveries(after, LETTERS_LISTED).await.map_err(EngineError::from)?;
    let ways: HashMap<u64, Delivery> = ways.into_iter().map(|way| (way.seq, way)).collect();
    let rows: Vec<[String; 6]> = letters.iter().map(|letter| row(letter, ways.get(&letter.seq))).collect();
    let value = json!(
        rows.iter()
            .map(|[number, at, to, subject, state, said]| {
                json!({"number": number, "at": at, "to": to, "subject": subject, "state": state, "said": said})
            })
            .collect::<Vec<_>>()
    );
    let text = if rows.is_empty() {
        "no letters".to_owned()
    } else {
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        table(&["", "written", "to", "subject", "state", ""], &rows)
    };
    out.show(&text, &value)
}

fn row(letter: &Outgoing, way: Option<&Delivery>) -> [String; 6] {
    let mail = letter.raw.as_deref().map(tidegate_formats::mail::parse);
    let subject = mail.as_ref().map_or("(shredded)".to_owned(), |mail| mail.subject.to_string());
    let to = letter.raw.as_deref().map(recipient).unwrap_or_default();
    let state = match way {
        None => "written".to_owned(),
        Some(way) => match way.state {
            DeliveryState::Waiting if way.attempts > 0 => format!("waiting until {}", way.next.readable()),
            state @ (DeliveryState::Waiting
            | DeliveryState::Sent
            | DeliveryState::Failed
            | DeliveryState::Bounced) => state.word().to_owned(),
        },
    };
    let said = way.and_then(|way| way.said.clone()).unwrap_or_default();
    [letter.seq.to_string(), letter.at.readable(), to, subject, state, said]
}

/// `tidegate outbox send`
pub(super) async fn send(engine: &Engine, out: &Out) -> Result<(), Failure> {
    let Some(mut sender) = sender(engine)? else {
        return Err(Failure::plain(
            "there is no mail server to send by: name one in tidegate.toml, under [mail.smarthost]",
        ));
    };
    let sent = round(engine, &mut sender, &AtomicBool::new(false), out).await?;
    out.show(
        &format!("{} letters sent, {} given up", sent.sent, sent.failed),
        &json!({"sent": sent.sent, "failed": sent.failed}),
    )
}

/// As part of `tidegate work`.
pub(super) async fn send_if_any(engine: &Engine, out: &Out) -> Result<(), Failure> {
    match sender(engine)? {
        Some(mut sender) => round(engine, &mut sender, &AtomicBool::new(false), out).await.map(drop),
        None => Ok(()),
    }
}

/// As part of `tidegate run`: sends what waits, until `stop` is set and the letter on its way has arrived.
pub(super) async fn stay(engine: &Engine, stop: &AtomicBool, out: &Out) -> Result<(), Failure> {
    let Some(mut sender) = sender(engine)? else { return Ok(()) };
    let mut trouble = Trouble::default();
    while !stop.load(Ordering::Relaxed) {
        trouble.of(round(engine, &mut sender, stop, out).await, out);
        tokio::time::sleep(trouble.rest()).await;
    }
    Ok(())
}

/// The door for letters, where the settings want one.
pub(super) async fn open_door(engine: &Engine, out: &Out) -> Result<Option<Door>, Failure> {
    let Some(listen) = &engine.post.settings.lmtp else { return Ok(None) };
    let door = Door::open(listen, Patience::default()).await;
    let door = door.map_err(|error| Failure::plain(format!("mail.lmtp.listen: {listen}: {error}")))?;
    out.note(&format!("tidegate: taking letters by LMTP on {listen}"));
    Ok(Some(door))
}

/// As part of `tidegate run`: takes letters until `stop` is set.
pub(super) async fn take(door: Option<Door>, engine: &Engine, stop: &AtomicBool) -> Result<(), Failure> {
    if let Some(door) = door {
        door.serve(engine, stop).await;
    }
    Ok(())
}

fn sender(engine: &Engine) -> Result<Option<Sender>, Failure> {
    Sender::of(engine).map_err(Failure::plain)
}

async fn round(engine: &Engine, sender: &mut Sender, stop: &AtomicBool, out: &Out) -> Result<Sent, Failure> {
    let sent = sender.round(engine, stop).await?;
    for said in &sent.said {
        out.note(&format!("tidegate: {said}"));
    }
    Ok(sent)
}

/// `tidegate outbox resend N`
pub(super) async fn resend(engine: &Engine, number: u64, out: &Out) -> Result<(), Failure> {
    let changed = engine.store.deliver_again(number, engine.clock.now()).await.map_err(EngineError::from)?;
    if !changed {
        let message =
            format!("letter {number} was neither given up nor did it come back; nothing was changed");
        return Err(Failure::of(Kind::NotFound, message));
    }
    out.show(
        &format!("letter {number} waits to be sent again"),
        &json!({"number": number, "state": "waiting"}),
    )
}
