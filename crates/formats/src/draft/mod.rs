//! Drafts of advisories as people write them: a TOML file.
//!
//! ```toml
//! title = "Server-side request forgery in the image proxy"
//! cwe = "CWE-918"
//!
//! [sections]
//! summary = """
//! One paragraph for whoever reads nothing else.
//! """
//!
//! [[affected]]
//! product = "Harbourmaster"
//! purl = "pkg:pypi/harbourmaster"
//! ranges = [{ introduced = "2.0", fixed = "2.4.1" }]
//! ```

mod lint;
mod read;

pub use lint::{Lint, Weight, lint};
pub use read::parse;

use std::fmt::Write;
use tidegate_domain::advisory::{Draft, Section};

/// Longest draft file, in bytes.
pub const DRAFT_BYTES_MAX: usize = 1024 * 1024;
/// Longest name of a product, person, organisation or page, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest version string, in characters.
pub const VERSION_CHARS_MAX: usize = 100;

/// An empty draft with the sections that a policy demands, to be filled in. It can be parsed as it is, and
/// [`lint()`] finds every `TODO` in it.
#[must_use]
pub fn template(required: &[Section]) -> String {
    let mut text = String::from(
        "# An advisory. Write plain text; blank lines divide paragraphs. Lines that begin with # are for you alone.\n\
         title = \"TODO: one line that says what it is about\"\n\
         # The weakness, from https://cwe.mitre.org; leave the line out if it is not known.\n\
         # cwe = \"CWE-20\"\n\n[sections]\n",
    );
    for section in Section::ALL {
        if required.contains(&section) {
            let _ = write!(text, "# {}\n{} = \"\"\"\nTODO\n\"\"\"\n\n", purpose(section), section.name());
        }
    }
    for section in Section::ALL.into_iter().filter(|section| !required.contains(section)) {
        let _ = writeln!(text, "# {} = \"\"\"...\"\"\" {}", section.name(), purpose(section));
    }
    text.push_str(
        "\n# One block for each product.\n\
         [[affected]]\n\
         product = \"TODO\"\n\
         # purl = \"pkg:pypi/name\"\n\
         # repository = \"https://example.org/name.git\"\n\
         # Leave `introduced` out if all earlier versions are affected; write `last_affected` where no fix is known.\n\
         ranges = [{ introduced = \"TODO\", fixed = \"TODO\" }]\n\n\
         # One block for each person or group to thank.\n\
         # [[credits]]\n\
         # name = \"\"\n\
         # organisation = \"\"\n\n\
         # [[references]]\n\
         # title = \"\"\n\
         # url = \"https://\"\n",
    );
    text
}

/// What a section is for, in the words of a template's comment.
fn purpose(section: Section) -> &'static str {
    match section {
        Section::Summary => "One paragraph for whoever reads nothing else.",
        Section::Description => "What is wrong.",
        Section::Impact => "What an attacker gains.",
        Section::AffectedSystems => "Which systems are vulnerable, and in which configurations.",
        Section::Mitigation => "What helps until the fix is installed.",
        Section::Resolution => "How to fix it.",
        Section::Deployment => "What may be deployed during the embargo, and when.",
        Section::Notes => "Anything else that readers need.",
    }
}

/// A draft as the file that [`parse`] reads back to the same draft.
#[must_use]
pub fn render(draft: &Draft) -> String {
    toml::to_string_pretty(draft).expect("a draft has only string keys and no null values")
}
