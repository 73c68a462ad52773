//! Other people's validators and schemas.

use crate::outputs::all;
use crate::sample;
use csaf_rs::csaf2_0::loader::load_document;
use csaf_rs::schema::csaf2_0::schema::CommonSecurityAdvisoryFramework;
use csaf_rs::validation::{TestResultStatus, Validatable, validate_by_tests};
use serde_json::Value;
use std::path::PathBuf;
use tidegate_domain::advisory::Publication;
use tidegate_formats::csaf;

fn samples() -> [(&'static str, Publication); 5] {
    [
        ("first", sample::first()),
        ("resolved", sample::resolved()),
        ("second", sample::second()),
        ("bare", sample::bare()),
        ("hostile", sample::hostile()),
    ]
}

/// CSAF 2.0 sections 6.1.x, as the crate `csaf-rs` reads them.
#[test]
fn csaf_documents_pass_the_mandatory_tests() {
    let mandatory: Vec<&str> = CommonSecurityAdvisoryFramework::get_tests()
        .into_iter()
        .map(|(id, _)| id)
        .filter(|id| id.starts_with("6.1."))
        .collect();
    assert!(mandatory.len() >= 33, "{mandatory:?}");
    for (name, publication) in samples() {
        let bytes = csaf::document(&publication, &sample::context());
        let text = String::from_utf8(bytes).expect("UTF-8");
        let raw = load_document(text.as_str()).expect("a CSAF document");
        let result = validate_by_tests(&raw, "2.0", &mandatory);
        for test in &result.test_results {
            assert!(
                matches!(test.status, TestResultStatus::Success | TestResultStatus::Skipped),
                "{name}, test {}: {:?}",
                test.test_id,
                test.status
            );
        }
    }
}

/// The folder of other people's data, which is no part of the project.
#[expect(clippy::disallowed_methods, reason = "a test has no main that could read the environment for it")]
pub(crate) fn data_folder() -> Option<PathBuf> {
    let given = std::env::var_os("TIDEGATE_DATA").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    given.into_iter().chain([beside]).find(|folder| folder.is_dir())
}

/// The schemas that the CVE Services publish with their API, as far as that copy of them goes: it has lost
/// its lists of allowed values, so that a reference's tag counts twice in a `oneOf`, and is older than
/// CVSS 4.0.
#[test]
fn cve_records_follow_the_schemas_of_the_cve_services() {
    let Some(folder) = data_folder() else {
        println!("skipped: no ../shared/data and no TIDEGATE_DATA, so no CVE schema to check against");
        return;
    };
    let schemas = [
        ("cve.json", "cve-services/schemas/cve/create-cve-record-secretariat-request.json"),
        ("cve-submission.json", "cve-services/schemas/cve/create-cve-record-cna-request.json"),
    ];
    for (format, path) in schemas {
        let Ok(schema) = std::fs::read(folder.join(path)) else {
            println!("skipped: no {path} in {}", folder.display());
            continue;
        };
        let schema: Value = serde_json::from_slice(&schema).expect("a JSON schema");
        let validator = jsonschema::validator_for(&schema).expect("a JSON schema");
        for (name, publication) in samples() {
            let mut document: Value = all(&publication)
                .into_iter()
                .find(|(known, _)| *known == format)
                .map(|(_, bytes)| serde_json::from_slice(&bytes).expect("JSON"))
                .expect("a format");
            leave_out(&mut document, &["tags", "metrics"]);
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| format!("{error}")).collect();
            assert!(errors.is_empty(), "{name}, {format}: {errors:#?}");
        }
    }
}

/// Takes members out of every object of a document.
fn leave_out(document: &mut Value, names: &[&str]) {
    match document {
        Value::Object(members) => {
            for name in names {
                members.remove(*name);
            }
            members.values_mut().for_each(|member| leave_out(member, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| leave_out(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
