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
    let csaf_folder = site.join("csaf").join(&year);
    let context = Context {
        page: page_link(site, &publication.number),
        csaf_folder,
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let csaf_path = format!("csaf/{year}/{}", csaf::file_name(publication));
    let osv_path = format!("osv/{}.json", osv::id(publication));
    let mut files = vec![
        file(format!("advisories/{stem}.txt"), text::advisory(publication).into_bytes()),
        file(
            format!("advisories/{}", version_text(&stem, publication.version())),
            text::advisory(publication).into_bytes(),
        ),
        file(csaf_path.clone(), csaf::document(publication, &context)),
        file(osv_path.clone(), osv::record(publication, &context)),
    ];
    let mut records = Vec::new();
    for id in &publication.cves {
        let path = format!("cve/{id}.json");
        records.push((id.to_string(), format!("../{path}")));
        files.push(file(path, cve::record(publication, id, &context)));
    }
    let links = pages::SiteLinks {
        project: crate::export::project_links("../", project),
        text: format!("{stem}.txt"),
        csaf: format!("../{csaf_path}"),
        cve: records,
        osv: Some(format!("../{osv_path}")),
        patches: patches.iter().map(|(name, _)| (name.clone(), format!("patches/{stem}/{name}"))).collect(),
        versions: publication.history.iter().map(|v| (v.version, version_text(&stem, v.version))).collect(),
    };
    files.extend(
        patches.into_iter().map(|(name, body)| file(format!("advisories/patches/{stem}/{name}"), body)),
    );
    files.push(file(format!("advisories/{stem}.html"), pages::advisory(publication, &links).into_bytes()));
    let listed = serde_json::to_vec_pretty(&(project, publication)).unwrap_or_default();
    files.push(file(format!("{PUBLICATIONS}{stem}.json"), listed));
    files
}

/// Each version keeps a text of its own, so that readers can see what changed.
fn version_text(stem: &str, version: u32) -> String {
    format!("{stem}.v{version}.txt")
}

/// The advisory's page for people.
#[must_use]
pub fn page_link(site: &Link, number: &str) -> Link {
    site.join("advisories").join(&format!("{}.html", stem(number)))
}

/// A number as a file name: lower case, nothing that a path could be made of.
#[must_use]
pub fn stem(number: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '-' };
    number.chars().map(plain).collect()
}

fn file(path: String, body: Vec<u8>) -> StagedDocument {
    StagedDocument { path, body }
}
