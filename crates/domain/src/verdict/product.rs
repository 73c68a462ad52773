//! Which product a component is, by the name that an inventory gives it.

use crate::inventory::{Component, Kind};
use std::collections::BTreeSet;

/// Images whose names begin with a product's and that hold another one. Their versions are that other's.
const OTHERS: [(&str, &str); 18] = [
    ("ironic-neutron-agent", "neutron"),
    ("nova-libvirt", "libvirt"),
    ("ironic-inspector", "ironic-inspector"),
    ("ironic-ui", "ironic-ui"),
    ("ironic-prometheus-exporter", "ironic-prometheus-exporter"),
    ("neutron-vpnaas", "neutron-vpnaas"),
    ("neutron-fwaas", "neutron-fwaas"),
    ("neutron-lbaas", "neutron-lbaas"),
    ("neutron-dynamic-routing", "neutron-dynamic-routing"),
    ("networking-", "networking"),
    ("heat-dashboard", "heat-dashboard"),
    ("octavia-dashboard", "octavia-dashboard"),
    ("octavia-ingress-controller", "cloud-provider-openstack"),
    ("cinder-csi-plugin", "cloud-provider-openstack"),
    ("manila-csi-plugin", "cloud-provider-openstack"),
    ("barbican-kms-plugin", "cloud-provider-openstack"),
    ("magnum-auto-healer", "cloud-provider-openstack"),
    ("swift-proxy-server-nginx", "nginx"),
];
/// How old Kolla images begin: `ubuntu-source-nova-api`.
const BASES: [&str; 7] = ["centos", "rocky", "ubuntu", "debian", "rhel", "oraclelinux", "almalinux"];

/// The products that advisories or release data name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue(BTreeSet<String>);

/// A product's name as it is compared: lower case, `-` for `_`.
#[must_use]
pub fn product_key(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace('_', "-")
}

impl Catalogue {
    /// A catalogue of these names.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Catalogue {
        Catalogue(names.into_iter().map(product_key).collect())
    }

    /// The key of the product that `component` is, if the catalogue has it.
    #[must_use]
    pub fn product_of(&self, component: &Component) -> Option<String> {
        let name = product_key(&component.name);
        let bare = without_base(name.rsplit('/').next().unwrap_or(&name));
        match component.kind {
            Kind::Image | Kind::Service => self.by_prefix(bare),
            Kind::Python | Kind::Other => self.exact(bare),
            Kind::Distribution => self.package(bare),
        }
    }

    fn exact(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// The longest product that `name` is, or begins with: `neutron-server` is neutron.
    fn by_prefix(&self, name: &str) -> Option<String> {
        let other = OTHERS.iter().filter(|(prefix, _)| name.starts_with(prefix)).max_by_key(|(p, _)| p.len());
        if let Some((_, product)) = other {
            return self.exact(product);
        }
        let ends = name.match_indices('-').map(|(at, _)| at).chain([name.len()]);
        let mut prefixes: Vec<&str> = ends.filter_map(|end| name.get(..end)).collect();
        prefixes.reverse();
        prefixes.into_iter().find_map(|prefix| self.exact(prefix))
    }

    /// A package: `python3-nova` and `openstack-nova-compute` are nova.
    fn package(&self, name: &str) -> Option<String> {
        let library = name.strip_prefix("python3-").or_else(|| name.strip_prefix("python-"));
        match library {
            Some(library) => self.exact(library).or_else(|| self.exact(&format!("python-{library}"))),
            None => self.by_prefix(name.strip_prefix("openstack-").unwrap_or(name)),
        }
    }
}

fn without_base(name: &str) -> &str {
    let mut rest = name;
    if let Some((base, after)) = name.split_once('-')
        && BASES.contains(&base)
        && let Some(image) = after.strip_prefix("source-").or_else(|| after.strip_prefix("binary-"))
    {
        rest = image;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(kind: Kind, name: &str) -> Option<String> {
        let known = ["nova", "neutron", "Ironic", "glance_store", "python-keystoneclient", "skyline-console"];
        let component =
            Component { kind, name: name.to_owned(), version: String::new(), digest: None, commit: None };
        Catalogue::new(known).product_of(&component)
    }

    #[test]
    fn images_and_packages_are_products() {
        for (kind, name, expected) in [
            (Kind::Image, "neutron-server", Some("neutron")),
            (Kind::Image, "ironic-neutron-agent", Some("neutron")),
            (Kind::Image, "nova-libvirt", None),
            (Kind::Image, "ironic_pxe", Some("ironic")),
            (Kind::Image, "ironic-inspector", None),
            (Kind::Image, "ubuntu-source-nova-api", Some("nova")),
            (Kind::Image, "skyline-console", Some("skyline-console")),
            (Kind::Image, "skyline-apiserver", None),
            (Kind::Image, "cinder-csi-plugin", None),
            (Kind::Service, "openstack/nova", Some("nova")),
            (Kind::Python, "nova", Some("nova")),
            (Kind::Python, "nova-powervm", None),
            (Kind::Python, "glance-store", Some("glance-store")),
            (Kind::Distribution, "python3-nova", Some("nova")),
            (Kind::Distribution, "python3-keystoneclient", Some("python-keystoneclient")),
            (Kind::Distribution, "openstack-nova-compute", Some("nova")),
        ] {
            assert_eq!(product(kind, name).as_deref(), expected, "{name}");
        }
    }
}
