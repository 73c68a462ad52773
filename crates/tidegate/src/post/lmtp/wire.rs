//! Lines and letters on a connection, within limits.

use super::Patience;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The longest command line, in bytes; RFC 5321 section 4.5.3.1.4 asks for 512, extensions for more.
pub(super) const LINE_BYTES_MAX: usize = 4_096;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 16 * 1024;

/// A connection with what came over it and is not yet used.
pub(super) struct Wire<S> {
    stream: S,
    unused: Vec<u8>,
    patience: Patience,
}

/// A command line, or why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its CR LF.
    Whole(Vec<u8>),
    /// Longer than [`LINE_BYTES_MAX`], or with a line feed of its own.
    Unusable,
    /// The other side is gone.
    End,
}

/// A letter, as it came, dots unstuffed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Data {
    Whole(Vec<u8>),
    /// It was longer than allowed; it was read to its end and thrown away.
    TooLarge,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S, patience: Patience) -> Wire<S> {
        Wire { stream, unused: Vec::new(), patience }
    }

    pub(super) async fn say(&mut self, answer: &str) -> io::Result<()> {
        let bytes = format!("{answer}\r\n");
        timeout(self.patience.idle, async {
            self.stream.write_all(bytes.as_bytes()).await?;
            self.stream.flush().await
        })
        .await?
    }

    /// The next line that ends with CR LF.
    pub(super) async fn line(&mut self) -> io::Result<Line> {
        let mut is_too_long = false;
        loop {
            if let Some(end) = self.unused.windows(2).position(|pair| pair == b"\r\n") {
                let mut line: Vec<u8> = self.unused.drain(..end + 2).collect();
                line.truncate(end);
                let is_usable = !is_too_long && end <= LINE_BYTES_MAX && !line.contains(&b'\n');
                return Ok(if is_usable { Line::Whole(line) } else { Line::Unusable });
            }
            if self.unused.len() > LINE_BYTES_MAX {
                is_too_long = true;
                // A CR may be the beginning of the line's end.
                let kept = usize::from(self.unused.ends_with(b"\r"));
                self.unused.drain(..self.unused.len() - kept);
            }
            if !self.more().await? {
                return Ok(Line::End);
            }
        }
    }

    /// Everything up to CR LF `.` CR LF, of at most `limit` bytes.
    pub(super) async fn data(&mut self, limit: usize) -> io::Result<Data> {
        let patience = self.patience.letter;
        timeout(patience, self.data_within(limit)).await?
    }

    async fn data_within(&mut self, limit: usize) -> io::Result<Data> {
        let mut letter = Letter::new(limit);
        loop {
            let used = letter.take(&self.unused);
            self.unused.drain(..used);
            if letter.is_done() {
                return Ok(letter.finish());
            }
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads more; false at the end.
    async fn more(&mut self) -> io::Result<bool> {
        let mut chunk = [0_u8; CHUNK_BYTES];
        let read = timeout(self.patience.idle, self.stream.read(&mut chunk)).await??;
        self.unused.extend_from_slice(chunk.get(..read).unwrap_or_default());
        Ok(read > 0)
    }
}

/// Where in a line the reader of a letter is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// After a CR LF, or at the very beginning.
    LineStart,
    /// After a dot that began a line.
    Dot,
    /// After a dot and a CR.
    DotCr,
    /// Within a line.
    Middle,
    /// After a CR within a line.
    Cr,
    /// After the end.
    Done,
}

/// Reads a letter byte by byte. Only CR LF begins a line: a bare CR or LF is a byte like any other, so that
/// `LF . LF`, `LF . CR LF` and the like end nothing.
struct Letter {
    bytes: Vec<u8>,
    at: At,
    limit: usize,
    is_too_large: bool,
}

impl Letter {
    fn new(limit: usize) -> Letter {
        Letter { bytes: Vec::new(), at: At::LineStart, limit, is_too_large: false }
    }

    fn is_done(&self) -> bool {
        self.at == At::Done
    }

    /// Takes bytes up to the letter's end, and answers how many.
    fn take(&mut self, input: &[u8]) -> usize {
        for (index, byte) in input.iter().enumerate() {
            self.step(*byte);
            if self.is_done() {
                return index + 1;
            }
        }
        input.len()
    }

    fn step(&mut self, byte: u8) {
        self.at = match (self.at, byte) {
            (At::LineStart, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::DotCr, b'\n') => At::Done,
            (At::DotCr, other) => {
                // The CR that was held back is content, and the dot was stuffing.
                self.keep(b'\r');
                self.keep(other);
                after(other)
            }
            (At::Cr, b'\n') => {
                self.keep(b'\n');
                At::LineStart
            }
            (At::LineStart | At::Dot | At::Middle | At::Cr | At::Done, other) => {
                self.keep(other);
                after(other)
            }
        };
    }

    fn keep(&mut self, byte: u8) {
        if self.bytes.len() < self.limit {
            self.bytes.push(byte);
        } else {
            self.is_too_large = true;
            self.bytes = Vec::new();
            self.limit = 0;
        }
    }

    fn finish(self) -> Data {
        if self.is_too_large { Data::TooLarge } else { Data::Whole(self.bytes) }
    }
}

fn after(byte: u8) -> At {
    if byte == b'\r' { At::Cr } else { At::Middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The letter in `input`, and what is left, fed in chunks of every size.
    fn read(input: &[u8], limit: usize) -> (Data, usize) {
        let whole = read_in(input, limit, input.len().max(1));
        for size in 1..input.len() {
            assert_eq!(read_in(input, limit, size), whole, "chunks of {size}");
        }
        whole
    }

    fn read_in(input: &[u8], limit: usize, size: usize) -> (Data, usize) {
        let mut letter = Letter::new(limit);
        let mut used = 0;
        for chunk in input.chunks(size) {
            used += letter.take(chunk);
            if letter.is_done() {
                break;
            }
        }
        assert!(letter.is_done(), "{}", String::from_utf8_lossy(input).escape_debug());
        (letter.finish(), used)
    }

    fn whole(input: &[u8]) -> Vec<u8> {
        match read(input, 1_000) {
            (Data::Whole(letter), used) => {
                assert_eq!(used, input.len(), "nothing is left");
                letter
            }
            (Data::TooLarge, _) => panic!("too large"),
        }
    }

    #[test]
    fn dots_are_unstuffed_and_only_crlf_dot_crlf_ends() {
        assert_eq!(whole(b"a\r\n..b\r\n.c\r\n\r\n.\r\n"), b"a\r\n.b\r\nc\r\n\r\n");
        assert_eq!(whole(b".\r\n"), b"");
        assert_eq!(whole(b"..\r\n.\r\n"), b".\r\n");
        for smuggled in [
            &b"\n.\n"[..],
            b"\n.\r\n",
            b"\r.\r",
            b"\r.\r\n",
            b"\r\n.\n",
            b"\r\n.\r",
            b"\r\r\n.\rx",
            b"\0.\r\n",
            b"\n.\r",
        ] {
            let input = [b"a", smuggled, b"MAIL FROM:<evil>\r\n.\r\n"].concat();
            let letter = whole(&input);
            assert!(
                letter.ends_with(b"MAIL FROM:<evil>\r\n"),
                "{}",
                String::from_utf8_lossy(&letter).escape_debug()
            );
        }
        assert_eq!(whole(b"a\r\n.\rb\r\n.\r\n"), b"a\r\n\rb\r\n");
        assert_eq!(whole(b"a\r\n.\r\r\n.\r\n"), b"a\r\n\r\r\n");
    }

    #[test]
    fn a_letter_has_exactly_the_limit_or_less() {
        assert_eq!(read(b"12345678\r\n.\r\n", 10), (Data::Whole(b"12345678\r\n".to_vec()), 13));
        assert_eq!(read(b"123456789\r\n.\r\nQUIT", 10), (Data::TooLarge, 14));
    }
}
