//! YAML that says what runs: OSISM release manifests, Kolla image tags, Kubernetes objects, Helm values.

use super::image;
use crate::yaml::{self, Node};
use tidegate_domain::fault::Fault;
use tidegate_domain::inventory::{Component, Inventory, Kind};

/// Maps from a name to a version, as OSISM's manifests have them.
const VERSION_MAPS: [&str; 4] =
    ["versions", "docker_images", "openstack_projects", "infrastructure_projects"];

pub(super) fn looks_like(line: &str) -> bool {
    let entry = line.trim_start_matches("- ");
    entry.split_once(':').is_some_and(|(key, rest)| {
        !key.is_empty()
            && key.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c))
            && (rest.is_empty() || rest.starts_with(' '))
    })
}

pub(super) fn read(text: &str) -> Result<Inventory, Fault> {
    let mut inventory = Inventory::default();
    for document in yaml::documents(text)? {
        top(&document, &mut inventory);
    }
    dedup(&mut inventory);
    Ok(inventory)
}

fn top(document: &Node, inventory: &mut Inventory) {
    for (key, node) in document.map() {
        match key.as_str() {
            "kolla_image_tags" => kolla(node, inventory),
            map if VERSION_MAPS.contains(&map) => versions(node, inventory),
            _ => {}
        }
    }
    images(document, inventory);
}

/// `neutron: 24.0.2.20240909`. A name without a version is a component all the same.
fn versions(node: &Node, inventory: &mut Inventory) {
    for (name, version) in node.map() {
        let place = format!("line {}", version.line);
        match version.text() {
            Some(version) => inventory.add(place, part(Kind::Service, name, version)),
            None => inventory.miss(place, name, "it has no version"),
        }
    }
}

/// A service's tags for each distribution that its images are based on.
fn kolla(node: &Node, inventory: &mut Inventory) {
    for (service, tags) in node.map() {
        if let Some(tag) = tags.text() {
            inventory.add(format!("line {}", tags.line), part(Kind::Image, service, tag));
        }
        for (_, tag) in tags.map() {
            let place = format!("line {}", tag.line);
            match tag.text() {
                Some(tag) => inventory.add(place, part(Kind::Image, service, tag)),
                None => inventory.miss(place, service, "its tag is empty"),
            }
        }
    }
}

/// Every `image:` at any depth: a reference, or Helm's repository and tag. Lists of plain references too.
fn images(node: &Node, inventory: &mut Inventory) {
    for (key, value) in node.map() {
        match key.as_str() {
            "image" => one_image(node, value, inventory),
            "images" => {
                for entry in value.list() {
                    match entry.text() {
                        Some(reference) => add_reference(reference, entry.line, None, inventory),
                        None => images(entry, inventory),
                    }
                }
                for (_, named) in value.map() {
                    if let Some(reference) = named.text().filter(|text| text.contains(['/', ':'])) {
                        add_reference(reference, named.line, None, inventory);
                    }
                }
                images(value, inventory);
            }
            // OpenStack-Helm: images.tags maps a task to a reference.
            "tags"
                if value.map().iter().any(|(_, tag)| tag.text().is_some_and(|text| text.contains('/'))) =>
            {
                for (_, tag) in value.map() {
                    add_reference(tag.text().unwrap_or_default(), tag.line, None, inventory);
                }
            }
            _ => images(value, inventory),
        }
    }
    for entry in node.list() {
        images(entry, inventory);
    }
}

fn one_image(parent: &Node, value: &Node, inventory: &mut Inventory) {
    if let Some(reference) = value.text() {
        add_reference(reference, value.line, parent.text_at("digest"), inventory);
        return;
    }
    let Some(name) = value.text_at("repository").or_else(|| value.text_at("name")) else {
        images(value, inventory);
        return;
    };
    let tag = value.text_at("tag").unwrap_or_default();
    let digest = value.text_at("digest");
    add_reference(&format!("{name}:{tag}"), value.line, digest, inventory);
}

fn add_reference(reference: &str, line: usize, digest: Option<&str>, inventory: &mut Inventory) {
    let place = format!("line {line}");
    match image::component(reference) {
        Some(image) => {
            let digest = image.digest.or_else(|| digest.map(str::to_owned));
            inventory.add(place, Component { digest, ..image });
        }
        None => inventory.miss(place, reference, "it is not an image reference"),
    }
}

fn part(kind: Kind, name: &str, version: &str) -> Component {
    Component { kind, name: name.to_owned(), version: version.to_owned(), digest: None, commit: None }
}

/// What a document names twice runs once.
fn dedup(inventory: &mut Inventory) {
    let mut known = std::collections::HashSet::new();
    inventory.components.retain(|component| {
        let (kind, name) = (component.kind, component.name.clone());
        known.insert((kind, name, component.version.clone(), component.digest.clone()))
    });
}
