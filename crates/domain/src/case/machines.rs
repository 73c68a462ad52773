//! The formal case model: the state machines of Vultron, the CERT/CC's protocol for coordinated
//! vulnerability disclosure. They are code, the same for all; a policy can only narrow them.
//!
//! Each `step` answers with the next state, or `None` where the model has no such transition.

use serde::{Deserialize, Serialize};

/// Report management: what a participant made of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rm {
    /// Nothing received yet.
    Start,
    /// Received, not judged.
    Received,
    /// Judged: not a vulnerability of this project.
    Invalid,
    /// Judged: a vulnerability.
    Valid,
    /// Valid, and not being worked on (a duplicate, for one).
    Deferred,
    /// Valid, and being worked on.
    Accepted,
    /// Over.
    Closed,
}

/// What may happen to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RmStep {
    /// It arrives.
    Receive,
    /// It is confirmed.
    Validate,
    /// It is denied.
    Invalidate,
    /// Work begins.
    Accept,
    /// Work stops.
    Defer,
    /// It is closed.
    Close,
}

impl Rm {
    /// Every state.
    pub const ALL: [Rm; 7] =
        [Rm::Start, Rm::Received, Rm::Invalid, Rm::Valid, Rm::Deferred, Rm::Accepted, Rm::Closed];

    /// The state after `step`. There is no close from Received or Valid: a report is judged first.
    #[must_use]
    pub fn step(self, step: RmStep) -> Option<Rm> {
        match (self, step) {
            (Rm::Start, RmStep::Receive) => Some(Rm::Received),
            (Rm::Received | Rm::Invalid, RmStep::Validate) => Some(Rm::Valid),
            (Rm::Received, RmStep::Invalidate) => Some(Rm::Invalid),
            (Rm::Valid | Rm::Deferred, RmStep::Accept) => Some(Rm::Accepted),
            (Rm::Valid | Rm::Accepted, RmStep::Defer) => Some(Rm::Deferred),
            (Rm::Invalid | Rm::Accepted | Rm::Deferred, RmStep::Close) => Some(Rm::Closed),
            (
                Rm::Start | Rm::Received | Rm::Invalid | Rm::Valid | Rm::Deferred | Rm::Accepted | Rm::Closed,
                RmStep::Receive
                | RmStep::Validate
                | RmStep::Invalidate
                | RmStep::Accept
                | RmStep::Defer
                | RmStep::Close,
            ) => None,
        }
    }
}

impl RmStep {
    /// Every step.
    pub const ALL: [RmStep; 6] =
        [RmStep::Receive, RmStep::Validate, RmStep::Invalidate, RmStep::Accept, RmStep::Defer, RmStep::Close];
}

/// Embargo management: where the agreement to keep the case secret stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Em {
    /// No embargo.
    None,
    /// Proposed, not agreed.
    Proposed,
    /// Agreed and running.
    Active,
    /// Running, with a revision proposed.
    Revise,
    /// Over. There is no way back.
    Exited,
}

/// What may happen to an embargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmStep {
    /// An embargo is proposed.
    Propose,
    /// The proposal (or revision) is accepted.
    Accept,
    /// The proposal (or revision) is rejected.
    Reject,
    /// A revision of the running embargo is proposed.
    Revise,
    /// The embargo ends.
    Terminate,
}

impl Em {
    /// Every state.
    pub const ALL: [Em; 5] = [Em::None, Em::Proposed, Em::Active, Em::Revise, Em::Exited];

    /// The state after `step`.
    #[must_use]
    pub fn step(self, step: EmStep) -> Option<Em> {
        match (self, step) {
            (Em::None | Em::Proposed, EmStep::Propose) => Some(Em::Proposed),
            (Em::Proposed, EmStep::Reject) => Some(Em::None),
            (Em::Proposed | Em::Revise, EmStep::Accept) | (Em::Revise, EmStep::Reject) => Some(Em::Active),
            (Em::Active | Em::Revise, EmStep::Revise) => Some(Em::Revise),
            (Em::Active | Em::Revise, EmStep::Terminate) => Some(Em::Exited),
            (
                Em::None | Em::Proposed | Em::Active | Em::Revise | Em::Exited,
                EmStep::Propose | EmStep::Accept | EmStep::Reject | EmStep::Revise | EmStep::Terminate,
            ) => None,
        }
    }

    /// Whether an embargo is in force: agreed, and not over.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self, Em::Active | Em::Revise)
    }
}

impl EmStep {
    /// Every step.
    pub const ALL: [EmStep; 5] =
        [EmStep::Propose, EmStep::Accept, EmStep::Reject, EmStep::Revise, EmStep::Terminate];
}

/// Participant embargo consent: whether one participant has agreed to the embargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Pec {
    /// Not asked.
    None,
    /// Asked.
    Invited,
    /// Agreed.
    Signatory,
    /// Agreed to an earlier version only.
    Lapsed,
    /// Refused.
    Declined,
}

/// What may happen to a participant's consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PecStep {
    /// They are asked.
    Invite,
    /// They agree.
    Accept,
    /// They refuse.
    Decline,
    /// The running embargo is revised for the first time (Em A to R).
    Revise,
}

impl Pec {
    /// Every state.
    pub const ALL: [Pec; 5] = [Pec::None, Pec::Invited, Pec::Signatory, Pec::Lapsed, Pec::Declined];

    /// The state after `step`.
    #[must_use]
    pub fn step(self, step: PecStep) -> Option<Pec> {
        match (self, step) {
            (Pec::None | Pec::Lapsed | Pec::Declined, PecStep::Invite) => Some(Pec::Invited),
            (Pec::None | Pec::Invited | Pec::Lapsed, PecStep::Accept) => Some(Pec::Signatory),
            (Pec::None | Pec::Invited | Pec::Lapsed, PecStep::Decline) => Some(Pec::Declined),
            (Pec::Signatory, PecStep::Revise) => Some(Pec::Lapsed),
            (
                Pec::None | Pec::Invited | Pec::Signatory | Pec::Lapsed | Pec::Declined,
                PecStep::Invite | PecStep::Accept | PecStep::Decline | PecStep::Revise,
            ) => None,
        }
    }
}

impl PecStep {
    /// Every step.
    pub const ALL: [PecStep; 4] = [PecStep::Invite, PecStep::Accept, PecStep::Decline, PecStep::Revise];
}

/// The vendor's fix path: knows, has a fix, has deployed it. In that order, irreversible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Vfd {
    /// `vfd`: the vendor does not know.
    Unaware,
    /// `Vfd`: the vendor knows.
    Aware,
    /// `VFd`: a fix is ready.
    FixReady,
    /// `VFD`: the fix is deployed.
    FixDeployed,
}

impl Vfd {
    /// Every state.
    pub const ALL: [Vfd; 4] = [Vfd::Unaware, Vfd::Aware, Vfd::FixReady, Vfd::FixDeployed];
}

/// What the world knows: irreversible, in any order that [`CaseState::step`] allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pxa {
    /// P: the public knows of the vulnerability.
    pub public: bool,
    /// X: an exploit is public.
    pub exploit: bool,
    /// A: attacks are seen.
    pub attacks: bool,
}

/// One of the six events of the case state model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CsStep {
    /// V: the vendor learns of it.
    VendorAware,
    /// F: a fix is ready.
    FixReady,
    /// D: the fix is deployed.
    FixDeployed,
    /// P: the public learns of it.
    PublicAware,
    /// X: an exploit becomes public.
    ExploitPublic,
    /// A: attacks are seen.
    AttacksSeen,
}

impl CsStep {
    /// Every event.
    pub const ALL: [CsStep; 6] = [
        CsStep::VendorAware,
        CsStep::FixReady,
        CsStep::FixDeployed,
        CsStep::PublicAware,
        CsStep::ExploitPublic,
        CsStep::AttacksSeen,
    ];

    /// The letter that the model's histories use.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            CsStep::VendorAware => 'V',
            CsStep::FixReady => 'F',
            CsStep::FixDeployed => 'D',
            CsStep::PublicAware => 'P',
            CsStep::ExploitPublic => 'X',
            CsStep::AttacksSeen => 'A',
        }
    }
}

/// Fix path and public state together: 32 states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseState {
    /// The vendor's fix path.
    pub vfd: Vfd,
    /// What the world knows.
    pub pxa: Pxa,
}

impl CaseState {
    /// `vfdpxa`: nobody knows anything.
    pub const START: CaseState =
        CaseState { vfd: Vfd::Unaware, pxa: Pxa { public: false, exploit: false, attacks: false } };

    /// The state after `step`. From `vP` the next event must be V; from `pX` it must be P.
    #[must_use]
    pub fn step(self, step: CsStep) -> Option<CaseState> {
        if self.demands().is_some_and(|demanded| demanded != step) {
            return None;
        }
        let CaseState { vfd, pxa } = self;
        match step {
            CsStep::VendorAware => (vfd == Vfd::Unaware).then_some(CaseState { vfd: Vfd::Aware, pxa }),
            CsStep::FixReady => (vfd == Vfd::Aware).then_some(CaseState { vfd: Vfd::FixReady, pxa }),
            CsStep::FixDeployed => (vfd == Vfd::FixReady).then_some(CaseState { vfd: Vfd::FixDeployed, pxa }),
            CsStep::PublicAware => {
                (!pxa.public).then_some(CaseState { vfd, pxa: Pxa { public: true, ..pxa } })
            }
            CsStep::ExploitPublic => {
                (!pxa.exploit).then_some(CaseState { vfd, pxa: Pxa { exploit: true, ..pxa } })
            }
            CsStep::AttacksSeen => {
                (!pxa.attacks).then_some(CaseState { vfd, pxa: Pxa { attacks: true, ..pxa } })
            }
        }
    }

    /// The event that must come next, where the state cannot last: an exploit makes it public, and what is
    /// public the vendor learns.
    #[must_use]
    pub fn demands(self) -> Option<CsStep> {
        if self.pxa.exploit && !self.pxa.public {
            Some(CsStep::PublicAware)
        } else if self.pxa.public && self.vfd == Vfd::Unaware {
            Some(CsStep::VendorAware)
        } else {
            None
        }
    }

    /// Every state.
    #[must_use]
    pub fn all() -> Vec<CaseState> {
        let mut states = Vec::new();
        for vfd in Vfd::ALL {
            for bits in 0_u8..8 {
                let pxa = Pxa { public: bits & 1 != 0, exploit: bits & 2 != 0, attacks: bits & 4 != 0 };
                states.push(CaseState { vfd, pxa });
            }
        }
        states
    }

    /// The model's own name of the state: `VfdpXa`.
    #[must_use]
    pub fn name(self) -> String {
        let vfd = match self.vfd {
            Vfd::Unaware => "vfd",
            Vfd::Aware => "Vfd",
            Vfd::FixReady => "VFd",
            Vfd::FixDeployed => "VFD",
        };
        let letter = |set: bool, letter: char| if set { letter.to_ascii_uppercase() } else { letter };
        let Pxa { public, exploit, attacks } = self.pxa;
        format!("{vfd}{}{}{}", letter(public, 'p'), letter(exploit, 'x'), letter(attacks, 'a'))
    }
}

/// Property 3 of the case model: a fix can be ready only where the report was accepted, deferred or closed.
#[must_use]
pub fn fix_path_fits(rm: Rm, vfd: Vfd) -> bool {
    match vfd {
        Vfd::Unaware | Vfd::Aware => true,
        Vfd::FixReady | Vfd::FixDeployed => matches!(rm, Rm::Accepted | Rm::Deferred | Rm::Closed),
    }
}

/// Property 2 of the case model: no embargo runs over what is public or exploited.
#[must_use]
pub fn embargo_fits(em: Em, pxa: Pxa) -> bool {
    !(em.is_running() && (pxa.public || pxa.exploit))
}

/// Whether an embargo may still be proposed, accepted or revised: nothing public, exploited or attacked.
#[must_use]
pub fn embargo_negotiable(rm: Rm, pxa: Pxa) -> bool {
    rm != Rm::Closed && !pxa.public && !pxa.exploit && !pxa.attacks
}
