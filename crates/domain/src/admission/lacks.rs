//! What an application lacks, item by item.

use super::application::{Application, Link};
use super::evidence::{domain, is_within, objection};
use crate::id::Slug;
use crate::policy::list::{AliasRule, Ask, EvidenceRule, ListRules};
use crate::policy::vocabulary::{Asked, Evidence};
use serde::{Deserialize, Serialize};

/// Something that an application must hold and does not, in words for the applicant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lack {
    /// What the policy asks for, by its name there.
    pub ask: Slug,
    /// What the policy asks for, in words.
    pub title: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
    /// Source of the rule.
    pub clause: String,
}

/// Everything that `application` lacks under `rules`, in the order of the form. An empty answer means that it
/// is complete, and nothing more.
#[must_use]
pub fn lacks(rules: &ListRules, application: &Application) -> Vec<Lack> {
    let own: Vec<String> = application.domains.iter().filter_map(|name| domain(name)).collect();
    let reader = Reader { rules, application, own };
    let mut lacks = reader.kinds();
    let asked = rules.asks.iter().filter(|ask| ask.concerns(&application.applies_as));
    lacks.extend(asked.flat_map(|ask| {
        let wants = reader.wants(ask);
        wants.into_iter().map(|Want { what, advice, clause }| Lack {
            ask: ask.id.clone(),
            title: ask.title.clone(),
            what,
            advice,
            clause: clause.unwrap_or(&ask.clause).to_owned(),
        })
    }));
    lacks
}

struct Reader<'a> {
    rules: &'a ListRules,
    application: &'a Application,
    /// The applicant's domains that are any.
    own: Vec<String>,
}

/// What is wrong with one answer, under the clause of its ask or a closer one.
struct Want<'a> {
    what: String,
    advice: String,
    clause: Option<&'a str>,
}

fn want(what: impl Into<String>, advice: impl Into<String>) -> Vec<Want<'static>> {
    vec![Want { what: what.into(), advice: advice.into(), clause: None }]
}

impl<'a> Reader<'a> {
    /// An applicant says what it is, since what it is asked depends on it.
    fn kinds(&self) -> Vec<Lack> {
        let known = &self.rules.applicants;
        let is_known = |kind: &Slug| known.iter().any(|applicant| applicant.id == *kind);
        let unknown = self.application.applies_as.iter().find(|kind| !is_known(kind));
        let what = match (known.is_empty(), unknown) {
            (true, _) => return Vec::new(),
            (false, Some(kind)) => format!("nobody applies as “{kind}”"),
            (false, None) if self.application.applies_as.is_empty() => {
                "it does not say what it is".to_owned()
            }
            (false, None) => return Vec::new(),
        };
        let names: Vec<String> =
            known.iter().map(|applicant| format!("{} ({})", applicant.title, applicant.id)).collect();
        vec![Lack {
            ask: fixed("applies-as"),
            title: "What the organisation applies as".to_owned(),
            what,
            advice: format!("Say one or more of: {}.", names.join(", ")),
            clause: self.rules.clause.clone(),
        }]
    }

    fn wants(&self, ask: &Ask) -> Vec<Want<'a>> {
        let application = self.application;
        let answer = || application.answers.get(ask.id.as_str()).map_or("", |answer| answer.trim());
        match ask.asked {
            Asked::Organisation if application.organisation.trim().is_empty() => {
                want("the organisation is not named", "Write its name.")
            }
            Asked::Domains => self.domains(),
            Asked::Words if answer().is_empty() => want("there is no answer", "Write a few words."),
            Asked::Products if !application.all_products && answer().is_empty() => want(
                "it does not say which products use the software",
                "Name them, or kinds of them, or say that all products do.",
            ),
            Asked::Evidence => self.evidence(ask),
            Asked::Statement if application.statement.trim().is_empty() => want(
                "there is no such statement",
                "Write that you have read this policy and agree to abide by it.",
            ),
            Asked::Alias => self.alias(&self.rules.alias),
            Asked::Organisation | Asked::Words | Asked::Products | Asked::Statement => Vec::new(),
        }
    }

    fn domains(&self) -> Vec<Want<'a>> {
        if self.application.domains.is_empty() {
            return want("no domain is named", "Name the domains that you use for what you offer.");
        }
        let mut wants = Vec::new();
        for name in &self.application.domains {
            let shown: String = name.chars().take(80).collect();
            let known = domain(name);
            if known.is_none() {
                let what = format!("`{}` is no domain of an organisation", shown.escape_debug());
                wants.extend(want(what, "Write it as in example.org, without https://."));
            }
            let never = self.rules.evidence.never_hosts.iter();
            if let Some(never) = known.and_then(|known| never.clone().find(|never| is_within(&known, never)))
            {
                let what = format!("{never} is shared by many, and not the organisation's own");
                wants.push(Want {
                    what,
                    advice: "Name a domain of your own.".to_owned(),
                    clause: Some(&self.rules.evidence.clause),
                });
            }
        }
        wants
    }

    /// One good page is enough; where there is none, what is wrong with each is said.
    fn evidence(&self, ask: &Ask) -> Vec<Want<'a>> {
        let shown: Vec<&Link> = self.application.links.iter().filter(|link| link.shows == ask.id).collect();
        if shown.is_empty() {
            return want("no page is named", "Give the address of a public page of your own that shows it.");
        }
        let rule = &self.rules.evidence;
        let wants: Vec<Option<Want<'a>>> = shown.iter().map(|link| self.page(rule, link)).collect();
        if wants.iter().any(Option::is_none) { Vec::new() } else { wants.into_iter().flatten().collect() }
    }

    fn page(&self, rule: &'a EvidenceRule, link: &Link) -> Option<Want<'a>> {
        let address: String = link.url.chars().take(120).collect();
        let address = address.escape_debug();
        let (what, advice) = if !rule.accepts.contains(&link.kind) {
            let accepted: Vec<&str> = rule.accepts.iter().map(|kind| kind.phrase()).collect();
            let what = format!("{address} is {}, which is not accepted", link.kind.phrase());
            (what, format!("Accepted is {}.", accepted.join(" or ")))
        } else if let Some(objection) = objection(rule, &self.own, &link.url) {
            (format!("{address}: {objection}"), "Give a public page on a domain of your own.".to_owned())
        } else if link.kind == Evidence::Pdf {
            self.pdf(rule, link)?
        } else {
            return None;
        };
        Some(Want { what, advice, clause: Some(&rule.clause) })
    }

    /// A PDF is linked from an ordinary page, and the application says which part of it is meant.
    fn pdf(&self, rule: &EvidenceRule, link: &Link) -> Option<(String, String)> {
        let from = link.linked_from.trim();
        if from.is_empty() {
            return Some((
                "a PDF, without the page that links it".to_owned(),
                "Give the ordinary page as linked_from.".to_owned(),
            ));
        }
        if let Some(objection) = objection(rule, &self.own, from) {
            return Some((
                format!("the page that links the PDF: {objection}"),
                "Give a public page on a domain of your own as linked_from.".to_owned(),
            ));
        }
        link.part.trim().is_empty().then(|| {
            let what = "a PDF, and nothing says which part of it is meant".to_owned();
            (what, "Name the pages or the section as part.".to_owned())
        })
    }

    /// One address on a domain of its own, and not a person's. What is wrong with it is said without it: it is
    /// secret, and what an application lacks is not (XEN-18, XEN-19).
    fn alias(&self, rule: &'a AliasRule) -> Vec<Want<'a>> {
        let alias = self.application.alias.trim();
        let under = |what: &str, advice: String| {
            vec![Want { what: what.to_owned(), advice, clause: Some(rule.clause.as_str()) }]
        };
        if alias.is_empty() {
            return under("no address is given", "Give the one alias for the list.".to_owned());
        }
        let Some((local, host)) = alias.rsplit_once('@').filter(|(local, _)| is_local(local)) else {
            return under(
                "what is given is not one mail address",
                "Write it as in security@example.org.".to_owned(),
            );
        };
        if !domain(host).is_some_and(|host| self.own.iter().any(|own| is_within(&host, own))) {
            return under(
                "the address is not on the organisation's own domains",
                "Make an alias on one of the domains that you named.".to_owned(),
            );
        }
        let local = local.to_lowercase();
        if !rule.words.is_empty() && !rule.words.iter().any(|word| local.contains(word.as_str())) {
            return under(
                "the address looks like a person's: its name holds none of the words of a shared one",
                format!("Use an alias with one of: {}.", rule.words.join(", ")),
            );
        }
        Vec::new()
    }
}

/// The part before the `@` of an address that needs no quotes (RFC 5321, section 4.1.2).
fn is_local(local: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    !local.is_empty() && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

fn fixed(name: &str) -> Slug {
    name.parse().unwrap_or_else(|_| unreachable!("`{name}` is a name"))
}
