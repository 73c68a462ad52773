//! One conversation with a mail server.

use super::wire::{Data, Line, Wire};
use super::{LETTERS_MAX, MISTAKES_MAX, RECIPIENTS_MAX};
use crate::engine::{Engine, EngineError};
use crate::post::mailbox::Mailbox;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_formats::mail::LETTER_BYTES_MAX;
use tokio::io::{AsyncRead, AsyncWrite};

const TAKEN: &str = "250 2.0.0 stored";
const NOT_STORED: &str = "451 4.3.0 it could not be stored; try again later";
const TOO_LARGE: &str = "552 5.3.4 the letter is too large; send it in parts";

/// A conversation, and what was said for the next letter.
pub(super) struct Dialogue<'a, S> {
    engine: &'a Engine,
    wire: Wire<S>,
    greeted: bool,
    /// The return path, once MAIL was said.
    sender: Option<String>,
    recipients: Vec<Mailbox>,
    letters: usize,
    mistakes: usize,
}

/// Whether the conversation goes on.
enum Next {
    On,
    End,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Dialogue<'a, S> {
    pub(super) fn new(engine: &'a Engine, wire: Wire<S>) -> Dialogue<'a, S> {
        let recipients = Vec::new();
        Dialogue { engine, wire, greeted: false, sender: None, recipients, letters: 0, mistakes: 0 }
    }

    /// Talks until the other side ends it, errs too often, or `stop` is set between two letters.
    pub(super) async fn run(mut self, stop: &AtomicBool) -> io::Result<()> {
        self.wire.say("220 Tidegate LMTP").await?;
        loop {
            if stop.load(Ordering::Relaxed) && self.sender.is_none() {
                return self.wire.say("421 4.3.2 closing down; come back later").await;
            }
            if self.mistakes >= MISTAKES_MAX || self.letters >= LETTERS_MAX {
                return self.wire.say("421 4.7.0 enough for one connection").await;
            }
            let line = match self.wire.line().await? {
                Line::End => return Ok(()),
                Line::Whole(line) => line,
                Line::Unusable => {
                    self.refuse("500 5.5.2 a line ends with CR LF, and is not that long").await?;
                    continue;
                }
            };
            if let Next::End = self.command(&String::from_utf8_lossy(&line)).await? {
                return Ok(());
            }
        }
    }

    async fn refuse(&mut self, answer: &str) -> io::Result<()> {
        self.mistakes += 1;
        self.wire.say(answer).await
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "LHLO" => self.hello(rest).await?,
            "MAIL" => self.mail(rest).await?,
            "RCPT" => self.recipient(rest).await?,
            "DATA" => self.data().await?,
            "RSET" => {
                self.forget();
                self.wire.say("250 2.0.0 forgotten").await?;
            }
            "NOOP" => self.wire.say("250 2.0.0 here").await?,
            "VRFY" => self.wire.say("252 2.5.0 send it, and see").await?,
            "QUIT" => {
                self.wire.say("221 2.0.0 bye").await?;
                return Ok(Next::End);
            }
            "EHLO" | "HELO" => self.refuse("500 5.5.1 this is LMTP: say LHLO").await?,
            _ => self.refuse("500 5.5.1 there is no such command").await?,
        }
        Ok(Next::On)
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    async fn hello(&mut self, name: &str) -> io::Result<()> {
        if name.trim().is_empty() {
            return self.refuse("501 5.5.4 LHLO and your name").await;
        }
        self.forget();
        self.greeted = true;
        let offers = ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"];
        let offers: String = offers.iter().map(|offer| format!("250-{offer}\r\n")).collect();
        self.wire.say(&format!("250-Tidegate\r\n{offers}250 SIZE {LETTER_BYTES_MAX}")).await
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        if !self.greeted || self.sender.is_some() {
            return self.refuse("503 5.5.1 not now").await;
        }
        let Some((path, parameters)) = path(rest, "FROM:") else {
            return self.refuse("501 5.5.4 MAIL FROM:<address>").await;
        };
        let size = parameters.split_whitespace().find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            if name.eq_ignore_ascii_case("SIZE") { value.parse::<u64>().ok() } else { None }
        });
        if size.is_some_and(|size| usize::try_from(size).map_or(true, |size| size > LETTER_BYTES_MAX)) {
            return self.refuse(TOO_LARGE).await;
        }
        self.sender = Some(path.to_owned());
        self.wire.say("250 2.1.0 go on").await
    }

    async fn recipient(&mut self, rest: &str) -> io::Result<()> {
        if self.sender.is_none() {
            return self.refuse("503 5.5.1 MAIL first").await;
        }
        let Some((address, _)) = path(rest, "TO:") else {
            return self.refuse("501 5.5.4 RCPT TO:<address>").await;
        };
        if self.recipients.len() >= RECIPIENTS_MAX {
            return self.refuse("452 4.5.3 too many recipients").await;
        }
        match self.engine.mailbox(address).await {
            Ok(Some(mailbox)) => {
                self.recipients.push(mailbox);
                self.wire.say("250 2.1.5 go on").await
            }
            Ok(None) => self.refuse("550 5.1.1 no project has this address").await,
            Err(_) => self.refuse("451 4.3.0 that cannot be looked up now; try again later").await,
        }
    }

    async fn data(&mut self) -> io::Result<()> {
        let (Some(sender), false) = (self.sender.clone(), self.recipients.is_empty()) else {
            return self.refuse("503 5.5.1 RCPT first").await;
        };
        self.wire.say("354 go on; end with a dot").await?;
        let data = self.wire.data(LETTER_BYTES_MAX).await?;
        let recipients = std::mem::take(&mut self.recipients);
        self.forget();
        self.letters += 1;
        // One answer for each recipient, in their order (RFC 2033 section 4.2).
        let stored = match data {
            Data::TooLarge => None,
            Data::Whole(letter) => Some(self.store(&sender, &recipients, &letter).await),
        };
        for recipient in &recipients {
            let answer = match &stored {
                None => TOO_LARGE,
                Some(stored) => match stored.get(&recipient.project) {
                    Some(Ok(())) => TAKEN,
                    Some(Err(_)) | None => NOT_STORED,
                },
            };
            self.wire.say(answer).await?;
        }
        Ok(())
    }

    /// Stores the letter once for each project, with the case that one of its addresses names. Only what is
    /// durable is answered for: a crash before the answer makes the mail server send it again.
    async fn store(
        &self,
        sender: &str,
        recipients: &[Mailbox],
        letter: &[u8],
    ) -> BTreeMap<Slug, Result<(), EngineError>> {
        let mut places: BTreeMap<Slug, Option<CaseId>> = BTreeMap::new();
        for recipient in recipients {
            let case = places.entry(recipient.project.clone()).or_default();
            *case = case.or(recipient.case);
        }
        let raw = [format!("Return-Path: <{}>\r\n", one_line(sender)).as_bytes(), letter].concat();
        let mut stored = BTreeMap::new();
        for (project, case) in places {
            let accepted = self.engine.accept_letter(&project, case, &raw).await.map(drop);
            stored.insert(project, accepted);
        }
        stored
    }
}

/// The address in `FROM:<address> parameters`, and the parameters.
fn path<'r>(rest: &'r str, keyword: &str) -> Option<(&'r str, &'r str)> {
    let rest = rest.trim_start();
    let start = rest.get(..keyword.len()).filter(|start| start.eq_ignore_ascii_case(keyword))?;
    let rest = rest.get(start.len()..)?.trim_start().strip_prefix('<')?;
    let (address, parameters) = rest.split_once('>')?;
    // A source route is not asked for, and not followed (RFC 5321 appendix C).
    let address =
        address.rsplit_once(':').filter(|_| address.starts_with('@')).map_or(address, |(_, last)| last);
    Some((address, parameters))
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
