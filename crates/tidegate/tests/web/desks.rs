//! What stands on the desk beside the cases: the calendar, invitations, what whoever runs the instance is told.

use super::{World, name};
use axum::http::StatusCode;

#[tokio::test]
async fn where_to_report_is_said_for_programs_and_its_end_is_warned_of() {
    let world = World::new().await;
    let file = world.ask("GET", "/.well-known/security.txt", "", "").await;
    assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, "text/plain; charset=utf-8"));
    let expected = "Contact: mailto:security@xen.example\n\
        Canonical: https://security.xen.example/.well-known/security.txt\n\
        Expires: 2026-03-20T09:00:00Z\n";
    assert_eq!(file.body, expected);
    let desk = world.sign_in("ian").await;
    assert!(world.ask("GET", "/desk", &desk, "").await.body.contains("expires in less than 30 days"));
    assert!(!world.ask("GET", "/", "", "").await.body.contains("less than 30 days"));
}

#[tokio::test]
async fn a_planned_day_stands_in_the_calendar_of_whoever_may_know_it() {
    let world = World::new().await;
    world.report("A+hole+in+grants").await;
    let (ian, olga) = (world.sign_in("ian").await, world.sign_in("olga").await);
    let page = format!("/desk/cases/{}", world.only_case().await);
    for (act, form) in [("acknowledge", "text=x"), ("confirm", "releases=4.18")] {
        let done = world.ask("POST", &format!("{page}/{act}"), &ian, form).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{act}: {}", done.body);
    }
    let empty = world.ask("GET", "/desk/calendar", &ian, "").await.body;
    assert!(!empty.contains("A hole in grants"), "nothing is planned yet");
    // A reporter without an address is not asked, so the proposal is the plan.
    let until = "until=2026-03-24T12:00:00Z";
    let done = world.ask("POST", &format!("{page}/propose-embargo"), &ian, until).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let shown = world.ask("GET", "/desk/calendar", &ian, "").await.body;
    assert!(shown.contains("March 2026, days in UTC") && shown.contains("A hole in grants"), "{shown}");
    assert!(shown.contains("Tue 24 March 2026, 12:00 UTC") && shown.contains("in 22 days"), "{shown}");
    let april = world.ask("GET", "/desk/calendar/2026-04", &ian, "").await.body;
    assert_eq!(april.matches("A hole in grants").count(), 1, "in the list alone");
    assert!(!world.ask("GET", "/desk/calendar", &olga, "").await.body.contains("A hole"));
    assert_eq!(world.ask("GET", "/desk/calendar/2026-13", &ian, "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_invitation_is_open_until_confidence_is_promised() {
    let world = World::new().await;
    let engine = &world.web.engine;
    let mut people = engine.people().await.expect("people");
    people.grant(&name("andrew"), Some("andrew@xen.example"), &name("xen"), &name("helper"));
    engine.set_people(&people).await.expect("stored");
    world.report("A+hole+in+grants").await;
    let (ian, andrew) = (world.sign_in("ian").await, world.sign_in("andrew").await);
    let page = format!("/desk/cases/{}", world.only_case().await);
    let done = world.ask("POST", &format!("{page}/invite"), &ian, "person=andrew&role=helper").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let open = world.ask("GET", "/desk/invitations", &ian, "").await.body;
    assert!(open.contains("andrew") && open.contains("they see nothing yet"), "{open}");
    assert!(!world.ask("GET", "/desk/invitations", &andrew, "").await.body.contains("A hole"));

    let done = world.ask("POST", &format!("{page}/acknowledge-confidence"), &andrew, "").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let accepted = world.ask("GET", "/desk/invitations", &ian, "").await.body;
    assert!(accepted.contains("promised confidence on") && !accepted.contains("they see nothing yet"));
}
