//! Verdicts on real advisories and real deployments, where the data of others is at hand.

use crate::oracles::data_folder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use tidegate_domain::inventory::{Component, Kind};
use tidegate_domain::release::Releases;
use tidegate_domain::verdict::{
    Affected, Build, Catalogue, Fix, Judgement, Known, Statement, Verdict, judge,
};
use tidegate_formats::inventory;
use tidegate_formats::openstack_releases::Gathered;
use tidegate_formats::ossa::{self, Ossa};

#[derive(Deserialize)]
struct Case {
    ossa: String,
    product: String,
    series: String,
    version: String,
    build_date: String,
    fix: Option<Vec<CaseFix>>,
    expected: String,
    trap: bool,
    why: String,
}

#[derive(Deserialize)]
struct CaseFix {
    commit: String,
    committed: String,
    first_tag: Option<String>,
}

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn folder() -> Option<std::path::PathBuf> {
    let folder = data_folder().map(|folder| folder.join("openstack")).filter(|folder| folder.is_dir());
    if folder.is_none() {
        println!("skipped: there is no folder with OpenStack's advisories and releases");
    }
    folder
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn advisories(folder: &Path) -> Vec<Ossa> {
    let read = |path: &std::path::PathBuf| {
        ossa::parse(&read(path)).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
    };
    files(&folder.join("ossa")).iter().map(read).collect()
}

fn releases(folder: &Path) -> Releases {
    let mut gathered = Gathered::default();
    gathered.series_status(&read(&folder.join("release-data/series_status.yaml"))).expect("lines");
    for line in files(&folder.join("deliverables")) {
        let name = line.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        for file in files(&line) {
            let product = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
            gathered.deliverable(&name, &product, &read(&file)).expect("a deliverable");
        }
    }
    gathered.first_seen(read(&folder.join("version_first_seen.json")).as_bytes()).expect("first sights");
    gathered.finish()
}

struct World {
    statements: BTreeMap<(String, String), Statement>,
    releases: Releases,
    cases: Vec<Case>,
}

fn world() -> Option<World> {
    let folder = folder()?;
    let statements = advisories(&folder).into_iter().flat_map(|ossa| ossa.statements);
    let by_name = |statement: Statement| ((statement.advisory.clone(), statement.product.clone()), statement);
    Some(World {
        statements: statements.map(by_name).collect(),
        releases: releases(&folder),
        cases: serde_json::from_str(&read(&folder.join("verdict-cases.json"))).expect("cases"),
    })
}

impl World {
    fn judge(&self, case: &Case, with_facts: bool) -> Judgement {
        let version = format!("{}.{}", case.version, case.build_date.replace('-', ""));
        let name = format!("{}-api", case.product);
        let component = Component { kind: Kind::Image, name, version, digest: None, commit: None };
        let statement = self.statements.get(&(case.ossa.clone(), case.product.clone())).expect("a statement");
        let catalogue = Catalogue::new(self.releases.products());
        assert_eq!(catalogue.product_of(&component).as_deref(), Some(case.product.as_str()));
        let build = Build::read(&component, &self.releases);
        let fixes: Vec<Fix> =
            case.fix.iter().flatten().filter(|_| with_facts).map(|fix| case.fact(fix)).collect();
        judge(statement, &build, &Known { releases: &self.releases, fixes: &fixes, commit: None, seen: None })
    }
}

impl Case {
    fn fact(&self, fix: &CaseFix) -> Fix {
        Fix {
            commit: fix.commit.clone(),
            line: self.series.clone(),
            merged: fix.committed.parse().expect("an instant"),
            first_release: fix.first_tag.as_ref().and_then(|tag| tag.parse().ok()),
        }
    }

    fn agrees(&self, verdict: Verdict) -> bool {
        match self.expected.as_str() {
            "affected" => verdict == Verdict::Affected,
            "fixed" => verdict == Verdict::Fixed,
            "not_affected_or_fixed" => matches!(verdict, Verdict::Fixed | Verdict::NotAffected),
            other => panic!("an expectation that isn't known: {other}"),
        }
    }

    fn line(&self, judgement: &Judgement) -> String {
        format!(
            "{} {} {} built {}: expected {} ({}), said {}: {}",
            self.ossa,
            self.product,
            self.version,
            self.build_date,
            self.expected,
            self.why,
            judgement.verdict,
            judgement.why
        )
    }
}

/// Cases whose own dates contradict what they expect: each calls a number a released tag that was made after
/// the build. Two of the builds are older than the tag that carries the fix and younger than the advisory:
/// without a repository that is unknown. The third was built a year before the fix, and is affected.
const CONTRADICTORY: [(&str, &str, &str, Verdict); 3] = [
    ("OSSA-2024-003", "23.0.2", "2024-09-07", Verdict::Unknown),
    ("OSSA-2024-003", "24.1.2", "2024-09-09", Verdict::Unknown),
    ("OSSA-2026-006", "5.0.1", "2025-04-08", Verdict::Affected),
];
/// What only the case's own fix commits settle: it was built between the advisory and the release.
const NEEDS_FACTS: (&str, &str, &str) = ("OSSA-2024-005", "24.0.2", "2024-12-06");

#[test]
fn verdicts_on_real_deployments_are_right() {
    let Some(world) = world() else { return };
    let (mut traps, mut wrong) = (0, Vec::new());
    for (case, with_facts) in world.cases.iter().flat_map(|case| [(case, false), (case, true)]) {
        let judgement = world.judge(case, with_facts);
        let key = (case.ossa.as_str(), case.version.as_str(), case.build_date.as_str());
        let exception = CONTRADICTORY.iter().find(|(ossa, version, day, _)| (*ossa, *version, *day) == key);
        let is_right = match exception {
            Some((_, _, _, expected)) => judgement.verdict == *expected,
            None if key == NEEDS_FACTS && !with_facts => judgement.verdict == Verdict::Unknown,
            None => case.agrees(judgement.verdict),
        };
        if !is_right {
            wrong.push(case.line(&judgement));
        }
        traps += usize::from(case.trap && judgement.verdict == Verdict::Affected);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let all_traps = world.cases.iter().filter(|case| case.trap).count();
    assert_eq!(traps, 2 * all_traps, "every trap is affected, with and without facts");
    assert!(world.cases.len() >= 530 && all_traps >= 12);
}

#[test]
fn every_advisory_is_understood_or_named() {
    let Some(folder) = folder() else { return };
    let advisories = advisories(&folder);
    assert!(advisories.len() >= 183);
    let unclear: Vec<String> = advisories
        .iter()
        .flat_map(|ossa| &ossa.statements)
        .filter(|statement| statement.affected == Affected::NotUnderstood)
        .map(|statement| format!("{} {} `{}`", statement.advisory, statement.product, statement.said))
        .collect();
    assert_eq!(
        unclear,
        ["OSSA-2012-003 nova `TODO`", "OSSA-2014-013 keystone `TODO`", "OSSA-2014-019 neutron `TODO`"]
    );
    assert!(advisories.iter().all(|ossa| ossa.published.is_some()), "each has a day");
    let three: Vec<&str> = advisories
        .iter()
        .filter(|ossa| ossa.id == "OSSA-2023-002")
        .flat_map(|ossa| &ossa.statements)
        .map(|statement| statement.product.as_str())
        .collect();
    assert_eq!(three, ["cinder", "glance", "nova"]);
}

#[test]
fn real_manifests_are_read() {
    let Some(folder) = data_folder().map(|folder| folder.join("manifests")).filter(|f| f.is_dir()) else {
        println!("skipped: there is no folder with real manifests");
        return;
    };
    let kolla = files(&folder.join("stackhpc/kolla-image-tags"));
    assert!(kolla.len() >= 113);
    for path in kolla {
        let inventory = inventory::read(read(&path).as_bytes(), None).expect("an inventory");
        assert!(!inventory.components.is_empty() && inventory.unread.is_empty(), "{}", path.display());
    }
    let path = folder.join("osism-release/9.0.0/sbom-openstack-2024.2.yml");
    let inventory = inventory::read(read(&path).as_bytes(), None).expect("an inventory");
    assert!(inventory.components.len() >= 114 && inventory.unread.is_empty());
    assert!(
        inventory.components.iter().any(|image| image.name == "neutron-server" && image.digest.is_some())
    );
}
