//! Advisories and SBOMs that look like real ones: their sizes, their ecosystems, the few packages that most are
//! about. The same number gives the same document.

use std::fmt::Write;

/// Packages that advisories are about, over all ecosystems.
const PACKAGES: u64 = 60_000;
/// Ecosystems: OSV's name, the package URL's beginning, the share of advisories in per cent, and whether OSV
/// lists versions one by one.
const ECOSYSTEMS: [(&str, &str, u64, bool); 9] = [
    ("npm", "pkg:npm/", 30, false),
    ("PyPI", "pkg:pypi/", 16, true),
    ("Maven", "pkg:maven/org.example/", 10, false),
    ("Go", "pkg:golang/example.org/", 9, false),
    ("Debian:12", "pkg:deb/debian/", 15, false),
    ("crates.io", "pkg:cargo/", 4, false),
    ("Packagist", "pkg:composer/example/", 5, false),
    ("RubyGems", "pkg:gem/", 3, false),
    ("csaf", "pkg:rpm/redhat/", 8, false),
];
const WORDS: [&str; 12] = [
    "request",
    "attacker",
    "parser",
    "crafted",
    "memory",
    "remote",
    "header",
    "before",
    "allows",
    "token",
    "overflow",
    "privileges",
];

/// Numbers that follow from a seed (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % limit
    }

    /// A package: few are named often, most of them seldom.
    fn package(&mut self) -> u64 {
        let draw = self.below(1_000_000);
        draw * draw / 1_000_000 * PACKAGES / 1_000_000
    }
}

/// The ecosystem of a package, by its share.
fn ecosystem(package: u64) -> (&'static str, &'static str, bool) {
    let mut rest = Dice(package).below(100);
    for (name, purl, share, lists) in ECOSYSTEMS {
        match rest.checked_sub(share) {
            Some(left) => rest = left,
            None => return (name, purl, lists),
        }
    }
    ("npm", "pkg:npm/", false)
}

fn prose(dice: &mut Dice, bytes: u64) -> String {
    let mut text = String::new();
    while text.len() < bytes as usize {
        text.push_str(WORDS[dice.below(WORDS.len() as u64) as usize]);
        text.push(' ');
    }
    text
}

fn version(major: u64, minor: u64, patch: u64, ecosystem: &str) -> String {
    match ecosystem {
        "Debian:12" => format!("{major}.{minor}.{patch}-{}+deb12u{}", minor + 1, patch % 4 + 1),
        "csaf" => format!("{major}.{minor}.{patch}-{}.el9", patch + 1),
        "Go" => format!("v{major}.{minor}.{patch}"),
        _ => format!("{major}.{minor}.{patch}"),
    }
}

/// The advisory of a number, in OSV or CSAF.
pub fn advisory(seed: u64, number: u64) -> String {
    let mut dice = Dice(seed ^ number.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let package = dice.package();
    let (ecosystem, purl, lists) = ecosystem(package);
    let (major, minor, patch) = (dice.below(9), dice.below(20), dice.below(12));
    let day = format!("20{:02}-{:02}-{:02}T12:00:00Z", 15 + number % 10, number % 12 + 1, number % 28 + 1);
    let length = 300 + dice.below(1200);
    let details = prose(&mut dice, length);
    let fixed = version(major, minor, patch + 1, ecosystem);
    if ecosystem == "csaf" {
        return format!(
            r#"{{"document":{{"category":"csaf_security_advisory","csaf_version":"2.0","title":"flaw {number}","notes":[{{"category":"description","text":"{details}"}}],"publisher":{{"category":"vendor","name":"Example","namespace":"https://example.org"}},"tracking":{{"id":"EX-{number}","status":"final","version":"1","initial_release_date":"{day}","current_release_date":"{day}","revision_history":[{{"date":"{day}","number":"1","summary":"first"}}]}}}},"product_tree":{{"branches":[{{"category":"vendor","name":"Example","branches":[{{"category":"product_name","name":"p{package}","branches":[{{"category":"product_version_range","name":"vers:rpm/<{fixed}","product":{{"product_id":"A","name":"p{package}","product_identification_helper":{{"purl":"{purl}p{package}"}}}}}}]}}]}}]}},"vulnerabilities":[{{"cve":"CVE-2024-{number:05}","product_status":{{"known_affected":["A"]}}}}]}}"#
        );
    }
    let name = match ecosystem {
        "Maven" => format!("org.example:p{package}"),
        "Go" => format!("example.org/p{package}"),
        "Packagist" => format!("example/p{package}"),
        _ => format!("p{package}"),
    };
    let introduced =
        if dice.below(3) == 0 { version(major, minor / 2, 0, ecosystem) } else { "0".to_owned() };
    let mut ranges = format!(r#"{{"introduced":"{introduced}"}},{{"fixed":"{fixed}"}}"#);
    if dice.below(4) == 0 {
        let (again, end) =
            (version(major + 1, 0, 0, ecosystem), version(major + 1, minor, patch + 1, ecosystem));
        let _ = write!(ranges, r#",{{"introduced":"{again}"}},{{"fixed":"{end}"}}"#);
    }
    let listed: Vec<String> = if lists {
        (0..=minor).map(|minor| format!("\"{}\"", version(major, minor, 0, ecosystem))).collect()
    } else {
        Vec::new()
    };
    format!(
        r#"{{"schema_version":"1.6.0","id":"CVE-2024-{number:05}","modified":"{day}","published":"{day}","aliases":["GHSA-{number:x}"],"summary":"flaw {number} in p{package}","details":"{details}","severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],"affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}","purl":"{purl}p{package}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{ranges}]}}],"versions":[{}],"database_specific":{{"source":"https://example.org/{number}"}}}}],"references":[{{"type":"ADVISORY","url":"https://example.org/advisories/{number}"}},{{"type":"FIX","url":"https://example.org/commit/{number:x}"}}]}}"#,
        listed.join(",")
    )
}

/// A component of the SBOM of a seed: its package URL, without its version, and that.
pub fn component(seed: u64, number: u64) -> (String, String, String) {
    let mut dice = Dice(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
    // Half of what runs are packages that advisories are about often.
    let package = if dice.below(2) == 0 { dice.package() } else { dice.below(PACKAGES * 2) };
    let (ecosystem, purl, _) = ecosystem(package);
    let version = version(dice.below(9), dice.below(20), dice.below(12), ecosystem);
    let suite = match ecosystem {
        "Debian:12" => "?distro=debian-12",
        _ => "",
    };
    (format!("{purl}p{package}"), version, suite.to_owned())
}

/// A CycloneDX document of so many components.
pub fn sbom(seed: u64, components: u64) -> String {
    let mut text = String::from(
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"timestamp":"2025-01-01T00:00:00Z"},"components":["#,
    );
    for number in 0..components {
        let (purl, version, suite) = component(seed, number);
        let name = purl.rsplit('/').next().unwrap_or_default();
        let encoded = version.replace('+', "%2B");
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"bom-ref":"{purl}@{encoded}","type":"library","name":"{name}","version":"{version}","description":"what {name} is for, in a line of text","licenses":[{{"license":{{"id":"Apache-2.0"}}}}],"purl":"{purl}@{encoded}{suite}","hashes":[{{"alg":"SHA-256","content":"{:064x}"}}],"externalReferences":[{{"type":"website","url":"https://example.org/{name}"}},{{"type":"vcs","url":"https://example.org/{name}.git"}}],"properties":[{{"name":"syft:package:foundBy","value":"cataloger"}},{{"name":"syft:location:0:path","value":"/usr/lib/{name}/METADATA"}}]}}"#,
            number * 0x1234_5678_9abc
        );
    }
    text.push_str("]}");
    text
}
