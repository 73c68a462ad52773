//! How much memory a run takes, all of its processes together. A limit on each process does not bound their sum.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;

/// Size of a page, in KiB, on the machines that are supported.
const PAGE_KIB: u64 = 4;
/// The share of the machine's memory that is left to everything else: one part in so many.
const RESERVE: u64 = 20;

/// Memory of a process and all that came of it, in MiB.
pub(super) fn memory_mb(root: u32) -> u64 {
    let mut children: BTreeMap<u32, Vec<(u32, u64)>> = BTreeMap::new();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in entries {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // It may be gone by now.
        let Ok(stat) = read_to_string(entry.path().join("stat")) else { continue };
        if let Some((parent, pages)) = parse(&stat) {
            children.entry(parent).or_default().push((id, pages));
        }
    }
    let (mut waiting, mut seen, mut pages) = (vec![root], BTreeSet::from([root]), 0_u64);
    while let Some(parent) = waiting.pop() {
        for (child, held) in children.remove(&parent).unwrap_or_default() {
            if seen.insert(child) {
                pages = pages.saturating_add(held);
                waiting.push(child);
            }
        }
    }
    pages.saturating_mul(PAGE_KIB) / 1_024
}

/// The parent and the pages in memory that a line of `/proc/ID/stat` tells: fields 4 and 24, of which the second is
/// a name that may hold anything.
fn parse(stat: &str) -> Option<(u32, u64)> {
    let rest = stat.rsplit_once(')')?.1;
    let mut fields = rest.split_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let pages = fields.nth(19)?.parse().ok()?;
    Some((parent, pages))
}

/// Whether the machine as a whole runs out of memory: what no process is charged for fills it too.
pub(super) fn is_machine_full() -> bool {
    let Ok(text) = read_to_string("/proc/meminfo") else { return false };
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let (Some(all), Some(left)) = (field("MemTotal:"), field("MemAvailable:")) else { return false };
    left < all / RESERVE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_hides_nothing() {
        let stat =
            "7 (a) R 1 ) S 5 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 99 1000000 321 18446744073709551615";
        assert_eq!(parse(stat), Some((5, 321)));
        assert_eq!(parse("7 (a"), None);
    }
}
