//! The version ranges of OSSA files: operators since 2015, English before.
//!
//! The grammar is small and closed. A text that has anything left over is not understood, and is kept as
//! such: half a range would be a wrong "not affected".

use tidegate_domain::verdict::{Affected, Limit, RANGES_MAX, Range};
use tidegate_domain::version::ReleaseVersion;

/// The release lines of the years in which advisories named them, with the version that each began with.
const LINES: [(&str, &str); 10] = [
    ("cactus", "2011.2"),
    ("diablo", "2011.3"),
    ("essex", "2012.1"),
    ("folsom", "2012.2"),
    ("grizzly", "2013.1"),
    ("havana", "2013.2"),
    ("icehouse", "2014.1"),
    ("juno", "2014.2"),
    ("kilo", "2015.1"),
    ("liberty", "2015.2"),
];
/// Words that carry no meaning of their own in a range.
const FILLERS: [&str; 9] =
    ["version", "versions", "release", "releases", "series", "supported", "development", "milestone", "the"];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(ReleaseVersion),
    /// The first version of a line, and that of the next one.
    Line(ReleaseVersion, ReleaseVersion),
    AtLeast,
    AtMost,
    Under,
    Equals,
    /// `to`, `up to`, `through`.
    To,
    From,
    After,
    All,
    Later,
    Earlier,
    PriorTo,
    Open,
    Close,
}

/// What a range in an advisory's own words means.
#[must_use]
pub fn affected(text: &str) -> Affected {
    let understood = tokens(text).and_then(|tokens| ranges(&tokens));
    match understood {
        Some(ranges) if !ranges.is_empty() && ranges.len() <= RANGES_MAX => Affected::Ranges(ranges),
        Some(_) | None => Affected::NotUnderstood,
    }
}

fn ranges(tokens: &[Token]) -> Option<Vec<Range>> {
    use Token::{
        After, All, AtLeast, AtMost, Close, Earlier, Equals, From, Later, Line, Number, Open, PriorTo, To,
        Under,
    };
    let mut ranges: Vec<Range> = Vec::new();
    let mut rest = tokens;
    while !rest.is_empty() {
        let (range, left) = match rest {
            [AtLeast, Number(from), Under, Number(to), left @ ..] => {
                (since(from, Limit::Below(to.clone())), left)
            }
            [AtLeast, Number(from), AtMost, Number(to), left @ ..]
            | [From, Number(from), To, Number(to), left @ ..]
            | [Number(from), To, Number(to), left @ ..] => (since(from, Limit::Through(to.clone())), left),
            [AtLeast | After, Number(from), left @ ..]
            | [Number(from) | Line(from, _), Later, left @ ..]
            | [Number(from), Open, Line(_, _), Close, Later, left @ ..] => {
                (since(from, Limit::Published), left)
            }
            [Under, Number(to), left @ ..] | [All, PriorTo, Line(to, _) | Number(to), left @ ..] => {
                (until(Limit::Below(to.clone())), left)
            }
            [AtMost | To, Number(to), left @ ..] | [All, To, Number(to), left @ ..] => {
                (until(Limit::Through(to.clone())), left)
            }
            [Line(from, _), Open, PriorTo, Number(to), Close, left @ ..] => {
                (since(from, Limit::Below(to.clone())), left)
            }
            [Line(from, next), Open, Number(_), Close, left @ ..] => {
                (since(from, Limit::Below(next.clone())), left)
            }
            [Line(_, next), Open, Earlier, Close, left @ ..] => (until(Limit::Below(next.clone())), left),
            [Line(from, next), left @ ..] => (since(from, Limit::Below(next.clone())), left),
            [Equals, Number(only), left @ ..] | [Number(only), left @ ..] => {
                (since(only, Limit::Through(only.clone())), left)
            }
            [All, left @ ..] => (until(Limit::Published), left),
            _ => return None,
        };
        ranges.push(range);
        rest = left;
    }
    Some(ranges)
}

fn since(from: &ReleaseVersion, to: Limit) -> Range {
    Range { from: Some(from.clone()), to }
}

fn until(to: Limit) -> Range {
    Range { from: None, to }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, left) = match first {
            '>' | '<' | '=' => {
                let (token, left) = operator(rest)?;
                (Some(token), left)
            }
            '(' => (Some(Token::Open), rest.get(1..)?),
            ')' => (Some(Token::Close), rest.get(1..)?),
            c if c == ',' || c.is_whitespace() => (None, rest.get(c.len_utf8()..)?),
            _ => {
                let end =
                    rest.find(|c: char| c.is_whitespace() || ",()<>=".contains(c)).unwrap_or(rest.len());
                let (word, left) = rest.split_at_checked(end)?;
                (word_token(word, &tokens)?, left)
            }
        };
        tokens.extend(token);
        rest = left;
    }
    Some(tokens)
}

fn operator(text: &str) -> Option<(Token, &str)> {
    let operators = [
        (">=", Token::AtLeast),
        ("<=", Token::AtMost),
        ("==", Token::Equals),
        ("<", Token::Under),
        ("=", Token::Equals),
    ];
    operators.into_iter().find_map(|(sign, token)| Some((token, text.strip_prefix(sign)?)))
}

/// What a word means; nothing for a filler. `later` and `earlier` take back the `and` before them, which
/// means nothing.
fn word_token(word: &str, before: &[Token]) -> Option<Option<Token>> {
    let word = word.to_ascii_lowercase();
    if let Some(line) = LINES.iter().position(|(name, _)| word == *name) {
        return Some(Some(Token::Line(line_start(line)?, line_start(line + 1)?)));
    }
    let token = match word.as_str() {
        "and" | "up" => None,
        "all" => Some(Token::All),
        "from" => Some(Token::From),
        "after" => Some(Token::After),
        "later" => Some(Token::Later),
        "earlier" => Some(Token::Earlier),
        "prior" => Some(Token::PriorTo),
        "through" => Some(Token::To),
        // "prior to" is one thing.
        "to" if before.last() == Some(&Token::PriorTo) => None,
        "to" => Some(Token::To),
        filler if FILLERS.contains(&filler) => None,
        milestone if milestone_line(milestone).is_some() => milestone_line(milestone).map(Token::Number),
        number => Some(Token::Number(number.parse().ok()?)),
    };
    Some(token)
}

fn line_start(line: usize) -> Option<ReleaseVersion> {
    LINES.get(line).and_then(|(_, start)| start.parse().ok())
}

/// A milestone on the way to a line's first release: `folsom-2`.
fn milestone_line(word: &str) -> Option<ReleaseVersion> {
    let (name, number) = word.split_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let line = LINES.iter().position(|(line, _)| name == *line).filter(|_| is_number)?;
    line_start(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> String {
        match affected(text) {
            Affected::NotUnderstood | Affected::AtLeast(_) => "?".to_owned(),
            Affected::Ranges(ranges) => {
                ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
            }
        }
    }

    #[test]
    fn operators_are_read_however_they_are_set() {
        for (text, expected) in [
            ("<21.2.3, >=22.0.0 <22.2.3", "<21.2.3 | >=22.0.0 <22.2.3"),
            ("<24.1.3, >=27.0.0, <29.0.1", "<24.1.3 | >=27.0.0 <29.0.1"),
            (">=1.15.0<1.15.2, 1.16.0", ">=1.15.0 <1.15.2 | ==1.16.0"),
            ("<16.3.3, =18.0.0", "<16.3.3 | ==18.0.0"),
            ("<=5.0.3, >=6.0.0 <=6.1.0 and ==7.0.0", "<=5.0.3 | >=6.0.0 <=6.1.0 | ==7.0.0"),
            (">=2014.2 <= 2015.1.2, == 12.0.0", ">=2014.2 <=2015.1.2 | ==12.0.0"),
        ] {
            assert_eq!(meaning(text), expected, "{text}");
        }
    }

    #[test]
    fn the_english_of_old_advisories_is_read() {
        for (text, expected) in [
            ("All versions", "until published"),
            ("All supported versions prior to Havana", "<2013.2"),
            ("All versions up to 0.6.0", "<=0.6.0"),
            ("Folsom, Grizzly", ">=2012.2 <2013.1 | >=2013.1 <2013.2"),
            ("Grizzly and later", ">=2013.1 until published"),
            ("2013.1 (Grizzly) and later", ">=2013.1 until published"),
            ("Grizzly, Folsom (and earlier versions)", ">=2013.1 <2013.2 | <2013.1"),
            ("Essex (2012.1)", ">=2012.1 <2012.2"),
            (
                "Essex (prior to 2012.1.2), Folsom (prior to folsom-2 development milestone)",
                ">=2012.1 <2012.1.2 | >=2012.2 <2012.2",
            ),
            ("up to 2013.2.3, and 2014.1 versions up to 2014.1.1", "<=2013.2.3 | >=2014.1 <=2014.1.1"),
            ("2014.2 versions through 2014.2.3 and version 2015.1.0", ">=2014.2 <=2014.2.3 | ==2015.1.0"),
            ("from 2013.2 to 2013.2.3, and 2014.1", ">=2013.2 <=2013.2.3 | ==2014.1"),
            ("Versions after 0.2.0", ">=0.2.0 until published"),
            ("Versions 0.2.3 up to 0.2.5", ">=0.2.3 <=0.2.5"),
        ] {
            assert_eq!(meaning(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        for text in ["TODO", "", "most versions", "<", ">= and", "<1.0 except 0.9", "!=3", "1.0 (", "~1.2"] {
            assert_eq!(meaning(text), "?", "{text}");
        }
    }
}
