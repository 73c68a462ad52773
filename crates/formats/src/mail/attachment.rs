//! File names of attachments: from what a stranger wrote to what is safe in any folder.

use super::FILE_NAME_BYTES_MAX;
use crate::plain;
use std::collections::BTreeSet;

/// Names that Windows keeps for devices, with any extension.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Gives every attachment of a letter a name of its own.
#[derive(Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// The name that was `suggested`, made safe; else one made of the part's number and media type.
    /// A name that was given out already gets a number, letters compared without case.
    pub(super) fn give(&mut self, suggested: Option<&str>, number: &str, media_type: &str) -> String {
        let usual =
            || format!("part-{}.{}", if number.is_empty() { "0" } else { number }, extension(media_type));
        let wanted = suggested.and_then(safe).unwrap_or_else(usual);
        let (stem, extension) = wanted.rsplit_once('.').unwrap_or((&wanted, ""));
        let dot = if extension.is_empty() { "" } else { "." };
        let numbered = (2..).map(|n: usize| format!("{stem}-{n}{dot}{extension}"));
        let free =
            std::iter::once(wanted.clone()).chain(numbered).find(|name| self.0.insert(name.to_lowercase()));
        free.unwrap_or(wanted)
    }
}

/// The last part of a path, without characters that a file system or shell gives a meaning to, not hidden,
/// not a device, at most [`FILE_NAME_BYTES_MAX`] bytes.
fn safe(suggested: &str) -> Option<String> {
    let last = suggested.rsplit(['/', '\\']).next().unwrap_or_default();
    let replaced: String = plain::line(last)
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '@' | ' ' | ',' | '(' | ')') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let trimmed = replaced.trim_start_matches(['.', ' ', '-']).trim_end_matches(['.', ' ']);
    let cut = cut_before_extension(trimmed);
    let stem = cut.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    if cut.chars().all(|c| matches!(c, '_' | '.' | ' ')) {
        None
    } else if DEVICES.contains(&stem.as_str()) {
        Some(format!("_{cut}"))
    } else {
        Some(cut)
    }
}

/// Cuts a long name in its middle, so that its extension stays.
fn cut_before_extension(name: &str) -> String {
    let limit = FILE_NAME_BYTES_MAX - 8; // Room for a number against doubles.
    if name.len() <= limit {
        return name.to_owned();
    }
    let extension =
        name.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| extension.len() <= 16);
    let kept = limit - extension.map_or(0, |extension| extension.len() + 1);
    let stem: String =
        name.char_indices().take_while(|(at, c)| at + c.len_utf8() <= kept).map(|(_, c)| c).collect();
    match extension {
        Some(extension) => format!("{}.{extension}", stem.trim_end_matches(['.', ' '])),
        None => stem.trim_end_matches(['.', ' ']).to_owned(),
    }
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/plain" => "txt",
        "text/html" => "html",
        "text/x-patch" | "text/x-diff" => "patch",
        "message/rfc822" | "message/global" => "eml",
        "application/pgp-encrypted" | "application/pgp-signature" | "application/pgp-keys" => "asc",
        "application/json" => "json",
        "application/pdf" => "pdf",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe() {
        let give = |name: &str| Names::default().give(Some(name), "2", "text/plain");
        assert_eq!(give("../../etc/passwd"), "passwd");
        assert_eq!(give("C:\\Users\\x\\a b.patch"), "a b.patch");
        assert_eq!(give(".bashrc"), "bashrc");
        assert_eq!(give("-.bashrc"), "bashrc");
        assert_eq!(give("-rf"), "rf");
        assert_eq!(give("a\0b\u{202e}txt.exe"), "abtxt.exe");
        assert_eq!(give("<script>.html"), "_script_.html");
        assert_eq!(give("CON.txt"), "_CON.txt");
        for empty in ["", "..", "///", "???", "\u{202e}"] {
            assert_eq!(give(empty), "part-2.txt", "{empty:?}");
        }
        let long = give(&format!("{}.patch", "日".repeat(200)));
        assert!(long.len() <= FILE_NAME_BYTES_MAX && long.ends_with(".patch"), "{long}");
    }

    #[test]
    fn names_differ() {
        let mut names = Names::default();
        assert_eq!(names.give(Some("a.txt"), "1", "text/plain"), "a.txt");
        assert_eq!(names.give(Some("A.TXT"), "2", "text/plain"), "A-2.TXT");
        assert_eq!(names.give(Some("a.txt"), "3", "text/plain"), "a-3.txt");
    }
}
