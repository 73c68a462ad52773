//! Who may do what, when, under each shipped policy: role by step by phase, from every reachable state. A
//! change of a policy, or of the rules, shows here in review.

use tidegate::cli::matrix;
use tidegate_domain::policy::read;

fn golden(name: &str, text: &str) {
    let policy = read(text).expect("a shipped policy");
    let rows = matrix(&policy);
    assert_eq!(rows.lines().count(), 1 + policy.steps.len() * policy.roles.len(), "the matrix is complete");
    insta::assert_snapshot!(name, rows);
}

#[test]
fn cloudstack() {
    golden("cloudstack", include_str!("../../../policies/cloudstack.toml"));
}

#[test]
fn xen_2014() {
    golden("xen-2014", include_str!("../../../policies/xen-2014.toml"));
}

#[test]
fn xen() {
    golden("xen", include_str!("../../../policies/xen.toml"));
}

#[test]
fn openstack() {
    golden("openstack", include_str!("../../../policies/openstack.toml"));
}
