//! Lists with one thing a line: pip, dpkg, rpm, images.

use super::image;
use tidegate_domain::inventory::{Component, Inventory, Kind};

/// A line that is no comment, with its number.
fn lines(text: &str) -> impl Iterator<Item = (String, &str)> {
    let numbered = text.lines().map(str::trim).zip(1..);
    numbered
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, number): (&str, usize)| (format!("line {number}"), line))
}

fn part(kind: Kind, name: &str, version: &str) -> Component {
    Component { kind, name: name.to_owned(), version: version.to_owned(), digest: None, commit: None }
}

pub(super) fn looks_like_pip(line: &str) -> bool {
    line.contains("==") || line.starts_with("-e ") || line.contains(" @ ")
}

/// `nova==29.0.1`, `nova @ git+https://...@commit`, `-e git+https://...@commit#egg=nova`.
pub(super) fn pip(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for (place, line) in lines(text) {
        if let Some((name, version)) = line.split_once("==") {
            let version = version.trim_start_matches('=').split([';', ' ']).next().unwrap_or_default();
            let name = name.split('[').next().unwrap_or_default().trim();
            inventory.add(place, part(Kind::Python, name, version));
        } else if let Some(component) = pip_from_git(line) {
            inventory.add(place, component);
        } else {
            inventory.miss(place, line, "it is neither name==version nor a checkout");
        }
    }
    inventory
}

fn pip_from_git(line: &str) -> Option<Component> {
    let (name, address) = match line.strip_prefix("-e ") {
        Some(address) => (address.rsplit_once("#egg=").map(|(_, egg)| egg)?, address),
        None => line.split_once(" @ ")?,
    };
    let bare = address.split('#').next()?;
    let revision = bare.rsplit_once('@').map(|(_, revision)| revision.to_owned());
    let is_commit = |text: &String| text.len() >= 7 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let (commit, version) = match revision {
        Some(revision) if is_commit(&revision) => (Some(revision), String::new()),
        Some(revision) if !revision.contains('/') => (None, revision),
        Some(_) | None => (None, String::new()),
    };
    Some(Component { commit, ..part(Kind::Python, name.trim(), &version) })
}

pub(super) fn looks_like_dpkg(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_package = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.:".contains(&b));
    let has_number = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
    words.next().is_some_and(is_package) && words.next().is_some_and(has_number) && words.next().is_none()
}

/// `dpkg -l`, whose lines begin with a state, or `dpkg-query -W`: a name, a tab, a version.
pub(super) fn dpkg(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let has_states = lines(text).any(|(_, line)| line.starts_with("Desired=") || line.starts_with("ii "));
    for (place, line) in lines(text) {
        let is_heading = ["Desired=", "| ", "|/ ", "||/", "+++-"].iter().any(|start| line.starts_with(start));
        if is_heading {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [state, ..] if has_states && !is_state(state) => {
                inventory.miss(place, line, "it does not begin with a state such as ii");
            }
            // Never installed, or removed with its configuration left behind: it doesn't run.
            [state, _, ..] if has_states && state.get(1..2).is_some_and(|now| "nc".contains(now)) => {}
            [_, name, version, ..] if has_states => {
                inventory.add(place, part(Kind::Distribution, bare(name), version));
            }
            [name, version, ..] if !has_states => {
                inventory.add(place, part(Kind::Distribution, bare(name), version));
            }
            _ => inventory.miss(place, line, "it is not a package and its version"),
        }
    }
    inventory
}

/// What is wanted, what is, and perhaps an error: `ii`, `rc`, `iFR`.
fn is_state(word: &str) -> bool {
    match word.as_bytes() {
        [wanted, now] | [wanted, now, b'R'] => b"uihrp".contains(wanted) && b"nicHUFWt".contains(now),
        _ => false,
    }
}

/// A Debian package without its architecture: `libc6:amd64`.
fn bare(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

pub(super) fn looks_like_rpm(line: &str) -> bool {
    let is_one_word = !line.contains(char::is_whitespace);
    let architectures = [".noarch", ".x86_64", ".aarch64", ".ppc64le", ".s390x", ".i686", ".src"];
    is_one_word && architectures.iter().any(|end| line.ends_with(end))
}

/// `rpm -qa`: name-version-release.architecture.
pub(super) fn rpm(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for (place, line) in lines(text) {
        let without =
            if looks_like_rpm(line) { line.rsplit_once('.').map_or(line, |(rest, _)| rest) } else { line };
        let mut parts = without.rsplitn(3, '-');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(release), Some(version), Some(name)) => {
                inventory.add(place, part(Kind::Distribution, name, &format!("{version}-{release}")));
            }
            _ => inventory.miss(place, line, "it is not name-version-release.architecture"),
        }
    }
    inventory
}

pub(super) fn looks_like_image(line: &str) -> bool {
    image::component(line).is_some_and(|image| !image.version.is_empty() || image.digest.is_some())
}

/// One image reference a line, or several; or the table of `docker images`.
pub(super) fn images(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let mut has_columns = false;
    for (place, line) in lines(text) {
        let words: Vec<&str> = line.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["REPOSITORY", "TAG", ..] => has_columns = true,
            [repository, tag, ..] if has_columns => {
                image(&format!("{repository}:{tag}"), &place, line, &mut inventory);
            }
            [word] => image(word, &place, word, &mut inventory),
            // `kubectl get pods -o jsonpath` separates by spaces.
            words => {
                for word in words {
                    if word.contains(['/', ':']) {
                        image(word, &place, word, &mut inventory);
                    } else {
                        inventory.miss(
                            &place,
                            word,
                            "it has no tag, and may be no image; write it on its own line",
                        );
                    }
                }
            }
        }
    }
    inventory
}

fn image(reference: &str, place: &str, what: &str, inventory: &mut Inventory) {
    match image::component(reference) {
        Some(component) => inventory.add(place, component),
        None => inventory.miss(place, what, "it is not an image reference"),
    }
}
