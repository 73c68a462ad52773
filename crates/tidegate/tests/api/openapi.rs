//! The description of the API is held against the API.

use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tidegate::engine::api_tokens::Scope;
use tidegate::web::{self, openapi};
use tidegate_domain::policy::vocabulary::Verb;

/// The route that answers at a path of the description.
fn route_of(path: &str) -> String {
    path.split_once("/actions/")
        .map_or_else(|| path.to_owned(), |(before, _)| format!("{before}/actions/{{act}}"))
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let described = openapi();
    let paths = described["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let methods: Vec<String> = item.as_object().expect("methods").keys().cloned().collect();
        let path = route_of(path);
        methods.into_iter().map(move |method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    let described: BTreeSet<(String, String)> = paths.iter().flat_map(methods).collect();
    let routes = web::routes();
    let routes = routes.table().iter().filter(|route| route.path.starts_with("/api/"));
    let routes: BTreeSet<(String, String)> =
        routes.map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(described, routes);
    for verb in Verb::ALL.iter().filter(|verb| **verb != Verb::Receive) {
        assert!(paths.contains_key(&format!("/api/v1/cases/{{case}}/actions/{}", verb.name())), "{verb}");
    }
}

/// Holds an answer against the form that the description gives to it.
fn fits(name: &str, answer: &Value) {
    let components = openapi()["components"].clone();
    let schema = json!({"$ref": format!("#/components/schemas/{name}"), "components": components});
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(answer).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?} in {answer}");
}

#[tokio::test]
async fn what_is_answered_has_the_form_that_is_described() {
    let world = World::new().await;
    world.report("A+hole").await;
    let case = format!("/api/v1/cases/{}", world.cases().await[0]);
    let ian = world.token("ian", &[Scope::Read, Scope::Act]).await;
    let may = format!("{case}/permission?item=existence");
    let confirmed = world.ask("POST", &format!("{case}/actions/acknowledge"), &ian, "").await;
    fits("Performed", &confirmed.json());
    for (path, name) in [
        ("/api/v1/openapi.json", "Description"),
        ("/api/v1/projects", "Projects"),
        ("/api/v1/projects/xen/policy", "Policy"),
        ("/api/v1/me", "Me"),
        ("/api/v1/cases", "Cases"),
        (&case, "Case"),
        (&format!("{case}/log"), "Log"),
        (&format!("{case}/advisory"), "Versions"),
        (&format!("{case}/knowledge"), "Knowledge"),
        (&format!("{case}/duplicates"), "Duplicates"),
        (&may, "Permission"),
        ("/api/v1/projects/xen/policy/check", "PolicyCheck"),
        ("/api/v1/documents", "Documents"),
        ("/api/v1/me/tokens", "Tokens"),
        ("/api/v1/due", "Due"),
        ("/api/v1/calendar", "Calendar"),
        ("/api/v1/invitations", "Invitations"),
        ("/api/v1/cases/nonsense", "Problem"),
    ] {
        fits(name, &world.ask("GET", path, &ian, "").await.json());
    }
    let refused = world.ask("POST", &format!("{case}/actions/announce"), &ian, "").await;
    fits("Problem", &refused.json());
}
