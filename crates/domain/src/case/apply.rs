//! Applying what happened. It cannot fail: [`super::decide()`] did the judging.

use super::action::TestOutcome;
use super::event::{Absorbed, By, Entry, Event};
use super::machines::{self, CaseState, CsStep, Em, EmStep, Pec, PecStep, Rm, RmStep};
use super::{Batch, Case, Participant, Patch, Proposal, Reason, ReleaseWork, Stage, Version};
use crate::advisory::ActionNeeded;
use crate::advisory::Draft;
use crate::id::{CaseId, Slug};
use crate::policy::vocabulary::{BuiltFact, Fact};
use crate::rating::Rating;
use crate::time::Instant;
use std::sync::Arc;

impl Case {
    /// The case that `entry` opens, if it is the arrival of a report.
    #[must_use]
    pub fn opened(entry: &Entry) -> Option<Case> {
        let Event::Received { id, report } = &entry.event else { return None };
        let mut case = Case {
            id: *id,
            title: report.title.clone(),
            rm: Rm::Received,
            em: Em::None,
            state: CaseState::START.step(CsStep::VendorAware).unwrap_or(CaseState::START),
            facts: Vec::with_capacity(24),
            reports: vec![report.clone()],
            reporters: report.from.iter().cloned().collect(),
            assigned: None,
            participants: Vec::new(),
            consents: Vec::new(),
            until: None,
            proposals: Vec::new(),
            releases: Vec::new(),
            affected_versions: Vec::new(),
            rating: None,
            cves: Vec::new(),
            number: None,
            versions: Vec::new(),
            batch: None,
            duplicate_of: None,
            merged_into: None,
            reminded: Vec::new(),
            alarmed: Vec::new(),
            missed: false,
            entries: 1,
        };
        case.establish(BuiltFact::Received, entry.at);
        Some(case)
    }

    /// Applies what happened.
    pub fn apply(&mut self, entry: &Entry) {
        self.entries += 1;
        let at = entry.at;
        match &entry.event {
            // A second arrival of the same case cannot be; a further letter is `Heard`.
            Event::Received { report, .. } | Event::Heard { report } => self.reports.push(report.clone()),
            Event::Acknowledged { .. } => self.establish(BuiltFact::Acknowledged, at),
            Event::HandedOver { .. } => self.put_aside(BuiltFact::HandedOver, at),
            Event::Confirmed { affected, versions } => self.confirm(affected, versions, at),
            Event::Denied { .. } => {
                self.step_rm(RmStep::Invalidate);
                self.establish(BuiltFact::Denied, at);
            }
            Event::ReporterTold { .. } => self.establish(BuiltFact::ReporterTold, at),
            Event::MarkedDuplicate { of } => self.duplicate(*of, at),
            Event::Merged { into } => self.merged(*into, at),
            Event::Absorbed(absorbed) => self.absorb(absorbed, at),
            Event::Rated { rating } => self.rate(rating, at),
            Event::Assigned { person } => self.assign(person, at),
            Event::Invited { person, role } => self.invite(person, role),
            Event::ConfidenceAcknowledged { person } => self.admit(person),
            Event::PatchAttached { release, name, sha256 } => self.patch(release, name, sha256),
            Event::Tested { release, outcome, .. } => self.tested(release, *outcome),
            Event::PatchChecked { release, checks } => self.work_on(release).checks.clone_from(checks),
            Event::ForecastChanged { release, is, .. } => {
                self.work_on(release).forecast = Some((**is).clone())
            }
            Event::ReasonGiven { release, reason, .. } => self.give_reason(release, *reason, at),
            Event::CveReserved { cve } => self.reserve(cve, at),
            Event::NumberAssigned { number } => {
                self.number = Some(number.clone());
                self.establish(BuiltFact::NumberAssigned, at);
            }
            Event::Predisclosed { .. } => self.establish(BuiltFact::Predisclosed, at),
            Event::Committed { release, commit } => self.committed(release, commit, at),
            Event::Released { release, version } => self.released(release, version, at),
            Event::Batched { batch, at: instant } => {
                self.batch = Some(Batch { id: batch.clone(), at: *instant });
            }
            Event::LeftBatch => self.batch = None,
            Event::Opened => self.establish(BuiltFact::Opened, at),
            Event::Reviewed { .. } => self.establish(BuiltFact::Reviewed, at),
            Event::Closed { .. } => {
                self.step_rm(RmStep::Close);
                self.establish(BuiltFact::Closed, at);
            }
            Event::CustomDone { step, .. } => self.establish_fact(Fact::Custom(step.clone()), at),
            Event::DisclosureMissed { .. } => self.missed = true,
            Event::Reminded { clock, nth, .. } => self.reminded.push((clock.clone(), *nth)),
            Event::Alarmed { clock, .. } => self.alarmed.push(clock.clone()),
            Event::Messaged { .. } | Event::Refused { .. } => {}
            Event::EmbargoProposed { until, roles, .. } => self.propose(*until, roles),
            Event::EmbargoAccepted { roles } => self.accept(roles),
            Event::EmbargoAgreed { until } => self.agree(*until, at),
            Event::EmbargoRejected { roles } => self.reject(roles),
            Event::EmbargoEnded { .. } => self.end_embargo(at),
            Event::BecamePublic { .. } => self.step_state(CsStep::PublicAware, at),
            Event::Exploited { .. } => self.exploited(at),
            Event::Attacked { .. } => self.step_state(CsStep::AttacksSeen, at),
            Event::Drafted { draft } => self.draft(draft, at),
            Event::Reissued { draft, changes, action_needed } => {
                self.add_version(draft, changes, Some(*action_needed));
            }
            Event::Approved { person } => self.approved(person),
            Event::Staged { at: instant, .. } => self.set_stage(Stage::Staged { at: *instant }),
            Event::Announced { planned, version, .. } => self.announced(*planned, *version, at),
        }
        self.fix_may_be_ready();
        self.check();
    }

    /// The invariants of the case model; a broken one is a bug of ours and stops the program at once.
    fn check(&self) {
        assert!(machines::embargo_fits(self.em, self.state.pxa), "an embargo runs over what is public");
        assert!(
            machines::fix_path_fits(self.rm, self.state.vfd),
            "a fix is ready for a report nobody accepted"
        );
        assert!(!(self.rm == Rm::Closed && self.em.is_running()), "closed while an embargo runs");
    }

    fn accept(&mut self, roles: &[Slug]) {
        if let Some(shortest) = self.proposals.first_mut() {
            shortest.agreed.extend(roles.iter().cloned());
        }
        self.consent(roles, PecStep::Accept);
    }

    fn agree(&mut self, until: Instant, at: Instant) {
        self.proposals.retain(|proposal| proposal.until != until);
        self.until = Some(until);
        self.step_em(EmStep::Accept);
        // Longer proposals stay on the table, as revisions of the shortest (case-model.md).
        if !self.proposals.is_empty() {
            self.step_em(EmStep::Revise);
        }
        self.establish(BuiltFact::EmbargoAgreed, at);
    }

    fn reject(&mut self, roles: &[Slug]) {
        self.proposals.clear();
        self.step_em(EmStep::Reject);
        self.consent(roles, PecStep::Decline);
    }

    fn end_embargo(&mut self, at: Instant) {
        self.proposals.clear();
        self.step_em(EmStep::Terminate);
        self.establish(BuiltFact::EmbargoOver, at);
    }

    /// An exploit makes it public: both in one step, since no state with one alone may last.
    fn exploited(&mut self, at: Instant) {
        self.step_state(CsStep::ExploitPublic, at);
        self.step_state(CsStep::PublicAware, at);
    }

    fn approved(&mut self, person: &Slug) {
        if let Some(version) = self.versions.last_mut() {
            version.approvals.push(person.clone());
        }
    }

    fn set_stage(&mut self, stage: Stage) {
        if let Some(version) = self.versions.last_mut() {
            version.stage = stage;
        }
    }

    fn announced(&mut self, planned: Instant, version: u32, at: Instant) {
        self.set_stage(Stage::Public { at: planned });
        self.establish(BuiltFact::Announced, at);
        if version > 1 {
            self.establish(BuiltFact::Reissued, at);
        }
        self.establish(BuiltFact::EmbargoOver, at);
        self.step_state(CsStep::PublicAware, at);
    }

    fn establish(&mut self, fact: BuiltFact, at: Instant) {
        self.establish_fact(Fact::Built(fact), at);
    }

    /// Facts never become false, and keep the instant at which they first came true.
    fn establish_fact(&mut self, fact: Fact, at: Instant) {
        if !self.facts.iter().any(|(known, _)| *known == fact) {
            self.facts.push((fact, at));
        }
    }

    fn step_rm(&mut self, step: RmStep) {
        self.rm = self.rm.step(step).unwrap_or(self.rm);
    }

    fn step_em(&mut self, step: EmStep) {
        self.em = self.em.step(step).unwrap_or(self.em);
    }

    fn step_state(&mut self, step: CsStep, at: Instant) {
        if let Some(next) = self.state.step(step) {
            self.state = next;
        }
        let fact = match step {
            CsStep::PublicAware => BuiltFact::KnownPublic,
            CsStep::ExploitPublic => BuiltFact::Exploited,
            CsStep::AttacksSeen => BuiltFact::Attacked,
            CsStep::VendorAware | CsStep::FixReady | CsStep::FixDeployed => return,
        };
        self.establish(fact, at);
    }

    /// Valid, and not worked on here: a duplicate, merged, or somebody else's.
    fn put_aside(&mut self, fact: BuiltFact, at: Instant) {
        self.step_rm(RmStep::Validate);
        self.step_rm(RmStep::Defer);
        self.establish(fact, at);
    }

    fn confirm(&mut self, affected: &[Slug], versions: &[String], at: Instant) {
        self.step_rm(RmStep::Validate);
        self.step_rm(RmStep::Accept);
        for release in affected {
            self.work_on(release);
        }
        self.affected_versions.extend(versions.iter().cloned());
        self.establish(BuiltFact::Confirmed, at);
    }

    fn work_on(&mut self, release: &Slug) -> &mut ReleaseWork {
        let index = self.releases.iter().position(|work| work.release == *release);
        let index = index.unwrap_or_else(|| {
            let release = release.clone();
            let (patch, test, checks, forecast, reason) = (None, None, Vec::new(), None, None);
            let (commit, version) = (None, None);
            let work = ReleaseWork { release, patch, test, checks, forecast, reason, commit, version };
            self.releases.push(work);
            self.releases.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found or pushed just above")]
        &mut self.releases[index]
    }

    fn duplicate(&mut self, of: CaseId, at: Instant) {
        self.duplicate_of = Some(of);
        self.put_aside(BuiltFact::Duplicate, at);
    }

    fn merged(&mut self, into: CaseId, at: Instant) {
        self.merged_into = Some(into);
        self.put_aside(BuiltFact::Merged, at);
    }

    fn rate(&mut self, rating: &Rating, at: Instant) {
        self.rating = Some(rating.clone());
        self.establish(BuiltFact::Rated, at);
    }

    fn assign(&mut self, person: &Slug, at: Instant) {
        self.assigned = Some(person.clone());
        self.establish(BuiltFact::Assigned, at);
    }

    fn admit(&mut self, person: &Slug) {
        for participant in self.participants.iter_mut().filter(|p| p.person == *person) {
            participant.acknowledged = true;
        }
    }

    fn invite(&mut self, person: &Slug, role: &Slug) {
        if !self.participants.iter().any(|p| p.person == *person && p.role == *role) {
            let invited = Participant { person: person.clone(), role: role.clone(), acknowledged: false };
            self.participants.push(invited);
        }
    }

    /// A new patch has no test: the old one's result says nothing about it (CS-10). Nor does a reason.
    fn patch(&mut self, release: &Slug, name: &str, sha256: &str) {
        let work = self.work_on(release);
        work.patch = Some(Patch { name: name.to_owned(), sha256: sha256.to_owned() });
        work.test = None;
        work.checks.clear();
        work.forecast = None;
        work.reason = None;
    }

    fn tested(&mut self, release: &Slug, outcome: TestOutcome) {
        self.work_on(release).test = Some(outcome);
    }

    fn fix_may_be_ready(&mut self) {
        let accepted = matches!(self.rm, Rm::Accepted | Rm::Deferred);
        if accepted && self.state.vfd == machines::Vfd::Aware && self.tested_everywhere() {
            self.state = self.state.step(CsStep::FixReady).unwrap_or(self.state);
        }
    }

    fn reserve(&mut self, cve: &crate::advisory::CveId, at: Instant) {
        if !self.cves.contains(cve) {
            self.cves.push(cve.clone());
        }
        self.establish(BuiltFact::CveReserved, at);
    }

    fn committed(&mut self, release: &Slug, commit: &str, at: Instant) {
        self.work_on(release).commit = Some(commit.to_owned());
        self.finish_releases(at);
    }

    fn give_reason(&mut self, release: &Slug, reason: Reason, at: Instant) {
        self.work_on(release).reason = Some(reason);
        self.finish_releases(at);
    }

    /// A release that gets no patch gets no commit and no fixed version either, and is waited for by nothing.
    fn finish_releases(&mut self, at: Instant) {
        if self.due_everywhere(|work| work.commit.is_some()) {
            self.establish(BuiltFact::Committed, at);
        }
        if self.due_everywhere(|work| work.version.is_some()) {
            self.establish(BuiltFact::Released, at);
        }
    }

    fn released(&mut self, release: &Slug, version: &str, at: Instant) {
        self.work_on(release).version = Some(version.to_owned());
        self.finish_releases(at);
    }

    fn draft(&mut self, draft: &Arc<Draft>, at: Instant) {
        self.establish(BuiltFact::Drafted, at);
        self.title = draft.title.clone();
        match self.versions.last_mut() {
            // A new text needs new approvals, and what was staged is not what would be published.
            Some(version) if !matches!(version.stage, Stage::Public { .. }) => {
                version.draft = Arc::clone(draft);
                version.approvals.clear();
                version.stage = Stage::Draft;
            }
            Some(_) | None => self.add_version(draft, "", None),
        }
    }

    fn add_version(&mut self, draft: &Arc<Draft>, changes: &str, action_needed: Option<ActionNeeded>) {
        self.title = draft.title.clone();
        let number = self.versions.last().map_or(1, |version| version.number + 1);
        self.versions.push(Version {
            number,
            draft: Arc::clone(draft),
            changes: changes.to_owned(),
            action_needed,
            approvals: Vec::new(),
            stage: Stage::Draft,
        });
    }

    fn propose(&mut self, until: Instant, roles: &[Slug]) {
        let first_revision = self.em == Em::Active;
        self.step_em(if self.em.is_running() { EmStep::Revise } else { EmStep::Propose });
        if first_revision {
            for (_, consent) in &mut self.consents {
                *consent = consent.step(PecStep::Revise).unwrap_or(*consent);
            }
        }
        self.proposals.retain(|proposal| proposal.until != until);
        self.proposals.push(Proposal { until, agreed: roles.to_vec() });
        self.proposals.sort_by_key(|proposal| proposal.until);
        self.consent(roles, PecStep::Accept);
    }

    fn consent(&mut self, roles: &[Slug], step: PecStep) {
        for role in roles {
            match self.consents.iter_mut().find(|(known, _)| known == role) {
                Some((_, consent)) => *consent = consent.step(step).unwrap_or(*consent),
                None => self.consents.push((role.clone(), Pec::None.step(step).unwrap_or(Pec::None))),
            }
        }
    }

    fn absorb(&mut self, other: &Absorbed, at: Instant) {
        self.reports.extend(other.reports.iter().cloned());
        for address in &other.reporters {
            if !self.reporters.contains(address) {
                self.reporters.push(address.clone());
            }
        }
        for cve in &other.cves {
            self.reserve(cve, at);
        }
        for release in &other.affected {
            self.work_on(release);
        }
        for (release, name, sha256) in &other.patches {
            self.patch(release, name, sha256);
        }
        for (person, role) in &other.people {
            self.invite(person, role);
        }
        if let Some(rating) = &other.rating {
            self.rating = Some(rating.clone());
            self.establish(BuiltFact::Rated, at);
        }
        if let Some(until) = other.until {
            self.step_em(EmStep::Propose);
            self.step_em(EmStep::Accept);
            self.proposals.clear();
            self.until = Some(until);
            self.establish(BuiltFact::EmbargoAgreed, at);
        }
        if other.public {
            self.step_state(CsStep::PublicAware, at);
        }
        if other.exploit {
            self.step_state(CsStep::ExploitPublic, at);
            self.step_state(CsStep::PublicAware, at);
        }
        if other.attacks {
            self.step_state(CsStep::AttacksSeen, at);
        }
    }

    /// Whether the `nth` reminder of `clock` was given.
    pub(super) fn was_reminded(&self, clock: &Slug, nth: u8) -> bool {
        self.reminded.iter().any(|(known, n)| known == clock && *n == nth)
    }

    /// Whether `clock` was alarmed.
    pub(super) fn was_alarmed(&self, clock: &Slug) -> bool {
        self.alarmed.contains(clock)
    }

    /// Whether the missed disclosure was alarmed.
    #[must_use]
    pub fn missed_disclosure(&self) -> bool {
        self.missed
    }
}

impl By {
    /// The person's name, or `the clock`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            By::Person(name) => name.as_str(),
            By::Clock => "the clock",
        }
    }
}
