use super::*;
use proptest::prelude::*;
use tidegate_domain::inventory::Kind;

/// Name and version of everything that was read.
fn parts(text: &str) -> Vec<(String, String)> {
    let inventory = read(text.as_bytes(), None).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    inventory.components.into_iter().map(|c| (c.name, c.version)).collect()
}

fn own(parts: &[(&str, &str)]) -> Vec<(String, String)> {
    parts.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect()
}

#[test]
fn release_manifests_are_read() {
    let osism = "---\nimages:\n- digest: sha256:00\n  image: r.example.org/kolla/nova-api:29.0.1.20240909\n- image: r.example.org/a/neutron-server:24.0.2.20240909\nversions:\n  nova: 29.0.1.20240909\n  keystone: '25.0.1'\n";
    assert_eq!(
        parts(osism),
        own(&[
            ("nova", "29.0.1.20240909"),
            ("keystone", "25.0.1"),
            ("nova-api", "29.0.1.20240909"),
            ("neutron-server", "24.0.2.20240909"),
        ])
    );
    let digest = read(osism.as_bytes(), None).expect("an inventory");
    assert!(digest.components.iter().any(|c| c.digest.as_deref() == Some("sha256:00")));
    let kolla = "kolla_image_tags:\n  openstack:\n    rocky-9: 2023.1-rocky-9-20240709T132012\n  nova:\n    rocky-9: 2023.1-rocky-9-20240709T132013\n  empty:\n    rocky-9:\n";
    assert_eq!(
        parts(kolla),
        own(&[("openstack", "2023.1-rocky-9-20240709T132012"), ("nova", "2023.1-rocky-9-20240709T132013")])
    );
    assert_eq!(read(kolla.as_bytes(), None).expect("an inventory").unread.len(), 1);
}

#[test]
fn kubernetes_is_read() {
    let pods = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: api\n    image: r.example.org/nova-api:1\n---\napiVersion: v1\nspec:\n  template:\n    spec:\n      containers:\n      - image: r.example.org/glance-api:2\n";
    assert_eq!(parts(pods), own(&[("nova-api", "1"), ("glance-api", "2")]));
    let helm = "image:\n  repository: r.example.org/heat-api\n  tag: '3.10'\nimages:\n  tags:\n    bootstrap: docker.io/openstackhelm/heat:2024.1\n";
    assert_eq!(parts(helm), own(&[("heat-api", "3.10"), ("heat", "2024.1")]));
    let json = r#"{"kind":"List","items":[{"kind":"Pod","spec":{"containers":[{"image":"r/nova-api:1"}]}}]}"#;
    assert_eq!(parts(json), own(&[("nova-api", "1")]));
}

#[test]
fn sboms_are_read() {
    let cyclonedx = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2024-09-09T12:00:00Z"},
        "components":[{"type":"container","name":"r.example.org/kolla/nova-api","version":"29.0.1",
          "components":[{"type":"library","name":"oslo.config","version":"9.4.0","purl":"pkg:pypi/oslo.config@9.4.0"}]},
          {"type":"container","name":"x","purl":"pkg:oci/keystone@sha256:00?tag=25.0.1"},{"type":"library"}]}"#;
    assert_eq!(
        parts(cyclonedx),
        own(&[("oslo.config", "9.4.0"), ("nova-api", "29.0.1"), ("keystone", "25.0.1")])
    );
    let inventory = read(cyclonedx.as_bytes(), None).expect("an inventory");
    assert_eq!(inventory.taken.map(|taken| taken.to_string()).as_deref(), Some("2024-09-09T12:00:00Z"));
    let spdx2 = r#"{"spdxVersion":"SPDX-2.3","creationInfo":{"created":"2024-09-09T12:00:00Z","creators":[]},
        "packages":[{"name":"nova","versionInfo":"29.0.1","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER",
        "referenceType":"purl","referenceLocator":"pkg:deb/ubuntu/nova-api@3:29.0.1-0ubuntu1"}]}]}"#;
    assert_eq!(parts(spdx2), own(&[("nova-api", "29.0.1")]));
    let spdx3 = r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[
        {"type":"CreationInfo","@id":"_:c","created":"2024-09-09T12:00:00Z"},
        {"type":"software_Package","name":"glance","software_packageVersion":"28.0.1"},{"type":"Person","name":"x"}]}"#;
    assert_eq!(parts(spdx3), own(&[("glance", "28.0.1")]));
    assert_eq!(parts(r#"[{"name":"nova","version":"29.0.1"}]"#), own(&[("nova", "29.0.1")]));
}

#[test]
fn lists_are_read() {
    let pip = "# frozen\nnova==29.0.1\nneutron @ git+https://opendev.org/openstack/neutron@0123456789abcdef0123456789abcdef01234567\n-e git+https://opendev.org/openstack/heat@22.0.1#egg=heat\n./wheel\n";
    assert_eq!(parts(pip), own(&[("nova", "29.0.1"), ("neutron", ""), ("heat", "22.0.1")]));
    let inventory = read(pip.as_bytes(), None).expect("an inventory");
    assert_eq!(inventory.unread.len(), 1);
    let commit = inventory.components.iter().find_map(|c| c.commit.as_deref());
    assert_eq!(commit.map(str::len), Some(40));
    let dpkg = "Desired=Unknown/Install/Remove/Purge/Hold\n| Status=Not\n|/ Err?=(none)\n||/ Name Version Architecture Description\n+++-====-====-====-====\nii  nova-api 3:29.0.1-0ubuntu1 all OpenStack Compute\nrc  gone 1.0 all Gone\n";
    assert_eq!(parts(dpkg), own(&[("nova-api", "3:29.0.1-0ubuntu1")]));
    assert_eq!(parts("nova-api\t3:29.0.1-0ubuntu1\n"), own(&[("nova-api", "3:29.0.1-0ubuntu1")]));
    let rpm = "openstack-nova-api-29.0.1-1.el9.noarch\nkernel-5.14.0-427.el9.x86_64\n";
    assert_eq!(parts(rpm), own(&[("openstack-nova-api", "29.0.1-1.el9"), ("kernel", "5.14.0-427.el9")]));
    let images = "r.example.org/nova-api:29.0.1\nr.example.org/heat-api@sha256:00\n";
    assert_eq!(parts(images), own(&[("nova-api", "29.0.1"), ("heat-api", "")]));
    let table = "product;version\nnova;29.0.1\n\"a \"\"b\"\"\";\"2;3\"\nr/x:1;\n";
    assert_eq!(parts(table), own(&[("nova", "29.0.1"), ("a \"b\"", "2;3"), ("x", "1")]));
}

/// A short name is no state, and a state that means "not installed" is no component.
#[test]
fn dpkgs_columns_are_told_apart() {
    let columns = "rpm 4.18.0 amd64\nrc 1.7.4 amd64\npip 23.0 all\n";
    let inventory = read(columns.as_bytes(), Some(Form::Dpkg)).expect("an inventory");
    let names: Vec<&str> = inventory.components.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["rpm", "rc", "pip"]);
    let listing = "ii  nova 29.0.1 all x\nun  heat <none> <none> (no description)\nrc  glance 1 all x\n\
        iFR swift 2.33.0 all x\nhi  rpm 4.18 amd64 x\npn  gone <none> <none> x\nwhat is this\n";
    assert_eq!(parts(listing), own(&[("nova", "29.0.1"), ("swift", "2.33.0"), ("rpm", "4.18")]));
    assert_eq!(read(listing.as_bytes(), None).expect("an inventory").unread.len(), 1);
}

#[test]
fn no_word_of_an_image_list_is_dropped() {
    let list = "r.example.org/nova-api:1\nr.example.org/heat-api:2 glance-api\nnova-compute\nr/a:1\n";
    let inventory = read(list.as_bytes(), Some(Form::Images)).expect("an inventory");
    let names: Vec<&str> = inventory.components.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["nova-api", "heat-api", "nova-compute", "a"]);
    assert_eq!(inventory.unread.first().map(|unread| unread.what.as_str()), Some("glance-api"));
    let table = "REPOSITORY TAG IMAGE ID CREATED SIZE\nr.example.org/nova-api 29.0.1 0123 2 weeks ago 1GB\n";
    let inventory = read(table.as_bytes(), Some(Form::Images)).expect("an inventory");
    assert_eq!(inventory.components.first().map(|c| c.version.as_str()), Some("29.0.1"));
    assert_eq!(parts("images:\n  nova_api: r.example.org/nova-api:1\n"), own(&[("nova-api", "1")]));
}

#[test]
fn the_kind_of_a_component_follows_its_source() {
    let kinds = |text: &str| -> Vec<Kind> {
        read(text.as_bytes(), None).expect("an inventory").components.iter().map(|c| c.kind).collect()
    };
    assert_eq!(kinds("nova==1\n"), [Kind::Python]);
    assert_eq!(kinds("nova-1-1.el9.noarch\n"), [Kind::Distribution]);
    assert_eq!(kinds("name,version,ecosystem\nnova,1,pypi\n"), [Kind::Python]);
}

#[test]
fn hostile_documents_end_clearly() {
    let nested = format!("{}1{}", r#"{"components":[{"components":["#.repeat(200), "]}]}".repeat(200));
    for text in [
        "",
        "{",
        "[1]",
        "\u{0}\u{1}",
        "just words without any form",
        r#"{"components":{}}"#,
        r#"{"components":[{"name":5}]}"#,
        &nested,
        &"[".repeat(1_000_000),
        &"{\"items\":".repeat(100_000),
        &"- ".repeat(100_000),
    ] {
        let fault = read(text.as_bytes(), None).expect_err("no inventory");
        assert!(!fault.what.is_empty());
    }
    assert!(read(&[0xff, 0xfe, b'a'], Some(Form::Csv)).is_err());
}

proptest! {
    /// Whatever is handed in, reading ends, and what it says about a part has its place.
    #[test]
    fn no_document_is_too_strange(
        text in "([a-z0-9:=@/.,;\\-\\[\\]{}\"'&*#| ]|\n|\t|image|versions:|\\{\"components\":){0,60}",
        form in proptest::option::of(proptest::sample::select(Form::ALL.to_vec())),
    ) {
        if let Ok(inventory) = read(text.as_bytes(), form) {
            prop_assert!(inventory.components.iter().all(|component| !component.name.is_empty()));
            prop_assert!(inventory.unread.iter().all(|unread| !unread.place.is_empty()));
        }
    }
}
