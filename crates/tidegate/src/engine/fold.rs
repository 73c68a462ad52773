//! Folds of long cases: a decision starts from the last one instead of from the first event.

use crate::store::{FOLD_BYTES_MAX, Fold};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use tidegate_domain::case::{Case, fold};

/// A case is folded whenever it passes a multiple of so many events: what a decision replays is shorter than this.
const FOLD_EVERY: u64 = 16;
const LAW_BYTES: usize = 32;

/// Names what this program folds by. Another program's folds are not used, and replaced in time.
static LAW: LazyLock<[u8; LAW_BYTES]> = LazyLock::new(|| {
    let law = fold::LAW.iter().fold(Sha256::new(), |law, text| law.chain_update(text));
    law.finalize().into()
});

/// The fold to keep of `after`, which had `before` events when its last one was stored.
#[must_use]
pub fn due(before: u64, after: &Case) -> Option<Fold> {
    (after.entries / FOLD_EVERY > before / FOLD_EVERY).then(|| of(after)).flatten()
}

/// `case` as it is kept; none where it is too long for that.
pub(super) fn of(case: &Case) -> Option<Fold> {
    let mut body = LAW.to_vec();
    serde_json::to_writer(&mut body, case)
        .unwrap_or_else(|_| unreachable!("a case has no map with odd keys"));
    (body.len() <= FOLD_BYTES_MAX).then_some(Fold { n: case.entries, body })
}

/// Whether this program made the fold.
pub(super) fn is_ours(fold: &Fold) -> bool {
    fold.body.starts_with(&*LAW)
}

/// The case that was kept; none where another program made the fold.
pub(super) fn open(fold: &Fold) -> Option<Case> {
    let body = fold.body.strip_prefix(&*LAW)?;
    serde_json::from_slice(body).ok()
}
