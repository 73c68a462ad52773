//! The forms of what is sent and answered, as JSON Schemas.

use crate::asked::{Field, Kind};
use crate::web::api::page;
use serde_json::{Map, Value, json};
use tidegate_domain::case::Reason;
use tidegate_domain::policy::vocabulary::Item;

/// A reference to one of [`components`].
pub(super) fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// What is filled in to ask for an action.
pub(super) fn body(fields: &[Field]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), value(field))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn value(field: &Field) -> Value {
    let mut schema = match field.kind {
        Kind::Names | Kind::Words => json!({"type": "array", "items": {"type": "string"}}),
        Kind::File => json!({
            "type": "object", "properties": {"name": {"type": "string"}, "text": {"type": "string"}},
            "required": ["name", "text"], "additionalProperties": false,
        }),
        Kind::Instant => json!({"type": "string", "format": "date-time"}),
        Kind::Cve => json!({"type": "string", "pattern": "^CVE-[0-9]{4}-[0-9]{4,19}$"}),
        Kind::Outcome => json!({"enum": ["pass", "fail"]}),
        Kind::Reason => json!({"enum": Reason::ALL.map(Reason::name)}),
        Kind::ActionNeeded => json!({"enum": ["again", "not-again"]}),
        Kind::Line
        | Kind::Text
        | Kind::Release
        | Kind::Person
        | Kind::Role
        | Kind::Vector
        | Kind::Case
        | Kind::Draft => json!({"type": "string"}),
    };
    schema["description"] = json!(field.label);
    schema
}

/// The parameters of a path.
pub(super) fn parameters(path: &str) -> Value {
    let known = [
        ("case", "The case's id", json!({"type": "string"})),
        ("project", "The project's short name", json!({"type": "string"})),
        ("sha256", "The SHA-256 of the file, in hex", json!({"type": "string"})),
        ("id", "The token's name, as it is listed", json!({"type": "string"})),
        ("step", "A step of the policy's own", json!({"type": "string"})),
    ];
    let taken = known.iter().filter(|(name, _, _)| path.contains(&format!("{{{name}}}")));
    taken
        .map(|(name, said, schema)| {
            json!({"name": name, "in": "path", "required": true, "description": said, "schema": schema})
        })
        .collect()
}

/// The headers of an action.
pub(super) fn headers() -> [Value; 2] {
    let header = |name: &str, said: &str, schema: Value| json!({"name": name, "in": "header", "required": false, "description": said, "schema": schema});
    let key = json!({"type": "string", "pattern": "^[!#-\\[\\]-~]{1,255}$"});
    [
        header("Idempotency-Key", "A repeat under the same key, within a day, does nothing twice", key),
        header(
            "If-Match",
            "The tag of the case as it was read; if it differs, nothing is done",
            json!({"type": "string"}),
        ),
    ]
}

/// What stands behind the question mark: which page of a list, or what is asked.
pub(super) fn queries(id: &str, answer: Option<&str>) -> Vec<Value> {
    let query = |name: &str, required: bool, said: &str, schema: Value| json!({"name": name, "in": "query", "required": required, "description": said, "schema": schema});
    if id == "permission" {
        let items: Vec<&str> = Item::ALL.iter().map(|item| item.name()).collect();
        return vec![
            query("item", true, "What would be told", json!({"enum": items})),
            query(
                "to",
                false,
                "The role it would be told to; everybody by default",
                json!({"type": "string"}),
            ),
        ];
    }
    let is_list = answer.is_some_and(|name| components()[name]["type"] == "array");
    if !is_list {
        return Vec::new();
    }
    let limit = json!({"type": "integer", "minimum": 1, "maximum": page::LINES_MAX, "default": page::LINES});
    let after = "Where the page before ended: taken from its header `Link`";
    vec![
        query("limit", false, "Most lines of the page", limit),
        query("after", false, after, json!({"type": "string"})),
    ]
}

/// An object with exactly these members.
fn object(members: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

/// Everything that is answered.
pub(super) fn components() -> Value {
    let text = || json!({"type": "string"});
    let instant = || json!({"type": "string", "format": "date-time"});
    let whole = || json!({"type": "integer", "minimum": 0});
    let maybe = |kind: &str| json!({"type": [kind, "null"]});
    let line = ["case", "project", "number", "planned", "stands", "title"].map(|name| (name, text()));
    let project = ["id", "name", "policy", "contact"].map(|name| (name, text()));
    let policy = ["project", "title", "toml"].map(|name| (name, text()));
    let entry = [("at", instant()), ("by", json!({})), ("event", json!({"type": ["string", "object"]}))];
    let me =
        [("name", text()), ("roles", maybe("object")), ("scopes", list(&text())), ("expires", instant())];
    json!({
        "Description": {"type": "object"},
        "Projects": list(&object(&project)),
        "Policy": object(&policy),
        "Me": object(&me),
        "PolicyCheck": object(&[
            ("project", text()), ("policy", text()), ("sound", json!({"type": "boolean"})),
            ("states", whole()), ("transitions", whole()),
            ("findings", list(&object(&[("kind", text()), ("what", text()), ("path", list(&text()))]))),
        ]),
        "Documents": list(&object(&[("path", text()), ("url", text()), ("bytes", whole()), ("since", instant())])),
        "Tokens": list(&object(&[
            ("id", text()), ("note", text()), ("scopes", list(&text())), ("made", instant()), ("expires", instant()),
        ])),
        "Ended": object(&[("id", text()), ("ended", json!({"const": true}))]),
        "Due": list(&object(&[
            ("at", instant()), ("late", json!({"type": "boolean"})), ("what", text()), ("case", text()),
            ("title", text()),
        ])),
        "Calendar": list(&object(&[
            ("at", instant()), ("case", text()), ("title", text()), ("batch", maybe("string")),
            ("public", json!({"type": "boolean"})),
        ])),
        "Invitations": list(&object(&[
            ("at", instant()), ("by", text()), ("person", text()), ("role", text()), ("case", text()),
            ("title", text()), ("accepted", maybe("string")),
        ])),
        "Versions": list(&object(&[
            ("number", whole()), ("stage", json!({"enum": ["draft", "staged", "public"]})), ("at", maybe("string")),
            ("changes", text()), ("approvals", maybe("array")), ("lints", maybe("array")), ("text", text()),
        ])),
        "Knowledge": list(&object(&[
            ("role", text()), ("title", text()),
            ("items", list(&object(&[("item", text()), ("since", instant())]))),
        ])),
        "Permission": object(&[
            ("case", text()), ("item", text()), ("answer", json!({"enum": ["yes", "ask", "no"]})),
            ("clause", maybe("string")), ("to", maybe("string")), ("note", text()), ("stated", maybe("string")),
            ("policy", text()),
        ]),
        "Duplicates": list(&object(&[("case", text()), ("title", text()), ("shared", list(&text()))])),
        "Cases": list(&object(&line)),
        "Case": {"oneOf": [object(&[("case", text()), ("invited", json!({"const": true}))]), case()]},
        "Log": list(&object(&entry)),
        "Performed": object(&[("case", text()), ("events", list(&object(&entry)))]),
        "Problem": {
            "type": "object", "required": ["type", "title", "status"],
            "properties": {
                "type": text(), "title": text(), "status": {"type": "integer"}, "detail": text(),
                "clause": text(), "needed": text(), "faults": list(&text()), "number": {"type": "integer"},
            },
        },
    })
}

/// A case. What its reader may not see is null or empty, as if there were nothing.
fn case() -> Value {
    let text = || json!({"type": "string"});
    let maybe = |kind: &str| json!({"type": [kind, "null"]});
    let mut schema = object(&[
        ("case", text()),
        ("project", text()),
        ("items", list(&text())),
        ("number", maybe("string")),
        ("cves", list(&text())),
        ("planned", maybe("string")),
        ("rating", json!({})),
        ("title", maybe("string")),
        ("stands", maybe("string")),
        ("exposed_hours", maybe("integer")),
        ("embargo", maybe("string")),
        ("applies", maybe("array")),
        ("open_releases", maybe("array")),
        ("facts", maybe("array")),
        ("clocks", maybe("array")),
        ("steps", maybe("array")),
    ]);
    schema["properties"]["reporter"] = json!({"type": "object"});
    schema
}
