//! The API as programs meet it: with a token, with a mailbox's key, with nothing.

#[path = "api/tokens.rs"]
mod tokens;
#[path = "api/world.rs"]
mod world;
