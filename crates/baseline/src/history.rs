//! A branch since a release, along first parents: a merge counts as one commit that brings all of its side in.

use crate::apply::{Patch, Workshop};
use crate::error::Error;
use crate::tree::{File, Path};
use foldhash::{HashMap, HashMapExt};
use gix_hash::ObjectId;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Commits between a release and the end of its branch.
pub const COMMITS_MAX: usize = 200_000;

/// The commits of a branch since a release, the oldest first. Position 0 is the release itself.
pub struct History {
    commits: Vec<ObjectId>,
    positions: HashMap<ObjectId, usize>,
    /// What was at a path, at the positions where somebody looked.
    seen: HashMap<Path, BTreeMap<usize, Option<File>>>,
    patches: HashMap<usize, Rc<Patch>>,
}

impl History {
    /// The commits from `release` (left out) to `tip` (included). Where the release is not on the branch, from
    /// the commit at which they parted.
    ///
    /// # Errors
    /// A commit cannot be read, or they have no commit in common.
    pub fn between(shop: &mut Workshop, release: &ObjectId, tip: &ObjectId) -> Result<History, Error> {
        let (mut ours, mut theirs) = (vec![*tip], vec![*release]);
        let mut at_ours: HashMap<ObjectId, usize> = HashMap::from_iter([(*tip, 0)]);
        let mut at_theirs: HashMap<ObjectId, usize> = HashMap::from_iter([(*release, 0)]);
        let (mut ours_ended, mut theirs_ended) = (false, false);
        // Walk whichever is newer, until one meets what the other has passed.
        let fork = loop {
            let (our_last, their_last) = (ours[ours.len() - 1], theirs[theirs.len() - 1]);
            if let Some(&at) = at_ours.get(&their_last) {
                break at;
            }
            if at_theirs.contains_key(&our_last) {
                break ours.len() - 1;
            }
            if ours.len() + theirs.len() > COMMITS_MAX {
                let limit = format!("{COMMITS_MAX} commits");
                return Err(Error::TooLarge { what: "the branch since the release".into(), limit });
            }
            let (our_commit, their_commit) = (shop.commit(&our_last)?, shop.commit(&their_last)?);
            let newer = our_commit.committed_s >= their_commit.committed_s;
            if !ours_ended && (newer || theirs_ended) {
                match our_commit.parents.first() {
                    Some(parent) => {
                        at_ours.insert(*parent, ours.len());
                        ours.push(*parent);
                    }
                    None => ours_ended = true,
                }
            } else if !theirs_ended {
                match their_commit.parents.first() {
                    Some(parent) => {
                        at_theirs.insert(*parent, theirs.len());
                        theirs.push(*parent);
                    }
                    None => theirs_ended = true,
                }
            }
            if ours_ended && theirs_ended {
                return Err(Error::Request("the release and the branch have no commit in common".into()));
            }
        };
        ours.truncate(fork + 1);
        ours.reverse();
        Ok(History::of(ours))
    }

    /// A commit's own past: at most `count` commits that lead to it, and itself as the last.
    ///
    /// # Errors
    /// A commit cannot be read.
    pub fn past(shop: &mut Workshop, commit: &ObjectId, count: usize) -> Result<History, Error> {
        let mut commits = vec![*commit];
        while commits.len() <= count
            && let Some(parent) = shop.commit(&commits[commits.len() - 1])?.parents.first()
        {
            commits.push(*parent);
        }
        commits.reverse();
        Ok(History::of(commits))
    }

    fn of(commits: Vec<ObjectId>) -> History {
        let positions = commits.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        History { commits, positions, seen: HashMap::new(), patches: HashMap::new() }
    }

    /// The last position.
    #[must_use]
    pub fn last(&self) -> usize {
        self.commits.len() - 1
    }

    /// Where a commit is.
    #[must_use]
    pub fn position(&self, id: &ObjectId) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// The commit at a position.
    #[must_use]
    pub fn commit(&self, position: usize) -> ObjectId {
        self.commits[position]
    }

    /// What the commit at a position changes.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn patch(&mut self, shop: &mut Workshop, position: usize) -> Result<Rc<Patch>, Error> {
        if let Some(known) = self.patches.get(&position) {
            return Ok(Rc::clone(known));
        }
        let patch = Rc::new(shop.patch_of_commit(&self.commits[position])?);
        self.patches.insert(position, Rc::clone(&patch));
        Ok(patch)
    }

    /// What is at a path after the commit at a position.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn file(&mut self, shop: &mut Workshop, position: usize, path: &Path) -> Result<Option<File>, Error> {
        if let Some(&file) = self.seen.get(path).and_then(|seen| seen.get(&position)) {
            return Ok(file);
        }
        let tree = shop.commit(&self.commits[position])?.tree;
        let file = shop.trees.file(&mut shop.store, &tree, path)?;
        self.seen.entry(Path::clone(path)).or_default().insert(position, file);
        Ok(file)
    }

    /// Makes sure that a commit counts among those that changed a path, if it did.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn look(&mut self, shop: &mut Workshop, position: usize, path: &Path) -> Result<bool, Error> {
        let known =
            |history: &History, at: usize| history.seen.get(path).is_some_and(|seen| seen.contains_key(&at));
        let before = position.saturating_sub(1);
        let new = !known(self, position) || !known(self, before);
        self.file(shop, before, path)?;
        self.file(shop, position, path)?;
        Ok(new)
    }

    /// The positions after `from`, up to `to`, whose commits changed a path; the last one first. Changes that
    /// were undone again in between may be left out, unless somebody has [looked](History::look) at one.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn changes(
        &mut self,
        shop: &mut Workshop,
        path: &Path,
        from: usize,
        to: usize,
    ) -> Result<Vec<usize>, Error> {
        self.file(shop, from, path)?;
        self.file(shop, to, path)?;
        let known: Vec<usize> = match self.seen.get(path) {
            Some(seen) => seen.range(from..=to).map(|(&at, _)| at).collect(),
            None => Vec::new(),
        };
        let mut found = Vec::new();
        let mut waiting: Vec<(usize, usize)> = known.windows(2).map(|pair| (pair[0], pair[1])).collect();
        while let Some((low, high)) = waiting.pop() {
            if self.file(shop, low, path)? == self.file(shop, high, path)? {
                continue;
            }
            if high - low == 1 {
                found.push(high);
                continue;
            }
            let middle = low + (high - low) / 2;
            waiting.extend([(low, middle), (middle, high)]);
        }
        Ok(found)
    }
}
