//! The pages of the public site, and the policy printed for people. Every page is a pure function of what is
//! public: the same input gives the same bytes, and nothing here knows of a case, a count or a clock.
//!
//! Addresses are relative and come from the caller, so that the site may live in any folder. A page loads
//! one style sheet and one icon from the site itself, and nothing else: [`layout`] writes a content security policy that
//! says so.

mod advisory;
mod applications;
pub mod demo;
pub mod desk;
mod home;
mod index;
mod layout;
mod members;
mod policy;
#[cfg(test)]
mod tests;
mod text;

pub use advisory::advisory;
pub use applications::{PublicApplication, application, applications};
pub use home::home;
pub use index::index;
pub use members::{Listing, members};
pub use policy::{certificate_markdown, policy_html, policy_markdown};

use tidegate_domain::advisory::{Publication, Publisher};
use tidegate_domain::id::Slug;

/// The style sheet's file name in the site's folder.
pub const STYLE_FILE: &str = "style.css";

/// The style sheet, to be served as [`STYLE_FILE`] in the site's folder.
#[must_use]
pub fn style() -> &'static str {
    include_str!("style.css")
}

/// The icon's file name in the site's folder.
pub const ICON_FILE: &str = "icon.svg";

/// The file name of the feed of all projects in the site's folder.
pub const FEED_FILE: &str = "feed.atom";

/// The icon that browsers show beside a page's title, to be served as [`ICON_FILE`] in the site's folder.
#[must_use]
pub fn icon() -> &'static str {
    include_str!("icon.svg")
}

/// Where the pages of a project are, seen from the page that is being written. The default, without any
/// address, is for a page that stands alone beside its style sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectLinks {
    /// The site's folder, empty or ending in `/`: `../`. The front page, the style sheet and the icon are found
    /// from it.
    pub root: String,
    /// The list of advisories.
    pub advisories: String,
    /// The policy for people.
    pub policy: String,
    /// The project's Atom feed.
    pub feed: String,
    /// The members of the predisclosure list, where the policy has one.
    pub members: Option<String>,
    /// The form for reports, where the site is served with its doors.
    pub report: Option<String>,
}

/// Where a project's pages are in a site that `export` writes, seen from a folder from which `root` leads to
/// the site's.
#[must_use]
pub fn project_links(root: &str, project: &Slug) -> ProjectLinks {
    ProjectLinks {
        root: root.to_owned(),
        advisories: format!("{root}projects/{project}.html"),
        policy: format!("{root}policy/{project}.html"),
        feed: format!("{root}projects/{project}.atom"),
        members: None,
        report: None,
    }
}

/// Where the other forms of one advisory are, seen from its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteLinks {
    /// The project's pages.
    pub project: ProjectLinks,
    /// The plain text.
    pub text: String,
    /// The CSAF document.
    pub csaf: String,
    /// The CVE records: identifier and address.
    pub cve: Vec<(String, String)>,
    /// The OSV record, where there is one.
    pub osv: Option<String>,
    /// Patch files that the site offers: file name and address.
    pub patches: Vec<(String, String)>,
    /// Pages or texts of earlier versions, where the site keeps them: version and address.
    pub versions: Vec<(u32, String)>,
}

/// Where a policy's page and its other forms are, seen from its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyLinks {
    /// The project's pages.
    pub project: ProjectLinks,
    /// The same page as Markdown, where the site has it.
    pub markdown: Option<String>,
    /// The policy file that the program obeys, where the site has it.
    pub file: Option<String>,
}

/// An advisory in the project's list.
#[derive(Clone, Debug)]
pub struct IndexEntry<'a> {
    /// What was published.
    pub publication: &'a Publication,
    /// Its page, seen from the list.
    pub href: String,
}

/// A project on the front page.
#[derive(Clone, Debug)]
pub struct HomeEntry<'a> {
    /// How it presents itself.
    pub publisher: &'a Publisher,
    /// Its pages, seen from the front page.
    pub links: ProjectLinks,
}
