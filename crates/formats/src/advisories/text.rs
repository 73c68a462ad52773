//! Advisories that are plain text: OpenStack security notes and advisories of the Xen project.
//!
//! Their versions are prose, and a note's advice often holds for releases that came after it. So what they
//! say of versions is kept in their words, and judged as unknown.

use crate::ossa::{Edition, Ossa};
use tidegate_domain::verdict::{Affected, Published, Statement};

/// Where an advisory's heading is looked for, in lines.
const HEAD_LINES: usize = 40;

/// An OpenStack security note, if this is one. Its services are its products.
pub(super) fn ossn(text: &str) -> Option<Ossa> {
    let head = text.lines().take(HEAD_LINES).find(|line| line.contains("OSSN"))?;
    let place = head.find("OSSN")?;
    let number: String = head
        .get(place + 4..)?
        .trim_start_matches(['-', '/', ' '])
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    if number.is_empty() {
        return None;
    }
    let id = format!("OSSN-{number:0>4}");
    let title = head.trim_matches(['=', ' ', '#']).split_once(':').map_or("", |(_, title)| title.trim());
    let said = field(text, "Releases").unwrap_or_default();
    let services = field(text, "Services").unwrap_or_else(|| before_heading(text));
    let names = services.split([',', ';', '/', '\n']).flat_map(|names| names.split(" and "));
    let products: Vec<String> = names.filter_map(service).collect();
    let statement = |product: String| Statement {
        advisory: id.clone(),
        product,
        said: said.clone(),
        affected: Affected::NotUnderstood,
        published: None,
    };
    let statements: Vec<Statement> = products.into_iter().map(statement).collect();
    (!statements.is_empty()).then(|| of(id.clone(), title, "1", None, statements))
}

/// The lines of a field such as `'''Services''': Nova, Watcher`, to the next field or heading.
fn field(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with(&format!("'''{name}'''")));
    let first = lines.next()?.split_once(':')?.1.trim().to_owned();
    let more =
        lines.take_while(|line| !line.trim().is_empty() && !line.trim_start().starts_with(['=', '\'']));
    Some(more.fold(first, |all, line| format!("{all} {}", line.trim())))
}

/// Old notes list services and releases in one line under the heading.
fn before_heading(text: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !line.contains("Affected Services"));
    lines.next();
    let lines = lines.skip_while(|line| line.trim().is_empty() || line.trim_start().starts_with(['-', '=']));
    lines.take_while(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(", ")
}

fn service(name: &str) -> Option<String> {
    let name =
        name.trim().trim_matches(['.', '\'', '*', '-']).split(['(', '<', '>']).next()?.trim().to_lowercase();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    is_name.then_some(name)
}

/// An advisory of the Xen project, if this is one.
pub(super) fn xsa(text: &str) -> Option<Ossa> {
    let head: Vec<&str> = text.lines().take(HEAD_LINES).map(str::trim).collect();
    let named = head.iter().find(|line| line.contains("Xen Security Advisory"))?;
    let rest = named.split_once("Xen Security Advisory")?.1;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let number = words.iter().find_map(|word| {
        let digits = word.strip_prefix("XSA-").unwrap_or(word);
        (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
    })?;
    let id = format!("XSA-{number}");
    let edition = head.iter().find_map(|line| line.strip_prefix("version ")).unwrap_or("1");
    let title =
        head.iter().skip_while(|line| !line.starts_with("version ")).nth(2).copied().unwrap_or_default();
    let cves: Vec<String> = words
        .iter()
        .flat_map(|word| word.split([',', '/']))
        .filter(|word| word.starts_with("CVE-"))
        .map(str::to_owned)
        .collect();
    let said = section(text, "VULNERABLE SYSTEMS");
    let statement = Statement {
        advisory: id.clone(),
        product: "xen".to_owned(),
        said: if said.is_empty() { "no section on vulnerable systems".to_owned() } else { said },
        affected: Affected::NotUnderstood,
        published: None,
    };
    Some(Ossa { cves, ..of(id, title, edition, None, vec![statement]) })
}

/// The first paragraph of a section, as one line.
fn section(text: &str, heading: &str) -> String {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != heading).skip(1);
    let lines = lines.skip_while(|line| line.is_empty() || line.starts_with('='));
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn of(
    id: String,
    title: &str,
    edition: &str,
    published: Option<Published>,
    statements: Vec<Statement>,
) -> Ossa {
    Ossa {
        id,
        edition: Edition::new(edition),
        title: title.to_owned(),
        published,
        statements,
        cves: Vec::new(),
        bugs: Vec::new(),
        reviews: Vec::new(),
    }
}
