//! The part of a policy that is about the predisclosure list.

use super::{LIST_MAX, Reader};
use crate::policy::list::{AliasRule, Applicant, Ask, Criterion, EvidenceRule, ListRules};
use crate::policy::raw::{RawAsk, RawList, Word};
use crate::policy::vocabulary::{Asked, Evidence, Exposure, Incomplete};

impl Reader<'_> {
    pub(super) fn list(&mut self, raw: &RawList) -> ListRules {
        self.list_sizes(raw);
        let persons = raw.persons.as_ref().map_or(1, |persons| *persons.get_ref());
        if !(1..=5).contains(&persons) {
            self.fault(&raw.clause, format!("a decision asks for {persons} persons"), "Write 1 to 5.");
        }
        if raw.by.is_empty() {
            self.fault(&raw.clause, "nobody may decide about applications", "Name the roles in `by`.");
        }
        let kinds: Vec<&str> =
            raw.applicants.iter().map(|applicant| applicant.id.get_ref().as_str()).collect();
        let names = |all: &[String]| all.iter().map(|name| name.to_lowercase()).collect();
        ListRules {
            by: self.role_set(&raw.by),
            persons,
            incomplete: self
                .word(&raw.incomplete, "what becomes of the incomplete", Incomplete::ALL, Incomplete::name)
                .unwrap_or(Incomplete::Rejected),
            members: self
                .word(&raw.members, "who may see the members", Exposure::ALL, Exposure::name)
                .unwrap_or(Exposure::Public),
            appeal: raw.appeal.clone(),
            heard_by: self.role_set(&raw.heard_by),
            reconfirm: raw.reconfirm.as_ref().map(|length| self.length(length)),
            clause: raw.clause.get_ref().clone(),
            applicants: raw
                .applicants
                .iter()
                .map(|applicant| Applicant { id: self.slug(&applicant.id), title: applicant.title.clone() })
                .collect(),
            asks: raw.asks.iter().map(|ask| self.ask(ask, &kinds)).collect(),
            evidence: EvidenceRule {
                accepts: raw
                    .evidence
                    .accepts
                    .iter()
                    .filter_map(|kind| self.word(kind, "a kind of evidence", Evidence::ALL, Evidence::name))
                    .collect(),
                never_hosts: names(&raw.evidence.never_hosts),
                clause: raw.evidence.clause.clone(),
            },
            alias: AliasRule { words: names(&raw.alias.words), clause: raw.alias.clause.clone() },
            criteria: raw
                .criteria
                .iter()
                .map(|criterion| Criterion {
                    id: self.slug(&criterion.id),
                    question: criterion.question.clone(),
                    clause: criterion.clause.clone(),
                })
                .collect(),
        }
    }

    fn ask(&mut self, raw: &RawAsk, kinds: &[&str]) -> Ask {
        for kind in &raw.of {
            if !kinds.contains(&kind.get_ref().as_str()) {
                let what = format!("`{}` is no kind of applicant", kind.get_ref().escape_debug());
                self.fault(kind, what, format!("This file's kinds are: {}.", kinds.join(", ")));
            }
        }
        Ask {
            id: self.slug(&raw.id),
            title: raw.title.clone(),
            asked: self.word(&raw.asked, "a form of answer", Asked::ALL, Asked::name).unwrap_or(Asked::Words),
            of: raw.of.iter().map(|kind| self.slug(kind)).collect(),
            clause: raw.clause.clone(),
        }
    }

    fn list_sizes(&mut self, raw: &RawList) {
        let tables: [(&str, Vec<&Word>); 3] = [
            ("applicant", raw.applicants.iter().map(|applicant| &applicant.id).collect()),
            ("asks", raw.asks.iter().map(|ask| &ask.id).collect()),
            ("criterion", raw.criteria.iter().map(|criterion| &criterion.id).collect()),
        ];
        for (name, words) in tables {
            if words.len() > LIST_MAX {
                let what = format!("{} [[list.{name}]] tables; a policy has at most {LIST_MAX}", words.len());
                self.fault(&raw.clause, what, "Say it in fewer.");
            }
            self.told_apart(&format!("list.{name}"), &words);
        }
        for asked in [Asked::Organisation, Asked::Domains, Asked::Alias, Asked::Statement] {
            let times = raw.asks.iter().filter(|ask| ask.asked.get_ref() == asked.name()).count();
            if times > 1 {
                let what = format!("{times} [[list.asks]] ask for {}", asked.phrase());
                self.fault(&raw.clause, what, "An application has one; ask once.");
            }
        }
    }
}
