//! Ranges in the notation of their own ecosystem.

use super::union::union;
use super::{CONSTRAINTS_MAX, Comparator, Constraint, Scheme, VERS_BYTES_MAX, Vers};
use tidegate_domain::fault::Fault;

/// Reads a range in the notation of its ecosystem: `~1.2 || ^2.0` for npm, `[1.0,2.0)` for Maven and NuGet.
///
/// # Errors
/// The notation isn't followed, or isn't known for the scheme.
pub fn from_native(scheme: Scheme, text: &str) -> Result<Vers, Fault> {
    let fault = || {
        let shown: String = text.chars().take(80).collect();
        Fault::nowhere(
            format!("`{}` is no range of {}", shown.escape_debug(), scheme.name()),
            "write it as its ecosystem does",
        )
    };
    if text.len() > VERS_BYTES_MAX {
        return Err(fault());
    }
    let alternatives = match scheme {
        Scheme::Npm | Scheme::Semver | Scheme::Cargo => npm(text),
        Scheme::Conan => conan(text),
        Scheme::Nginx => nginx(text),
        Scheme::Openssl => Some(text.split(',').map(|version| vec![equal(version.trim())]).collect()),
        Scheme::Nuget | Scheme::Maven => intervals(text),
        Scheme::Alpine
        | Scheme::Arch
        | Scheme::Composer
        | Scheme::Datetime
        | Scheme::Debian
        | Scheme::Gem
        | Scheme::Generic
        | Scheme::Gentoo
        | Scheme::Golang
        | Scheme::Lexicographic
        | Scheme::Pypi
        | Scheme::Rpm => text.split("||").map(|part| listed(scheme, part)).collect(),
    };
    let count = alternatives.iter().flatten().map(Vec::len).sum::<usize>();
    match alternatives {
        Some(alternatives)
            if count <= CONSTRAINTS_MAX
                && alternatives.iter().flatten().all(|bound| is_version(scheme, &bound.version)) =>
        {
            Ok(union(scheme, &alternatives))
        }
        Some(_) | None => Err(fault()),
    }
}

/// Whether a text can be a version. A sign or word that wasn't understood would match nothing, and hide a flaw.
fn is_version(scheme: Scheme, text: &str) -> bool {
    let is_any_text = matches!(scheme, Scheme::Lexicographic | Scheme::Generic);
    text.contains(|c: char| c.is_ascii_digit() || (is_any_text && c.is_alphanumeric()))
        && !text.starts_with(['^', '~'])
        && !text.contains(|c: char| c.is_whitespace() || "<>=!*,|()[]".contains(c))
}

fn with(comparator: Comparator, version: impl Into<String>) -> Constraint {
    Constraint { comparator, version: version.into() }
}

fn equal(version: &str) -> Constraint {
    with(Comparator::Equal, version)
}

/// Splits `>= 1.0 <2.0` into operators with their versions. Operators beyond the six are kept in the text.
fn words(text: &str) -> Vec<String> {
    let is_sign = |c: char| "<>=!~^".contains(c);
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        // A sign alone belongs to the version behind it; a sign in the middle begins another constraint.
        let mut rest = word;
        while !rest.is_empty() {
            let signs = rest.find(|c: char| !is_sign(c)).unwrap_or(rest.len());
            let end =
                rest.get(signs..).and_then(|tail| tail.find(is_sign)).map_or(rest.len(), |at| signs + at);
            let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            match words.last_mut().filter(|last| last.chars().all(is_sign)) {
                Some(last) => last.push_str(piece),
                None => words.push(piece.to_owned()),
            }
            rest = after;
        }
    }
    words
}

/// Constraints between commas, as Python, Ruby and most others write them.
fn listed(scheme: Scheme, text: &str) -> Option<Vec<Constraint>> {
    let mut constraints = Vec::new();
    for part in text.split([',', '|']).map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(version) = part.strip_prefix("~>").or_else(|| part.strip_prefix("~=")) {
            let version = version.trim();
            constraints.push(with(Comparator::AtLeast, version));
            let mut numbers = leading_numbers(version);
            numbers.pop();
            constraints.push(with(Comparator::Less, raised(&numbers)?));
        } else if scheme == Scheme::Pypi && part.ends_with(".*") {
            let (comparator, version) = Comparator::split(part);
            let stem = version.trim().trim_end_matches(".*");
            if comparator != Comparator::Equal {
                return None;
            }
            constraints.push(with(Comparator::AtLeast, stem));
            constraints.push(with(Comparator::Less, raised(&leading_numbers(stem))?));
        } else {
            for word in words(part) {
                let (comparator, version) = Comparator::split(&word);
                constraints.push(with(comparator, version.trim_start_matches('=').trim()));
            }
        }
    }
    (!constraints.is_empty()).then_some(constraints)
}

fn leading_numbers(version: &str) -> Vec<u64> {
    let stem = version.split(['-', '+']).next().unwrap_or(version);
    stem.split('.').map_while(|part| part.parse().ok()).collect()
}

/// The next version of a stem: `1.2` to `1.3`.
fn raised(numbers: &[u64]) -> Option<String> {
    let (last, before) = numbers.split_last()?;
    let mut parts: Vec<String> = before.iter().map(u64::to_string).collect();
    parts.push(last.checked_add(1)?.to_string());
    Some(parts.join("."))
}

/// `1.2.3 - 2.3.4`, `~1.2`, `^1.2`, `1.x`, alternatives between `||`.
fn npm(text: &str) -> Option<Vec<Vec<Constraint>>> {
    text.split("||").map(|alternative| npm_alternative(alternative.trim())).collect()
}

fn npm_alternative(text: &str) -> Option<Vec<Constraint>> {
    if let Some((from, to)) = text.split_once(" - ") {
        return Some(vec![with(Comparator::AtLeast, full(from)?), npm_end(to)?]);
    }
    let mut constraints = Vec::new();
    for word in words(&text.replace(',', " ")) {
        if !npm_word(&word, &mut constraints)? {
            return Some(Vec::new());
        }
    }
    Some(constraints)
}

/// The end of `1.2 - 2.3`, which takes in all of 2.3.
fn npm_end(version: &str) -> Option<Constraint> {
    let numbers = leading_numbers(clean(version));
    if numbers.len() < 3 && !clean(version).contains(['-', '+']) {
        return Some(with(Comparator::Less, full(&raised(&numbers)?)?));
    }
    Some(with(Comparator::AtMost, full(version)?))
}

/// Reads one comparator; false where it lets everything through.
fn npm_word(word: &str, constraints: &mut Vec<Constraint>) -> Option<bool> {
    if let Some(version) = word.strip_prefix("~>").or_else(|| word.strip_prefix('~')) {
        let numbers = leading_numbers(clean(version));
        let stem = numbers.get(..numbers.len().min(2))?;
        constraints.push(with(Comparator::AtLeast, full(version)?));
        constraints.push(with(Comparator::Less, full(&raised(stem)?)?));
    } else if let Some(version) = word.strip_prefix('^') {
        let numbers = leading_numbers(clean(version));
        let kept = numbers.iter().position(|number| *number != 0).map_or(numbers.len(), |first| first + 1);
        constraints.push(with(Comparator::AtLeast, full(version)?));
        constraints.push(with(Comparator::Less, full(&raised(numbers.get(..kept)?)?)?));
    } else {
        let (comparator, version) = Comparator::split(word);
        let version = clean(version);
        let is_wild = version.split('.').any(|part| matches!(part, "x" | "X" | "*"));
        if is_wild && comparator == Comparator::Equal {
            let numbers = leading_numbers(version);
            if numbers.is_empty() {
                return Some(false);
            }
            constraints.push(with(Comparator::AtLeast, full(version)?));
            constraints.push(with(Comparator::Less, full(&raised(&numbers)?)?));
        } else if is_wild && comparator == Comparator::AtMost {
            constraints.push(npm_end(version)?);
        } else if is_wild && comparator == Comparator::NotEqual {
            return None;
        } else {
            constraints.push(with(comparator, full(version)?));
        }
    }
    Some(true)
}

fn clean(version: &str) -> &str {
    version.trim().trim_start_matches(['v', 'V', '='])
}

/// A version with all its three numbers: `1.x` to `1.0.0`.
fn full(version: &str) -> Option<String> {
    let version = Some(clean(version)).filter(|version| !version.is_empty())?;
    let split = version.find(['-', '+']).unwrap_or(version.len());
    let (release, rest) = version.split_at_checked(split)?;
    let mut parts: Vec<&str> = release
        .split('.')
        .map(|part| if matches!(part, "x" | "X" | "*" | "") { "0" } else { part })
        .collect();
    while parts.len() < 3 {
        parts.push("0");
    }
    Some(format!("{}{rest}", parts.join(".")))
}

/// `~2.5`, `^1.2`, `>1 <2.0`, alternatives between `||`, options behind a comma.
fn conan(text: &str) -> Option<Vec<Vec<Constraint>>> {
    let text = text.split(", include_prerelease").next().unwrap_or(text);
    let mut alternatives = Vec::new();
    for alternative in text.split("||") {
        let mut constraints = Vec::new();
        for word in words(alternative) {
            let word = word.trim_end_matches('-');
            if word == "*" || word.is_empty() {
                constraints.push(with(Comparator::AtLeast, "0.0.0"));
            } else if let Some(version) = word.strip_prefix('~') {
                let numbers = leading_numbers(version);
                constraints.push(with(Comparator::AtLeast, version));
                let end = raised(numbers.get(..numbers.len().min(2))?)?;
                constraints.push(with(Comparator::Less, format!("{end}-")));
            } else if let Some(version) = word.strip_prefix('^') {
                let numbers = leading_numbers(version);
                let kept = numbers.iter().position(|number| *number != 0).map_or(numbers.len(), |at| at + 1);
                constraints.push(with(Comparator::AtLeast, version));
                constraints.push(with(Comparator::Less, format!("{}-", raised(numbers.get(..kept)?)?)));
            } else {
                let (comparator, version) = Comparator::split(word);
                constraints.push(with(comparator, version));
            }
        }
        alternatives.push(constraints);
    }
    Some(alternatives)
}

/// `1.4.1+` is that and later on its stable branch (an even second number), or simply later; `a-b` is closed.
fn nginx(text: &str) -> Option<Vec<Vec<Constraint>>> {
    let mut alternatives = Vec::new();
    for part in text.split(',').map(str::trim) {
        let mut constraints = Vec::new();
        if part == "all" {
            return Some(vec![constraints]);
        } else if let Some(version) = part.strip_suffix('+') {
            constraints.push(with(Comparator::AtLeast, version));
            let numbers = leading_numbers(version);
            let branch = numbers.get(..2)?;
            if branch.last().is_some_and(|minor| minor % 2 == 0) {
                constraints.push(with(Comparator::Less, format!("{}.0", raised(branch)?)));
            }
        } else if let Some((from, to)) = part.split_once('-') {
            constraints.push(with(Comparator::AtLeast, from.trim()));
            constraints.push(with(Comparator::AtMost, to.trim()));
        } else {
            constraints.push(equal(part));
        }
        alternatives.push(constraints);
    }
    Some(alternatives)
}

/// `[1.0,2.0)`, `(,1.0]`, `[1.5]`, and a bare version, which is a lower bound.
fn intervals(text: &str) -> Option<Vec<Vec<Constraint>>> {
    let mut alternatives = Vec::new();
    let mut rest = text.trim();
    if !rest.starts_with(['[', '(']) {
        return Some(vec![vec![with(Comparator::AtLeast, rest)]]);
    }
    while !rest.is_empty() {
        if !rest.starts_with(['[', '(']) {
            return None;
        }
        let is_closed = rest.starts_with('[');
        let end = rest.find([']', ')'])?;
        let inside = rest.get(1..end)?;
        let mut constraints = Vec::new();
        let is_end_closed = rest.get(end..)?.starts_with(']');
        match inside.split_once(',') {
            None => constraints.push(equal(inside.trim())),
            Some((from, to)) => {
                let (from, to) = (from.trim(), to.trim());
                if !from.is_empty() {
                    constraints
                        .push(with(if is_closed { Comparator::AtLeast } else { Comparator::Greater }, from));
                }
                if !to.is_empty() {
                    constraints
                        .push(with(if is_end_closed { Comparator::AtMost } else { Comparator::Less }, to));
                }
            }
        }
        alternatives.push(constraints);
        rest = rest.get(end + 1..)?.trim_start_matches([',', ' ']);
    }
    Some(alternatives)
}
