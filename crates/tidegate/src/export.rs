//! The public site as files: what was promoted, and the pages that list it. Nothing here is secret, and the
//! same publications give the same bytes.

use crate::engine::{Engine, EngineError};
use crate::hands::render::{PUBLICATIONS, page_link};
use crate::pages;
use crate::store::StoreError;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tidegate_domain::advisory::Publication;
use tidegate_domain::id::Slug;
use tidegate_domain::policy::Policy;
use tidegate_formats::Link;
use tidegate_formats::atom::{self, FeedContext, FeedEntry};

/// One file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFile {
    /// Its path below the site's root.
    pub path: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// The whole site as it is public now.
///
/// # Errors
/// The store's.
pub async fn site(engine: &Engine) -> Result<Vec<SiteFile>, EngineError> {
    let mut files = Vec::new();
    let mut publications: Vec<(Slug, Publication)> = Vec::new();
    for entry in engine.store.public_documents().await? {
        let Some(document) = engine.store.public_document(&entry.path).await? else { continue };
        if entry.path.starts_with(PUBLICATIONS) {
            let broken = |_| StoreError::Tampered { table: "public_document", row: entry.path.clone() };
            publications.push(serde_json::from_slice(&document.body).map_err(broken)?);
        } else {
            files.push(SiteFile { path: entry.path, body: document.body });
        }
    }
    publications.sort_by(|(_, a), (_, b)| (b.first_public(), &a.number).cmp(&(a.first_public(), &b.number)));
    let mut projects = Vec::new();
    for project in engine.store.projects().await? {
        projects.push((project.id.clone(), engine.policy(&project.id).await?, project.policy_toml));
    }
    files.extend(lists(&publications, &projects, &engine.site));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// What every page of the site loads.
#[must_use]
pub fn looks() -> [SiteFile; 2] {
    let file = |path: &str, text: &str| SiteFile { path: path.to_owned(), body: text.into() };
    [file(pages::STYLE_FILE, pages::style()), file(pages::ICON_FILE, pages::icon())]
}

type Projects = [(Slug, Arc<Policy>, String)];

fn lists(publications: &[(Slug, Publication)], projects: &Projects, site: &Link) -> Vec<SiteFile> {
    let text = |path: String, body: String| SiteFile { path, body: body.into_bytes() };
    let home: Vec<pages::HomeEntry<'_>> = projects
        .iter()
        .map(|(id, policy, _)| pages::HomeEntry {
            publisher: &policy.publisher,
            links: project_links("", id),
        })
        .collect();
    let mut files = vec![
        text("index.html".to_owned(), pages::home(&home)),
        SiteFile { path: "feed.atom".to_owned(), body: feed(publications, site) },
    ];
    files.extend(looks());
    for (id, policy, toml) in projects {
        let own: Vec<pages::IndexEntry<'_>> = publications
            .iter()
            .filter(|(project, _)| project == id)
            .map(|(_, publication)| pages::IndexEntry {
                publication,
                href: format!("../advisories/{}.html", crate::hands::render::stem(&publication.number)),
            })
            .collect();
        let links = project_links("../", id);
        files.push(text(format!("projects/{id}.html"), pages::index(&policy.publisher, &own, &links)));
        let links = pages::PolicyLinks {
            project: links,
            markdown: Some(format!("{id}.md")),
            file: Some(format!("{id}.toml")),
        };
        files.push(text(format!("policy/{id}.html"), pages::policy_html(policy, &links)));
        files.push(text(format!("policy/{id}.md"), pages::policy_markdown(policy)));
        files.push(text(format!("policy/{id}.toml"), toml.clone()));
    }
    files
}

/// Where a project's pages are, seen from a folder from which `root` leads to the site's.
#[must_use]
pub fn project_links(root: &str, project: &Slug) -> pages::ProjectLinks {
    pages::ProjectLinks {
        root: root.to_owned(),
        advisories: format!("{root}projects/{project}.html"),
        policy: format!("{root}policy/{project}.html"),
        feed: format!("{root}feed.atom"),
    }
}

fn feed(publications: &[(Slug, Publication)], site: &Link) -> Vec<u8> {
    let pages: Vec<Link> =
        publications.iter().map(|(_, publication)| page_link(site, &publication.number)).collect();
    let entries: Vec<FeedEntry<'_>> = publications
        .iter()
        .zip(&pages)
        .map(|((_, publication), page)| FeedEntry { publication, page })
        .collect();
    let host = site.as_str().trim_start_matches("https://").split('/').next().unwrap_or_default();
    let since = tidegate_domain::time::Instant::from_micros(0);
    let context = FeedContext {
        title: "Security advisories".to_owned(),
        author: host.to_owned(),
        feed: site.join("feed.atom"),
        page: site.join("index.html"),
        authority: host.to_owned(),
        since,
    };
    atom::feed(&entries, &context)
}

/// Writes the site below `out`, which is made where it is missing. Files of an earlier export that are not
/// part of the site any more stay where they are.
///
/// # Errors
/// The first file that cannot be written.
pub fn write(files: &[SiteFile], out: &Path) -> std::io::Result<()> {
    for file in files {
        let path = below(out, &file.path)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, &file.body)?;
    }
    Ok(())
}

/// A path of the site below a folder, and never beside it.
fn below(out: &Path, path: &str) -> std::io::Result<PathBuf> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if plain {
        Ok(out.join(path))
    } else {
        Err(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            format!("`{path}` is not a path of the site"),
        ))
    }
}
