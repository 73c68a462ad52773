//! `tidegate inventory`: what a list of what runs says, and what changed from one to the next.

use super::verdict::FormName;
use crate::out::{Failure, Out, printable};
use crate::verdict;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_domain::inventory::{Component, Inventory};
use tidegate_domain::release::Releases;
use tidegate_domain::verdict::{Build, Position};
use tidegate_formats::inventory as format;

/// Look at inventories and compare them; no instance needed.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what was read, which versions say nothing, and what could not be read.
    Read(Read),
    /// Show what came, what went and what changed between two snapshots of a deployment.
    Diff(Diff),
}

#[derive(Debug, Args)]
pub(super) struct Read {
    /// What runs: an SBOM, a release manifest, a list of images or packages, a table.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A checkout of OpenStack's release data: tags that name a release line are understood then.
    #[arg(long, value_name = "DIR")]
    releases: Option<PathBuf>,
    /// The form of the inventory; by default it is told from the content.
    #[arg(long, value_name = "FORM")]
    format: Option<FormName>,
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The older snapshot.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer one.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The form of both; by default it is told from the content of each.
    #[arg(long, value_name = "FORM")]
    format: Option<FormName>,
}

impl Command {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            Command::Read(read) => read.run(out),
            Command::Diff(diff) => diff.run(out),
        }
    }
}

fn inventory(path: &Path, form: Option<FormName>) -> Result<Inventory, Failure> {
    let name = path.display().to_string();
    let bytes = verdict::bytes(path).map_err(|bad| Failure::faults(&name, &[bad.fault]))?;
    format::read(&bytes, form.map(FormName::form)).map_err(|fault| Failure::faults(&name, &[fault]))
}

impl Read {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let inventory = inventory(&self.file, self.format)?;
        let releases = match &self.releases {
            Some(folder) => verdict::releases(folder)
                .map_err(|bad| Failure::faults(&bad.path.display().to_string(), &[bad.fault]))?,
            None => Releases::default(),
        };
        let says_nothing =
            |component: &&Component| Build::read(component, &releases).position == Position::Nowhere;
        let silent: Vec<&Component> = inventory.components.iter().filter(says_nothing).collect();
        let mut text = String::new();
        for unread in &inventory.unread {
            let _ = writeln!(text, "unread: {} `{}`: {}", unread.place, unread.what, unread.why);
        }
        for component in &silent {
            let _ = writeln!(text, "its version says nothing: {} `{}`", component.name, component.version);
        }
        let _ = writeln!(
            text,
            "{} components, {} of them with a version that says nothing, {} entries unread",
            inventory.components.len(),
            silent.len(),
            inventory.unread.len()
        );
        let unread =
            inventory.unread.iter().map(|one| json!({"place": one.place, "what": one.what, "why": one.why}));
        let value = json!({
            "taken": inventory.taken.map(|taken| taken.to_string()),
            "components": inventory.components.iter().map(described).collect::<Vec<_>>(),
            "silent": silent.into_iter().map(described).collect::<Vec<_>>(),
            "unread": unread.collect::<Vec<_>>(),
        });
        out.show(printable(&text).trim_end(), &value)
    }
}

fn described(component: &Component) -> Value {
    json!({
        "name": component.name,
        "version": component.version,
        "digest": component.digest,
        "commit": component.commit,
    })
}

impl Diff {
    fn run(self, out: &Out) -> Result<(), Failure> {
        let (old, new) = (inventory(&self.old, self.format)?, inventory(&self.new, self.format)?);
        let difference = new.since(&old);
        let mut text = String::new();
        for (name, versions) in &difference.came {
            let _ = writeln!(text, "+ {name} {}", versions.join(", "));
        }
        for (name, versions) in &difference.went {
            let _ = writeln!(text, "- {name} {}", versions.join(", "));
        }
        for (name, before, after) in &difference.changed {
            let _ = writeln!(text, "~ {name} {} -> {}", before.join(", "), after.join(", "));
        }
        let _ = writeln!(
            text,
            "{} came, {} went, {} changed; entries unread: {} before, {} now",
            difference.came.len(),
            difference.went.len(),
            difference.changed.len(),
            old.unread.len(),
            new.unread.len()
        );
        let plain = |(name, versions): &(String, Vec<String>)| json!({"name": name, "versions": versions});
        let changed = difference
            .changed
            .iter()
            .map(|(name, before, after)| json!({"name": name, "before": before, "after": after}));
        let value = json!({
            "came": difference.came.iter().map(plain).collect::<Vec<_>>(),
            "went": difference.went.iter().map(plain).collect::<Vec<_>>(),
            "changed": changed.collect::<Vec<_>>(),
            "unread": {"before": old.unread.len(), "now": new.unread.len()},
        });
        out.show(printable(&text).trim_end(), &value)
    }
}
