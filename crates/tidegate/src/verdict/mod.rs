//! Verdicts on an inventory, without a server: advisories, release data and an inventory from files.

mod repos;

pub use repos::Repositories;

use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tidegate_domain::inventory::Inventory;
use tidegate_domain::proof::Digest;
use tidegate_domain::release::{Releases, Support};
use tidegate_domain::time::Instant;
use tidegate_domain::verdict::{
    Build, Catalogue, CommitFact, Fix, Judgement, Known, Side, Statement, judge, product_key,
};
use tidegate_formats::Fault;
use tidegate_formats::advisories;
use tidegate_formats::openstack_releases::Gathered;
use tidegate_formats::ossa::Ossa;

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Most findings of one assessment: advisories times the builds that they could apply to.
pub const FINDINGS_MAX: usize = 1_000_000;
/// Most files of one folder.
const FILES_MAX: usize = 100_000;

/// A file that can't be read, or that has a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong, and where.
    pub fault: Fault,
}

impl std::fmt::Display for BadFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.fault)
    }
}

/// Advisories from a folder, and the files of it that could not be understood.
#[derive(Clone, Debug, Default)]
pub struct Advisories {
    /// What was read, by id, each in its latest version.
    pub read: Vec<Ossa>,
    /// What was not.
    pub bad: Vec<BadFile>,
    /// Earlier versions of what was read, in words.
    pub replaced: Vec<String>,
}

/// An advisory with the digest of its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The digest: of the whole file, where it holds nothing else.
    pub sha256: Digest,
    /// The advisory.
    pub advisory: Ossa,
}

/// The documents of a folder, and the files of it that could not be understood.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// What was read, by id, each in its latest version.
    pub read: Vec<Document>,
    /// What was not.
    pub bad: Vec<BadFile>,
    /// Earlier versions of what was read, in words.
    pub replaced: Vec<String>,
}

/// Reads every file of a folder, or of its folder `ossa`, as an advisory: OSSA, OSSN, XSA, CSAF, OSV and CVE
/// in any mixture. A hidden file is none.
///
/// # Errors
/// The folder can't be read.
pub fn advisories(folder: &Path) -> Result<Advisories, BadFile> {
    let Documents { read, bad, replaced } = documents(folder)?;
    Ok(Advisories { read: read.into_iter().map(|document| document.advisory).collect(), bad, replaced })
}

/// Reads every file of a folder as [`advisories`] does, and keeps the digests of the documents.
///
/// # Errors
/// The folder can't be read.
pub fn documents(folder: &Path) -> Result<Documents, BadFile> {
    let inner = folder.join("ossa");
    let folder = if inner.is_dir() { &inner } else { folder };
    let mut documents = Documents::default();
    let mut latest: BTreeMap<(String, advisories::Form), Document> = BTreeMap::new();
    let is_hidden =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    for path in entries(folder)?.into_iter().filter(|path| !is_hidden(path)) {
        if path.is_dir() {
            let fault = Fault::nowhere("it is a folder", "name it as the folder of advisories to read it");
            documents.bad.push(BadFile { path, fault });
            continue;
        }
        let bytes = match bytes(&path) {
            Ok(bytes) => bytes,
            Err(bad) => {
                documents.bad.push(bad);
                continue;
            }
        };
        let mut found = Vec::new();
        advisories::read_each(&bytes, &mut |document, read| match read {
            Ok((form, advisory)) => {
                found.push((form, Document { sha256: Digest::of(document.trim_ascii()), advisory }));
            }
            Err(fault) => documents.bad.push(BadFile { path: path.clone(), fault }),
        });
        // A document alone in its file has the digest that `sha256sum` says.
        if let [(_, document)] = found.as_mut_slice() {
            document.sha256 = Digest::of(&bytes);
        }
        for (form, document) in found {
            documents.replaced.extend(keep_latest(&mut latest, form, document));
        }
    }
    documents.read = latest.into_values().collect();
    Ok(documents)
}

/// Keeps the later of two versions of an advisory, and says which one it replaced.
fn keep_latest(
    latest: &mut BTreeMap<(String, advisories::Form), Document>,
    form: advisories::Form,
    document: Document,
) -> Option<String> {
    let key = (document.advisory.id.clone(), form);
    let Some(known) = latest.remove(&key) else {
        latest.insert(key, document);
        return None;
    };
    let is_later = document.advisory.edition > known.advisory.edition;
    let (old, new) = if is_later { (known, document) } else { (document, known) };
    let (old, current) = (&old.advisory, &new.advisory);
    let words =
        format!("{} {} is replaced by its version {}", old.id, old.edition.name(), current.edition.name());
    latest.insert(key, new);
    Some(words)
}

/// Reads release data: a checkout of OpenStack's, or a folder laid out like one, with or without the table
/// of first sights.
///
/// # Errors
/// The folder has no release data, or a file of it has a fault.
pub fn releases(folder: &Path) -> Result<Releases, BadFile> {
    let mut gathered = Gathered::default();
    let status = ["release-data", "data"].iter().map(|inner| folder.join(inner).join("series_status.yaml"));
    let status = status.into_iter().find(|path| path.is_file()).ok_or_else(|| BadFile {
        path: folder.to_owned(),
        fault: Fault::nowhere(
            "there is no series_status.yaml in its folders release-data and data",
            "name a checkout of OpenStack's release data",
        ),
    })?;
    let at = |path: &Path, fault: Fault| BadFile { path: path.to_owned(), fault };
    gathered.series_status(&text(&status)?).map_err(|fault| at(&status, fault))?;
    for line in entries(&folder.join("deliverables"))? {
        if !line.is_dir() {
            continue;
        }
        for path in entries(&line)? {
            let names =
                (line.file_name().and_then(|n| n.to_str()), path.file_stem().and_then(|n| n.to_str()));
            if let (Some(name), Some(product)) = names {
                gathered.deliverable(name, product, &text(&path)?).map_err(|fault| at(&path, fault))?;
            }
        }
    }
    let first_seen = folder.join("version_first_seen.json");
    if first_seen.is_file() {
        gathered.first_seen(text(&first_seen)?.as_bytes()).map_err(|fault| at(&first_seen, fault))?;
    }
    Ok(gathered.finish())
}

/// Reads a file within the limit.
///
/// # Errors
/// It is too large, or can't be read.
pub fn bytes(path: &Path) -> Result<Vec<u8>, BadFile> {
    let bad =
        |what: String, advice: &str| BadFile { path: path.to_owned(), fault: Fault::nowhere(what, advice) };
    let size = std::fs::metadata(path).map_err(|error| bad(error.to_string(), ""))?.len();
    if size > FILE_BYTES_MAX {
        return Err(bad(format!("it has more than {FILE_BYTES_MAX} bytes"), "hand it in as several files"));
    }
    std::fs::read(path).map_err(|error| bad(error.to_string(), ""))
}

fn text(path: &Path) -> Result<String, BadFile> {
    String::from_utf8(bytes(path)?).map_err(|_| BadFile {
        path: path.to_owned(),
        fault: Fault::nowhere("it is not UTF-8", "write it as UTF-8"),
    })
}

pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, BadFile> {
    let bad = |what: String| BadFile { path: folder.to_owned(), fault: Fault::nowhere(what, "") };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| bad(error.to_string()))? {
        paths.push(entry.map_err(|error| bad(error.to_string()))?.path());
        if paths.len() > FILES_MAX {
            return Err(bad(format!("it holds more than {FILES_MAX} files")));
        }
    }
    paths.sort();
    Ok(paths)
}

/// One advisory against one product of the inventory, in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The advisory's id.
    pub advisory: String,
    /// The product, as the advisory calls it, in lower case.
    pub product: String,
    /// The version, as the inventory has it.
    pub version: String,
    /// The components of that product and version.
    pub components: Vec<String>,
    /// The verdict with its reasons.
    pub judgement: Judgement,
    /// What the project does for the release line, at the instant in question.
    pub support: Option<Support>,
}

/// Everything that verdicts on one inventory say.
#[derive(Clone, Debug, Default)]
pub struct Assessment {
    /// By advisory and product; within these the worst is last.
    pub findings: Vec<Finding>,
    /// Components that are no product which an advisory or the release data names.
    pub strangers: Vec<String>,
}

/// What the history of a product tells, where a repository is at hand.
pub trait History {
    /// The commits that fix the advisory in the product on a release line.
    fn fixes(&mut self, ossa: &Ossa, product: &str, line: &str, releases: &Releases) -> Vec<Fix>;

    /// What is known about the commit that a build of the product was made from.
    fn commit(&mut self, ossa: &Ossa, product: &str, commit: &str) -> Option<CommitFact>;
}

/// No repository at hand.
#[derive(Clone, Copy, Debug)]
pub struct NoHistory;

impl History for NoHistory {
    fn fixes(&mut self, _: &Ossa, _: &str, _: &str, _: &Releases) -> Vec<Fix> {
        Vec::new()
    }

    fn commit(&mut self, _: &Ossa, _: &str, _: &str) -> Option<CommitFact> {
        None
    }
}

/// Judges every advisory against everything in the inventory, as of `at` or of when the inventory was taken.
///
/// # Errors
/// It would make more than [`FINDINGS_MAX`] findings.
pub fn assess(
    advisories: &[Ossa],
    releases: &Releases,
    inventory: &Inventory,
    at: Option<Instant>,
    history: &mut dyn History,
) -> Result<Assessment, Fault> {
    let seen = at.or(inventory.taken).map(|at| at.in_zone(&jiff::tz::TimeZone::UTC).date());
    let named =
        advisories.iter().flat_map(|ossa| &ossa.statements).map(|statement| statement.product.as_str());
    let catalogue = Catalogue::new(releases.products().chain(named));
    let (running, strangers) = running(inventory, &catalogue, releases);
    if weight(advisories, &running) > FINDINGS_MAX {
        let what = format!("it would make more than {FINDINGS_MAX} findings");
        return Err(Fault::nowhere(what, "hand it in as several inventories, one a deployment"));
    }
    let mut findings = Vec::new();
    for ossa in advisories {
        for statement in &ossa.statements {
            let Some(versions) = running.get(&product_key(&statement.product)) else {
                continue;
            };
            for (build, names) in versions.values() {
                let judgement = with_history(ossa, statement, build, releases, seen, history);
                findings.push(finding(statement, build, names, judgement, releases, seen));
            }
        }
    }
    findings.sort_by(|a: &Finding, b| {
        (&a.advisory, &a.product, a.judgement.verdict, &a.version).cmp(&(
            &b.advisory,
            &b.product,
            b.judgement.verdict,
            &b.version,
        ))
    });
    Ok(Assessment { findings, strangers: strangers.into_iter().collect() })
}

/// Product to its builds, by version, each with the names of the components that are it.
type Running<'a> = BTreeMap<String, BTreeMap<BuildKey<'a>, (Build, BTreeSet<&'a str>)>>;

/// What tells two builds of a product apart: version, whether a distribution made it, commit.
type BuildKey<'a> = (&'a str, bool, Option<&'a str>);

fn running<'a>(
    inventory: &'a Inventory,
    catalogue: &Catalogue,
    releases: &Releases,
) -> (Running<'a>, BTreeSet<String>) {
    let mut running: Running<'a> = BTreeMap::new();
    let mut strangers = BTreeSet::new();
    for component in &inventory.components {
        let Some(product) = catalogue.product_of(component) else {
            strangers.insert(format!("{} {}", component.name, component.version).trim_end().to_owned());
            continue;
        };
        let build = Build::read(component, releases);
        let key = (component.version.as_str(), build.is_patched, component.commit.as_deref());
        let same = running.entry(product).or_default().entry(key);
        same.or_insert_with(|| (build, BTreeSet::new())).1.insert(&component.name);
    }
    (running, strangers)
}

/// How many findings there would be.
fn weight(advisories: &[Ossa], running: &Running<'_>) -> usize {
    let builds =
        |statement: &Statement| running.get(&product_key(&statement.product)).map_or(0, BTreeMap::len);
    advisories.iter().flat_map(|ossa| &ossa.statements).map(builds).sum()
}

/// Judges, and asks the history only where it can matter: on a line of which some release is affected.
fn with_history(
    ossa: &Ossa,
    statement: &Statement,
    build: &Build,
    releases: &Releases,
    seen: Option<Date>,
    history: &mut dyn History,
) -> Judgement {
    let product = product_key(&statement.product);
    let commit = build.commit.as_ref().and_then(|commit| history.commit(ossa, &product, commit));
    let known = Known { releases, fixes: &[], commit: commit.as_ref(), seen };
    let judgement = judge(statement, build, &known);
    let Some(line) = judgement.account.line.as_deref() else {
        return judgement;
    };
    let mut on_line = releases.of(&product).iter().filter(|release| release.line == line);
    if !on_line.any(|release| statement.side(&release.version, release.day()) == Side::Within) {
        return judgement;
    }
    let fixes = history.fixes(ossa, &product, line, releases);
    if fixes.is_empty() { judgement } else { judge(statement, build, &Known { fixes: &fixes, ..known }) }
}

fn finding(
    statement: &Statement,
    build: &Build,
    names: &BTreeSet<&str>,
    judgement: Judgement,
    releases: &Releases,
    seen: Option<Date>,
) -> Finding {
    let line = judgement.account.line.as_deref().and_then(|line| releases.line(line));
    Finding {
        advisory: statement.advisory.clone(),
        product: statement.product.clone(),
        version: build.said.clone(),
        components: names.iter().map(|name| (*name).to_owned()).collect(),
        support: line.map(|line| seen.map_or(line.status, |day| line.support_on(day))),
        judgement,
    }
}
