//! The smallest set of commits that makes a series apply.
//!
//! The commits that the series stands on ([`crate::needs`]) are applied to the release in memory, and one after
//! another is left out, with whatever then applies no more, as long as the series still applies. What remains is
//! minimal: without any one of its commits, something in it or in the series does not apply.

use crate::apply::{Failure, Patch, State, Workshop};
use crate::error::Error;
use crate::history::History;
use crate::needs;
use foldhash::{HashMap, HashMapExt};
use std::collections::{BTreeMap, BTreeSet};

/// How often commits are added to a set that ought to be enough and is not.
const REPAIRS_MAX: usize = 12;
/// Orders in which commits are left out are tried for sets up to this size; for larger ones, only the first.
const ORDERS_SIZE_MAX: usize = 64;
/// Changes of files that one search may apply, over all of its trials: what needs more is not decided.
pub const APPLICATIONS_MAX: usize = 4_000_000;

/// A series and where it is on the branch.
pub struct Task<'a> {
    /// The release.
    pub release: State,
    /// The branch since the release.
    pub history: &'a mut History,
    /// The patches, each with the position on the branch at which it belongs.
    pub series: &'a [(usize, Patch)],
    /// Positions of the series' own commits.
    pub own: BTreeSet<usize>,
    /// Changes of files that may still be applied; [`APPLICATIONS_MAX`] at the beginning.
    pub applications_left: usize,
}

/// A set that was tried.
struct Trial {
    /// Those that applied.
    kept: Vec<usize>,
    /// Whether the series applied after them.
    applies: bool,
    /// The first that did not apply.
    failure: Option<(Step, Failure)>,
}

/// One of the patches that are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The commit at this position of the branch.
    Commit(usize),
    /// This patch of the series, from 0.
    Series(usize),
}

/// Why a commit of the set is needed: without it, this does not apply.
#[derive(Clone, Debug)]
pub struct Reason {
    /// What does not apply.
    pub by: Step,
    /// Where, and why.
    pub failure: Failure,
}

/// How dear a commit is: those that are no security fixes are left out first, then those that change more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    other: usize,
    lines: usize,
}

impl Task<'_> {
    /// A minimal set of positions, in order, that makes the series apply; `None` if there is none.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn solve(
        &mut self,
        shop: &mut Workshop,
        security: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Option<Vec<usize>>, Error> {
        let Some(enough) = self.enough(shop)? else { return Ok(None) };
        let costs = self.costs(shop, &enough, security)?;
        let cost = |set: &[usize]| {
            let sum = set.iter().filter_map(|at| costs.get(at));
            sum.fold((set.len(), 0, 0), |sum, cost| (sum.0, sum.1 + cost.other, sum.2 + cost.lines))
        };
        let mut best: Option<Vec<usize>> = None;
        let orders = if enough.len() > ORDERS_SIZE_MAX { 1 } else { 3 };
        for order in 0..orders {
            let mut candidates = enough.clone();
            match order {
                0 => candidates.sort_by_key(|at| std::cmp::Reverse((costs.get(at).copied(), *at))),
                1 => candidates.reverse(),
                _ => {}
            }
            let set = self.reduced(shop, &enough, &candidates)?;
            if best.as_ref().is_none_or(|best| cost(&set) < cost(best)) {
                best = Some(set);
            }
            if best.as_ref().is_some_and(|best| best.len() <= 1) {
                break;
            }
        }
        Ok(best)
    }

    /// Some set that is enough.
    fn enough(&mut self, shop: &mut Workshop) -> Result<Option<Vec<usize>>, Error> {
        let mut roots: Vec<(usize, Patch)> = self.series.to_vec();
        for _ in 0..REPAIRS_MAX {
            let reached = needs::closure(shop, self.history, &roots, &self.own)?;
            let last = self.last();
            let set: Vec<usize> = reached.into_iter().filter(|&at| at <= last).collect();
            let trial = self.trial(shop, &set, true)?;
            if trial.applies {
                return Ok(Some(trial.kept));
            }
            // Something stands on a commit that the lines alone did not show: take all that changed the file.
            let Some((_, failure)) = trial.failure else { break };
            let before = roots.len();
            let changes = self.history.changes(shop, &failure.file, 0, last)?;
            for at in changes.into_iter().filter(|at| !self.own.contains(at)) {
                if !roots.iter().any(|(position, _)| *position == at) && !set.contains(&at) {
                    roots.push((at, (*self.history.patch(shop, at)?).clone()));
                }
            }
            if roots.len() == before {
                break;
            }
            // A root is not among what it needs; it is tried together with it.
            let extra: BTreeSet<usize> = roots[self.series.len()..].iter().map(|(at, _)| *at).collect();
            let reached = needs::closure(shop, self.history, &roots, &self.own)?;
            let all: BTreeSet<usize> = reached.into_iter().filter(|&at| at <= last).chain(extra).collect();
            let trial = self.trial(shop, &all.into_iter().collect::<Vec<_>>(), true)?;
            if trial.applies {
                return Ok(Some(trial.kept));
            }
        }
        self.everything(shop)
    }

    /// All of the branch, thinned out by halves.
    fn everything(&mut self, shop: &mut Workshop) -> Result<Option<Vec<usize>>, Error> {
        let all: Vec<usize> = (1..=self.last()).filter(|at| !self.own.contains(at)).collect();
        let trial = self.trial(shop, &all, true)?;
        if !trial.applies {
            return Ok(None);
        }
        let mut set = trial.kept;
        let mut size = set.len().div_ceil(2);
        while size > 1 {
            let mut at = 0;
            while at < set.len() {
                let end = (at + size).min(set.len());
                let less: Vec<usize> = [&set[..at], &set[end..]].concat();
                let trial = self.trial(shop, &less, true)?;
                if trial.applies {
                    set = trial.kept;
                } else {
                    at = end;
                }
            }
            size /= 2;
        }
        Ok(Some(set))
    }

    /// The last position that may hold a commit of the set.
    fn last(&self) -> usize {
        let last = self.series.iter().map(|(position, _)| *position - 1).max().unwrap_or(0);
        last.min(self.history.last())
    }

    fn costs(
        &mut self,
        shop: &mut Workshop,
        set: &[usize],
        security: &dyn Fn(&[u8]) -> bool,
    ) -> Result<HashMap<usize, Cost>, Error> {
        let mut costs = HashMap::new();
        for &at in set {
            let commit = shop.commit(&self.history.commit(at))?;
            let other = usize::from(!security(commit.message()));
            let patch = self.history.patch(shop, at)?;
            let lines = shop.changed_lines(&patch)?;
            costs.insert(at, Cost { other, lines });
        }
        Ok(costs)
    }

    /// Leaves out what can be left out, the first of `order` first, until nothing can.
    fn reduced(
        &mut self,
        shop: &mut Workshop,
        enough: &[usize],
        order: &[usize],
    ) -> Result<Vec<usize>, Error> {
        let mut set = enough.to_vec();
        loop {
            let before = set.len();
            for &out in order {
                if !set.contains(&out) {
                    continue;
                }
                let less: Vec<usize> = set.iter().copied().filter(|&at| at != out).collect();
                let trial = self.trial(shop, &less, true)?;
                if trial.applies {
                    set = trial.kept;
                }
            }
            if set.len() == before {
                return Ok(set);
            }
        }
    }

    /// The order in which a set and the series are applied: that of the branch. A patch that is not of the branch
    /// comes where it belongs; a series in another order than the branch's comes after the whole set.
    #[must_use]
    pub fn order(&self, set: &[usize]) -> Vec<Step> {
        let ordered = self.series.is_sorted_by_key(|(position, _)| *position);
        let place = |step: &Step| match step {
            Step::Commit(at) => *at,
            Step::Series(number) if ordered => self.series[*number].0,
            Step::Series(_) => usize::MAX,
        };
        let mut steps: Vec<Step> = set.iter().map(|&at| Step::Commit(at)).collect();
        steps.extend((0..self.series.len()).map(Step::Series));
        steps.sort_by_key(place);
        steps
    }

    /// Applies a set and the series. With `leniently`, commits of the set that do not apply are passed over.
    fn trial(&mut self, shop: &mut Workshop, set: &[usize], leniently: bool) -> Result<Trial, Error> {
        let mut state = self.release.clone();
        let mut trial = Trial { kept: Vec::with_capacity(set.len()), applies: false, failure: None };
        for step in self.order(set) {
            let failure = self.apply(shop, &mut state, step)?.err();
            match (step, failure) {
                (Step::Commit(at), None) => trial.kept.push(at),
                (Step::Series(_), None) => {}
                (Step::Commit(_), Some(failure)) if leniently => {
                    trial.failure.get_or_insert((step, failure));
                }
                (_, Some(failure)) => {
                    trial.failure = Some((step, failure));
                    return Ok(trial);
                }
            }
        }
        trial.applies = true;
        Ok(trial)
    }

    fn apply(
        &mut self,
        shop: &mut Workshop,
        state: &mut State,
        step: Step,
    ) -> Result<Result<(), Failure>, Error> {
        match step {
            Step::Commit(at) => {
                let patch = self.history.patch(shop, at)?;
                self.spend(&patch)?;
                state.apply(shop, &patch)
            }
            Step::Series(number) => {
                let (_, patch) = &self.series[number];
                self.spend(patch)?;
                state.apply(shop, patch)
            }
        }
    }

    /// Counts the work. A search that is given up has no answer: neither a set, nor that there is none.
    fn spend(&mut self, patch: &Patch) -> Result<(), Error> {
        let left = self.applications_left.checked_sub(patch.changes.len() + 1);
        self.applications_left = left.ok_or_else(|| Error::Undecided {
            what: "the search for what must come first".into(),
            limit: format!("{APPLICATIONS_MAX} changes of files; name a release nearer to the fix"),
        })?;
        Ok(())
    }

    /// The state after a set and the series; `None` if something in it does not apply.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn result(&mut self, shop: &mut Workshop, set: &[usize]) -> Result<Option<State>, Error> {
        let mut state = self.release.clone();
        for step in self.order(set) {
            if self.apply(shop, &mut state, step)?.is_err() {
                return Ok(None);
            }
        }
        Ok(Some(state))
    }

    /// What each commit of a minimal set is needed for: what does not apply without it.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn reasons(&mut self, shop: &mut Workshop, set: &[usize]) -> Result<BTreeMap<usize, Reason>, Error> {
        let mut reasons = BTreeMap::new();
        for &out in set {
            let less: Vec<usize> = set.iter().copied().filter(|&at| at != out).collect();
            if let Some((by, failure)) = self.trial(shop, &less, false)?.failure {
                reasons.insert(out, Reason { by, failure });
            }
        }
        Ok(reasons)
    }
}
