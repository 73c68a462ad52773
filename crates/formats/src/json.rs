//! The one way in which this crate writes JSON.

use serde::Serialize;

/// Two spaces a level, members in the order of the struct, a line feed at the end.
pub(crate) fn bytes<T: Serialize>(document: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("our own structs have only string keys");
    bytes.push(b'\n');
    bytes
}
