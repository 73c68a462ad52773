//! Patch text as git reads it: what `git format-patch`, `git diff` and `diff -u` write, with anything around.

mod header;
mod hunks;

use super::change::{Body, Change, Kind};
use super::lines::Lines;
use super::path::check_path;
use crate::fault::Fault;
use header::Header;

/// Largest patch, in bytes.
pub const PATCH_BYTES_MAX: usize = 64 << 20;
/// Files that one patch may change.
pub const CHANGES_MAX: usize = 50_000;
/// Lines of one hunk.
pub const HUNK_LINES_MAX: u32 = 2_000_000;

/// A text, line by line.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Number of the line at `at`, from 1.
    line: usize,
    /// Names that `diff -u` wrote have no first folder to be taken off.
    whole_names: bool,
}

impl<'a> Reader<'a> {
    /// The line at hand, with its newline; nothing at the end.
    fn peek(&self) -> Option<&'a [u8]> {
        self.peek_from(self.at)
    }

    fn peek_from(&self, at: usize) -> Option<&'a [u8]> {
        let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        rest.get(..end)
    }

    /// The line after the one at hand, and the one after that.
    fn next_two(&self) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
        let first = self.peek().map_or(0, <[u8]>::len);
        let second = self.peek_from(self.at + first);
        (second, self.peek_from(self.at + first + second.map_or(0, <[u8]>::len)))
    }

    fn advance(&mut self) {
        self.at += self.peek().map_or(0, <[u8]>::len);
        self.line += 1;
    }

    fn fault(&self, what: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault { line: self.line, column: 1, what: what.into(), advice: advice.into() }
    }
}

/// Reads the changes that a patch makes, in its order.
///
/// # Errors
/// The first fault, with its line. Where git would refuse a text, this does too.
pub fn parse(text: &[u8], lines: &mut Lines) -> Result<Vec<Change>, Fault> {
    if text.len() > PATCH_BYTES_MAX {
        let what = format!("the patch has {} bytes; at most {PATCH_BYTES_MAX} are read", text.len());
        return Err(Fault::nowhere(what, "split it"));
    }
    let mut reader = Reader { text, at: 0, line: 1, whole_names: false };
    let mut changes = Vec::new();
    while let Some(header) = header::find(&mut reader)? {
        let start = reader.line;
        let change = read_change(&mut reader, header, lines).map_err(|fault| {
            if fault.line == 0 { Fault { line: start, column: 1, ..fault } } else { fault }
        })?;
        changes.push(change);
        if changes.len() > CHANGES_MAX {
            return Err(reader.fault(format!("the patch changes more than {CHANGES_MAX} files"), "split it"));
        }
    }
    if changes.is_empty() {
        return Err(Fault::nowhere(
            "there is no patch in it",
            "hand in what `git format-patch`, `git diff` or `diff -u` wrote",
        ));
    }
    Ok(changes)
}

fn read_change(reader: &mut Reader<'_>, mut header: Header, lines: &mut Lines) -> Result<Change, Fault> {
    let binary = b"GIT binary patch\n";
    let body = match reader.peek() {
        Some(line) if line.starts_with(b"@@ -") => Body::Text(hunks::read_hunks(reader, lines)?),
        Some(line) if line == binary => {
            reader.advance();
            Body::Binary(Some(hunks::read_binary(reader)?))
        }
        Some(line)
            if line.ends_with(b" differ\n")
                && (line.starts_with(b"Binary files ") || line.starts_with(b"Files ")) =>
        {
            reader.advance();
            Body::Binary(None)
        }
        _ => Body::Same,
    };
    header.settle(&body);
    check_body(&header, &body)?;
    let (Some(old), Some(new)) = (header.old.clone().or(header.new.clone()), header.new.or(header.old))
    else {
        return Err(Fault::nowhere("a patch names no file", "its lines --- and +++ say which"));
    };
    for path in [&old, &new] {
        check_path(path).map_err(|fault| Fault::nowhere(fault.to_string(), "git would refuse it as well"))?;
    }
    Ok(Change {
        kind: header.kind,
        old: old.into(),
        new: new.into(),
        old_mode: header.old_mode,
        new_mode: header.new_mode,
        old_id: header.old_id,
        new_id: header.new_id,
        body,
    })
}

/// What contradicts itself, or does nothing.
fn check_body(header: &Header, body: &Body) -> Result<(), Fault> {
    let says_modes = header.new_mode.is_some_and(|new| header.old_mode.is_none_or(|old| old != new));
    let refuse = |what: &str| Err(Fault::nowhere(what, "write the patch anew"));
    match (body, header.kind) {
        (Body::Same, Kind::Modify) if !says_modes => refuse("a patch changes nothing"),
        (Body::Text(hunks), Kind::Create) if hunks.iter().any(|hunk| !hunk.old.is_empty()) => {
            refuse("a new file depends on old contents")
        }
        (Body::Text(hunks), Kind::Delete) if hunks.iter().any(|hunk| !hunk.new.is_empty()) => {
            refuse("a deleted file still has contents")
        }
        (Body::Same | Body::Text(_) | Body::Binary(_), _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Mode;

    fn read(text: &str) -> Result<Vec<Change>, Fault> {
        parse(text.as_bytes(), &mut Lines::new())
    }

    #[test]
    fn a_mail_with_two_files_is_read() {
        let changes = read(
            "From 0123 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n\n---\n a | 2 +-\n\n\
             diff --git a/one b/one\nindex 1..2 100644\n--- a/one\n+++ b/one\n@@ -2,3 +2,3 @@ f\n a\n-b\n+B\n c\n\
             diff --git a/two words b/two words\nnew file mode 100755\nindex 0000000..2\n--- /dev/null\n\
             +++ b/two words\t\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n-- \n2.47.3\n\n",
        )
        .expect("a patch");
        let [one, two] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!((one.kind, &*one.old, one.old_mode), (Kind::Modify, &b"one"[..], Some(Mode::FILE)));
        assert_eq!(
            (two.kind, &*two.new, two.new_mode),
            (Kind::Create, &b"two words"[..], Some(Mode::EXECUTABLE))
        );
    }

    #[test]
    fn what_only_looks_like_a_patch_is_passed_over() {
        let hunk = "@@ -1 +1 @@\n-a\n+b\n";
        let changes = read(&format!(
            "I ran\ndiff --git a/x b/x\nand saw nothing.\n\ndiff --git a/y b/y\n--- a/y\n+++ b/y\n{hunk}"
        ))
        .expect("a patch");
        assert_eq!(changes.iter().map(|change| &*change.new).collect::<Vec<_>>(), [b"y"]);
    }

    #[test]
    fn names_without_a_folder_are_whole() {
        let hunk = "@@ -1 +1 @@\n-a\n+b\n";
        let changes =
            read(&format!("--- x.orig\n+++ x\n{hunk}--- d/y.orig\n+++ d/y\n{hunk}")).expect("a patch");
        let names: Vec<&[u8]> = changes.iter().map(|change| &*change.new).collect();
        assert_eq!(names, [&b"x"[..], b"d/y"]);
    }

    #[test]
    fn renames_and_quoted_names_are_read() {
        let changes = read(
            "diff --git \"a/t\\303\\244g\" \"b/n\\tew\"\nsimilarity index 100%\nrename from \"t\\303\\244g\"\n\
             rename to \"n\\tew\"\n",
        )
        .expect("a patch");
        assert_eq!(changes.len(), 1);
        assert_eq!(changes.first().map(|change| change.kind), Some(Kind::Rename));
        assert_eq!(changes.first().map(|change| &*change.old), Some("täg".as_bytes()));
        assert_eq!(changes.first().map(|change| &*change.new), Some(&b"n\tew"[..]));
    }

    #[test]
    fn what_git_refuses_is_refused_with_its_line() {
        let hunk = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n";
        for (text, line) in [
            ("", 0),
            ("hello\n", 0),
            ("@@ -1 +1 @@\n-a\n+b\n", 1),
            (hunk, 3),
            ("--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n", 3),
            ("diff --git a/.git/x b/.git/x\n--- a/.git/x\n+++ b/.git/x\n@@ -1 +1 @@\n-a\n+b\n", 4),
            ("diff --git a/x b/x\nindex 1..2 100644\n", 3),
            ("--- a/x\n+++ b/x\n@@ -1,4294967295 +1,1 @@\n-a\n+b\n", 3),
        ] {
            let fault = read(text).expect_err(text);
            assert_eq!(fault.line, line, "{text}: {fault}");
        }
    }
}
