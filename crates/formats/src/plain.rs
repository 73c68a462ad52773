//! Text that is safe to show anywhere: no control characters, nothing that reorders a line.

use unicode_width::UnicodeWidthStr;

/// How many columns a line of plain text may take, as in the Xen Project's advisories.
pub(crate) const COLUMNS: usize = 72;

/// `text` with line feeds for line breaks and without what could harm a reader or a format: control
/// characters, the overrides and isolates that show a line in another order (Unicode UAX #9), byte order
/// marks and noncharacters (XML 1.0 section 2.2 forbids some of them). Spaces at the ends are removed.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut after_return = false;
    for c in text.chars() {
        match c {
            '\r' => cleaned.push('\n'),
            '\n' if after_return => {}
            '\n' | '\t' => cleaned.push(c),
            c if is_harmful(c) => {}
            c => cleaned.push(c),
        }
        after_return = c == '\r';
    }
    let without_blank_lines = cleaned.trim_start_matches('\n').trim_end();
    without_blank_lines.to_owned()
}

/// How many characters [`clean`] takes out of `text`, line breaks and spaces aside.
pub(crate) fn harmful_chars(text: &str) -> usize {
    text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\t') && is_harmful(*c)).count()
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || (u32::from(c) & 0xfffe) == 0xfffe
}

/// `text` as one clean line.
#[must_use]
pub fn line(text: &str) -> String {
    let cleaned = clean(text);
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` as one clean line, or `fallback` where nothing is left of it.
#[must_use]
pub fn line_or(text: &str, fallback: &str) -> String {
    let cleaned = line(text);
    if cleaned.is_empty() { fallback.to_owned() } else { cleaned }
}

/// At most `chars_max` characters of `text`; an ellipsis shows where it was cut.
#[must_use]
pub fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Lines of at most `columns` columns. Lines that fit stay as they were written, so that lists and code
/// keep their shape; a longer one is filled with its words, indented as it began. A word that is longer
/// than a line, such as a URL, is never broken.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    text.lines().flat_map(|line| wrap_line(&line.replace('\t', "        "), columns)).collect()
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let line = line.trim_end();
    if line.width() <= columns {
        return vec![line.to_owned()];
    }
    let body = line.trim_start();
    let first_indent = (line.len() - body.len()).min(columns / 2);
    let hanging_indent =
        if body.starts_with("- ") || body.starts_with("* ") { first_indent + 2 } else { first_indent };
    let mut lines = Vec::new();
    let mut current = " ".repeat(first_indent);
    let mut current_width = first_indent;
    let mut is_empty = true;
    for word in body.split(' ').filter(|word| !word.is_empty()) {
        let width = word.width();
        if !is_empty && current_width + 1 + width > columns {
            lines.push(std::mem::replace(&mut current, " ".repeat(hanging_indent)));
            current_width = hanging_indent;
            is_empty = true;
        }
        if !is_empty {
            current.push(' ');
            current_width += 1;
        }
        current.push_str(word);
        current_width += width;
        is_empty = false;
    }
    lines.push(current);
    lines
}

/// `line` in the middle of `columns` columns.
pub(crate) fn centred(line: &str, columns: usize) -> String {
    let margin = columns.saturating_sub(line.width()) / 2;
    format!("{}{line}", " ".repeat(margin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_keeps_letters_and_drops_tricks() {
        assert_eq!(clean("a\r\nb\rc\0\u{202e}d\u{feff}\u{ffff}\u{85}"), "a\nb\ncd");
        assert_eq!(clean("\n\n  עברית 日本語 🦀 \u{200d}\n\n"), "  עברית 日本語 🦀 \u{200d}");
        assert_eq!(line_or(" \u{0}\n ", "nothing"), "nothing");
    }

    #[test]
    fn cutting_counts_characters() {
        assert_eq!(cut("日本語", 3), "日本語");
        assert_eq!(cut("日本語です", 3), "日本…");
    }

    #[test]
    fn wrapping_keeps_what_fits_and_counts_columns() {
        assert_eq!(wrap("  code {\n}", 10), ["  code {", "}"]);
        assert_eq!(wrap("- one two three four", 9), ["- one two", "  three", "  four"]);
        assert_eq!(wrap("日本 日本 日本", 9), ["日本 日本", "日本"]);
        assert_eq!(wrap("see https://example.org/long", 10), ["see", "https://example.org/long"]);
    }
}
