//! What stands before a file's hunks.

use super::Reader;
use crate::fault::Fault;
use crate::patch::change::{Body, Kind, Mode};

/// What a header says, before it is complete.
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) old: Option<Vec<u8>>,
    pub(super) new: Option<Vec<u8>>,
    pub(super) old_mode: Option<Mode>,
    pub(super) new_mode: Option<Mode>,
    pub(super) old_id: Option<Box<str>>,
    pub(super) new_id: Option<Box<str>>,
    /// Written by another program than git: whether a file is new or goes shows in its hunks.
    traditional: bool,
}

impl Header {
    fn new(traditional: bool) -> Header {
        Header {
            kind: Kind::Modify,
            old: None,
            new: None,
            old_mode: None,
            new_mode: None,
            old_id: None,
            new_id: None,
            traditional,
        }
    }

    /// Decides what the header alone left open.
    pub(super) fn settle(&mut self, body: &Body) {
        let (Body::Text(hunks), true, Kind::Modify) = (body, self.traditional, self.kind) else { return };
        if let [hunk] = hunks.as_slice() {
            if hunk.old.is_empty() && hunk.old_start == 0 {
                self.kind = Kind::Create;
            } else if hunk.new.is_empty() && hunk.new_start == 0 {
                self.kind = Kind::Delete;
            }
        }
    }
}

/// Goes to the next file's first hunk.
pub(super) fn find(reader: &mut Reader<'_>) -> Result<Option<Header>, Fault> {
    while let Some(line) = reader.peek() {
        if line.starts_with(b"@@ -") && super::hunks::ranges(line).is_some() {
            return Err(reader.fault("a hunk belongs to no file", "keep the lines --- and +++ before it"));
        }
        if let Some(names) = line.strip_prefix(b"diff --git ") {
            let default = default_name(trim_newline(names));
            let start = reader.line;
            reader.advance();
            match git_header(reader, default, start)? {
                Some(header) => return Ok(Some(header)),
                // A line of somebody's prose: git goes on looking as well.
                None => continue,
            }
        }
        if line.starts_with(b"--- ")
            && let (Some(second), Some(third)) = reader.next_two()
            && second.starts_with(b"+++ ")
            && third.starts_with(b"@@ -")
        {
            let header = traditional(reader, line, second)?;
            reader.advance();
            reader.advance();
            return Ok(Some(header));
        }
        reader.advance();
    }
    Ok(None)
}

/// The header that follows a line `diff --git`; nothing if no line of a header does.
fn git_header(
    reader: &mut Reader<'_>,
    default: Option<Vec<u8>>,
    start: usize,
) -> Result<Option<Header>, Fault> {
    let mut header = Header::new(false);
    while let Some(line) = reader.peek() {
        if line.starts_with(b"@@ -") || !extended(reader, &mut header, trim_newline(line))? {
            break;
        }
        reader.advance();
    }
    if reader.line == start + 1 {
        return Ok(None);
    }
    if header.old.is_none() && header.new.is_none() {
        header.old.clone_from(&default);
        header.new = default;
    }
    let complete = match header.kind {
        Kind::Create => header.new.is_some(),
        Kind::Delete => header.old.is_some(),
        Kind::Modify | Kind::Rename | Kind::Copy => header.old.is_some() && header.new.is_some(),
    };
    if !complete {
        let what = "the header of a file does not say its name";
        return Err(Fault {
            line: start,
            column: 1,
            what: what.into(),
            advice: "write the patch with git".into(),
        });
    }
    Ok(Some(header))
}

/// One line of git's extended header; false if it is none.
fn extended(reader: &Reader<'_>, header: &mut Header, line: &[u8]) -> Result<bool, Fault> {
    let value = |prefix: &str| line.strip_prefix(prefix.as_bytes());
    let mode = |digits: &[u8]| {
        octal(digits).ok_or_else(|| reader.fault("a file's mode is no octal number", "as in 100644"))
    };
    if let Some(digits) = value("old mode ") {
        header.old_mode = Some(mode(digits)?);
    } else if let Some(digits) = value("new mode ") {
        header.new_mode = Some(mode(digits)?);
    } else if let Some(digits) = value("deleted file mode ") {
        header.kind = Kind::Delete;
        header.old_mode = Some(mode(digits)?);
    } else if let Some(digits) = value("new file mode ") {
        header.kind = Kind::Create;
        header.new_mode = Some(mode(digits)?);
    } else if let Some(name) = value("rename from ").or(value("rename old ")) {
        header.kind = Kind::Rename;
        header.old = Some(whole_name(name));
    } else if let Some(name) = value("rename to ").or(value("rename new ")) {
        header.kind = Kind::Rename;
        header.new = Some(whole_name(name));
    } else if let Some(name) = value("copy from ") {
        header.kind = Kind::Copy;
        header.old = Some(whole_name(name));
    } else if let Some(name) = value("copy to ") {
        header.kind = Kind::Copy;
        header.new = Some(whole_name(name));
    } else if let Some(ids) = value("index ") {
        index_line(header, ids);
    } else if let Some(name) = value("--- ") {
        if header.kind != Kind::Create {
            same_name(reader, &mut header.old, name)?;
        }
    } else if let Some(name) = value("+++ ") {
        if header.kind != Kind::Delete {
            same_name(reader, &mut header.new, name)?;
        }
    } else {
        return Ok(value("similarity index ").or(value("dissimilarity index ")).is_some());
    }
    Ok(true)
}

/// The name after `---` or `+++`, which must be the one that is known, if one is.
fn same_name(reader: &Reader<'_>, known: &mut Option<Vec<u8>>, written: &[u8]) -> Result<(), Fault> {
    let found = stripped_name(written);
    if known.is_some() && *known != found {
        return Err(reader.fault("the header of a file gives it two names", "write the patch with git"));
    }
    *known = found;
    Ok(())
}

fn index_line(header: &mut Header, ids: &[u8]) {
    let Some(text) = std::str::from_utf8(ids).ok() else { return };
    let (ids, mode) = text.split_once(' ').unwrap_or((text, ""));
    let Some((old, new)) = ids.split_once("..") else { return };
    let hexadecimal =
        |id: &str| !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if hexadecimal(old) && hexadecimal(new) {
        header.old_id = Some(old.into());
        header.new_id = Some(new.into());
        header.old_mode = octal(mode.as_bytes()).or(header.old_mode);
    }
}

fn traditional(reader: &mut Reader<'_>, old_line: &[u8], new_line: &[u8]) -> Result<Header, Fault> {
    let mut header = Header::new(true);
    let (old, new) = (after_marker(old_line), after_marker(new_line));
    // As git guesses: a name without any folder has none to be taken off, here and from here on.
    let is_bare = |name: &[u8]| bare_name(name).is_some_and(|name| !name.contains(&b'/'));
    reader.whole_names = reader.whole_names || is_bare(old) || is_bare(new);
    let name = if reader.whole_names { bare_name } else { stripped_name };
    let (old_name, new_name) = (name(old), name(new));
    if is_null(old) || at_epoch(old) {
        header.kind = Kind::Create;
        header.new = new_name.or(old_name);
    } else if is_null(new) || at_epoch(new) {
        header.kind = Kind::Delete;
        header.old = old_name.or(new_name);
    } else {
        // `file` and `file.orig`: the shorter one is meant.
        let name = match (old_name, new_name) {
            (Some(old), Some(new)) if new.len() > old.len() && new.starts_with(&old) => Some(old),
            (old, new) => new.or(old),
        };
        header.old.clone_from(&name);
        header.new = name;
    }
    if header.old.is_none() && header.new.is_none() {
        return Err(
            reader.fault("no file's name is left without its first folder", "as in a/name and b/name")
        );
    }
    Ok(header)
}

fn after_marker(line: &[u8]) -> &[u8] {
    trim_newline(line.get(4..).unwrap_or_default())
}

fn is_null(written: &[u8]) -> bool {
    written.strip_prefix(b"/dev/null").is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// A file that is not there has the time 0 in what GNU diff writes.
fn at_epoch(written: &[u8]) -> bool {
    let Some(tab) = memchr::memchr(b'\t', written) else { return false };
    let time = written.get(tab + 1..).unwrap_or_default();
    [&b"1970-01-01 00:00:00"[..], b"1969-12-31 ", b"1970-01-01 "]
        .iter()
        .zip([true, false, false])
        .any(|(start, utc)| time.starts_with(start) && (utc || whole_hour_from_epoch(time)))
}

/// Whether `1969-12-31 16:00:00 -0800` and the like is the time 0.
fn whole_hour_from_epoch(time: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(time) else { return false };
    let mut words = text.split_ascii_whitespace();
    let (Some(day), Some(clock), Some(zone)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    let minutes =
        |hours: &str, minutes: &str| Some(hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?);
    let local = clock.get(0..2).zip(clock.get(3..5)).and_then(|(h, m)| minutes(h, m));
    let offset = zone.get(1..3).zip(zone.get(3..5)).and_then(|(h, m)| minutes(h, m));
    let (Some(local), Some(offset)) = (local, offset) else { return false };
    let offset = if zone.starts_with('-') { -offset } else { offset };
    let days = if day == "1969-12-31" { -1 } else { 0 };
    days * 24 * 60 + local - offset == 0
}

/// The name in `diff --git a/name b/name`, where both are the same but for their first folder.
fn default_name(names: &[u8]) -> Option<Vec<u8>> {
    if names.starts_with(b"\"") {
        let (first, rest) = unquote(names)?;
        let second = rest.strip_prefix(b" ")?;
        let second = if second.starts_with(b"\"") { unquote(second)?.0 } else { second.to_vec() };
        let (first, second) = (without_first(&first)?, without_first(&second)?);
        return (first == second).then(|| first.to_vec());
    }
    memchr::memchr_iter(b' ', names).find_map(|space| {
        let (first, second) = names.split_at_checked(space)?;
        let first = without_first(first)?;
        let second = second.get(1..)?;
        let unquoted = if second.starts_with(b"\"") { unquote(second)?.0 } else { second.to_vec() };
        let second = without_first(&unquoted)?;
        (first == second).then(|| first.to_vec())
    })
}

fn whole_name(written: &[u8]) -> Vec<u8> {
    match unquote(written) {
        Some((name, _)) => name,
        None => written.to_vec(),
    }
}

/// A name without its first folder. Nothing for `/dev/null`.
fn stripped_name(written: &[u8]) -> Option<Vec<u8>> {
    without_first(&bare_name(written)?).map(<[u8]>::to_vec)
}

/// A name without the time that may follow a tab. Nothing for `/dev/null`.
fn bare_name(written: &[u8]) -> Option<Vec<u8>> {
    if is_null(written) {
        return None;
    }
    match unquote(written) {
        Some((name, _)) => Some(name),
        None => {
            let end = memchr::memchr(b'\t', written).unwrap_or(written.len());
            Some(written.get(..end)?.to_vec())
        }
    }
}

fn without_first(name: &[u8]) -> Option<&[u8]> {
    let slash = memchr::memchr(b'/', name)?;
    name.get(slash + 1..).filter(|rest| !rest.is_empty())
}

/// A name in double quotes, as C writes strings, and what follows it.
fn unquote(written: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = written.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((name, rest)),
            b'\\' => {
                let (&escaped, after) = rest.split_first()?;
                rest = after;
                name.push(match escaped {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'\\' | b'"' => escaped,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        let low = octal(digits)?.0;
                        u8::try_from(u32::from(escaped - b'0') * 64 + low).ok()?
                    }
                    _ => return None,
                });
            }
            other => name.push(other),
        }
    }
}

fn octal(digits: &[u8]) -> Option<Mode> {
    let text = std::str::from_utf8(digits).ok()?.trim_end();
    let plain = !text.is_empty() && text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| u32::from_str_radix(text, 8).ok()).flatten().map(Mode)
}

fn trim_newline(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}
