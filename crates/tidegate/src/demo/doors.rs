//! What the served demo has beside an instance's own pages: where to look, and the letters that were caught.
//! No other server has these routes.

use super::catcher::Catcher;
use super::live;
use super::story::name;
use crate::hands::render::page_path;
use crate::pages::demo::{self, Place};
use crate::web::{self, Answer, For, Routes, Shared};
use axum::extract::{Path, State};
use axum::response::Html;
use std::sync::Arc;
use tidegate_domain::time::Instant;

/// Every route of the web door and the demo's own.
#[must_use]
pub fn routes(catcher: &Arc<Catcher>, until: Instant) -> Routes {
    let (list, one) = (Arc::clone(catcher), Arc::clone(catcher));
    web::routes()
        .get(For::Anyone, "/", move |State(web): State<Shared>| async move { guide(&web, until) })
        .get(For::Anyone, "/demo/mail", move || async move { Html(demo::letters(&list.letters())) })
        .get(For::Anyone, "/demo/mail/{number}", move |Path(number): Path<String>| async move {
            let letter = number.parse().ok().and_then(|seq| one.letter(seq)).ok_or(Answer::NotFound)?;
            Ok::<_, Answer>(Html(demo::letter(&letter)))
        })
}

fn guide(web: &Shared, until: Instant) -> Html<String> {
    let advisory = page_path(&name(live::PROJECT), live::NUMBER);
    let place = |href: String, title: &'static str, then: &'static str| Place { href, title, then };
    let places = [
        place(
            format!("/{advisory}"),
            "The advisory",
            "It is there; until then nobody can tell that it will be.",
        ),
        place(
            format!("/projects/{}.html", live::PROJECT),
            "Lantern’s advisories",
            "The list has its first entry.",
        ),
        place(format!("/projects/{}.atom", live::PROJECT), "Lantern’s feed", "It has its first entry."),
        place("/feed.atom".to_owned(), "The feed of all projects", "It has one more entry, at the top."),
        place(
            "/demo/mail".to_owned(),
            "The letters",
            "The announcement goes to Lantern’s lists, signed. Until then whoever may know gets encrypted letters, or only a link.",
        ),
        place(
            "/mailbox".to_owned(),
            "The reporter’s mailbox (its key is on the console)",
            "The reporter is told that it is public.",
        ),
        place(
            "/desk/cases".to_owned(),
            "The case at Mara’s desk (her link is on the console)",
            "The embargo’s end stands in the log, and steps that were refused are open.",
        ),
    ];
    let is_open = web.shows(&format!("/{advisory}"));
    Html(demo::guide(until, web.engine.clock.now(), is_open, &places))
}
