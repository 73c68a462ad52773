//! Pages of the running server: forms, the reporter's mailbox, the desks. Each is a function of what its one
//! reader may see; nothing here asks the store.

mod account;
mod applies;
mod calendar;
mod case;
mod door;
mod editor;
mod embargo;
mod frame;
mod identity;
mod invitations;
mod lists;
mod passkeys;
mod point_releases;
mod second_factor;
mod sessions;
mod timeline;
mod tokens;

pub use account::{Doors, recover, sign_in, welcome};
pub use calendar::{Month, Planned, calendar};
pub use case::{CasePage, Offer, case, invited};
pub use door::{
    Mailbox, ReportForm, mailbox, mailbox_key, mailbox_link, mailbox_made, report, reports, sign_in_link,
};
pub use editor::{DraftPage, Preview, editor};
pub(super) use frame::page;
pub use frame::{Reader, failed, note, refused};
pub use identity::{WaysPage, identity_code, identity_refused, onward, provider_down, ways};
pub use invitations::{Invitation, invitations};
pub use lists::{CaseLine, DueLine, cases, now};
pub use passkeys::{new_passkey, passkey_script, use_passkey};
pub use second_factor::{FactorPage, Setup, recovery_codes, second_factor};
pub use sessions::{OwnSession, sessions};
pub use tokens::{token_made, tokens};

/// The style of forms and desks, beside the public pages' own.
#[must_use]
pub fn style() -> &'static str {
    include_str!("desk.css")
}

/// What makes the pages more pleasant where scripts run; nothing depends on it.
#[must_use]
pub fn script() -> &'static str {
    include_str!("desk.js")
}
