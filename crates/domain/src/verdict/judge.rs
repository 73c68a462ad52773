//! The verdict itself: a pure function of what the advisory says, what the build says, and what is known.

use super::place::{Place, place};
use super::{
    Account, Affected, Build, CommitFact, Contained, Fix, Judgement, Position, Side, Statement, Verdict,
};
use crate::release::{Release, Releases};
use crate::version::ReleaseVersion;
use jiff::civil::Date;

/// What is known beside the advisory and the build.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What was released, and when.
    pub releases: &'a Releases,
    /// The commits that fix this advisory in this product; empty where no repository was asked.
    pub fixes: &'a [Fix],
    /// What a repository knows about the commit that the build was made from.
    pub commit: Option<&'a CommitFact>,
    /// The day on which the build was seen to run. It was built on that day or before.
    pub seen: Option<Date>,
}

/// Whether `build` is affected by what `statement` says.
#[must_use]
pub fn judge(statement: &Statement, build: &Build, known: &Known<'_>) -> Judgement {
    let (verdict, why, account) = Bench { statement, build, known }.decide();
    let range = match &statement.affected {
        Affected::Ranges(_) => statement.said.clone(),
        Affected::AtLeast(_) => format!("{}; of other versions it doesn't tell", statement.said),
        Affected::NotUnderstood => format!("`{}`, which could not be understood", statement.said),
    };
    let mut account = Account { range, ..account };
    if let Some(published) = &statement.published {
        let what = format!("{} became public ({})", statement.advisory, published.source);
        account.dates.push((published.day, what));
    }
    if let Some(built) = build.built {
        account.dates.push((built, "the build was made, by its version".to_owned()));
    }
    account.dates.sort();
    Judgement { verdict, why, account }
}

type Decision = (Verdict, String, Account);

struct Bench<'a> {
    statement: &'a Statement,
    build: &'a Build,
    known: &'a Known<'a>,
}

impl<'a> Bench<'a> {
    fn decide(&self) -> Decision {
        if let (Some(commit), Some(fact)) = (&self.build.commit, self.known.commit) {
            return self.by_commit(commit, fact);
        }
        match &self.build.position {
            Position::Nowhere => unknown(
                format!("its version `{}` doesn't say what it was built from", self.build.said),
                "a version, build date or commit of what runs",
            ),
            Position::OnLine(line) => self.on_line(line),
            Position::Numbered(version) if self.build.is_patched => self.patched(version),
            Position::Numbered(version) => self.numbered(version),
        }
    }

    fn by_commit(&self, commit: &str, fact: &CommitFact) -> Decision {
        let after = fact.after.as_ref().map_or_else(|| "no release".to_owned(), ToString::to_string);
        let what = format!("the build was made from the commit {}, after {after}", short(commit));
        let account = Account { position: what.clone(), ..Account::default() };
        let side = fact.after.as_ref().map_or(Side::Untold, |version| self.side_of_release(version));
        match (fact.fix, side) {
            (Contained::All, _) => (Verdict::Fixed, format!("{what}, which contains the fix"), account),
            (Contained::Nothing, Side::Within) => {
                (Verdict::Affected, format!("{what}, which is affected, and lacks the fix"), account)
            }
            (Contained::Nothing | Contained::Untold, Side::Before)
            | (Contained::Part | Contained::Untold, Side::After)
                if fact
                    .after
                    .as_ref()
                    .is_some_and(|after| !fact.is_release && self.may_leave(side, after)) =>
            {
                let why = format!("{what}, and a later release has the flaw: the commit may have it already");
                let settles = Some("the commit that brought the flaw".to_owned());
                (Verdict::Unknown, why, Account { settles, ..account })
            }
            (Contained::Nothing | Contained::Untold, Side::Before)
            | (Contained::Part | Contained::Untold, Side::After) => self.by_side(side, &what, account),
            (Contained::Part | Contained::Nothing | Contained::Untold, _) => {
                let why =
                    format!("{what}, and the repository doesn't show whether the fix is complete in it");
                let settles = Some("a look at the commits of the fix".to_owned());
                (Verdict::Unknown, why, Account { settles, ..account })
            }
        }
    }

    /// Whether what lies on top of the release `after` can be on its way to one on another side of the
    /// ranges: the next of its line, or, on the main branch, the first of the line that follows.
    fn may_leave(&self, side: Side, after: &ReleaseVersion) -> bool {
        let releases = self.releases();
        let own = releases.iter().find(|release| release.version == *after);
        for next in releases.iter().filter(|release| release.version > *after) {
            if self.statement.side(&next.version, next.day()) != side {
                return true;
            } else if own.is_some_and(|own| own.line != next.line) {
                return false;
            }
        }
        // The data ends here. What is past every range stays there.
        side != Side::After || self.statement.begins_again_after(after)
    }

    fn side_of_release(&self, version: &ReleaseVersion) -> Side {
        let known = self.releases().iter().find(|release| release.version == *version);
        self.statement.side(version, known.and_then(Release::day))
    }

    fn releases(&self) -> &'a [Release] {
        self.known.releases.of(&self.statement.product)
    }

    fn numbered(&self, version: &ReleaseVersion) -> Decision {
        let released = self.releases().iter().find(|release| release.version == *version);
        match released {
            Some(release) if self.may_precede(release) => self.undated(release),
            Some(release) if !self.was_built_before(release) => self.released(release),
            Some(_) => self.snapshot(version),
            None if version.dev().is_none() && self.is_beyond_the_data(version) => self.claimed(version),
            None => self.snapshot(version),
        }
    }

    /// A build can't be a release that came after it, whatever its number says.
    fn was_built_before(&self, release: &Release) -> bool {
        self.day().zip(release.day()).is_some_and(|(day, released)| day < released)
    }

    /// Whether a build from before the advisory bears the number of a release of no known day: the release
    /// may have come later, and bring the fix.
    fn may_precede(&self, release: &Release) -> bool {
        let public = self.statement.published.as_ref().map(|published| published.day);
        release.day().is_none() && self.build.built.zip(public).is_some_and(|(built, public)| built < public)
    }

    fn undated(&self, release: &Release) -> Decision {
        let (as_release, as_snapshot) = (self.released(release), self.snapshot(&release.version));
        if as_release.0 != Verdict::Fixed || as_snapshot.0 == Verdict::Fixed {
            return as_release;
        }
        let why = format!(
            "{} was built before {} became public, and it isn't known whether {} had been released then",
            self.build.said, self.statement.advisory, release.version
        );
        let settles = Some(format!("the day of the release {}", release.version));
        (Verdict::Unknown, why, Account { settles, ..as_release.2 })
    }

    /// The latest day on which it can have been built.
    fn day(&self) -> Option<Date> {
        self.build.built.or(self.known.seen)
    }

    /// Whether the release data ends before this version, or begins after it, so that its silence says
    /// nothing.
    fn is_beyond_the_data(&self, version: &ReleaseVersion) -> bool {
        let releases = self.releases();
        let is_before = releases.first().is_none_or(|first| *version < first.version);
        let is_after = releases.last().is_none_or(|last| *version > last.version);
        is_before || (is_after && self.build.built.is_none())
    }

    fn released(&self, release: &Release) -> Decision {
        let (version, line) = (&release.version, &release.line);
        let position = format!("the release {version} of {line}");
        let side = self.statement.side(version, release.day());
        if let Some(late) = self.fix_missing_in(release, side) {
            let why = format!(
                "the repository shows that {version} lacks the fix {}, merged to {line} on {} only",
                short(&late.commit),
                late.day()
            );
            return (Verdict::Affected, why, Account { position, ..self.dated_release(release) });
        }
        let mut account = Account { position, ..self.dated_release(release) };
        if side == Side::After && self.is_older_than_the_advisory(release) {
            account.assumptions.push(format!(
                "{version} is older than the advisory, whose range says all the same that it is not affected; \
                 a repository could confirm it"
            ));
        }
        self.by_side(side, &format!("{version} is a release of {line}"), account)
    }

    fn is_older_than_the_advisory(&self, release: &Release) -> bool {
        release.day().zip(self.statement.published.as_ref()).is_some_and(|(day, public)| day < public.day)
    }

    /// A fix that came to the line only after a release that the range calls fixed. A line that never was
    /// affected has the fix from the main branch, and what came later are improvements.
    fn fix_missing_in(&self, release: &Release, side: Side) -> Option<&'a Fix> {
        let was_affected = self.on_line_of(release).any(|earlier| {
            earlier.version < release.version
                && self.statement.side(&earlier.version, earlier.day()) == Side::Within
        });
        let first = self.released_fixes(&release.line).min_by_key(|fix| fix.merged)?;
        let is_in = first.first_release.as_ref().is_some_and(|contains| *contains <= release.version);
        (side == Side::After && was_affected && !is_in).then_some(first)
    }

    fn on_line_of(&self, release: &Release) -> impl Iterator<Item = &'a Release> + use<'a> {
        let line = release.line.clone();
        self.releases().iter().filter(move |other| other.line == line)
    }

    /// The fixes on a line that a release contains. One without may be on somebody's own branch.
    fn released_fixes(&self, line: &str) -> impl Iterator<Item = &'a Fix> {
        let line = line.to_owned();
        self.known.fixes.iter().filter(move |fix| fix.line == line && fix.first_release.is_some())
    }

    /// The commits that make up the fix on a line: those that came with its first fixed release. Later ones
    /// improve on it.
    fn needed_fixes(&self, lower: &Release) -> Vec<&'a Fix> {
        let by_range = self.first_fixed_after(lower).map(|(release, _)| &release.version);
        let by_commits = self.released_fixes(&lower.line).filter_map(|fix| fix.first_release.as_ref()).min();
        match (by_range, by_commits) {
            (by_range, Some(by_commits)) => {
                let first = by_range.map_or(by_commits, |version| version.max(by_commits));
                let is_needed = |fix: &&Fix| fix.first_release.as_ref().is_some_and(|with| with <= first);
                self.released_fixes(&lower.line).filter(is_needed).collect()
            }
            // Commits that no release has can't be what the release was fixed with.
            (Some(_), None) => Vec::new(),
            (None, None) => self.known.fixes.iter().filter(|fix| fix.line == lower.line).collect(),
        }
    }

    fn dated_release(&self, release: &Release) -> Account {
        let seen = release.day().map(|day| (day, format!("{} was released", release.version)));
        let line = self.known.releases.line(&release.line).map(|line| line.name.clone());
        Account { dates: seen.into_iter().collect(), line, ..Account::default() }
    }

    /// A version that the release data doesn't reach: it is taken for the release it says it is.
    fn claimed(&self, version: &ReleaseVersion) -> Decision {
        let side = self.statement.side(version, None);
        let account = Account {
            position: format!("{version}, by its own word"),
            assumptions: vec![format!("{version} is a release; the release data doesn't reach it")],
            ..Account::default()
        };
        self.by_side(side, &format!("{version} is taken for a release"), account)
    }

    fn by_side(&self, side: Side, what: &str, account: Account) -> Decision {
        let said = &self.statement.said;
        match side {
            Side::Within => (Verdict::Affected, format!("{what}, in the affected range {said}"), account),
            Side::After => (Verdict::Fixed, format!("{what}, past the affected range {said}"), account),
            Side::Before => {
                let why = format!("{what}, before the affected range {said}: the flaw came later");
                (Verdict::NotAffected, why, account)
            }
            Side::Untold => {
                let why = format!("{what}, and the advisory's range `{said}` doesn't tell whether it counts");
                let settles = Some("the versions that were affected, from the advisory's bug".to_owned());
                (Verdict::Unknown, why, Account { settles, ..account })
            }
        }
    }

    /// A distribution's package: what is past upstream's range is fixed; what is in it may carry a backport.
    fn patched(&self, version: &ReleaseVersion) -> Decision {
        let side = self.side_of_release(version);
        let what = format!("{} is a distribution's package of {version}", self.build.said);
        let account = Account { position: what.clone(), ..Account::default() };
        if side == Side::Within {
            let why = format!("{what}, in the affected range, and may carry the distribution's own fix");
            let settles = Some("the distribution's security tracker or the package's changelog".to_owned());
            return (Verdict::Unknown, why, Account { settles, ..account });
        }
        if version.dev().is_some() && (side == Side::Before || self.statement.begins_again_after(version)) {
            let why = format!("{what}, a snapshot, and a later release has the flaw: it may have it already");
            let settles = Some("the commit that the package was made from".to_owned());
            return (Verdict::Unknown, why, Account { settles, ..account });
        }
        self.by_side(side, &what, account)
    }

    fn snapshot(&self, version: &ReleaseVersion) -> Decision {
        let target = version.target();
        if let Some(place) = place(self.known.releases, &self.statement.product, version, self.day()) {
            return self.between(&target, place);
        }
        // Where the data reaches, its silence says that nothing had been released on that day.
        let is_before_the_data = self.releases().first().is_none_or(|first| target < first.version);
        let before = target.patch_level_before().filter(|_| is_before_the_data);
        let Some(before) = before else {
            return unknown(
                format!("{} is a snapshot, and no release before it is known", self.build.said),
                "the product's releases, or the commit it was built from",
            );
        };
        // Without release data, the number itself says which patch level came before.
        let made_up = Release { version: before, line: "its line".to_owned(), seen: None, commit: None };
        self.between(&target, Place { lower: &made_up, upper: None })
    }

    fn between(&self, target: &ReleaseVersion, place: Place<'_>) -> Decision {
        let lower = place.lower;
        let what = self.describe(lower);
        let lower_side = self.statement.side(&lower.version, lower.day());
        let target_side = self.statement.side(target, place.upper.and_then(Release::day));
        let account = Account { position: what.clone(), ..self.dated_release(lower) };
        if lower_side == target_side
            && lower_side != Side::Within
            && self.statement.begins_between(&lower.version, target)
        {
            let why = format!("{what}, and the flaw came and went between that and {target}");
            let settles = Some("the commit it was built from, with a repository".to_owned());
            return (Verdict::Unknown, why, Account { settles, ..account });
        }
        match (lower_side, target_side) {
            (Side::Within, Side::Within) => {
                let why = format!(
                    "{what}, and even {target}, which comes after it, is in the affected range {}",
                    self.statement.said
                );
                (Verdict::Affected, why, account)
            }
            (Side::Within, _) => self.after_affected(place, &what, account),
            (Side::After, Side::After) if self.fix_missing_in(lower, Side::After).is_some() => {
                self.after_affected(place, &what, account)
            }
            (Side::After, Side::After) => {
                (Verdict::Fixed, format!("{what}, which already contains the fix"), account)
            }
            (Side::Before, Side::Before) => {
                let why = format!("{what}, before the affected range {}", self.statement.said);
                (Verdict::NotAffected, why, account)
            }
            (Side::Untold, _) | (_, Side::Untold) => self.by_side(Side::Untold, &what, account),
            (Side::Before | Side::After, _) => {
                let why = format!("{what}, and the flaw came in between that and {target}");
                let settles = Some("the commit it was built from, with a repository".to_owned());
                (Verdict::Unknown, why, Account { settles, ..account })
            }
        }
    }

    fn describe(&self, lower: &Release) -> String {
        let said = &self.build.said;
        let when = match (self.build.built, self.known.seen) {
            (Some(built), _) => format!(", built {built}"),
            (None, Some(seen)) => format!(", built {seen} or before"),
            (None, None) => String::new(),
        };
        format!("{said} is a snapshot of {} after {}{when}", lower.line, lower.version)
    }

    /// The last release before the snapshot is affected. What decides is whether the fix had been merged
    /// to the branch when the snapshot was built.
    fn after_affected(&self, place: Place<'_>, what: &str, account: Account) -> Decision {
        let line = &place.lower.line;
        let assumption = format!("the build was made from the head of {line} of its day");
        let account = Account { assumptions: vec![assumption], ..account };
        let fixes = self.needed_fixes(place.lower);
        if fixes.is_empty() {
            self.by_dates(place, what, account)
        } else {
            self.by_fixes(&fixes, what, account)
        }
    }

    fn by_fixes(&self, fixes: &[&Fix], what: &str, mut account: Account) -> Decision {
        for fix in fixes {
            account.dates.push((fix.day(), format!("the fix {} was merged", short(&fix.commit))));
        }
        let first = fixes.iter().map(|fix| fix.day()).min();
        let last = fixes.iter().map(|fix| fix.day()).max();
        match (self.day(), self.build.built, first, last) {
            (Some(day), _, Some(first), _) if day < first => {
                (Verdict::Affected, format!("{what}, before the fix was merged on {first}"), account)
            }
            (_, Some(built), _, Some(last)) if built > last => {
                (Verdict::Fixed, format!("{what}, after the fix was merged on {last}"), account)
            }
            (_, _, first, _) => {
                let first = first.map(|day| format!(" on {day}")).unwrap_or_default();
                let why = format!("{what}, and the fix was merged{first}: the order can't be told from days");
                let settles = Some("the commit it was built from".to_owned());
                (Verdict::Unknown, why, Account { settles, ..account })
            }
        }
    }

    fn by_dates(&self, place: Place<'_>, what: &str, mut account: Account) -> Decision {
        let first_fixed = self.first_fixed_after(place.lower);
        if let Some((release, day)) = first_fixed {
            let what =
                format!("{} was released, the first of {} with the fix", release.version, release.line);
            account.dates.push((day, what));
        }
        let public = self.statement.published.as_ref().map(|published| published.day);
        match (self.day(), self.build.built, first_fixed, public) {
            (_, Some(built), Some((release, day)), _) if built > day => {
                let why = format!(
                    "{what}, when the branch had come to {}, released {day} with the fix",
                    release.version
                );
                (Verdict::Fixed, why, account)
            }
            (Some(day), _, _, Some(public)) if day < public => {
                let why = format!("{what}, before {} became public on {public}", self.statement.advisory);
                (Verdict::Affected, why, account)
            }
            (_, _, first_fixed, Some(public)) => {
                let until = match first_fixed {
                    Some((release, day)) => format!("{} was released with the fix on {day}", release.version),
                    None => "no release of the line is known to carry the fix".to_owned(),
                };
                let why =
                    format!("{what}; {} became public on {public}, and {until}", self.statement.advisory);
                let settles = Some("the repository (--repos), or the commit it was built from".to_owned());
                (Verdict::Unknown, why, Account { settles, ..account })
            }
            (_, _, _, None) => {
                let why = format!("{what}, which is affected, and it isn't known when the fix was merged");
                let settles = Some("the repository (--repos), or the commit it was built from".to_owned());
                (Verdict::Unknown, why, Account { settles, ..account })
            }
        }
    }

    /// The first release on the line of `lower` that is past the affected ranges.
    fn first_fixed_after(&self, lower: &Release) -> Option<(&'a Release, Date)> {
        let mut fixed = self.on_line_of(lower).filter(|release| {
            release.version > lower.version
                && release.version.is_final()
                && self.statement.side(&release.version, release.day()) == Side::After
        });
        fixed.find_map(|release| release.day().map(|day| (release, day)))
    }

    fn on_line(&self, line: &str) -> Decision {
        let releases =
            self.releases().iter().filter(|release| release.line == line && release.version.is_final());
        let what = match self.build.built {
            Some(built) => format!("{} was built from {line} on {built}", self.build.said),
            None => format!("{} was built from {line}, on no known day", self.build.said),
        };
        let account = Account { position: what.clone(), line: Some(line.to_owned()), ..Account::default() };
        let sides: Vec<Side> =
            releases.clone().map(|release| self.statement.side(&release.version, release.day())).collect();
        if let Some(first) = sides.first()
            && sides.iter().all(|side| side == first)
            && *first != Side::Within
            && !self.may_precede_the_line(line)
            && !(*first == Side::Before && self.line_may_gain_the_flaw(line))
        {
            return self.by_side(*first, &what, account);
        }
        let public = self.statement.published.as_ref().map(|published| published.day);
        let settles = Some("the versions inside the image (pip freeze)".to_owned());
        match (sides.contains(&Side::Within), self.day(), public) {
            (true, Some(day), Some(public)) if day < public => {
                let why = format!("{what}, before {} became public on {public}", self.statement.advisory);
                (Verdict::Affected, why, account)
            }
            (true, _, _) => {
                let why = format!(
                    "{what}; {line} was affected and has been fixed since, and an integrator's branch may lag"
                );
                (Verdict::Unknown, why, Account { settles, ..account })
            }
            (false, _, _) if !sides.is_empty() => {
                let why = format!("{what}, and the releases of {line} don't tell what it had on that day");
                (Verdict::Unknown, why, Account { settles, ..account })
            }
            (false, _, _) => {
                let why =
                    format!("{what}, and no release of {} on that line is known", self.statement.product);
                (Verdict::Unknown, why, Account { settles, ..account })
            }
        }
    }

    /// Whether a build under a line's name is older than the line's first release: it was made on the main
    /// branch, and lacks what came to that later.
    fn may_precede_the_line(&self, line: &str) -> bool {
        let of_line = self.releases().iter().filter(|release| release.line == line);
        let first = of_line.filter_map(Release::day).min();
        self.day().zip(first).is_some_and(|(day, first)| day < first)
    }

    /// Whether the flaw came with a patch level that follows the last known release of a line.
    fn line_may_gain_the_flaw(&self, line: &str) -> bool {
        let last = self.releases().iter().rfind(|release| release.line == line);
        let Some(last) = last else { return true };
        let next = self.releases().iter().find(|release| release.version > last.version);
        match next.map(|next| next.version.final_version()) {
            Some(next) => self.statement.begins_between(&last.version, &next),
            None => self.statement.begins_again_after(&last.version),
        }
    }
}

fn unknown(why: String, settles: &str) -> Decision {
    (Verdict::Unknown, why, Account { settles: Some(settles.to_owned()), ..Account::default() })
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
