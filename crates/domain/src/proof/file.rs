//! From the text of an answer file to an [`Answer`], or to every fault in it with its place.

use super::answer::{
    Answer, Evidence, Excerpt, Image, Moment, Moments, Patch, Reach, Rollout, Snapshot, Way,
};
use crate::fault::Fault;
use crate::reader::{self, FileKind, Reader};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// The schema version that this program reads.
pub const ANSWER_SCHEMA: u32 = 1;
/// Longest answer file, in bytes.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

const KIND: FileKind = FileKind {
    what: "an answer",
    bytes_max: ANSWER_BYTES_MAX,
    schema: ANSWER_SCHEMA,
    manual: "docs/proofs.md",
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    schema: Spanned<u32>,
    advisory: String,
    version: Option<u32>,
    document: Option<Spanned<String>>,
    #[serde(default)]
    aliases: Vec<String>,
    product: String,
    deployment: String,
    provider: String,
    given: Spanned<String>,
    answer: Spanned<String>,
    how: Option<Spanned<String>>,
    text: String,
    fixed_version: Option<Spanned<String>>,
    patch_id: Option<Spanned<String>>,
    integrator: Option<Spanned<String>>,
    #[serde(default)]
    services: Vec<String>,
    before: Option<RawSnapshot>,
    after: Option<RawSnapshot>,
    #[serde(default)]
    images: Vec<RawImage>,
    #[serde(default)]
    configuration: Vec<RawExcerpt>,
    rollout: Option<RawRollout>,
    #[serde(default)]
    moments: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSnapshot {
    taken: Spanned<String>,
    sha256: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawImage {
    name: String,
    digest: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExcerpt {
    section: String,
    option: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRollout {
    done: Spanned<u32>,
    of: Option<u32>,
}

/// Reads an answer.
///
/// # Errors
/// Every fault that was found. A text that is not TOML, or whose fields have the wrong form, has one: the
/// first.
pub fn read_answer(text: &str) -> Result<Answer, Vec<Fault>> {
    let raw: Raw = reader::fields(text, &KIND)?;
    let mut reader = Reader::new(text);
    let answer = reader.answer(raw);
    reader.finish(answer)
}

impl Reader<'_> {
    fn answer(&mut self, mut raw: Raw) -> Option<Answer> {
        self.schema(&raw.schema, &KIND);
        let way = self.way(&mut raw);
        // What the form that was chosen didn't take belongs to another one.
        for (name, left) in
            [("fixed-version", raw.fixed_version), ("patch-id", raw.patch_id), ("integrator", raw.integrator)]
        {
            if let Some(left) = left {
                let what = format!("`{name}` doesn't belong to such an answer");
                self.fault(left.span().start, what, "Leave it out, or choose the answer that it belongs to.");
            }
        }
        let given = self.instant(&raw.given);
        let moments = self.moments(&raw.moments);
        let document = raw.document.as_ref().map(|digest| self.explained(digest, "The closure names it."));
        let evidence = Evidence {
            before: raw.before.and_then(|snapshot| self.snapshot(&snapshot)),
            after: raw.after.and_then(|snapshot| self.snapshot(&snapshot)),
            images: raw.images.into_iter().filter_map(|image| self.image(image)).collect(),
            configuration: raw
                .configuration
                .into_iter()
                .map(|RawExcerpt { section, option, value }| Excerpt { section, option, value })
                .collect(),
            services: raw.services,
            rollout: raw.rollout.and_then(|rollout| self.rollout(&rollout)),
            moments,
        };
        Some(Answer {
            advisory: raw.advisory,
            version: raw.version,
            document: document.flatten(),
            aliases: raw.aliases,
            product: raw.product,
            deployment: raw.deployment,
            provider: raw.provider,
            given: given?,
            way: way?,
            text: raw.text,
            evidence,
        })
    }

    /// The form of the answer; takes the fields that belong to it.
    fn way(&mut self, raw: &mut Raw) -> Option<Way> {
        let how = raw.how.as_ref().map(|how| how.get_ref().as_str());
        match (raw.answer.get_ref().as_str(), how) {
            ("A", None) => Some(Way::NotAffected),
            ("B", Some("disabled")) => Some(Way::OutOfReach(Reach::Disabled)),
            ("B", Some("unreachable")) => Some(Way::OutOfReach(Reach::Unreachable)),
            ("B", Some("not-used")) => Some(Way::OutOfReach(Reach::NotUsed)),
            ("C", Some("upstream")) => {
                let version = raw.fixed_version.take();
                let version = self.must_have(version, &raw.answer, "fixed-version")?;
                Some(Way::Patched(Patch::Upstream { version }))
            }
            ("C", Some("own")) => {
                Some(Way::Patched(Patch::Own { patch_id: raw.patch_id.take().map(Spanned::into_inner) }))
            }
            ("C", Some("integrator")) => {
                let by = raw.integrator.take();
                let by = self.must_have(by, &raw.answer, "integrator")?;
                let patch_id = raw.patch_id.take().map(Spanned::into_inner);
                Some(Way::Patched(Patch::Integrator { by, patch_id }))
            }
            (letter, how) => {
                let how = how.map(|how| format!(", `{}`", how.escape_debug())).unwrap_or_default();
                let what = format!("`{}`{how} is no answer (SCS-07)", letter.escape_debug());
                let advice = "Write answer = \"A\"; or \"B\" with how = \"disabled\", \"unreachable\" or \
                              \"not-used\"; or \"C\" with how = \"upstream\", \"own\" or \"integrator\".";
                self.fault(raw.answer.span().start, what, advice);
                None
            }
        }
    }

    fn must_have(
        &mut self,
        field: Option<Spanned<String>>,
        place: &Spanned<String>,
        name: &str,
    ) -> Option<String> {
        if field.is_none() {
            let what = format!("such an answer needs `{name}` (SCS-07)");
            self.fault(place.span().start, what, "Say which.");
        }
        field.map(Spanned::into_inner)
    }

    fn snapshot(&mut self, raw: &RawSnapshot) -> Option<Snapshot> {
        let (taken, sha256) =
            (self.instant(&raw.taken), self.explained(&raw.sha256, "`sha256sum FILE` says it."));
        Some(Snapshot { taken: taken?, sha256: sha256? })
    }

    fn image(&mut self, raw: RawImage) -> Option<Image> {
        let sha256 =
            self.explained(&raw.digest, "Write sha256: and the digits, as the registry gives them.")?;
        Some(Image { name: raw.name, sha256 })
    }

    fn rollout(&mut self, raw: &RawRollout) -> Option<Rollout> {
        if raw.of.is_none() {
            let what = "a share of hosts needs its denominator (SCS-06)";
            self.fault(raw.done.span().start, what, "Write `of`: how many hosts there are in all.");
        }
        Some(Rollout { done: *raw.done.get_ref(), of: raw.of? })
    }

    fn moments(&mut self, raw: &BTreeMap<String, Spanned<String>>) -> Moments {
        for (name, at) in raw {
            if !Moment::ALL.iter().any(|moment| moment.name() == name) {
                let known = Moment::ALL.map(Moment::name).join(", ");
                let what = format!("`{}` is no moment", name.escape_debug());
                self.fault(at.span().start, what, &format!("Known are {known}."));
            }
        }
        Moments::new(|moment| raw.get(moment.name()).and_then(|at| self.instant(at)))
    }
}
