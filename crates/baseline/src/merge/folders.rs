//! Folders that one side took away, and where their files went: what comes into such a folder on the other side may
//! belong elsewhere. The questions are those that git asks.

use super::trees::{Entries, folder_of};
use crate::apply::{State, Workshop};
use crate::error::Error;
use crate::tree::Path;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Both sides matter: one took the folder away, the other put a file there.
const BOTH: u8 = 7;

/// Why one wants to know where the files of a folder went.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// One does not.
    No,
    /// For a folder above.
    Above,
    /// For what came into this folder.
    Here,
}

/// How often files went from a folder to another one, by the folder that they left.
pub(super) type Counts = BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, u64>>;

/// Folders that the sides took away.
#[derive(Default)]
pub(super) struct Folders {
    /// For each side: the folders that it has no more.
    pub(super) gone: [HashMap<Vec<u8>, Wanted>; 2],
    /// Files that went and whose new places would tell where their folder is.
    pub(super) telling: HashSet<Path>,
}

impl Folders {
    pub(super) fn wanted(&self, side: usize, folder: &[u8]) -> Wanted {
        self.gone.get(side).and_then(|gone| gone.get(folder)).copied().unwrap_or(Wanted::No)
    }

    /// Looks at all folders in which something changed, the outer ones first.
    pub(super) fn find(
        shop: &mut Workshop,
        states: &[State; 3],
        entries: &Entries,
    ) -> Result<Folders, Error> {
        let mut folders = Folders::default();
        let mut files: HashMap<&[u8], Vec<(&Path, u8)>> = HashMap::new();
        let mut all: BTreeSet<&[u8]> = BTreeSet::from([&b""[..]]);
        for (path, entry) in entries {
            files.entry(folder_of(path)).or_default().push((path, entry.sides()));
            let mut folder = folder_of(path);
            while !folder.is_empty() && all.insert(folder) {
                folder = folder_of(folder);
            }
        }
        let mut inside: HashMap<&[u8], u8> = HashMap::new();
        for folder in all {
            let mut sides = 0;
            if !folder.is_empty() {
                sides = inside.get(folder_of(folder)).copied().unwrap_or(0);
                let mut held = 0;
                for (side, state) in states.iter().enumerate() {
                    held |= u8::from(state.is_folder(shop, folder)?) << side;
                }
                sides = folders.see(folder, sides, held);
            }
            let within = files.get(folder).map(Vec::as_slice).unwrap_or_default();
            if (sides == 2 || sides == 4) && within.iter().any(|(_, file)| *file == sides) {
                sides = BOTH;
            }
            inside.insert(folder, sides);
            if sides == BOTH {
                folders.tell(folder, within);
            }
        }
        Ok(folders)
    }

    /// A folder as its parent has it. Answers which sides matter below it.
    fn see(&mut self, folder: &[u8], above: u8, held: u8) -> u8 {
        let sides = if above != BOTH && (held == 3 || held == 5) { held & !1 } else { above };
        if held & 1 != 0 {
            let wanted = if sides == BOTH { Wanted::Above } else { Wanted::No };
            for (side, gone) in self.gone.iter_mut().enumerate() {
                if held & (2 << side) == 0 {
                    gone.insert(folder.to_vec(), wanted);
                }
            }
        }
        sides
    }

    fn tell(&mut self, folder: &[u8], files: &[(&Path, u8)]) {
        for (path, sides) in files {
            match sides {
                // It came on one side: where did the other side put this folder?
                2 => drop(self.gone[1].insert(folder.to_vec(), Wanted::Here)),
                4 => drop(self.gone[0].insert(folder.to_vec(), Wanted::Here)),
                sides if sides & 1 != 0 => drop(self.telling.insert(Path::clone(path))),
                _ => {}
            }
        }
    }

    /// Counts a file that moved, for its folder and those above it that moved with it.
    pub(super) fn count(&self, side: usize, counts: &mut Counts, old: &[u8], new: &[u8]) {
        let (mut old, mut new) = (old, new);
        let mut first = true;
        loop {
            let (old_folder, new_folder) = (folder_of(old), folder_of(new));
            if !self.gone[side].contains_key(old_folder) || (!first && name_of(old) != name_of(new)) {
                return;
            }
            let wanted = self.wanted(side, old_folder);
            if first || wanted == Wanted::Here {
                *counts.entry(old_folder.to_vec()).or_default().entry(new_folder.to_vec()).or_default() += 1;
            }
            if wanted == Wanted::No || old_folder.is_empty() || new_folder.is_empty() {
                return;
            }
            (old, new, first) = (old_folder, new_folder, false);
        }
    }
}

/// A path's last name.
pub(super) fn name_of(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

/// Where each folder went on one side: to where most of its files did. The second answer is false if for one folder
/// two places have as many.
pub(super) fn moved(counts: &Counts) -> (BTreeMap<Vec<u8>, Vec<u8>>, bool) {
    let mut moved = BTreeMap::new();
    let mut clear = true;
    for (old, targets) in counts {
        let Some(most) = targets.values().max() else { continue };
        let mut best = targets.iter().filter(|(_, count)| *count == most);
        match (best.next(), best.next()) {
            (Some((new, _)), None) => drop(moved.insert(old.clone(), new.clone())),
            _ => clear = false,
        }
    }
    (moved, clear)
}
