//! Mail, out and in, against servers on loopback.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;
#[path = "post/client.rs"]
mod client;
#[path = "post/held.rs"]
mod held;
#[path = "post/incoming.rs"]
mod incoming;
#[path = "post/outgoing.rs"]
mod outgoing;
#[path = "post/peers.rs"]
mod peers;
#[path = "post/server.rs"]
mod server;
#[path = "post/world.rs"]
mod world;
