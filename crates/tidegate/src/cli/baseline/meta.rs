//! `tidegate baseline meta`.

use super::check::read;
use super::recipe::{Opened, open};
use crate::out::{Failure, Kind, Out, printable};
use clap::{Args, Subcommand};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::folder::fill;
use tidegate_baseline::meta::{Checked, Meta as File, Others, Repositories, Source, check, export, import};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Meta {
    /// Try each recipe on its own commit, after the recipes of the advisories that must come first.
    ///
    /// Exit code 0: all of them apply; 6: one does not; 1: something failed, or a recipe has no answer; 5: the file is
    /// malformed.
    Check(Check),
    /// Write an xsaNNN.meta, with its patches beside it, from one or several recipes of `check --recipe`.
    Export(Export),
    /// Make a recipe for `verify`, with its patches beside it, from one of an xsaNNN.meta.
    Import(Import),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The file. Its patches are looked for beside it.
    file: PathBuf,
    /// The repository of a tree. May be given several times.
    #[arg(long = "repo", value_name = "TREE=DIR", required = true)]
    repositories: Vec<String>,
    /// Where the files of other advisories are; by default, beside this one.
    #[arg(long, value_name = "DIR")]
    others: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// The advisory's number.
    #[arg(long, value_name = "NUMBER")]
    xsa: u64,
    /// A recipe, and the version and tree that it is for; the tree is xen where none is said. May be given several times.
    #[arg(long = "recipe", value_name = "VERSION[/TREE]=FILE", required = true)]
    recipes: Vec<String>,
    /// The repository of a tree. May be given several times.
    #[arg(long = "repo", value_name = "TREE=DIR", required = true)]
    repositories: Vec<String>,
    /// An advisory that must come first, and whose commits are left to its own file. May be given several times.
    #[arg(long = "prereq", value_name = "NUMBER")]
    prerequisites: Vec<u64>,
    /// Where to write, a folder that must be new or empty.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// The file. Its patches are looked for beside it.
    file: PathBuf,
    /// The version.
    #[arg(long = "for", value_name = "VERSION")]
    version: String,
    /// The tree.
    #[arg(long, value_name = "TREE", default_value = "xen")]
    tree: String,
    /// The repository of the tree.
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// Where the files of other advisories are; by default, beside this one.
    #[arg(long, value_name = "DIR")]
    others: Option<PathBuf>,
    /// Where to write `recipe.json` and its patches, a folder that must be new or empty.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

impl Meta {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            Meta::Check(asked) => checked(&asked, out),
            Meta::Export(asked) => exported(&asked, out),
            Meta::Import(asked) => imported(&asked, out),
        }
    }
}

fn file(path: &Path) -> Result<(File, PathBuf), Failure> {
    let (name, text) = read(path)?;
    let meta = File::read(&text).map_err(|fault| Failure::faults(&name, &[fault]))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((meta, folder.to_owned()))
}

fn repositories(given: &[String]) -> Result<Repositories, Failure> {
    let pairs = given.iter().map(|pair| {
        let parts = pair.split_once('=').filter(|(tree, _)| !tree.is_empty());
        let parts = parts.ok_or_else(|| Failure::plain(format!("--repo {pair}: say TREE=DIR")));
        parts.map(|(tree, folder)| (tree.to_owned(), PathBuf::from(folder)))
    });
    pairs.collect()
}

fn checked(asked: &Check, out: &Out) -> Result<(), Failure> {
    let (meta, folder) = file(&asked.file)?;
    let mut others = Others::new(asked.others.as_deref().unwrap_or(&folder));
    let rows = check(&meta, &folder, &repositories(&asked.repositories)?, &mut others);
    let mut text = format!("XSA-{}\n", meta.number);
    rows.iter().for_each(|row| row_in_words(&mut text, row));
    out.show(&text, &json!({ "xsa": meta.number, "recipes": rows }))?;
    if rows.is_empty() {
        return Err(Failure::plain("the file has no recipe"));
    }
    if rows.iter().any(|row| row.failed.is_some()) {
        return Err(Failure::of(Kind::NeverApplies, "not every recipe applies"));
    }
    if rows.iter().any(|row| row.error.is_some()) {
        return Err(Failure::plain("not every recipe has an answer"));
    }
    Ok(())
}

fn row_in_words(text: &mut String, row: &Checked) {
    let _ = write!(text, "  {}, {}: ", printable(&row.version), printable(&row.tree));
    if let Some(error) = &row.error {
        let _ = writeln!(text, "no answer: {}", printable(error));
        return;
    }
    let after: Vec<String> = row.prerequisites.iter().map(|number| format!("XSA-{number}")).collect();
    let after = if after.is_empty() { String::new() } else { format!(" after {}", after.join(", ")) };
    match (&row.failed, &row.result) {
        (Some(failed), _) => {
            let at = &failed.at;
            let (patch, file) = (printable(&at.patch), printable(&at.file));
            let _ = writeln!(text, "XSA-{}, {patch}, fails at {file}, line {}", failed.xsa, at.line);
        }
        (None, result) => {
            let tree = result.as_deref().unwrap_or_default();
            let _ = writeln!(text, "{} patches apply{after}; tree {tree}", row.patches);
        }
    }
}

fn write(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    let files: Vec<(&[u8], &[u8])> =
        files.iter().map(|(path, content)| (path.as_bytes(), content.as_slice())).collect();
    Ok(fill(folder, &files)?)
}

fn exported(asked: &Export, out: &Out) -> Result<(), Failure> {
    let repositories = repositories(&asked.repositories)?;
    let mut opened: Vec<(String, String, Opened, Workshop)> = Vec::new();
    for given in &asked.recipes {
        let said = || Failure::plain(format!("--recipe {given}: say VERSION=FILE, or VERSION/TREE=FILE"));
        let (what, path) = given.split_once('=').ok_or_else(said)?;
        let (version, tree) = what.split_once('/').unwrap_or((what, "xen"));
        let repository = repositories.get(tree).ok_or_else(|| {
            Failure::plain(format!("no repository of the tree {tree}: name it with --repo {tree}=DIR"))
        })?;
        let recipe = open(Path::new(path))?;
        let mut shop = Workshop::open(repository)?;
        // What is handed on has been followed once.
        if let Some(mismatch) = recipe.recipe.verify(&mut shop, &mut |name| recipe.file(name))? {
            return Err(Failure::of(Kind::Faults, format!("{path} does not hold: {mismatch}")));
        }
        opened.push((version.to_owned(), tree.to_owned(), recipe, shop));
    }
    let mut readers: Vec<_> = opened.iter().map(|(_, _, opened, _)| opened.reader()).collect();
    let mut sources = Vec::new();
    for ((version, tree, opened, shop), reader) in opened.iter_mut().zip(&mut readers) {
        let (version, tree, recipe) = (version.clone(), tree.clone(), &opened.recipe);
        sources.push(Source { version, tree, recipe, shop, file: reader });
    }
    let exported = export(asked.xsa, &mut sources, &asked.prerequisites)?;
    let mut files = exported.files;
    let count = files.len();
    files.push((format!("xsa{}.meta", asked.xsa), exported.meta.render().into_bytes()));
    write(&asked.to, &files)?;
    let text = format!("xsa{}.meta and {count} patches are in {}.", asked.xsa, asked.to.display());
    out.show(&text, &json!({ "xsa": asked.xsa, "patches": count, "to": asked.to }))
}

fn imported(asked: &Import, out: &Out) -> Result<(), Failure> {
    let (meta, folder) = file(&asked.file)?;
    let mut others = Others::new(asked.others.as_deref().unwrap_or(&folder));
    let mut shop = Workshop::open(&asked.repo)?;
    let imported = import(&mut shop, &meta, &folder, &mut others, (&asked.version, &asked.tree))?;
    let mut files = imported.files;
    let count = files.len();
    files.push(("recipe.json".to_owned(), imported.recipe.render().into_bytes()));
    write(&asked.to, &files)?;
    let path = asked.to.join("recipe.json");
    let text = format!(
        "{} applies {count} patches; the tree {} comes out.",
        path.display(),
        imported.recipe.expected_tree
    );
    out.show(&text, &json!({ "recipe": path, "patches": count, "tree": imported.recipe.expected_tree }))
}
