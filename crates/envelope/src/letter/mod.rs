//! Letters with OpenPGP: PGP/MIME (RFC 3156) with its header fields protected (RFC 9788), and the older ways
//! in which programs still send it.

mod read;
mod write;

pub use read::{Form, Note, Opened, Seal, open};
pub use write::{OUTER_SUBJECT, seal, sign};
