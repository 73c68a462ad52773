//! Everything that becomes public with one version of an advisory, as files of the site.

use crate::pages;
use crate::store::StagedDocument;
use tidegate_domain::advisory::Publication;
use tidegate_domain::case::Case;
use tidegate_domain::id::Slug;
use tidegate_domain::policy::Policy;
use tidegate_domain::publication::publication;
use tidegate_domain::time::Instant;
use tidegate_formats::{Context, Link, csaf, cve, osv, text};

/// The folder whose files tell `export` what the site's index and feed list.
pub const PUBLICATIONS: &str = "publications/";

/// The files of `version`, public at `at`, with the patch files that are at hand. Empty where the case has no
/// number to publish under, which `decide` does not let happen.
#[must_use]
pub fn documents(
    policy: &Policy,
    project: &Slug,
    case: &Case,
    (version, at): (u32, Instant),
    patches: Vec<(String, Vec<u8>)>,
    site: &Link,
) -> Vec<StagedDocument> {
    let Some(publication) = publication(policy, case, version, at) else { return Vec::new() };
    render(&publication, project, patches, site)
}

/// The files of a publication, by path below the site's root.
#[must_use]
pub fn render(
    publication: &Publication,
    project: &Slug,
    patches: Vec<(String, Vec<u8>)>,
    site: &Link,
) -> Vec<StagedDocument> {
    let stem = stem(&publication.number);
    let year = publication.first_public().timestamp().strftime("%Y").to_string();
    let context = Context {
        page: page_link(site, project, &publication.number),
        csaf_folder: site.join("csaf").join(project.as_str()).join(&year),
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    // Two projects may publish under one number, such as a CVE identifier: each has folders of its own.
    let folder = format!("advisories/{project}");
    let csaf_path = format!("csaf/{project}/{year}/{}", csaf::file_name(publication));
    let osv_path = format!("osv/{project}/{}.json", osv::id(publication));
    let version_text = |version: u32| version_text(&stem, version);
    let text = text::advisory(publication).into_bytes();
    let mut files = vec![
        file(format!("{folder}/{stem}.txt"), text.clone()),
        file(format!("{folder}/{}", version_text(publication.version())), text),
        file(csaf_path.clone(), csaf::document(publication, &context)),
        file(osv_path.clone(), osv::record(publication, &context)),
    ];
    let mut records = Vec::new();
    for id in &publication.cves {
        let path = format!("cve/{project}/{id}.json");
        records.push((id.to_string(), format!("{ROOT}{path}")));
        files.push(file(path, cve::record(publication, id, &context)));
    }
    let links = pages::SiteLinks {
        project: pages::project_links(ROOT, project),
        text: format!("{stem}.txt"),
        csaf: format!("{ROOT}{csaf_path}"),
        cve: records,
        osv: Some(format!("{ROOT}{osv_path}")),
        patches: patches.iter().map(|(name, _)| (name.clone(), format!("patches/{stem}/{name}"))).collect(),
        versions: publication.history.iter().map(|v| (v.version, version_text(v.version))).collect(),
    };
    let patch = |(name, body)| file(format!("{folder}/patches/{stem}/{name}"), body);
    files.extend(patches.into_iter().map(patch));
    files.push(file(format!("{folder}/{stem}.html"), pages::advisory(publication, &links).into_bytes()));
    let listed = serde_json::to_vec_pretty(&(project, publication)).unwrap_or_default();
    files.push(file(format!("{PUBLICATIONS}{project}/{stem}.json"), listed));
    files
}

/// Each version keeps a text of its own, so that readers can see what changed.
fn version_text(stem: &str, version: u32) -> String {
    format!("{stem}.v{version}.txt")
}

/// Leads from an advisory's page to the site's root.
const ROOT: &str = "../../";

/// The path of an advisory's page for people, below the site's root.
#[must_use]
pub fn page_path(project: &Slug, number: &str) -> String {
    format!("advisories/{project}/{}.html", stem(number))
}

/// The advisory's page for people.
#[must_use]
pub fn page_link(site: &Link, project: &Slug, number: &str) -> Link {
    page_path(project, number).split('/').fold(site.clone(), |link, part| link.join(part))
}

/// A number as a file name: lower case, nothing that a path could be made of.
fn stem(number: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '-' };
    number.chars().map(plain).collect()
}

fn file(path: String, body: Vec<u8>) -> StagedDocument {
    StagedDocument { path, body }
}
