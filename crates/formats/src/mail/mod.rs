//! Arriving mail: any bytes become a [`ParsedMail`], because no report may be lost (ALL-05).
//!
//! The tree of parts (RFC 2046) is walked here, in one pass over the lines and with an explicit stack,
//! because the mail library walks it in quadratic time where boundaries are missing (3.4 MB took 4 s) and
//! overflows the stack of the process where 100,000 messages are nested (3 MB). The library reads what is
//! inside a part: header fields, transfer encodings, charsets, HTML.
//!
//! What is wrong with a letter is named in [`ParsedMail::faults`] with its place; what could not be read
//! as text is kept as an attachment. Attached messages stay closed: read them with [`parse`] again.

mod assemble;
mod attachment;
mod decode;
mod head;
mod walk;

use std::fmt;
use std::ops::Range;
use tidegate_domain::advisory::Title;
use tidegate_domain::time::Instant;

/// How much of a letter is read, in bytes: 25 MiB. The rest is kept as an attachment.
pub const LETTER_BYTES_MAX: usize = 25 * 1024 * 1024;
/// How many parts of a letter are read. The rest is kept as an attachment.
pub const PARTS_MAX: usize = 1_000;
/// How deep multiparts are opened inside one another. A deeper one is kept as an attachment.
pub const NESTING_MAX: usize = 50;
/// How many attachments are listed one by one. The rest of the letter is kept as one more.
pub const ATTACHMENTS_MAX: usize = 100;
/// Longest header of a letter or a part, in bytes. What follows is read as body.
pub const HEADER_BYTES_MAX: usize = 256 * 1024;
/// Longest boundary, in bytes. RFC 2046 section 5.1.1 allows 70.
pub const BOUNDARY_BYTES_MAX: usize = 256;
/// Longest text, in characters. The whole text is kept as an attachment where it is longer.
pub const BODY_CHARS_MAX: usize = 200_000;
/// Longest safe file name of an attachment, in bytes.
pub const FILE_NAME_BYTES_MAX: usize = 120;
/// Longest name of a sender, in characters.
pub const SENDER_NAME_CHARS_MAX: usize = 200;
/// Longest mail address or message id, in bytes: the longest line of RFC 5322 section 2.1.1.
pub const ADDRESS_BYTES_MAX: usize = 998;
/// How many message ids of `References` are kept, the newest.
pub const REFERENCES_MAX: usize = 100;
/// How many faults of parts are listed.
pub const FAULTS_MAX: usize = 100;
/// How much text outside the parts of a multipart is passed over, in bytes, as the usual "This is a
/// multi-part message in MIME format." More than that is kept as an attachment.
pub const OUTSIDE_BYTES_MAX: usize = 1024;

/// A letter as far as it could be read. The raw bytes stay with the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedMail {
    /// The subject; salvaged, so that it is always a title.
    pub subject: Title,
    /// The first address of `From`. Anybody can write anything there.
    pub from: Option<Mailbox>,
    /// `Date`, where it can be read. Anybody can write anything there.
    pub sent: Option<Instant>,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<String>,
    /// `In-Reply-To`, without angle brackets.
    pub in_reply_to: Vec<String>,
    /// `References`, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// The text, with line feeds, without control characters.
    pub body: String,
    /// What the text was made of.
    pub body_source: BodySource,
    /// Everything else, in the order of the letter.
    pub attachments: Vec<Attachment>,
    /// Where OpenPGP was noticed. Nothing is decrypted or verified here.
    pub openpgp: Vec<OpenPgp>,
    /// Whether a program seems to have written the letter, so that no program answers it (RFC 3834).
    pub automatic: Option<Automatic>,
    /// What was wrong, and where.
    pub faults: Vec<MailFault>,
}

/// A sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The name shown, on one line.
    pub name: Option<String>,
    /// The address: one `@`, no spaces.
    pub address: String,
}

/// What the text of a letter was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodySource {
    /// `text/plain` parts.
    Plain,
    /// `text/html` parts, turned to text; the originals are attachments.
    Html,
    /// The text of the first attached message, since the letter itself has none.
    AttachedMessage,
    /// There is no text.
    Nothing,
}

/// A part that is not the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The part's number, as IMAP counts them: `2.1`.
    pub part: String,
    /// A file name that is safe in any folder and differs from the other attachments' names.
    pub name: String,
    /// The media type that the letter claims: `text/x-patch`.
    pub media_type: String,
    /// The content, its transfer encoding removed.
    pub content: Vec<u8>,
}

/// Where OpenPGP was noticed (RFC 3156, RFC 9580).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenPgp {
    /// `multipart/encrypted`; the parts are attachments.
    Encrypted {
        /// The multipart's number.
        part: String,
    },
    /// `multipart/signed` with an OpenPGP signature.
    Signed {
        /// The multipart's number.
        part: String,
        /// The bytes of the raw letter that were signed: the first part with its header, line breaks as
        /// they arrived (RFC 3156 section 5).
        content: Range<usize>,
    },
    /// An armoured block in the text.
    Inline(Armour),
}

/// What an armoured block in a text holds (RFC 9580 section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armour {
    /// `BEGIN PGP MESSAGE`
    Message,
    /// `BEGIN PGP SIGNED MESSAGE`
    SignedMessage,
    /// `BEGIN PGP PUBLIC KEY BLOCK`
    PublicKey,
    /// `BEGIN PGP PRIVATE KEY BLOCK`: somebody made a mistake.
    PrivateKey,
}

/// What kind of program seems to have written a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Automatic {
    /// A delivery report, or a letter with an empty return path.
    Bounce,
    /// `Auto-Submitted` other than `no`, or an older header that says the same.
    Reply,
    /// `Precedence: bulk`, `junk` or `list`.
    Bulk,
}

/// Something that was wrong with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFault {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

/// A place in a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The letter as a whole.
    Letter,
    /// A field of the letter's header, by its name.
    Header(&'static str),
    /// A part, by its number: `2.1`.
    Part(String),
}

/// What can be wrong with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The letter has more than [`LETTER_BYTES_MAX`] bytes.
    TooLarge,
    /// The letter has no line feed but carriage returns; they were read as line breaks.
    BareCarriageReturns,
    /// A header is longer than [`HEADER_BYTES_MAX`].
    HeaderTooLong,
    /// A header holds a line that is no field; the text begins there.
    NoHeaderField,
    /// A header holds bytes that are not UTF-8; they were read as Windows-1252.
    HeaderNotText,
    /// A field stands more than once; the first one counts.
    Repeated,
    /// A field is missing.
    Missing,
    /// A field cannot be read.
    Unreadable,
    /// The letter has more than [`PARTS_MAX`] parts.
    TooManyParts,
    /// The letter has more than [`ATTACHMENTS_MAX`] attachments.
    TooManyAttachments,
    /// Parts are nested deeper than [`NESTING_MAX`].
    NestedTooDeep,
    /// A multipart names no usable boundary.
    NoBoundary,
    /// A multipart does not hold the boundary that it names, or does not end with it.
    NotClosed,
    /// There is text outside the parts of a multipart; it is attached.
    TextOutsideParts,
    /// The transfer encoding is unknown; the content is as it arrived.
    UnknownEncoding(String),
    /// The content does not follow its transfer encoding, so that it is damaged or cut; its source is attached.
    BrokenEncoding,
    /// The content is plain text, though its header calls it base64; it is shown as it arrived.
    NotEncoded,
    /// The charset is unknown, or not what the content is written in.
    BadCharset(String),
    /// Control characters, or invisible ones that reorder a line, were left out of the text.
    HiddenCharacters(usize),
    /// The text is longer than [`BODY_CHARS_MAX`]; the whole is attached.
    BodyTooLong,
    /// There is no text.
    NoBody,
    /// The parts have more faults than [`FAULTS_MAX`].
    MoreFaults,
}

/// Reads a letter. Any bytes will do.
#[must_use]
pub fn parse(raw: &[u8]) -> ParsedMail {
    assemble::letter(raw)
}

/// The faults of a letter. Those of its parts are counted, up to [`FAULTS_MAX`]; those of the letter and its
/// header are few by their nature.
#[derive(Default)]
struct Faults {
    listed: Vec<MailFault>,
    of_parts: usize,
}

impl Faults {
    fn letter(&mut self, problem: Problem) {
        self.listed.push(MailFault { place: Place::Letter, problem });
    }

    fn header(&mut self, field: &'static str, problem: Problem) {
        self.listed.push(MailFault { place: Place::Header(field), problem });
    }

    /// The letter as a whole has an empty number.
    fn part(&mut self, number: &str, problem: Problem) {
        self.of_parts += 1;
        if self.of_parts > FAULTS_MAX {
            return;
        }
        let place = if number.is_empty() { Place::Letter } else { Place::Part(number.to_owned()) };
        self.listed.push(MailFault { place, problem });
    }

    fn finish(mut self) -> Vec<MailFault> {
        if self.of_parts > FAULTS_MAX {
            self.letter(Problem::MoreFaults);
        }
        self.listed
    }
}

/// `part 2.1: the charset `x-unknown` is unknown, or not what the content is written in`
impl fmt::Display for MailFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Letter => write!(f, "letter: {}", self.problem),
            Place::Header(field) => write!(f, "header {field}: {}", self.problem),
            Place::Part(number) => write!(f, "part {number}: {}", self.problem),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::TooLarge => {
                write!(f, "larger than {LETTER_BYTES_MAX} bytes; the rest is attached unread")
            }
            Problem::BareCarriageReturns => f.write_str("lines end with carriage returns alone"),
            Problem::HeaderTooLong => write!(f, "the header is longer than {HEADER_BYTES_MAX} bytes"),
            Problem::NoHeaderField => f.write_str("a line in the header is no field; the text begins there"),
            Problem::HeaderNotText => f.write_str("bytes that are not UTF-8, read as Windows-1252"),
            Problem::Repeated => f.write_str("stands more than once; the first counts"),
            Problem::Missing => f.write_str("is missing"),
            Problem::Unreadable => f.write_str("cannot be read"),
            Problem::TooManyParts => write!(f, "more than {PARTS_MAX} parts; the rest is attached unread"),
            Problem::TooManyAttachments => {
                write!(f, "more than {ATTACHMENTS_MAX} attachments; the rest is one file")
            }
            Problem::NestedTooDeep => write!(f, "nested deeper than {NESTING_MAX} parts; attached unopened"),
            Problem::NoBoundary => f.write_str("a multipart without a usable boundary"),
            Problem::NotClosed => f.write_str("a multipart that does not end with its boundary"),
            Problem::TextOutsideParts => f.write_str("text outside the parts; it is attached"),
            Problem::UnknownEncoding(name) => write!(f, "the transfer encoding `{name}` is unknown"),
            Problem::BrokenEncoding => f.write_str("damaged or cut; the source is attached"),
            Problem::NotEncoded => f.write_str("called base64, but plain text"),
            Problem::BadCharset(name) => {
                write!(f, "the charset `{name}` is unknown, or not what the content is written in")
            }
            Problem::HiddenCharacters(count) => write!(f, "{count} control or invisible characters left out"),
            Problem::BodyTooLong => {
                write!(f, "the text is longer than {BODY_CHARS_MAX} characters; the whole is attached")
            }
            Problem::NoBody => f.write_str("there is no text"),
            Problem::MoreFaults => f.write_str("the parts have more faults than are listed"),
        }
    }
}
