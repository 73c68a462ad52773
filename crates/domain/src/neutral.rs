//! What a public text would give away before its time: a commit's message, the name of a branch, the text of a
//! pull request (CS-12). One notion for the check before the commit and for the commit's record.

use crate::case::Case;
use crate::policy::Policy;

/// Shortest name that is looked for without regard to what stands between its letters.
const SQUASHED_CHARS_MIN: usize = 6;
/// Shortest title that gives a case away, in characters.
const TITLE_CHARS_MIN: usize = 9;
/// Shortest word of a title that may give it away, in characters.
const TITLE_WORD_CHARS_MIN: usize = 9;

/// Why a word gives something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The policy lists it.
    Policy,
    /// It is the case's name.
    Case,
    /// It is a CVE identifier of the case.
    Cve,
    /// It is the advisory's number.
    Number,
    /// It is the address of whoever reported it.
    Reporter,
    /// It is the case's title.
    Title,
    /// It is a long word of the case's title. It may well be the name of what is mended, so it is pointed out
    /// and not refused.
    TitleWord,
}

impl Why {
    /// In words.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Why::Policy => "a word that the policy keeps out of public commits",
            Why::Case => "the case's name",
            Why::Cve => "a CVE identifier of the case",
            Why::Number => "the advisory's number",
            Why::Reporter => "the reporter's address",
            Why::Title => "the case's title",
            Why::TitleWord => "a word of the case's title",
        }
    }

    /// Whether the commit is refused for it.
    #[must_use]
    pub fn refuses(self) -> bool {
        match self {
            Why::Policy | Why::Case | Why::Cve | Why::Number | Why::Reporter | Why::Title => true,
            Why::TitleWord => false,
        }
    }
}

/// A place that gives something away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tell {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is looked for, as the policy or the case has it.
    pub word: String,
    /// Why it tells something.
    pub why: Why,
}

/// Every place of `text` that would give away that it mends a vulnerability, or which, in the order of what is
/// looked for: the policy's words, then the case's own.
#[must_use]
pub fn tells(policy: &Policy, case: Option<&Case>, text: &str) -> Vec<Tell> {
    let letters = letters(text);
    let bare: Vec<Letter> = letters.iter().copied().filter(|letter| letter.lower.is_alphanumeric()).collect();
    let mut found: Vec<Tell> = Vec::new();
    for (word, why) in telling(policy, case) {
        let lower: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
        let squashed: Vec<char> = lower.iter().copied().filter(|c| c.is_alphanumeric()).collect();
        // A title is many common words: it is looked for as it stands, and so are its words.
        let exact = matches!(why, Why::Title | Why::TitleWord) || squashed.len() < SQUASHED_CHARS_MIN;
        let places = if exact { places(&letters, &lower) } else { places(&bare, &squashed) };
        for letter in places {
            let Letter { line, column, .. } = *letter;
            let known =
                found.iter().any(|tell| tell.word == word && (tell.line, tell.column) == (line, column));
            if !known {
                found.push(Tell { line, column, word: word.clone(), why });
            }
        }
    }
    found
}

/// What is looked for.
fn telling(policy: &Policy, case: Option<&Case>) -> Vec<(String, Why)> {
    let mut words: Vec<(String, Why)> =
        policy.commit.never_says.iter().map(|word| (word.clone(), Why::Policy)).collect();
    if let Some(case) = case {
        words.push((case.id.to_string(), Why::Case));
        words.extend(case.cves.iter().map(|cve| (cve.to_string(), Why::Cve)));
        words.extend(case.number.iter().map(|number| (number.clone(), Why::Number)));
        let writers = case.reports.iter().filter_map(|report| report.from.as_ref());
        words.extend(writers.chain(&case.reporters).map(|from| (from.clone(), Why::Reporter)));
        let title = case.title.as_str();
        if title.chars().count() >= TITLE_CHARS_MIN {
            words.push((title.to_owned(), Why::Title));
        }
        let parts = title.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        let long = parts.filter(|word| word.chars().count() >= TITLE_WORD_CHARS_MIN);
        words.extend(long.map(|word| (word.to_owned(), Why::TitleWord)));
    }
    words.retain(|(word, _)| !word.is_empty());
    words
}

/// A character in lower case, and where it stands.
#[derive(Clone, Copy)]
struct Letter {
    lower: char,
    line: usize,
    column: usize,
}

fn letters(text: &str) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(text.len());
    for (line, content) in (1..).zip(text.split('\n')) {
        for (column, c) in (1..).zip(content.chars()) {
            letters.extend(c.to_lowercase().map(|lower| Letter { lower, line, column }));
        }
        let column = content.chars().count() + 1;
        letters.push(Letter { lower: '\n', line, column });
    }
    letters
}

/// The first letters of every place at which `word` stands.
fn places<'l>(letters: &'l [Letter], word: &[char]) -> Vec<&'l Letter> {
    if word.is_empty() {
        return Vec::new();
    }
    let is_word = |window: &&[Letter]| window.iter().map(|letter| letter.lower).eq(word.iter().copied());
    letters.windows(word.len()).filter(is_word).filter_map(|window| window.first()).collect()
}
