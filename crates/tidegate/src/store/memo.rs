//! What was opened before: the same bytes in the same place hold the same content, and need not be opened again.

use super::StoreError;
use super::seal::Tag;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// More than people who are at work at once.
const ENTRIES_MAX: usize = 1024;

/// The content of rows that are named by a tag, with the bytes that it was opened from: where others are stored, by
/// whichever process, those are opened.
pub(super) struct Memo<T: ?Sized>(Mutex<HashMap<Tag, Opened<T>>>);

struct Opened<T: ?Sized> {
    sealed: Vec<u8>,
    content: Arc<T>,
}

impl<T: ?Sized> Memo<T> {
    pub(super) fn new() -> Memo<T> {
        Memo(Mutex::default())
    }

    /// The content of `sealed`, which is stored in the row named `row`; `open` is asked where it is not known.
    pub(super) fn open(
        &self,
        row: Tag,
        sealed: Vec<u8>,
        open: impl FnOnce(Vec<u8>) -> Result<Arc<T>, StoreError>,
    ) -> Result<Arc<T>, StoreError> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = known().get(&row).filter(|opened| opened.sealed == sealed) {
            return Ok(Arc::clone(&opened.content));
        }
        let content = open(sealed.clone())?;
        let mut known = known();
        if known.len() >= ENTRIES_MAX {
            known.clear();
        }
        known.insert(row, Opened { sealed, content: Arc::clone(&content) });
        Ok(content)
    }
}
