//! Names that a series uses and only a commit that was left out introduces: it applies as text, and would not build.
//!
//! The lines that the steps of an answer add are parsed, and so are the files that define a name on the branch, just
//! before the series, and the files of the release that mention it. A name counts as missing if the branch defines
//! it in a file that differs from the release's, and no file that results from the answer shows that it has it. This
//! is known of names, not of types: a member that another structure has too is not missed.

pub mod language;
pub mod names;
mod search;

use crate::apply::{Held, Patch, State, Workshop};
use crate::check::{Answer, FailedAt, Reason, ReasonKind, Request, place, series};
use crate::contents::{ContentId, Difference};
use crate::error::Error;
use crate::history::History;
use crate::security::Pattern;
use crate::tree::{File, Path};
use foldhash::{HashMap, HashMapExt, HashSet};
use gix_hash::ObjectId;
use language::Language;
use names::{Names, Usage};
use search::{Finder, word};
use serde::Serialize;
use std::rc::Rc;

/// Names that added lines use and that are looked for. What comes after them is not looked for.
pub const NAMES_MAX: usize = 5_000;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Symbols {
    /// The commits that introduce what is missing, in the order of the uses.
    pub needs: Vec<SymbolNeed>,
    /// Whether everything was looked at: no limit was met, and no object is lacking, as in a partial clone.
    /// Otherwise more may be missing, and what is listed may be there after all.
    pub complete: bool,
}

/// A name that is used and not there, and the commit that introduces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SymbolNeed {
    /// The name.
    pub name: String,
    /// How it is used.
    pub usage: Usage,
    /// The number of the hunk that uses it, from 1. The reason has its line in the file that results.
    pub hunk: u32,
    /// The file that defines it on the branch.
    pub defined_in: String,
    /// The commit, and what needs it: of kind `symbol`.
    #[serde(flatten)]
    pub reason: Reason,
}

/// A use of a name on a line that a step adds.
struct Added {
    name: Box<str>,
    usage: Usage,
    patch: String,
    file: Path,
    hunk: u32,
    /// From 1.
    line: u32,
}

/// Which names the steps of an answer use that only commits introduce which are not among them. Nothing is said of a
/// series that nothing makes apply, or that has no place on the branch.
///
/// # Errors
/// An object cannot be read.
pub fn symbols(
    shop: &mut Workshop,
    request: &Request,
    answer: &Answer,
    pattern: &Pattern,
) -> Result<Symbols, Error> {
    let release = shop.resolve(&request.release)?;
    let branch = request.branch.as_ref().map(|name| shop.resolve(name)).transpose()?;
    let series = series(shop, &request.series)?;
    let Some((mut history, placed)) = place(shop, &release, branch, series)? else {
        return Ok(Symbols::default());
    };
    let last = placed.iter().map(|(at, _)| at.saturating_sub(1)).max().unwrap_or(0);
    let mut state = State::new(shop.commit(&release)?.tree);
    let mut finder = Finder::default();
    let steps = steps(shop, answer, placed.into_iter().map(|(_, patch)| patch).collect())?;
    let mut added = added(shop, &mut finder, &mut state, &steps)?;
    finder.complete &= added.len() <= NAMES_MAX;
    added.truncate(NAMES_MAX);

    let there = shop.commit(&history.commit(last))?.tree;
    let defined = defined_on_branch(shop, &mut finder, &state, there, &added)?;
    let mut missing = defined.keys().cloned().collect();
    finder.not_shown(shop, &state, &mut missing)?;
    let mut found = Symbols::default();
    for used in added.into_iter().filter(|used| missing.contains(&used.name)) {
        let Some(path) = defined.get(&used.name) else { continue };
        let Some(at) = introduced(shop, &mut finder, &mut history, (path, &used.name), last)? else {
            continue;
        };
        let id = history.commit(at);
        let commit = shop.commit(&id)?;
        let file = String::from_utf8_lossy(&used.file).into_owned();
        found.needs.push(SymbolNeed {
            name: used.name.into(),
            usage: used.usage,
            hunk: used.hunk,
            defined_in: String::from_utf8_lossy(path).into_owned(),
            reason: Reason {
                commit: id.to_string(),
                subject: commit.subject(),
                security: pattern.matches(commit.message()),
                needed_by: FailedAt { patch: used.patch, file, line: used.line },
                kind: ReasonKind::Symbol,
            },
        });
    }
    found.complete = finder.complete;
    Ok(found)
}

/// Everything that is applied, in order.
fn steps(shop: &mut Workshop, answer: &Answer, series: Vec<Patch>) -> Result<Vec<Patch>, Error> {
    let mut series = series.into_iter().peekable();
    let mut steps = Vec::with_capacity(answer.order.len());
    for name in &answer.order {
        match series.next_if(|patch| patch.name == *name) {
            Some(patch) => steps.push(patch),
            None => {
                let id = shop.resolve(name)?;
                steps.push(shop.patch_of_commit(&id)?);
            }
        }
    }
    Ok(steps)
}

/// Applies the steps. The names that their added lines use, each once, unless the file that results in the end
/// declares it or uses it no more.
fn added(
    shop: &mut Workshop,
    finder: &mut Finder,
    state: &mut State,
    steps: &[Patch],
) -> Result<Vec<Added>, Error> {
    let mut added = Vec::new();
    for patch in steps {
        let before = state.clone();
        if state.apply(shop, patch)?.is_err() {
            return Err(Error::Request(format!(
                "{} does not apply, and the answer says it does",
                patch.name
            )));
        }
        for change in &patch.changes {
            let (Some(language), Some(new)) = (Language::of(&change.new), state.get(shop, &change.new)?)
            else {
                continue;
            };
            let old = before.get(shop, &change.old)?.map(|held| held.content);
            let Some(names) = finder.names(shop, language, new)? else { continue };
            let hunks = hunks(shop, old, new.content)?;
            for used in &names.used {
                let on = |lines: &std::ops::Range<u32>| lines.contains(&used.line);
                let Some(hunk) = hunks.iter().position(|lines| lines.iter().any(on)) else { continue };
                added.push(Added {
                    name: used.name.clone(),
                    usage: used.usage,
                    patch: patch.name.clone(),
                    file: Path::clone(&change.new),
                    hunk: hunk as u32 + 1,
                    line: used.line + 1,
                });
            }
        }
    }
    let mut seen = HashSet::default();
    let mut kept = Vec::new();
    for used in added {
        let (Some(language), Some(held)) = (Language::of(&used.file), state.get(shop, &used.file)?) else {
            continue;
        };
        let Some(names) = finder.names(shop, language, held)? else { continue };
        let declared = names.defined.contains_key(&used.name) || names.bound.contains(&used.name);
        let still = names.used.iter().any(|other| other.name == used.name);
        if still && !declared && seen.insert(used.name.clone()) {
            kept.push(used);
        }
    }
    Ok(kept)
}

/// The lines that each hunk adds, from 0.
fn hunks(
    shop: &mut Workshop,
    old: Option<ContentId>,
    new: ContentId,
) -> Result<Vec<Vec<std::ops::Range<u32>>>, Error> {
    let Some(old) = old else { return Ok(vec![vec![0..u32::MAX]]) };
    if old == new {
        return Ok(Vec::new());
    }
    Ok(match &*shop.contents.difference(&mut shop.store, old, new)? {
        Difference::Binary => Vec::new(),
        Difference::Text { replaced, hunks } => {
            let inside = |start: u32, end: u32| {
                let lines = replaced.iter().map(|change| change.new.clone());
                lines.filter(|lines| lines.start >= start && lines.end <= end).collect()
            };
            let range = |hunk: &tidegate_domain::patch::Hunk| {
                let start = hunk.new_start.saturating_sub(u32::from(!hunk.new.is_empty()));
                inside(start, start + hunk.new.len() as u32)
            };
            hunks.iter().map(range).collect()
        }
    })
}

/// The names that the branch defines in files which differ from the release's, each with such a file; without those
/// that the release's version of such a file shows.
fn defined_on_branch(
    shop: &mut Workshop,
    finder: &mut Finder,
    state: &State,
    there: ObjectId,
    added: &[Added],
) -> Result<HashMap<Box<str>, Path>, Error> {
    let mut defined: HashMap<Box<str>, Path> = HashMap::new();
    let mut shown: HashSet<&str> = HashSet::default();
    let languages: HashSet<Option<Language>> = added.iter().map(|used| Language::of(&used.file)).collect();
    let Some(words) = word(added.iter().map(|used| &*used.name)) else {
        finder.complete &= added.is_empty();
        return Ok(defined);
    };
    for (path, before, after) in shop.trees.differences(&mut shop.store, &state.root, &there)? {
        let Some(language) = Language::of(&path).filter(|language| languages.contains(&Some(*language)))
        else {
            continue;
        };
        let mut mentioning = |shop: &mut Workshop, file: Option<File>| match file {
            Some(file) => {
                let held = Held { mode: file.mode, content: shop.contents.of_object(file.id, file.mode) };
                finder.mentioning(shop, language, held, &words)
            }
            None => Ok(None),
        };
        let (before, after) = (mentioning(shop, before)?, mentioning(shop, after)?);
        for used in added.iter().filter(|used| Language::of(&used.file) == Some(language)) {
            if before.as_ref().is_some_and(|names| names.show(&used.name)) {
                shown.insert(&used.name);
            } else if after.as_ref().is_some_and(|names| names.defined.contains_key(&used.name)) {
                defined.entry(used.name.clone()).or_insert_with(|| Path::clone(&path));
            }
        }
    }
    defined.retain(|name, _| !shown.contains(&**name));
    Ok(defined)
}

/// The last commit up to a position that brought a name's definition into a file.
fn introduced(
    shop: &mut Workshop,
    finder: &mut Finder,
    history: &mut History,
    (path, name): (&Path, &str),
    last: usize,
) -> Result<Option<usize>, Error> {
    let Some(language) = Language::of(path) else { return Ok(None) };
    let mut defines = |shop: &mut Workshop, history: &mut History, at: usize| -> Result<bool, Error> {
        let Some(file) = history.file(shop, at, path)? else { return Ok(false) };
        let held = Held { mode: file.mode, content: shop.contents.of_object(file.id, file.mode) };
        let names: Option<Rc<Names>> = finder.names(shop, language, held)?;
        Ok(names.is_some_and(|names| names.defined.contains_key(name)))
    };
    for at in history.changes(shop, path, 0, last)? {
        if defines(shop, history, at)? && !defines(shop, history, at - 1)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}
