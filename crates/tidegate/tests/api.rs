//! The API as programs meet it: with a token, with a mailbox's key, with nothing.

#[path = "api/cases.rs"]
mod cases;
#[path = "api/once.rs"]
mod once;
#[path = "api/openapi.rs"]
mod openapi;
#[path = "api/pages.rs"]
mod pages;
#[path = "api/secrets.rs"]
mod secrets;
#[path = "api/tokens.rs"]
mod tokens;
#[path = "api/world.rs"]
mod world;
