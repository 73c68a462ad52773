//! What an arriving letter is, beside its text: a delivery report about one of ours, and how sure it is who wrote
//! it. Pure: bytes in, words out.

use tidegate_envelope::letter::{Form, Seal};
use tidegate_formats::mail::{Attachment, Automatic, ParsedMail, parse};

/// How much of a letter's header is looked through for results, in bytes.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// How much of a server's result is kept, in characters.
const RESULT_CHARS_MAX: usize = 300;
/// How many Message-IDs of a delivery report are looked up.
const IDS_MAX: usize = 20;

/// A delivery report (RFC 3464).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The Message-IDs that it may be about, without angle brackets.
    pub about: Vec<String>,
    /// Whether the letter was given up, as opposed to delayed or delivered.
    pub failed: bool,
    /// The server's words.
    pub why: String,
    /// Whether it has the machine-readable part, which nobody writes by accident.
    pub is_formal: bool,
}

/// The delivery report that a letter is, if it is one. What makes it one is its machine-readable part, not its
/// sender or subject.
#[must_use]
pub fn delivery_report(letter: &ParsedMail) -> Option<DeliveryReport> {
    // A person who attaches a delivery report as a sample has not sent one.
    if letter.automatic != Some(Automatic::Bounce) {
        return None;
    }
    let of_type = |media_type: &str| letter.attachments.iter().find(|part| part.media_type == media_type);
    let Some(status) = of_type("message/delivery-status") else { return returned_as_text(letter) };
    let fields = String::from_utf8_lossy(&status.content).replace("\r\n", "\n").replace("\n ", " ");
    let all = |name: &str| {
        let values = fields.lines().filter_map(|line| line.split_once(':'));
        let values = values.filter(|(found, _)| found.trim().eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.trim().to_owned()).collect::<Vec<String>>()
    };
    let failed = all("Action").iter().any(|action| action.eq_ignore_ascii_case("failed"));
    let why: String =
        [all("Status"), all("Diagnostic-Code")].concat().join(" ").chars().take(RESULT_CHARS_MAX).collect();
    let mut about: Vec<String> = Vec::new();
    for media_type in ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"] {
        about.extend(of_type(media_type).and_then(message_id));
    }
    about.extend(letter.in_reply_to.iter().chain(&letter.references).cloned());
    about.truncate(IDS_MAX);
    Some(DeliveryReport { about, failed, why, is_formal: true })
}

/// A letter that came back from a server which knows no delivery reports: without a return path, and with the
/// returned letter's header in its text.
fn returned_as_text(letter: &ParsedMail) -> Option<DeliveryReport> {
    let fields = letter.body.lines().filter_map(|line| line.trim_start_matches(['>', ' ']).split_once(':'));
    let ids = fields.filter(|(name, _)| name.eq_ignore_ascii_case("Message-ID"));
    let about: Vec<String> =
        ids.map(|(_, id)| id.trim().trim_matches(['<', '>']).to_owned()).take(IDS_MAX).collect();
    let why = "the server gave no reason that a program can read".to_owned();
    if about.is_empty() { None } else { Some(DeliveryReport { about, failed: true, why, is_formal: false }) }
}

/// The Message-ID of a returned letter.
fn message_id(part: &Attachment) -> Option<String> {
    parse(&part.content).message_id
}

/// What the receiving server found out of the sender (RFC 8601): the topmost result with the trusted name, without
/// it. Other servers' results are anybody's, and the trusted server removes those under its own name.
#[must_use]
pub fn server_result(raw: &[u8], trusted: &str) -> Option<String> {
    let header = raw.get(..raw.len().min(HEADER_BYTES_MAX))?;
    let header = String::from_utf8_lossy(header).replace("\r\n", "\n");
    let header = header.split("\n\n").next()?.replace("\n ", " ").replace("\n\t", " ");
    let results = header.lines().filter_map(|line| line.split_once(':'));
    let mut results = results.filter(|(name, _)| name.eq_ignore_ascii_case("Authentication-Results"));
    results.find_map(|(_, value)| {
        let (server, result) = value.split_once(';')?;
        let name = server.split_whitespace().next()?;
        let words: Vec<&str> = result.split_whitespace().collect();
        let text: String =
            words.join(" ").chars().filter(|c| !c.is_control()).take(RESULT_CHARS_MAX).collect();
        name.eq_ignore_ascii_case(trusted).then_some(text)
    })
}

/// What a seal is worth, a line each. `owner` says for whom a key was kept here, by its fingerprint.
#[must_use]
pub fn seal_in_words(seal: &Seal, owner: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut lines = Vec::new();
    let how = match seal.form {
        Form::PgpMime => "",
        Form::Mangled => ", taken apart by a mail server on the way",
        Form::Inline => ", within the text",
    };
    if seal.encrypted {
        lines.push(format!("it arrived encrypted (OpenPGP{how})"));
    }
    lines.extend(seal.signatures.iter().map(|signature| {
        let key = signature.key.as_deref();
        let said = key.map(|key| match owner(key) {
            Some(owner) => format!(", {key}, kept here as the key of {owner}"),
            None => format!(", {key}"),
        });
        format!("{}{}", signature.verdict, said.unwrap_or_default())
    }));
    if !seal.whole {
        lines.push("only a part of it is encrypted or signed".to_owned());
    }
    lines.extend(seal.notes.iter().map(ToString::to_string));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNCE: &str = "From: MAILER-DAEMON@mx.example.org\r\nTo: security@project.example\r\nSubject: failure\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
        Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n\
        Diagnostic-Code: smtp; 550 no such\r\n user\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
        Subject: x\r\nMessage-ID: <abc@project.example>\r\n--b--\r\n";

    #[test]
    fn a_delivery_report_names_its_letter_and_the_reason() {
        let report = delivery_report(&parse(BOUNCE.as_bytes())).expect("a report");
        assert_eq!(report.about, ["abc@project.example"]);
        assert!(report.failed);
        assert_eq!(report.why, "5.1.1 smtp; 550 no such user");
        let delayed = BOUNCE.replace("Action: failed", "Action: delayed");
        assert!(!delivery_report(&parse(delayed.as_bytes())).expect("a report").failed);
        let whole = BOUNCE
            .replace("text/rfc822-headers", "message/rfc822")
            .replace("<abc@project.example>\r\n", "<abc@project.example>\r\n\r\ntext\r\n");
        assert_eq!(
            delivery_report(&parse(whole.as_bytes())).expect("a report").about,
            ["abc@project.example"]
        );
        assert_eq!(
            delivery_report(&parse(b"Subject: Undelivered Mail Returned to Sender\r\n\r\nno\r\n")),
            None
        );
    }

    #[test]
    fn only_the_trusted_servers_topmost_result_counts() {
        let raw = b"Authentication-Results: mx.evil.example; dkim=pass\r\n\
            authentication-results: MX.example.org 1;\r\n\tspf=pass  smtp.mailfrom=a@b;\r\n dkim=fail\r\n\
            Authentication-Results: mx.example.org; dkim=pass\r\n\r\nAuthentication-Results: mx.example.org; body\r\n";
        assert_eq!(
            server_result(raw, "mx.example.org").as_deref(),
            Some("spf=pass smtp.mailfrom=a@b; dkim=fail")
        );
        assert_eq!(server_result(raw, "other.example.org"), None);
        assert_eq!(server_result(b"", "mx.example.org"), None);
    }
}
