//! The public site as files: what was promoted, and the pages that list it. Nothing here is secret, and the
//! same publications give the same bytes.

use crate::engine::{Engine, EngineError};
use crate::hands::render::{PUBLICATIONS, page_link, page_path};
use crate::pages;
use crate::store::StoreError;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tidegate_domain::advisory::Publication;
use tidegate_domain::id::Slug;
use tidegate_domain::policy::Policy;
use tidegate_domain::policy::vocabulary::{Exposure, RoleKind};
use tidegate_domain::time::Instant;
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

/// The whole site as it is public now, as files for any web server.
///
/// # Errors
/// The store's.
pub async fn site(engine: &Engine) -> Result<Vec<SiteFile>, EngineError> {
    files(engine, Doors::Elsewhere).await
}

/// The same with links to the doors of the server that serves it: reports, mailboxes, desks.
///
/// # Errors
/// The store's.
pub async fn served_site(engine: &Engine) -> Result<Vec<SiteFile>, EngineError> {
    files(engine, Doors::Here).await
}

/// What the site tells of a list that is kept here.
struct Kept {
    members: Option<Vec<String>>,
    applications: Vec<pages::PublicApplication>,
}

impl Kept {
    async fn of(engine: &Engine, project: &Slug, policy: &Policy) -> Result<Kept, EngineError> {
        let told = policy.list.as_ref().is_some_and(|rules| rules.members == Exposure::Public);
        let members = engine.members(project).await?;
        let named = members.iter().filter(|kept| kept.now.is_member());
        let members = (told && !members.is_empty())
            .then(|| named.map(|kept| kept.now.form.organisation.clone()).collect());
        let applications = engine
            .applications(project)
            .await?
            .into_iter()
            .map(|kept| pages::PublicApplication { id: kept.id, application: kept.now.public() });
        Ok(Kept { members, applications: applications.collect() })
    }

    fn listing(&self, project: &Slug) -> pages::Listing {
        let applications = (!self.applications.is_empty()).then(|| format!("../applications/{project}.html"));
        pages::Listing { members: self.members.clone(), applications }
    }

    fn pages(&self, project: &Slug, policy: &Policy, doors: Doors) -> Vec<SiteFile> {
        if self.applications.is_empty() {
            return Vec::new();
        }
        let file = |path: String, body: String| SiteFile { path, body: body.into_bytes() };
        let (folder, near) = (project.as_str(), links("../", project, policy, doors));
        let index = pages::applications(policy, &self.applications, folder, &near);
        let far = links("../../", project, policy, doors);
        let one = |shown: &pages::PublicApplication| {
            let path = format!("applications/{project}/{}.html", shown.id);
            file(path, pages::application(policy, shown, &far))
        };
        let mut files = vec![file(format!("applications/{project}.html"), index)];
        files.extend(self.applications.iter().map(one));
        files
    }
}

/// Whether what serves the site takes reports as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doors {
    Here,
    Elsewhere,
}

async fn files(engine: &Engine, doors: Doors) -> Result<Vec<SiteFile>, EngineError> {
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
    let mut kept = BTreeMap::new();
    for (id, policy, _) in &projects {
        let list = Kept::of(engine, id, policy).await?;
        files.extend(list.pages(id, policy, doors));
        kept.insert(id.clone(), list.listing(id));
    }
    files.extend(lists(&publications, &projects, &kept, &engine.site, doors));
    files.extend(engine.security_txt.as_ref().map(|file| SiteFile {
        path: crate::security_txt::PATH.to_owned(),
        body: file.text.clone().into_bytes(),
    }));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn links(root: &str, project: &Slug, policy: &Policy, doors: Doors) -> pages::ProjectLinks {
    let report = (doors == Doors::Here).then(|| format!("{root}report/{project}"));
    let members = list_title(policy).map(|_| format!("{root}members/{project}.html"));
    pages::ProjectLinks { members, report, ..pages::project_links(root, project) }
}

/// What the policy calls the members of its predisclosure list, if it has one.
fn list_title(policy: &Policy) -> Option<String> {
    let members = policy.roles_of(RoleKind::Member);
    (!members.is_empty()).then(|| policy.titles(members))
}

/// What every page of the site loads.
#[must_use]
pub fn looks() -> [SiteFile; 2] {
    let file = |path: &str, text: &str| SiteFile { path: path.to_owned(), body: text.into() };
    [file(pages::STYLE_FILE, pages::style()), file(pages::ICON_FILE, pages::icon())]
}

type Projects = [(Slug, Arc<Policy>, String)];

fn lists(
    publications: &[(Slug, Publication)],
    projects: &Projects,
    kept: &BTreeMap<Slug, pages::Listing>,
    site: &Link,
    doors: Doors,
) -> Vec<SiteFile> {
    let text = |path: String, body: String| SiteFile { path, body: body.into_bytes() };
    let home: Vec<pages::HomeEntry<'_>> = projects
        .iter()
        .map(|(id, policy, _)| pages::HomeEntry {
            publisher: &policy.publisher,
            links: links("", id, policy, doors),
        })
        .collect();
    let mut files = vec![
        text("index.html".to_owned(), pages::home(&home)),
        SiteFile { path: pages::FEED_FILE.to_owned(), body: site_feed(publications, site) },
    ];
    files.extend(looks());
    for (id, policy, toml) in projects {
        let own: Vec<pages::IndexEntry<'_>> = publications
            .iter()
            .filter(|(project, _)| project == id)
            .map(|(_, publication)| pages::IndexEntry {
                publication,
                href: format!("../{}", page_path(id, &publication.number)),
            })
            .collect();
        let links = links("../", id, policy, doors);
        let body = project_feed(publications, id, policy, site);
        files.push(SiteFile { path: format!("projects/{id}.atom"), body });
        files.push(text(format!("projects/{id}.html"), pages::index(&policy.publisher, &own, &links)));
        if let Some(title) = list_title(policy) {
            let listing = kept.get(id).cloned().unwrap_or_default();
            let page = pages::members(&policy.publisher, &title, &listing, &links);
            files.push(text(format!("members/{id}.html"), page));
        }
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

fn site_feed(publications: &[(Slug, Publication)], site: &Link) -> Vec<u8> {
    let all: Vec<&(Slug, Publication)> = publications.iter().collect();
    let host = host(site).to_owned();
    feed(
        &all,
        site,
        FeedContext {
            title: "Security advisories".to_owned(),
            author: host.clone(),
            feed: site.join(pages::FEED_FILE),
            page: site.join("index.html"),
            project: None,
            authority: host,
            since: Instant::from_micros(0),
        },
    )
}

fn project_feed(
    publications: &[(Slug, Publication)],
    project: &Slug,
    policy: &Policy,
    site: &Link,
) -> Vec<u8> {
    let own: Vec<&(Slug, Publication)> = publications.iter().filter(|(id, _)| id == project).collect();
    let folder = site.join("projects");
    feed(
        &own,
        site,
        FeedContext {
            title: format!("{} security advisories", policy.publisher.name),
            author: policy.publisher.name.clone(),
            feed: folder.join(&format!("{project}.atom")),
            page: folder.join(&format!("{project}.html")),
            project: Some(project.to_string()),
            authority: host(site).to_owned(),
            since: Instant::from_micros(0),
        },
    )
}

fn feed(publications: &[&(Slug, Publication)], site: &Link, context: FeedContext) -> Vec<u8> {
    let pages: Vec<Link> =
        publications.iter().map(|(project, one)| page_link(site, project, &one.number)).collect();
    let entry = |((project, publication), page)| FeedEntry { publication, page, project: Some(project) };
    let named = publications.iter().map(|(project, publication)| (project.as_str(), publication));
    let entries: Vec<FeedEntry<'_>> = named.zip(&pages).map(entry).collect();
    atom::feed(&entries, &context)
}

fn host(site: &Link) -> &str {
    site.as_str().trim_start_matches("https://").split('/').next().unwrap_or_default()
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
