//! JSON that says what runs: `CycloneDX`, SPDX 2 and 3, Kubernetes objects, `pip list`.
//!
//! One pass, straight into the inventory: no tree of values is built, whatever the size. Depth is bounded by
//! the parser, the number of components here.

use super::{COMPONENTS_MAX, image};
use crate::purl::Package;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use tidegate_domain::fault::Fault;
use tidegate_domain::inventory::{Component, Inventory, Kind};

/// Largest document, in bytes.
pub const JSON_BYTES_MAX: usize = 512 * 1024 * 1024;

pub(super) fn read(bytes: &[u8]) -> Result<Inventory, Fault> {
    if bytes.len() > JSON_BYTES_MAX {
        let what = format!("it has more than {JSON_BYTES_MAX} bytes");
        return Err(Fault::nowhere(what, "hand it in as several inventories"));
    }
    let mut inventory = Inventory::default();
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let read = Document { inventory: &mut inventory }.deserialize(&mut input).and_then(|()| input.end());
    read.map_err(|error| Fault {
        line: error.line(),
        column: error.column(),
        what: format!("not an inventory in JSON: {error}"),
        advice: "known are CycloneDX, SPDX, Kubernetes objects and `pip list --format json`".to_owned(),
    })?;
    Ok(inventory)
}

/// The whole document: an object of some format, or a list of packages.
struct Document<'a> {
    inventory: &'a mut Inventory,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        parts(list, "", self.inventory)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "components" | "packages" | "@graph" => {
                    map.next_value_seed(Parts { place: &key, inventory: self.inventory })?;
                }
                "metadata" | "creationInfo" => self.head(map.next_value::<Option<Head<'_>>>()?),
                "items" | "spec" | "images" => {
                    map.next_value_seed(References { inventory: self.inventory, is_image: key == "images" })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

impl Document<'_> {
    fn head(&mut self, head: Option<Head<'_>>) {
        let Some(head) = head else { return };
        let instant = head.timestamp.or(head.created).and_then(|text| text.parse().ok());
        self.inventory.taken = instant.or(self.inventory.taken);
        if let Some(part) = head.component {
            part.put("metadata.component".to_owned(), self.inventory);
        }
    }
}

/// What a document says about itself.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    component: Option<Part<'a>>,
}

/// A component of `CycloneDX`, a package of SPDX 2, an element of SPDX 3, or an entry of `pip list`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow, default, rename = "type", alias = "@type")]
    what: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(
        borrow,
        default,
        alias = "versionInfo",
        alias = "software_packageVersion",
        alias = "packageVersion"
    )]
    version: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "software_packageUrl", alias = "packageUrl")]
    purl: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    external_refs: Vec<Reference<'a>>,
    #[serde(borrow, default)]
    components: Vec<Part<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reference<'a> {
    #[serde(borrow)]
    reference_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reference_locator: Option<Cow<'a, str>>,
}

impl Part<'_> {
    fn put(self, place: String, inventory: &mut Inventory) {
        for (index, part) in self.components.into_iter().enumerate() {
            part.put(format!("{place}.components[{index}]"), inventory);
        }
        let what = self.what.as_deref().unwrap_or_default();
        if what == "CreationInfo" {
            inventory.taken = self.created.and_then(|text| text.parse().ok()).or(inventory.taken);
            return;
        }
        // SPDX 3 puts everything into one graph: only packages run.
        let is_element = self.created.is_none() && self.name.is_none() && self.purl.is_none();
        if is_element || SPDX_OTHERS.contains(&what) {
            return;
        }
        let in_reference = self.external_refs.into_iter().find_map(|reference| {
            let is_purl = reference.reference_type.as_deref() == Some("purl");
            reference.reference_locator.filter(|_| is_purl)
        });
        let purl = self.purl.or(in_reference).and_then(|purl| Package::normalized(&purl).ok());
        let (name, version) = (self.name.unwrap_or_default(), self.version.unwrap_or_default());
        inventory.add(place, component(what, &name, &version, purl));
    }
}

/// Elements of SPDX 3 that have a name and are no package.
const SPDX_OTHERS: [&str; 12] = [
    "SpdxDocument",
    "Person",
    "Organization",
    "Agent",
    "SoftwareAgent",
    "Tool",
    "Relationship",
    "Annotation",
    "software_File",
    "software_Snippet",
    "software_Sbom",
    "Bundle",
];

fn component(what: &str, name: &str, version: &str, purl: Option<Package>) -> Component {
    let plain = |kind: Kind, name: &str, version: &str, digest: Option<String>| Component {
        kind,
        name: name.to_owned(),
        version: version.to_owned(),
        digest,
        commit: None,
    };
    let Some(purl) = purl else {
        let image = (what == "container" || name.contains('/')).then(|| image::component(name)).flatten();
        return match image {
            Some(image) if image.version.is_empty() => Component { version: version.to_owned(), ..image },
            Some(image) => image,
            None if what == "container" => plain(Kind::Image, name, version, None),
            None => plain(Kind::Service, name, version, None),
        };
    };
    let said = if version.is_empty() { purl.version.clone().unwrap_or_default() } else { version.to_owned() };
    match purl.kind.as_str() {
        "oci" | "docker" => {
            // An OCI purl's version is the digest; its tag is a qualifier.
            let digest = purl.version.clone().filter(|version| version.contains(':'));
            let tag = purl.qualifier("tag").map_or(said, str::to_owned);
            plain(Kind::Image, &purl.name, &tag, digest)
        }
        "pypi" => plain(Kind::Python, &purl.name, &said, None),
        "deb" | "rpm" | "apk" | "alpm" | "qpkg" | "yocto" => {
            plain(Kind::Distribution, &purl.name, &said, None)
        }
        "github" | "gitlab" | "bitbucket" | "generic" | "git" => {
            plain(Kind::Service, &purl.name, &said, None)
        }
        _ => plain(Kind::Other, &purl.name, &said, None),
    }
}

struct Parts<'a> {
    place: &'a str,
    inventory: &'a mut Inventory,
}

impl<'de> DeserializeSeed<'de> for Parts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of components")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        parts(list, self.place, self.inventory)
    }
}

fn parts<'de, A: SeqAccess<'de>>(
    mut list: A,
    place: &str,
    inventory: &mut Inventory,
) -> Result<(), A::Error> {
    let mut index = 0_usize;
    while let Some(part) = list.next_element::<Part<'de>>()? {
        if inventory.components.len() + inventory.unread.len() > COMPONENTS_MAX {
            return Err(A::Error::custom(format!("more than {COMPONENTS_MAX} components")));
        }
        part.put(format!("{place}[{index}]"), inventory);
        index += 1;
    }
    Ok(())
}

/// Every text under a key `image`, at any depth, and every text in a list `images`.
struct References<'a> {
    inventory: &'a mut Inventory,
    is_image: bool,
}

impl<'de> DeserializeSeed<'de> for References<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for References<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.is_image {
            match image::component(text) {
                Some(component) => self.inventory.add("image", component),
                None => self.inventory.miss("image", text, "it is not an image reference"),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let References { inventory, is_image } = self;
        while list.next_element_seed(References { inventory, is_image })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let is_image = key == "image";
            map.next_value_seed(References { inventory: self.inventory, is_image })?;
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}
