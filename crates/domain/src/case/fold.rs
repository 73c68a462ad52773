//! What a stored fold of a case depends on.

/// The source of everything that decides what a log folds to, and how that is written down.
///
/// A case that was folded and stored by a program with another text may differ from what this one replays, so it
/// is not to be used: compare a digest of this.
pub const LAW: &[&str] = &[
    include_str!("mod.rs"),
    include_str!("action.rs"),
    include_str!("applies.rs"),
    include_str!("apply.rs"),
    include_str!("event.rs"),
    include_str!("forecast.rs"),
    include_str!("machines.rs"),
    include_str!("resolution.rs"),
    include_str!("../advisory.rs"),
    include_str!("../id.rs"),
    include_str!("../policy/vocabulary.rs"),
    include_str!("../rating.rs"),
    include_str!("../time.rs"),
];
