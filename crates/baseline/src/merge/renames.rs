//! Which files that went on one side are the files that came there, as `git merge` finds it: the same content first,
//! then a name that only one of each has, then whatever is most alike.

use super::folders::{Counts, Folders, Wanted, name_of};
use super::similar::{self, ENOUGH, ENOUGH_BY_NAME, Pieces, likeness};
use super::trees::{Leaf, folder_of};
use crate::apply::Workshop;
use crate::error::Error;
use crate::tree::Path;
use gix_hash::ObjectId;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use tidegate_domain::patch::Mode;

/// Files that went times files that came, which are compared at most. Beyond it, as beyond git's own limit, only those
/// are found that kept their content or their name.
const COMPARED_MAX: usize = 4_000_000;
/// The most alike files that are kept for each that came.
const BEST: usize = 4;
/// Files of the same content that are looked at for each that came.
const ALIKE_MAX: usize = 100;
/// A name that no folder has: of files of which it is not known where they went.
const UNKNOWN: &[u8] = b"/";

/// A file that went or came.
pub(super) struct File {
    pub(super) path: Path,
    pub(super) leaf: Leaf,
}

/// What is asked of one side.
pub(super) struct Question<'a> {
    /// 0 for ours, 1 for theirs.
    pub(super) side: usize,
    pub(super) went: Vec<File>,
    pub(super) came: Vec<File>,
    /// Files that went which the other side changed.
    pub(super) changed: HashSet<Path>,
    pub(super) folders: &'a mut Folders,
}

struct Search<'a> {
    asked: Question<'a>,
    /// Which of `went` each of `came` was.
    from: Vec<Option<usize>>,
    used: Vec<bool>,
    counts: Counts,
    pieces: HashMap<ObjectId, Pieces>,
}

/// The pairs of old and new paths, and where the files of folders went that somebody wants to know of.
pub(super) fn renames(
    shop: &mut Workshop,
    asked: Question<'_>,
) -> Result<(Vec<(Path, Path)>, Counts), Error> {
    let relevant =
        |file: &File| asked.changed.contains(&file.path) || asked.folders.telling.contains(&file.path);
    if !asked.went.iter().any(relevant) {
        return Ok((Vec::new(), Counts::new()));
    }
    let (from, used) = (vec![None; asked.came.len()], vec![false; asked.went.len()]);
    let mut search = Search { asked, from, used, counts: Counts::new(), pieces: HashMap::new() };
    let empty = ObjectId::empty_blob(shop.store.hash_kind());
    search.same_content(&empty);
    for (came, went) in search.from.iter().enumerate() {
        if let Some(went) = went {
            let (old, new) = (&search.asked.went[*went].path, &search.asked.came[came].path);
            search.asked.folders.count(search.asked.side, &mut search.counts, old, new);
        }
    }
    search.same_name(shop, &empty)?;
    let left = search.known_folders(&empty);
    search.most_alike(shop, &left, &empty)?;
    Ok(search.answer())
}

impl Search<'_> {
    fn pair(&mut self, went: usize, came: usize) {
        self.from[came] = Some(went);
        self.used[went] = true;
    }

    fn pair_and_count(&mut self, went: usize, came: usize) {
        self.pair(went, came);
        let (old, new) = (&self.asked.went[went].path, &self.asked.came[came].path);
        self.asked.folders.count(self.asked.side, &mut self.counts, old, new);
    }

    fn same_content(&mut self, empty: &ObjectId) {
        let mut by_id: HashMap<ObjectId, Vec<usize>> = HashMap::new();
        for (at, file) in self.asked.went.iter().enumerate() {
            by_id.entry(file.leaf.id).or_default().push(at);
        }
        for came in 0..self.asked.came.len() {
            let new = &self.asked.came[came];
            let alike = by_id.get(&new.leaf.id).map(Vec::as_slice).unwrap_or_default();
            if new.leaf.id == *empty {
                continue;
            }
            let mut best: Option<(bool, usize)> = None;
            for &went in alike.iter().filter(|went| !self.used[**went]).take(ALIKE_MAX) {
                let old = &self.asked.went[went];
                let plain = is_plain(old.leaf.mode) && is_plain(new.leaf.mode);
                if !plain && old.leaf.mode != new.leaf.mode {
                    continue;
                }
                let same_name = name_of(&old.path) == name_of(&new.path);
                if best.is_none_or(|(known, _)| same_name && !known) {
                    best = Some((same_name, went));
                }
            }
            if let Some((_, went)) = best {
                self.pair(went, came);
            }
        }
    }

    /// The files that went and are not found yet, with content.
    fn open(&self, empty: &ObjectId) -> Vec<usize> {
        let is_open = |went: &usize| !self.used[*went] && self.asked.went[*went].leaf.id != *empty;
        (0..self.asked.went.len()).filter(is_open).collect()
    }

    fn is_relevant(&self, went: usize) -> bool {
        let path = &self.asked.went[went].path;
        self.asked.changed.contains(path) || self.asked.folders.telling.contains(path)
    }

    fn same_name(&mut self, shop: &mut Workshop, empty: &ObjectId) -> Result<(), Error> {
        let open = self.open(empty);
        let guesses: BTreeMap<Vec<u8>, Vec<u8>> = self.guesses();
        let (mut sources, mut targets) = (HashMap::new(), HashMap::new());
        for &went in &open {
            let name = name_of(&self.asked.went[went].path).to_vec();
            sources.entry(name).and_modify(|only| *only = None).or_insert(Some(went));
        }
        let mut by_path = HashMap::new();
        for (came, file) in self.asked.came.iter().enumerate() {
            if self.from[came].is_none() && file.leaf.id != *empty {
                let name = name_of(&file.path).to_vec();
                targets.entry(name).and_modify(|only| *only = None).or_insert(Some(came));
                by_path.insert(file.path.to_vec(), came);
            }
        }
        for went in open {
            let path = Path::clone(&self.asked.went[went].path);
            let Some(&target) = targets.get(name_of(&path)) else { continue };
            if !self.is_relevant(went) {
                continue;
            }
            let unique = sources.get(name_of(&path)).copied().flatten().and(target);
            let guessed = || {
                let folder = guesses.get(folder_of(&path))?;
                by_path.get(&[folder.as_slice(), b"/", name_of(&path)].concat()).copied()
            };
            let Some(came) = unique.or_else(guessed) else { continue };
            if self.from[came].is_none() && self.likeness(shop, went, came, ENOUGH_BY_NAME)? >= ENOUGH_BY_NAME
            {
                self.pair_and_count(went, came);
            }
        }
        Ok(())
    }

    /// Where each folder seems to have gone, by files that kept their content.
    fn guesses(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let best = |targets: &BTreeMap<Vec<u8>, u64>| {
            let most = targets.values().max()?;
            targets.iter().find(|(_, count)| *count == most).map(|(new, _)| new.clone())
        };
        self.counts.iter().filter_map(|(old, targets)| Some((old.clone(), best(targets)?))).collect()
    }

    /// The files that one still wants to know of: not those whose folder is known to have gone where most of it went,
    /// wherever they are.
    fn known_folders(&mut self, empty: &ObjectId) -> Vec<usize> {
        let side = self.asked.side;
        let open: Vec<usize> = self.open(empty).into_iter().filter(|went| self.is_relevant(*went)).collect();
        let mut counts = self.counts.clone();
        for &went in &open {
            let path = Path::clone(&self.asked.went[went].path);
            let mut folder = folder_of(&path);
            while !folder.is_empty() && self.asked.folders.wanted(side, folder) != Wanted::No {
                *counts.entry(folder.to_vec()).or_default().entry(UNKNOWN.to_vec()).or_default() += 1;
                folder = folder_of(folder);
            }
        }
        for (folder, targets) in &counts {
            let unknown = targets.get(UNKNOWN).copied().unwrap_or(0);
            let mut sizes: Vec<u64> =
                targets.iter().filter(|(name, _)| *name != UNKNOWN).map(|(_, count)| *count).collect();
            sizes.sort_unstable_by(|one, other| other.cmp(one));
            let first = sizes.first().copied().unwrap_or(0);
            let second = sizes.get(1).copied().unwrap_or(0);
            if first > second + unknown && self.asked.folders.wanted(side, folder) == Wanted::Here {
                self.asked.folders.gone[side].insert(folder.clone(), Wanted::Above);
            }
        }
        open.into_iter().filter(|went| self.is_needed(*went)).collect()
    }

    fn is_needed(&self, went: usize) -> bool {
        let path = &self.asked.went[went].path;
        if self.asked.changed.contains(path) {
            return true;
        }
        let mut folder = folder_of(path);
        loop {
            match self.asked.folders.wanted(self.asked.side, folder) {
                Wanted::Here => return true,
                Wanted::Above if !folder.is_empty() => folder = folder_of(folder),
                Wanted::Above | Wanted::No => return false,
            }
        }
    }

    fn most_alike(&mut self, shop: &mut Workshop, left: &[usize], empty: &ObjectId) -> Result<(), Error> {
        let open = |search: &Search<'_>, came: usize| {
            search.from[came].is_none() && search.asked.came[came].leaf.id != *empty
        };
        let targets: Vec<usize> = (0..self.asked.came.len()).filter(|came| open(self, *came)).collect();
        if left.len().saturating_mul(targets.len()) > COMPARED_MAX {
            return Ok(());
        }
        let mut best: Vec<(u64, bool, usize, usize)> = Vec::new();
        for &came in &targets {
            let mut kept: Vec<(u64, bool, usize, usize)> = Vec::with_capacity(BEST);
            for &went in left {
                let (old, new) = (&self.asked.went[went].path, &self.asked.came[came].path);
                let same_name = name_of(old) == name_of(new);
                let found = (self.likeness(shop, went, came, ENOUGH)?, same_name, came, went);
                let rank = |one: &(u64, bool, usize, usize)| (one.0, one.1);
                if kept.len() < BEST {
                    kept.push(found);
                } else if let Some(worst) = (0..BEST)
                    .reduce(|worst, at| if rank(&kept[at]) < rank(&kept[worst]) { at } else { worst })
                    && rank(&kept[worst]) < rank(&found)
                {
                    kept[worst] = found;
                }
            }
            best.extend(kept);
        }
        best.sort_by_key(|(score, same_name, _, _)| std::cmp::Reverse((*score, *same_name)));
        for (score, _, came, went) in best {
            if score >= ENOUGH && self.from[came].is_none() && !self.used[went] {
                self.pair_and_count(went, came);
            }
        }
        Ok(())
    }

    fn likeness(&mut self, shop: &mut Workshop, went: usize, came: usize, least: u64) -> Result<u64, Error> {
        let (old, new) = (self.asked.went[went].leaf, self.asked.came[came].leaf);
        if !is_plain(old.mode) || !is_plain(new.mode) {
            return Ok(0);
        }
        for leaf in [old, new] {
            if let Entry::Vacant(place) = self.pieces.entry(leaf.id) {
                let binary = shop.contents.is_binary(&mut shop.store, leaf.content)?;
                let bytes = shop.contents.bytes(&mut shop.store, leaf.content)?;
                place.insert(similar::pieces(&bytes, binary));
            }
        }
        Ok(match (self.pieces.get(&old.id), self.pieces.get(&new.id)) {
            (Some(old), Some(new)) => likeness(old, new, least),
            _ => 0,
        })
    }

    fn answer(mut self) -> (Vec<(Path, Path)>, Counts) {
        let pairs = self.from.iter().enumerate().filter_map(|(came, went)| {
            let old = Path::clone(&self.asked.went[(*went)?].path);
            Some((old, Path::clone(&self.asked.came[came].path)))
        });
        let pairs = pairs.collect();
        let (side, folders) = (self.asked.side, &self.asked.folders);
        self.counts.retain(|folder, _| folders.wanted(side, folder) != Wanted::No);
        (pairs, self.counts)
    }
}

fn is_plain(mode: Mode) -> bool {
    mode.same_type(Mode::FILE)
}
