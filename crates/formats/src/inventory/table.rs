//! Tables with a heading (RFC 4180, with other separators too).

use super::image;
use tidegate_domain::fault::Fault;
use tidegate_domain::inventory::{Component, Inventory, Kind};

const NAMES: [&str; 8] =
    ["name", "component", "product", "package", "service", "image", "project", "software"];
const VERSIONS: [&str; 4] = ["version", "tag", "release", "installed"];
const SEPARATORS: [char; 3] = [',', ';', '\t'];

pub(super) fn looks_like(first: &str) -> bool {
    heading(first).is_some()
}

struct Heading {
    separator: char,
    name: usize,
    version: Option<usize>,
    digest: Option<usize>,
    kind: Option<usize>,
}

fn heading(line: &str) -> Option<Heading> {
    SEPARATORS.into_iter().find_map(|separator| {
        let fields: Vec<String> =
            fields(line, separator)?.iter().map(|field| field.trim().to_ascii_lowercase()).collect();
        let find =
            |words: &[&str]| words.iter().find_map(|word| fields.iter().position(|field| field == word));
        let (name, version) = (find(&NAMES)?, find(&VERSIONS));
        (fields.len() > 1).then(|| Heading {
            separator,
            name,
            version,
            digest: find(&["digest"]),
            kind: find(&["kind", "type", "ecosystem"]),
        })
    })
}

pub(super) fn read(text: &str) -> Result<Inventory, Fault> {
    let mut lines = text.lines().zip(1..).filter(|(line, _): &(&str, usize)| !line.trim().is_empty());
    let (first, _) = lines.next().unwrap_or_default();
    let heading = heading(first).ok_or_else(|| {
        let what = "the first line of the table does not name its columns".to_owned();
        let advice = "begin with a line such as name,version".to_owned();
        Fault { line: 1, column: 1, what, advice }
    })?;
    let mut inventory = Inventory::default();
    for (line, number) in lines {
        let place = format!("line {number}");
        match fields(line, heading.separator) {
            Some(fields) => row(&heading, &fields, &place, &mut inventory),
            None => inventory.miss(place, line, "a quotation mark is not closed"),
        }
    }
    Ok(inventory)
}

fn row(heading: &Heading, fields: &[String], place: &str, inventory: &mut Inventory) {
    let field =
        |index: Option<usize>| index.and_then(|index| fields.get(index)).map_or("", |text| text.trim());
    let (name, version) = (field(Some(heading.name)), field(heading.version));
    let digest = Some(field(heading.digest)).filter(|digest| !digest.is_empty()).map(str::to_owned);
    let kind = match field(heading.kind).to_ascii_lowercase().as_str() {
        "pip" | "pypi" | "python" => Kind::Python,
        "deb" | "dpkg" | "rpm" | "apk" | "distribution" => Kind::Distribution,
        "image" | "container" | "oci" | "docker" => Kind::Image,
        _ => Kind::Service,
    };
    // A whole reference in the name's column carries its own tag.
    if let Some(image) = image::component(name).filter(|_| name.contains(['/', ':', '@'])) {
        let version = if version.is_empty() { image.version } else { version.to_owned() };
        inventory.add(place, Component { version, digest: image.digest.or(digest), ..image });
    } else {
        let (name, version) = (name.to_owned(), version.to_owned());
        inventory.add(place, Component { kind, name, version, digest, commit: None });
    }
}

/// The fields of a line; nothing where a quotation mark is left open.
fn fields(line: &str, separator: char) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let field = fields.last_mut()?;
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if is_quoted || field.is_empty() => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    (!is_quoted).then_some(fields)
}
