//! Pages of the running server: forms, the reporter's mailbox, the desks. Each is a function of what its one
//! reader may see; nothing here asks the store.

mod applies;
mod case;
mod door;
mod frame;
mod lists;

pub use case::{CasePage, Offer, case, invited};
pub use door::{
    Mailbox, ReportForm, mailbox, mailbox_key, mailbox_link, mailbox_made, report, reports, sign_in,
    sign_in_link,
};
pub use frame::{failed, note, refused};
pub use lists::{CaseLine, DueLine, cases, now};

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
