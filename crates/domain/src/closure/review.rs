//! Answers held against a closure: what is missing, late, contradictory or stale is a list, not a search.

use super::{Closure, Leaf};
use crate::proof::{Answer, Moment, Reach, Rollout, Way};
use crate::regime::Regime;
use crate::regime::StartEvent;
use crate::regime::clock::{Clock, Due, Facts, Happened, PATCHED, Pin, Standing, matrix};
use crate::time::Instant;
use crate::verdict::{Verdict, product_key};
use std::collections::BTreeMap;

/// What is wrong with a leaf of a closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// There is no answer, or none that is whole.
    Missing,
    /// The deadline of the pinned regime is over.
    Late,
    /// Two answers differ, or an answer and the verdict on what runs do.
    Contradictory,
    /// It is about an older version, or rests on an older inventory than the advisory.
    Stale,
    /// Nobody has scored it, so that whether it is late can't be told (SCS-13).
    Pending,
}

impl Kind {
    /// The word for people and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Late => "late",
            Kind::Contradictory => "contradictory",
            Kind::Stale => "stale",
            Kind::Pending => "severity pending",
        }
    }
}

/// Something wrong with one product of one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The advisory.
    pub advisory: String,
    /// The product.
    pub product: String,
    /// What is wrong.
    pub kind: Kind,
    /// What is wrong, in words.
    pub what: String,
    /// When the patch was due, where the pinned regime says.
    pub due: Option<Instant>,
}

/// An answer that has what it must have, with the name of what holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The file.
    pub name: String,
    /// The answer.
    pub answer: Answer,
}

/// What runs of one product, and the worst verdict on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The verdict.
    pub verdict: Verdict,
    /// Its reason.
    pub why: String,
    /// The components.
    pub components: Vec<String>,
    /// Whether the project maintains their release line; none where that is not known (SCS-01).
    pub is_maintained: Option<bool>,
}

/// The verdicts on one snapshot of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// When it was taken, where that is known.
    pub taken: Option<Instant>,
    /// By advisory and product (as it is compared).
    pub verdicts: BTreeMap<(String, String), Running>,
}

/// What a closure is held against, for one deployment.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The closure.
    pub closure: &'a Closure,
    /// The deployment.
    pub deployment: &'a str,
    /// Its answers, to whatever they are.
    pub given: &'a [Given],
    /// What runs there.
    pub ran: Option<&'a Ran>,
    /// The regime that the authority counts by, and what it pins beside it.
    pub regime: Option<(&'a Regime, &'a Pin)>,
    /// Since when the deployment is under the regime: no clock of it starts before (SCS-11).
    pub joined: Option<Instant>,
    /// What is known of single findings, by advisory and product (as it is compared).
    pub facts: &'a BTreeMap<(String, String), Facts>,
    /// The instant of the review.
    pub now: Instant,
}

/// What a review showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// How many answers the closure asks for: one for each product of each leaf.
    pub asked: usize,
    /// How many of them there are, whatever speaks against them.
    pub answered: usize,
    /// What is wrong, by leaf.
    pub lines: Vec<Line>,
    /// Answers to what the closure doesn't ask.
    pub beside: Vec<String>,
}

/// Holds the answers of a deployment against every leaf.
#[must_use]
pub fn review(ask: &Ask<'_>) -> Review {
    let mut review = Review { asked: 0, answered: 0, lines: Vec::new(), beside: Vec::new() };
    for leaf in &ask.closure.leaves {
        for product in &leaf.products {
            let finding = Finding { ask, leaf, product, key: (leaf.advisory.clone(), product_key(product)) };
            let (is_answered, lines) = finding.review();
            review.asked += 1;
            review.answered += usize::from(is_answered);
            review.lines.extend(lines);
        }
    }
    let asks = |answer: &Answer| {
        let mut leaves = ask.closure.leaves.iter().filter(|leaf| leaf.advisory == answer.advisory);
        leaves.any(|leaf| leaf.products.iter().any(|product| is_same(product, &answer.product)))
    };
    let beside = ask.given.iter().filter(|given| !asks(&given.answer));
    review.beside = beside.map(|given| given.name.clone()).collect();
    review
}

fn is_same(one: &str, other: &str) -> bool {
    product_key(one) == product_key(other)
}

/// One product of one leaf.
struct Finding<'a> {
    ask: &'a Ask<'a>,
    leaf: &'a Leaf,
    product: &'a str,
    key: (String, String),
}

impl Finding<'_> {
    fn line(&self, kind: Kind, what: String) -> Line {
        let (advisory, product) = (self.leaf.advisory.clone(), self.product.to_owned());
        Line { advisory, product, kind, what, due: None }
    }

    /// Whether it is answered, and what is wrong.
    fn review(&self) -> (bool, Vec<Line>) {
        let mut given: Vec<&Given> = self.ask.given.iter().filter(|given| self.is_about(given)).collect();
        given.sort_by(|a, b| (a.answer.given, &a.name).cmp(&(b.answer.given, &b.name)));
        let (current, old): (Vec<&Given>, Vec<&Given>) =
            given.into_iter().partition(|given| self.other_version(&given.answer).is_none());
        let mut lines = Vec::new();
        if let (true, Some(last)) = (current.is_empty(), old.last()) {
            let why = self.other_version(&last.answer).unwrap_or_default();
            lines.push(self.line(Kind::Stale, format!("{}: {why}", last.name)));
        }
        lines.extend(self.old_inventory());
        let counts = current.last().copied();
        if let Some(counts) = counts {
            lines.extend(self.differing(&current));
            lines.extend(self.contradicted(counts));
            lines.extend(self.old_evidence(counts));
        }
        let whole = counts.filter(|counts| share(&counts.answer).is_none());
        lines.extend(self.by_clock(counts, whole, !old.is_empty()));
        (counts.is_some(), lines)
    }

    fn is_about(&self, given: &Given) -> bool {
        given.answer.advisory == self.leaf.advisory && is_same(&given.answer.product, self.product)
    }

    /// Why an answer is not to the version in force, where it isn't.
    fn other_version(&self, answer: &Answer) -> Option<String> {
        if let Some(document) = answer.document {
            let is_other = document != self.leaf.sha256;
            return is_other.then(|| {
                format!("the document {document} was answered, and {} is in force", self.leaf.sha256)
            });
        }
        let current: u32 = self.leaf.edition.parse().ok()?;
        match answer.version {
            Some(version) if version == current => None,
            Some(version) => Some(format!("version {version} was answered, and {current} is in force")),
            None if current <= 1 => None,
            None => Some(format!("it doesn't say which version it answers, and {current} is in force")),
        }
    }

    fn old_inventory(&self) -> Option<Line> {
        let (taken, since) = (self.ask.ran?.taken?, self.leaf.since?);
        (taken < since).then(|| {
            let what = format!("the inventory was taken at {taken}, before the advisory ({since})");
            self.line(Kind::Stale, what)
        })
    }

    /// "Not affected" can't rest on what was there before the advisory.
    fn old_evidence(&self, given: &Given) -> Option<Line> {
        let evidence = &given.answer.evidence;
        let taken = evidence.after.or(evidence.before)?.taken;
        let since = self.leaf.since?;
        (given.answer.way == Way::NotAffected && taken < since).then(|| {
            let what = format!(
                "{}: not affected, by a snapshot of {taken}, before the advisory ({since})",
                given.name
            );
            self.line(Kind::Stale, what)
        })
    }

    /// Each answer against the one after it. Patched after it was put out of reach is no contradiction.
    fn differing(&self, current: &[&Given]) -> Vec<Line> {
        let pairs = current.windows(2).filter_map(|pair| {
            let [earlier, later] = pair else { return None };
            let follows =
                matches!((&earlier.answer.way, &later.answer.way), (Way::OutOfReach(_), Way::Patched(_)))
                    && earlier.answer.given < later.answer.given;
            let (one, other) = (&earlier.answer.way, &later.answer.way);
            (one.letter() != other.letter() && !follows).then(|| {
                let what = format!(
                    "{} says {} ({}), {} says {} ({})",
                    earlier.name,
                    one.letter(),
                    one.phrase(),
                    later.name,
                    other.letter(),
                    other.phrase()
                );
                self.line(Kind::Contradictory, what)
            })
        });
        pairs.collect()
    }

    /// An answer against the verdict on the provider's own inventory.
    fn contradicted(&self, given: &Given) -> Option<Line> {
        let ran = self.ask.ran?;
        let running = ran.verdicts.get(&self.key)?;
        let is_affected = running.verdict == Verdict::Affected;
        let what = match &given.answer.way {
            Way::NotAffected if is_affected => {
                format!("not affected, and the verdict on the inventory is affected: {}", running.why)
            }
            Way::OutOfReach(Reach::NotUsed) if !running.components.is_empty() => {
                format!("not used, and the inventory has {}", running.components.join(", "))
            }
            // A patch of the provider's own shows in no version.
            Way::Patched(crate::proof::Patch::Upstream { .. } | crate::proof::Patch::Integrator { .. })
                if is_affected && self.was_taken_after(given) =>
            {
                format!("patched, and the verdict on the later inventory is affected: {}", running.why)
            }
            Way::NotAffected | Way::OutOfReach(_) | Way::Patched(_) => return None,
        };
        Some(self.line(Kind::Contradictory, format!("{}: {what}", given.name)))
    }

    fn was_taken_after(&self, given: &Given) -> bool {
        let taken = self.ask.ran.and_then(|ran| ran.taken);
        taken.zip(done(&given.answer)).is_some_and(|(taken, done)| taken >= done)
    }

    /// What is missing, with its deadline; what came after it.
    fn by_clock(&self, counts: Option<&Given>, whole: Option<&Given>, has_old: bool) -> Option<Line> {
        // Where there was nothing to patch, there was no deadline for a patch.
        if whole.is_some_and(|given| given.answer.way == Way::NotAffected) {
            return None;
        }
        let done = whole.and_then(|given| done(&given.answer));
        let clock = self.clock(done);
        let due = clock.as_ref().and_then(|clock| match clock.due {
            Due::At(due) => Some(due),
            Due::Open(_)
            | Due::SeverityPending(_)
            | Due::NotStarted
            | Due::Unanswered(_)
            | Due::Uncovered => None,
        });
        let timing = clock.as_ref().map(|clock| timing(clock, done.unwrap_or(self.ask.now), done.is_some()));
        if whole.is_none() {
            let what = match counts.and_then(|given| Some((given, share(&given.answer)?))) {
                None if has_old => "nobody answered the version in force".to_owned(),
                None => "nobody answered".to_owned(),
                Some((given, Rollout { done, of })) => {
                    format!("{}: patched in part, on {done} of {of} hosts", given.name)
                }
            };
            let when = timing.map(|(_, when)| format!("; {when}")).unwrap_or_default();
            return Some(Line { due, ..self.line(Kind::Missing, format!("{what}{when}")) });
        }
        let (kind, when) = timing?;
        let name = whole.map(|given| given.name.as_str()).unwrap_or_default();
        Some(Line { due, ..self.line(kind?, format!("{name}: {when}")) })
    }

    /// The clock that the authority counts by, of a finding that is done at some instant.
    fn clock(&self, done: Option<Instant>) -> Option<Clock> {
        let (regime, pin) = self.ask.regime?;
        let mut facts = self.ask.facts.get(&self.key).cloned().unwrap_or_else(|| Facts {
            advisory: self.leaf.advisory.clone(),
            product: self.product.to_owned(),
            deployment: self.ask.deployment.to_owned(),
            ..Facts::default()
        });
        let says_public = facts.happened.iter().any(|happened| happened.event == StartEvent::Public);
        if let (false, Some(at)) = (says_public, self.leaf.since) {
            let source = "the closure".to_owned();
            facts.happened.push(Happened { event: StartEvent::Public, at, source });
        }
        if facts.is_maintained.is_none() {
            facts.is_maintained =
                self.ask.ran.and_then(|ran| ran.verdicts.get(&self.key)).and_then(|ran| ran.is_maintained);
        }
        if let Some(joined) = self.ask.joined {
            facts.happened.iter_mut().for_each(|happened| happened.at = happened.at.max(joined));
        }
        facts.done.remove(PATCHED);
        facts.done.extend(done.map(|done| (PATCHED.to_owned(), done)));
        let clocks = matrix(&facts, std::slice::from_ref(regime), Some(pin), self.ask.now);
        clocks.into_iter().find(|clock| clock.is_base)
    }
}

/// How far the patch has come, where it doesn't run everywhere.
fn share(answer: &Answer) -> Option<Rollout> {
    match &answer.way {
        Way::Patched(_) => answer.evidence.rollout.filter(|rollout| rollout.done < rollout.of),
        Way::NotAffected | Way::OutOfReach(_) => None,
    }
}

/// Since when what an answer says is so: the last host's restart, the snapshot after the patch, or the answer.
fn done(answer: &Answer) -> Option<Instant> {
    if share(answer).is_some() {
        return None;
    }
    let restarted = answer.evidence.moments.said().find(|(moment, _)| *moment == Moment::LastHostRestarted);
    let patched = match &answer.way {
        Way::Patched(_) => {
            restarted.map(|(_, at)| at).or(answer.evidence.after.map(|snapshot| snapshot.taken))
        }
        Way::NotAffected | Way::OutOfReach(_) => None,
    };
    Some(patched.unwrap_or(answer.given))
}

/// What a clock says, and what is wrong by it, of what was done, or is not, `until` an instant.
fn timing(clock: &Clock, until: Instant, is_done: bool) -> (Option<Kind>, String) {
    match (&clock.due, clock.standing) {
        (Due::At(due), Standing::Late) => (Some(Kind::Late), format!("done after it was due, {due}")),
        (Due::At(due), Standing::Overdue) => (Some(Kind::Late), format!("overdue since {due}")),
        (Due::At(due), Standing::InTime | Standing::Running | Standing::Undecided) => {
            (None, format!("due {due}"))
        }
        (Due::SeverityPending(bands), _) => pending(bands, until, is_done),
        (Due::Open(_), _) => (None, "due at no fixed instant".to_owned()),
        (Due::NotStarted, _) => (None, "its clock has not started, or nobody knows when".to_owned()),
        (Due::Unanswered(points), _) => {
            (Some(Kind::Pending), format!("nobody answered {}", points.join(", ")))
        }
        (Due::Uncovered, _) => (None, "the regime has no deadline for it".to_owned()),
    }
}

/// SCS-13: without a score, each band's deadline is shown, and what is late by all of them is late.
fn pending(bands: &[(String, Option<Instant>)], until: Instant, is_done: bool) -> (Option<Kind>, String) {
    let is_over = |due: &Option<Instant>| due.is_some_and(|due| due < until);
    let words: Vec<String> = bands
        .iter()
        .map(|(band, due)| match due {
            Some(at) if is_over(due) => format!("{band} {at}, over"),
            Some(at) => format!("{band} {at}"),
            None => format!("{band} open"),
        })
        .collect();
    let over = bands.iter().filter(|(_, due)| is_over(due)).count();
    let said = format!("severity pending: {}", words.join("; "));
    match over {
        0 => ((!is_done).then_some(Kind::Pending), said),
        over if over == bands.len() => (Some(Kind::Late), format!("late whatever its severity; {said}")),
        _ => (Some(Kind::Pending), said),
    }
}
