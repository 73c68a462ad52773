//! A letter at the door: read within limits, and stored under an envelope that says where it is for. What is
//! too long is cut, never refused: the case opens, and the sender can be told (ALL-05).

use sha2::{Digest, Sha256};
use std::fmt;
use std::io::Read;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_formats::mail::LETTER_BYTES_MAX;

/// How much of an endless letter is read, and thrown away but for its hash, before the door closes: 4 GiB.
const STREAM_BYTES_MAX: u64 = 4 << 30;
const PIECE_BYTES: usize = 64 * 1024;

/// A letter as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its bytes, at most [`LETTER_BYTES_MAX`].
    pub raw: Vec<u8>,
    /// What is missing.
    pub cut: Option<Cut>,
}

/// What is known of a letter that was too long to be kept whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How many bytes came.
    pub bytes: u64,
    /// Whether the sender had finished; otherwise there was more.
    pub whole: bool,
    /// SHA-256 in hex of all that came, to know the letter by when it is sent again in parts.
    pub sha256: String,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.whole { "" } else { "at least " };
        write!(
            f,
            "the letter had {at_least}{} bytes and was cut to {LETTER_BYTES_MAX}; ask for the rest in parts; \
             SHA-256 of what came: {}",
            self.bytes, self.sha256
        )
    }
}

impl Arrival {
    /// Reads a letter to its end, and keeps as much as is ever read of one.
    ///
    /// # Errors
    /// The reader's.
    pub fn read(from: impl Read) -> std::io::Result<Arrival> {
        Arrival::read_within(from, u64::try_from(LETTER_BYTES_MAX).unwrap_or(u64::MAX))
    }

    fn read_within(mut from: impl Read, kept: u64) -> std::io::Result<Arrival> {
        let mut raw = Vec::new();
        from.by_ref().take(kept).read_to_end(&mut raw)?;
        let mut hash = Sha256::new();
        let (mut bytes, mut piece) = (raw.len() as u64, vec![0; PIECE_BYTES]);
        loop {
            let read = from.read(&mut piece)?;
            if read > 0 && bytes == kept {
                hash.update(&raw);
            }
            hash.update(piece.get(..read).unwrap_or_default());
            bytes += read as u64;
            if read == 0 || bytes >= STREAM_BYTES_MAX {
                let sha256 = hex::encode(hash.finalize());
                let cut = (bytes > kept).then_some(Cut { bytes, whole: read == 0, sha256 });
                return Ok(Arrival { raw, cut });
            }
        }
    }
}

/// What the door writes above a letter, as mail servers do. The last line keeps the sender from adding to it.
const PROJECT: &str = "X-Tidegate-Project: ";
const CASE: &str = "X-Tidegate-Case: ";
const CUT: &str = "X-Tidegate-Cut: ";
const END: &str = "X-Tidegate-Envelope: end\r\n";

/// The bytes to store for a letter that arrived for `project` and perhaps belongs to a case.
pub(super) fn enveloped(project: &Slug, case: Option<CaseId>, letter: &Arrival) -> Vec<u8> {
    let mut head = format!("{PROJECT}{project}\r\n");
    if let Some(case) = case {
        head.push_str(&format!("{CASE}{case}\r\n"));
    }
    if let Some(Cut { bytes, whole, sha256 }) = &letter.cut {
        head.push_str(&format!("{CUT}{bytes} {whole} {sha256}\r\n"));
    }
    head.push_str(END);
    let mut stored = head.into_bytes();
    stored.extend_from_slice(&letter.raw);
    stored
}

/// A stored letter, out of its envelope.
pub(super) struct Opened<'a> {
    pub project: Option<Slug>,
    pub case: Option<CaseId>,
    pub cut: Option<Cut>,
    pub raw: &'a [u8],
}

pub(super) fn open(stored: &[u8]) -> Opened<'_> {
    let (project, rest) = line(stored, PROJECT);
    let (case, rest) = line(rest, CASE);
    let (cut, rest) = line(rest, CUT);
    match rest.strip_prefix(END.as_bytes()) {
        Some(raw) => Opened {
            project: project.and_then(|text| text.parse().ok()),
            case: case.and_then(|text| text.parse().ok()),
            cut: cut.and_then(read_cut),
            raw,
        },
        // No door of this program stored it: it is for nobody, and is set aside.
        None => Opened { project: None, case: None, cut: None, raw: stored },
    }
}

fn line<'a>(bytes: &'a [u8], name: &str) -> (Option<&'a str>, &'a [u8]) {
    let Some(rest) = bytes.strip_prefix(name.as_bytes()) else { return (None, bytes) };
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return (None, bytes) };
    let (value, tail) = rest.split_at(end);
    (std::str::from_utf8(value).ok(), tail.get(2..).unwrap_or_default())
}

fn read_cut(text: &str) -> Option<Cut> {
    let mut words = text.split(' ');
    let (bytes, whole) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Cut { bytes, whole, sha256: words.next()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_and_its_hash_kept() {
        let whole: Vec<u8> = (0..=255).cycle().take(3 * PIECE_BYTES).collect();
        let read = |bytes: &[u8]| Arrival::read_within(bytes, 1_000).expect("read");
        for length in [1_001, whole.len()] {
            let letter = read(&whole[..length]);
            let sha256 = hex::encode(Sha256::digest(&whole[..length]));
            assert_eq!(letter.raw, &whole[..1_000]);
            assert_eq!(letter.cut, Some(Cut { bytes: length as u64, whole: true, sha256 }));
        }
        assert_eq!(read(&whole[..1_000]), Arrival { raw: whole[..1_000].to_vec(), cut: None });
        assert_eq!(read(b""), Arrival { raw: vec![], cut: None });
    }

    #[test]
    fn a_sender_writes_nothing_on_the_envelope() {
        let project: Slug = "xen".parse().expect("a name");
        let case = CaseId::from_bits(7);
        for forged in [
            format!("{CASE}{case}\r\nSubject: a\r\n\r\n"),
            format!("{CUT}9 true aa\r\n{END}Subject: a\r\n\r\n"),
        ] {
            let letter = Arrival { raw: forged.clone().into_bytes(), cut: None };
            let stored = enveloped(&project, None, &letter);
            let opened = open(&stored);
            assert_eq!((opened.project, opened.case, opened.cut), (Some(project.clone()), None, None));
            assert_eq!(opened.raw, forged.as_bytes());
        }
        let cut = Some(Cut { bytes: 9, whole: false, sha256: "aa".to_owned() });
        let stored = enveloped(&project, Some(case), &Arrival { raw: b"a".to_vec(), cut: cut.clone() });
        let opened = open(&stored);
        assert_eq!((opened.case, opened.cut, opened.raw), (Some(case), cut, &b"a"[..]));
        assert!(open(b"Subject: a\r\n\r\n").project.is_none());
    }
}
