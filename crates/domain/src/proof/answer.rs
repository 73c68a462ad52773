//! What a provider says of a finding, and what it hands over to back it (SCS-07).

use super::Digest;
use crate::time::Instant;

/// Longest text of an answer, in characters. Two sentences fit.
pub const TEXT_CHARS_MAX: usize = 1000;

/// An answer to one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The advisory.
    pub advisory: String,
    /// Which version of the advisory is answered, from 1; none where it isn't said.
    pub version: Option<u32>,
    /// The digest of the advisory's document that is answered, as a closure names it.
    pub document: Option<Digest>,
    /// Other names of the vulnerability: CVE numbers.
    pub aliases: Vec<String>,
    /// The product.
    pub product: String,
    /// The deployment.
    pub deployment: String,
    /// Who answers.
    pub provider: String,
    /// When it is answered.
    pub given: Instant,
    /// A, B or C.
    pub way: Way,
    /// One or two sentences.
    pub text: String,
    /// What backs it.
    pub evidence: Evidence,
}

/// The form of an answer (SCS-07).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A: not affected.
    NotAffected,
    /// B: the flaw is there, and nobody reaches it.
    OutOfReach(Reach),
    /// C: patched.
    Patched(Patch),
}

impl Way {
    /// Its letter.
    #[must_use]
    pub fn letter(&self) -> char {
        match self {
            Way::NotAffected => 'A',
            Way::OutOfReach(_) => 'B',
            Way::Patched(_) => 'C',
        }
    }

    /// The words for people.
    #[must_use]
    pub fn phrase(&self) -> &'static str {
        match self {
            Way::NotAffected => "not affected",
            Way::OutOfReach(Reach::Disabled) => "the function is disabled",
            Way::OutOfReach(Reach::Unreachable) => "the configuration makes the attack impossible",
            Way::OutOfReach(Reach::NotUsed) => "the service is not used",
            Way::Patched(Patch::Upstream { .. }) => "patched with upstream's version",
            Way::Patched(Patch::Own { .. }) => "patched with a patch of the provider's own",
            Way::Patched(Patch::Integrator { .. }) => "patched with the integrator's patch",
        }
    }
}

/// Why nobody reaches the flaw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The function that has it is switched off.
    Disabled,
    /// The configuration keeps attackers from it.
    Unreachable,
    /// The service that has it is not deployed.
    NotUsed,
}

/// Where the patch comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch {
    /// From the project, in a version of its own.
    Upstream {
        /// The version.
        version: String,
    },
    /// From the provider itself.
    Own {
        /// What `git patch-id --stable` says of it, where that is known.
        patch_id: Option<String>,
    },
    /// From an integrator.
    Integrator {
        /// Which one.
        by: String,
        /// What `git patch-id --stable` says of it, where that is known.
        patch_id: Option<String>,
    },
}

/// What backs an answer. All of it is optional: an SBOM is never required (SCS-08).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What ran before.
    pub before: Option<Snapshot>,
    /// What runs since.
    pub after: Option<Snapshot>,
    /// The images that run.
    pub images: Vec<Image>,
    /// Excerpts of the configuration.
    pub configuration: Vec<Excerpt>,
    /// Every service that is deployed.
    pub services: Vec<String>,
    /// How far the patch has been rolled out.
    pub rollout: Option<Rollout>,
    /// When the patch took which step.
    pub moments: Moments,
}

impl Evidence {
    /// Whether there is any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Evidence::default()
    }
}

/// A snapshot of what runs, by its digest: the inventory itself need not be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// When it was taken.
    pub taken: Instant,
    /// The digest of its file.
    pub sha256: Digest,
}

/// An image that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub sha256: Digest,
}

/// An option of the configuration, with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The section: `DEFAULT`.
    pub section: String,
    /// The option.
    pub option: String,
    /// Its value.
    pub value: String,
}

/// On how many hosts the patch runs, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Hosts that run it.
    pub done: u32,
    /// Hosts that must.
    pub of: u32,
}

/// A step of a patch on its way to the last host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// The fix was merged upstream.
    FixMerged,
    /// The integrator had a patch.
    IntegratorPatched,
    /// The image that runs was built.
    ImageBuilt,
    /// The rollout was pinned to it.
    RolloutPinned,
    /// The last host was restarted.
    LastHostRestarted,
}

impl Moment {
    /// Every step, in their order.
    pub const ALL: [Moment; 5] = [
        Moment::FixMerged,
        Moment::IntegratorPatched,
        Moment::ImageBuilt,
        Moment::RolloutPinned,
        Moment::LastHostRestarted,
    ];

    /// The word in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Moment::FixMerged => "fix-merged",
            Moment::IntegratorPatched => "integrator-patched",
            Moment::ImageBuilt => "image-built",
            Moment::RolloutPinned => "rollout-pinned",
            Moment::LastHostRestarted => "last-host-restarted",
        }
    }
}

/// When the patch took each of its steps, as far as that is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments([Option<Instant>; Moment::ALL.len()]);

impl Moments {
    /// The moments that `at` tells.
    #[must_use]
    pub fn new(mut at: impl FnMut(Moment) -> Option<Instant>) -> Moments {
        Moments(Moment::ALL.map(&mut at))
    }

    /// Those that are said, in the order of the steps.
    pub fn said(&self) -> impl Iterator<Item = (Moment, Instant)> {
        Moment::ALL.into_iter().zip(self.0).filter_map(|(moment, at)| at.map(|at| (moment, at)))
    }
}
