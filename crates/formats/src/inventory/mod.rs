//! What operators have, read as an inventory: SBOMs, release manifests, image lists, package lists.
//!
//! The form is found from the content. What can't be read inside a document that can is listed in
//! [`Inventory::unread`]; a document that can't be read at all is a fault.

mod image;
mod json;
mod lists;
mod manifest;
mod table;

pub use json::JSON_BYTES_MAX;

use tidegate_domain::fault::Fault;
use tidegate_domain::inventory::Inventory;

/// Most components of one inventory.
pub const COMPONENTS_MAX: usize = 1_000_000;

/// A form that inventories come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `CycloneDX` 1.4 to 1.7, SPDX 2.3 and 3.0, Kubernetes objects, `pip list`: whatever JSON holds.
    Json,
    /// Release manifests of OSISM, image tags of Kolla, Kubernetes objects and Helm values: YAML.
    Yaml,
    /// `pip freeze`.
    Pip,
    /// `dpkg -l`, or `dpkg-query -W`.
    Dpkg,
    /// `rpm -qa`.
    Rpm,
    /// One image reference a line.
    Images,
    /// A table with a heading, separated by commas, semicolons or tabs.
    Csv,
}

impl Form {
    /// Every form.
    pub const ALL: [Form; 7] =
        [Form::Json, Form::Yaml, Form::Pip, Form::Dpkg, Form::Rpm, Form::Images, Form::Csv];

    /// The word on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Form::Json => "json",
            Form::Yaml => "yaml",
            Form::Pip => "pip",
            Form::Dpkg => "dpkg",
            Form::Rpm => "rpm",
            Form::Images => "images",
            Form::Csv => "csv",
        }
    }
}

/// Reads an inventory, of the given form or of the one that its content shows.
///
/// # Errors
/// It is in no form that is known, or breaks the rules or limits of its form; the fault says where.
pub fn read(bytes: &[u8], form: Option<Form>) -> Result<Inventory, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let form = match form {
        Some(form) => form,
        None => detect(bytes)?,
    };
    let inventory = if form == Form::Json {
        json::read(bytes)?
    } else {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Fault::nowhere(format!("byte {} is not UTF-8", error.valid_up_to()), "hand it in as UTF-8")
        })?;
        match form {
            Form::Yaml => manifest::read(text)?,
            Form::Pip => lists::pip(text),
            Form::Dpkg => lists::dpkg(text),
            Form::Rpm => lists::rpm(text),
            Form::Images => lists::images(text),
            Form::Csv | Form::Json => table::read(text)?,
        }
    };
    if inventory.components.len() > COMPONENTS_MAX {
        let what = format!("it has more than {COMPONENTS_MAX} components");
        return Err(Fault::nowhere(what, "hand it in as several inventories"));
    }
    if inventory.components.is_empty() && inventory.unread.is_empty() {
        let what = format!("nothing in it is a component, read as {}", form.name());
        return Err(Fault::nowhere(what, "name its form with --format"));
    }
    Ok(inventory)
}

/// How much of a document is looked at to tell its form, in bytes.
const GLANCE_BYTES: usize = 64 * 1024;

fn detect(bytes: &[u8]) -> Result<Form, Fault> {
    let glance = String::from_utf8_lossy(bytes.get(..GLANCE_BYTES).unwrap_or(bytes));
    let mut lines = glance.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else {
        return Err(Fault::nowhere("it is empty", "hand in a list of what runs"));
    };
    if first.starts_with(['{', '[']) {
        return Ok(Form::Json);
    }
    let sample: Vec<&str> = std::iter::once(first).chain(lines.take(200)).collect();
    let most = |test: fn(&str) -> bool| sample.iter().filter(|line| test(line)).count() * 2 > sample.len();
    let is_dpkg = |line: &&&str| line.starts_with("ii  ") || line.starts_with("Desired=");
    if sample.iter().any(|line| is_dpkg(&line)) {
        Ok(Form::Dpkg)
    } else if first == "---" || most(manifest::looks_like) {
        Ok(Form::Yaml)
    } else if most(lists::looks_like_pip) {
        Ok(Form::Pip)
    } else if table::looks_like(first) {
        Ok(Form::Csv)
    } else if most(lists::looks_like_rpm) {
        Ok(Form::Rpm)
    } else if most(lists::looks_like_dpkg) {
        Ok(Form::Dpkg)
    } else if most(lists::looks_like_image) {
        Ok(Form::Images)
    } else if sample.iter().any(|line| manifest::looks_like(line)) {
        Ok(Form::Yaml)
    } else {
        Err(Fault::nowhere("its form can't be told from its content", "name it with --format"))
    }
}

#[cfg(test)]
mod tests;
