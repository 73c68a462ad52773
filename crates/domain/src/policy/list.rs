//! A policy's rules for the predisclosure list: what an application must hold, and by which questions it is
//! judged (CS-21, CS-23, XEN-15 to XEN-19).

use super::sets::RoleSet;
use super::vocabulary::{Asked, Evidence, Exposure, Incomplete};
use crate::id::Slug;
use crate::time::Length;

/// Who comes onto the list, and how.
#[derive(Clone, Debug)]
pub struct ListRules {
    /// The roles whose people decide about complete applications.
    pub by: RoleSet,
    /// How many different persons must decide alike.
    pub persons: u8,
    /// What becomes of an incomplete application (XEN-17).
    pub incomplete: Incomplete,
    /// Who may see which organisations are members (CS-21).
    pub members: Exposure,
    /// Who hears appeals, in words; may be empty (XEN-18).
    pub appeal: String,
    /// The roles whose people say here what became of an appeal; may be empty.
    pub heard_by: RoleSet,
    /// After how long a member confirms anew what it showed when it applied, if it must.
    pub reconfirm: Option<Length>,
    /// Source of the rule.
    pub clause: String,
    /// Kinds of organisation that may apply.
    pub applicants: Vec<Applicant>,
    /// What an application must hold, in the order of the form.
    pub asks: Vec<Ask>,
    /// What counts as evidence.
    pub evidence: EvidenceRule,
    /// Which addresses may be put on the list.
    pub alias: AliasRule,
    /// The questions by which the team judges a complete application.
    pub criteria: Vec<Criterion>,
}

/// A kind of organisation that may apply.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// Its name in files.
    pub id: Slug,
    /// Its name for people.
    pub title: String,
}

/// One thing that an application must hold.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its name in files.
    pub id: Slug,
    /// Its name for people.
    pub title: String,
    /// What form the answer has.
    pub asked: Asked,
    /// The kinds of applicant that are asked; empty: all.
    pub of: Vec<Slug>,
    /// Source of the rule.
    pub clause: String,
}

impl Ask {
    /// Whether somebody who applies as `kinds` is asked this.
    #[must_use]
    pub fn concerns(&self, kinds: &[Slug]) -> bool {
        self.of.is_empty() || self.of.iter().any(|kind| kinds.contains(kind))
    }
}

/// What counts as evidence (XEN-16).
#[derive(Clone, Debug)]
pub struct EvidenceRule {
    /// Accepted kinds.
    pub accepts: Vec<Evidence>,
    /// Hosts that are nobody's own pages: social networks, video sites, free blogs. In lower case; each stands
    /// for the hosts below it as well.
    pub never_hosts: Vec<String>,
    /// Source of the rule.
    pub clause: String,
}

/// Which mail addresses may be put on the list (XEN-15: one, and not a person's own).
#[derive(Clone, Debug)]
pub struct AliasRule {
    /// Words of which the part before the `@` must hold one, in lower case; empty: anything goes.
    pub words: Vec<String>,
    /// Source of the rule.
    pub clause: String,
}

/// A question by which the team judges a complete application.
#[derive(Clone, Debug)]
pub struct Criterion {
    /// Its name in files.
    pub id: Slug,
    /// The question. Whoever answers gives a reason.
    pub question: String,
    /// Source of the rule.
    pub clause: String,
}
