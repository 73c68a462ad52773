//! A policy as rules that can be laid beside those of another. Everything is taken apart without `..`, so that a
//! field added to the policy language does not compile until it is compared.

use crate::policy::list::{AliasRule, Applicant, Ask, Criterion, EvidenceRule, ListRules};
use crate::policy::vocabulary::Fact;
use crate::policy::{
    AdvisoryRule, Channel, ClockRule, CommitRule, Due, EmbargoRules, Gives, HandOver, ItemSet, Knows, Limit,
    MailText, NumberPattern, Policy, Role, RoleId, RoleSet, Scope, Slot, Step, Tells,
};
use crate::time::Length;
use std::collections::BTreeMap;

/// What one field of a rule says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// Words, compared as they are.
    Words(String),
    /// A length of time, or none.
    Length(Option<Length>),
    /// A number.
    Number(u8),
    /// Things by name, each in words: gates, roles, items.
    Set(BTreeMap<String, String>),
}

impl Said {
    /// Takes in what a second rule of the same name says.
    fn join(&mut self, more: Said) {
        match (&mut *self, more) {
            (Said::Set(known), Said::Set(more)) => known.extend(more),
            (_, Said::Length(None)) => {}
            (Said::Length(None), more) => *self = more,
            (known, more) if *known == more => {}
            (known, more) => {
                let all = [&*known, &more].map(|said| super::in_full(said).unwrap_or_default());
                *self = Said::Words(all.join("; and "));
            }
        }
    }
}

/// A field: its label, and what it says.
pub(super) type Field = (&'static str, Said);

/// One rule, taken apart.
pub(super) struct Rule {
    pub(super) part: &'static str,
    pub(super) title: String,
    pub(super) clause: String,
    pub(super) fields: Vec<Field>,
}

/// Where a rule stands: the place of its part on the policy page, and its name there.
pub(super) type Key = (usize, String);

const PARTS: [&str; 12] = [
    "the policy",
    "scope",
    "roles",
    "procedure",
    "embargo",
    "who learns what",
    "who may tell whom",
    "clocks",
    "commit messages",
    "advisories and channels",
    "mails",
    "the list",
];
const ABOUT: usize = 0;
const SCOPE: usize = 1;
const ROLES: usize = 2;
const PROCEDURE: usize = 3;
const EMBARGO: usize = 4;
const KNOWS: usize = 5;
const TELLS: usize = 6;
const CLOCKS: usize = 7;
const COMMITS: usize = 8;
const PUBLISHED: usize = 9;
const MAILS: usize = 10;
const LIST: usize = 11;

/// Every rule of `policy`, by its place.
pub(super) fn of(policy: &Policy) -> BTreeMap<Key, Rule> {
    let Policy {
        id: _,
        title: _,
        source: _,
        summary: _,
        zone: _,
        zone_name: _,
        publisher: _,
        scope,
        roles,
        steps,
        embargo,
        knows,
        tells,
        clocks,
        commit,
        advisory,
        channels,
        mails,
        list,
    } = policy;
    let mut book = Book { policy, rules: BTreeMap::new() };
    book.about();
    book.scope(scope);
    roles.iter().for_each(|role| book.role(role));
    steps.iter().for_each(|step| book.step(step));
    book.embargo(embargo);
    knows.iter().for_each(|rule| book.knows(rule));
    tells.iter().for_each(|rule| book.tells(rule));
    clocks.iter().for_each(|rule| book.clock(rule));
    book.commits(commit);
    book.advisory(advisory);
    channels.iter().for_each(|channel| book.channel(channel));
    for (kind, MailText { subject, text }) in mails {
        let fields = vec![("Subject", words(subject)), ("Text", words(text))];
        book.put(MAILS, kind.as_str(), &format!("mail “{kind}”"), "", fields);
    }
    if let Some(list) = list {
        book.list(list);
    }
    book.rules
}

struct Book<'p> {
    policy: &'p Policy,
    rules: BTreeMap<Key, Rule>,
}

impl Book<'_> {
    /// Adds a rule. One of the same name joins it: two rules that hand items to one role are one.
    fn put(&mut self, part: usize, name: &str, title: &str, clause: &str, mut fields: Vec<Field>) {
        fields.push(("Source of the rule", set(clause.split([',', ';']).map(str::trim))));
        let rule = self.rules.entry((part, name.to_owned())).or_insert_with(|| Rule {
            part: PARTS.get(part).copied().unwrap_or_default(),
            title: title.to_owned(),
            clause: clause.to_owned(),
            fields: Vec::new(),
        });
        if !rule.clause.contains(clause) {
            let comma = if rule.clause.is_empty() { "" } else { ", " };
            rule.clause = format!("{}{comma}{clause}", rule.clause);
        }
        for (label, said) in fields {
            let known = rule.fields.iter_mut().find(|(known, _)| *known == label).map(|(_, said)| said);
            match (known, said) {
                (None, said) => rule.fields.push((label, said)),
                (Some(known), said) => known.join(said),
            }
        }
    }

    fn about(&mut self) {
        let policy = self.policy;
        let publisher = &policy.publisher;
        let fields = vec![
            ("Title", words(&policy.title)),
            ("Taken from", words(&policy.source)),
            ("Summary", words(&policy.summary)),
            ("Time zone of its hours and days", words(&policy.zone_name)),
            ("Project", words(&publisher.name)),
            ("Home page", words(&publisher.url)),
            ("Report to", words(&publisher.contact)),
            ("CVE numbering authority", words(&publisher.cna.short_name)),
            ("Its organisation id", words(&publisher.cna.org_id)),
        ];
        self.put(ABOUT, "", "what the policy says of itself", "", fields);
    }

    fn scope(&mut self, Scope { covers, clause, hand_over }: &Scope) {
        self.put(SCOPE, "", "what is covered", clause, vec![("Covers", words(covers))]);
        for HandOver { before, to, clause } in hand_over {
            let title = format!("reports that concern only versions before {before}");
            self.put(SCOPE, before, &title, clause, vec![("Handed over to", set([to.as_str()]))]);
        }
    }

    fn role(&mut self, Role { id, title, kind, clause }: &Role) {
        let fields = vec![("Called", words(title)), ("Who that is", words(kind.phrase()))];
        self.put(ROLES, id.as_str(), &format!("role “{title}”"), clause, fields);
    }

    fn step(&mut self, step: &Step) {
        let Step { act, title, by, after, before, then, gives, persons, clause, note } = step;
        let mut fields = vec![
            ("Called", words(title)),
            ("Who may", self.roles(*by)),
            ("Must come first", self.facts(after)),
            ("Must not have happened yet", self.facts(before)),
            ("Must follow before the case closes", self.facts(then)),
            ("Different persons needed", Said::Number(*persons)),
            ("Note", words(note)),
        ];
        let mut given = BTreeMap::new();
        for Gives { to, items } in gives {
            for (role, title) in self.each(*to) {
                let each = items
                    .iter()
                    .map(|item| (format!("{role}/{item}"), format!("{} to {title}", item.phrase())));
                given.extend(each);
            }
        }
        fields.push(("Gives", Said::Set(given)));
        self.put(PROCEDURE, &act.to_string(), &format!("step “{title}” ({act})"), clause, fields);
    }

    fn embargo(&mut self, rules: &EmbargoRules) {
        let EmbargoRules { agree, default, limits, negotiated, reporter_may_shorten, ends, clause } = rules;
        let fields = vec![
            ("Must all agree", self.roles(*agree)),
            ("Proposed where nobody says otherwise", Said::Length(Some(*default))),
            ("Any other length may be agreed", yes(*negotiated)),
            ("A shorter end that the reporter asks for is agreed at once", yes(*reporter_may_shorten)),
        ];
        self.put(EMBARGO, "", "the embargo", clause, fields);
        for Limit { severity, at_least, at_most, force, clause } in limits {
            for band in severity {
                let fields = vec![("At least", Said::Length(*at_least)), ("At most", Said::Length(*at_most))];
                let title = format!("limit for severity {}, as {}", band.name(), force.phrase());
                self.put(EMBARGO, &format!("{}/{force}", band.name()), &title, clause, fields);
            }
        }
        if let Some(Slot { at, weekdays, force, clause }) = ends {
            let days: Vec<String> = weekdays.iter().map(|day| format!("{day:?}")).collect();
            let fields = vec![
                ("Hour", words(&at.to_string())),
                ("Days (any, where none is named)", set(days.iter().map(String::as_str))),
                ("Force", words(force.phrase())),
            ];
            self.put(EMBARGO, "slot", "day and hour of disclosure", clause, fields);
        }
    }

    fn knows(&mut self, Knows { who, items, from, despite_embargo, clause }: &Knows) {
        for (role, title) in self.each(*who) {
            let despite = if *despite_embargo { ", although the announcement is still to come" } else { "" };
            let title = format!("{title}, from when {}{despite}", self.policy.fact_phrase(from));
            let name = format!("{role}/{from}/{despite_embargo}");
            self.put(KNOWS, &name, &title, clause, vec![("Learns", phrases(*items))]);
        }
    }

    fn tells(&mut self, rule: &Tells) {
        let Tells { from, to, items, until, answer, clause, note } = rule;
        let end = until
            .as_ref()
            .map_or_else(String::new, |fact| format!(", until {}", self.policy.fact_phrase(fact)));
        let end_name = until.as_ref().map_or_else(String::new, ToString::to_string);
        for (teller, who) in self.each(*from) {
            for (hearer, whom) in self.each(*to) {
                let title = format!("may {who} tell {whom}? {}{end}", answer.phrase());
                let name = format!("{teller}/{hearer}/{answer}/{end_name}");
                let mut fields = vec![("About", phrases(*items))];
                if !note.is_empty() {
                    fields.push(("Note", set([note.as_str()])));
                }
                self.put(TELLS, &name, &title, clause, fields);
            }
        }
    }

    fn clock(&mut self, rule: &ClockRule) {
        let ClockRule { id, title, starts, due, satisfied, unless, force, remind, alarm, clause } = rule;
        let due = match due {
            Due::Within(length) => ("Due after its start, within", Said::Length(Some(*length))),
            Due::BeforeDisclosure(length) => {
                ("Due before the planned disclosure, by", Said::Length(Some(*length)))
            }
        };
        let reminders: Vec<String> = remind.iter().map(ToString::to_string).collect();
        let fields = vec![
            ("Called", words(title)),
            ("Starts when", words(&self.policy.fact_phrase(starts))),
            due,
            ("Satisfied when", words(&self.policy.fact_phrase(satisfied))),
            ("Falls away when", self.facts(unless)),
            ("Force", words(force.phrase())),
            ("Reminders before it is due", set(reminders.iter().map(String::as_str))),
            ("Who is told", self.roles(*alarm)),
        ];
        self.put(CLOCKS, id.as_str(), &format!("clock “{title}” ({id})"), clause, fields);
    }

    fn commits(&mut self, CommitRule { never_says, clause }: &CommitRule) {
        let fields = vec![("Never says", set(never_says.iter().map(String::as_str)))];
        self.put(COMMITS, "", "messages of public commits", clause, fields);
    }

    fn advisory(&mut self, AdvisoryRule { number, sections, required, clause }: &AdvisoryRule) {
        let number = match number {
            NumberPattern::Cve => "by its first CVE identifier",
            NumberPattern::Pattern(pattern) => pattern,
        };
        let headings: Vec<String> =
            sections.iter().map(|(section, heading)| format!("{heading} ({})", section.name())).collect();
        let fields = vec![
            ("Numbered", words(number)),
            ("Sections in order", words(&headings.join("; "))),
            ("Required", set(required.iter().map(|section| section.name()))),
        ];
        self.put(PUBLISHED, "", "the advisory", clause, fields);
    }

    fn channel(&mut self, Channel { id, title, kind, address, announcements }: &Channel) {
        let fields = vec![
            ("Called", words(title)),
            ("Kind", words(&format!("{kind:?}").to_lowercase())),
            ("Address", words(address)),
            ("Gets announcements", yes(*announcements)),
        ];
        self.put(PUBLISHED, id.as_str(), &format!("channel “{title}” ({id})"), "", fields);
    }

    fn list(&mut self, rules: &ListRules) {
        let ListRules {
            by,
            persons,
            incomplete,
            members,
            appeal,
            heard_by,
            reconfirm,
            clause,
            applicants,
            asks,
            evidence,
            alias,
            criteria,
        } = rules;
        let kinds = applicants.iter().map(|Applicant { id, title }| (id.to_string(), title.clone()));
        let fields = vec![
            ("Who decides", self.roles(*by)),
            ("Different persons needed", Said::Number(*persons)),
            ("Incomplete applications are", words(incomplete.phrase())),
            ("Members are seen by", words(members.phrase())),
            ("Appeals go to", words(appeal)),
            ("Appeals are heard by", self.roles(*heard_by)),
            ("Members confirm every", Said::Length(*reconfirm)),
            ("Who may apply", Said::Set(kinds.collect())),
        ];
        self.put(LIST, "", "the predisclosure list", clause, fields);
        for Ask { id, title, asked, of, clause } in asks {
            let fields = vec![
                ("Asks for", words(title)),
                ("As", words(asked.phrase())),
                ("Of these alone (all, where none is named)", set(of.iter().map(crate::id::Slug::as_str))),
            ];
            self.put(LIST, &format!("ask/{id}"), &format!("part “{id}” of an application"), clause, fields);
        }
        let EvidenceRule { accepts, never_hosts, clause } = evidence;
        let fields = vec![
            ("Accepts", set(accepts.iter().map(|kind| kind.phrase()))),
            ("Never from", set(never_hosts.iter().map(String::as_str))),
        ];
        self.put(LIST, "evidence", "what counts as evidence", clause, fields);
        let AliasRule { words: parts, clause } = alias;
        let fields = vec![("Holds one of", set(parts.iter().map(String::as_str)))];
        self.put(LIST, "alias", "the address for the list", clause, fields);
        for Criterion { id, question, clause } in criteria {
            let title = format!("question “{id}” for those who decide");
            self.put(LIST, &format!("criterion/{id}"), &title, clause, vec![("Question", words(question))]);
        }
    }

    /// The roles of a set: name and title.
    fn each(&self, roles: RoleSet) -> Vec<(String, String)> {
        let named =
            |id: RoleId| self.policy.role_at(id).map(|role| (role.id.to_string(), role.title.clone()));
        roles.iter().filter_map(named).collect()
    }

    fn roles(&self, roles: RoleSet) -> Said {
        Said::Set(self.each(roles).into_iter().collect())
    }

    fn facts(&self, facts: &[Fact]) -> Said {
        Said::Set(facts.iter().map(|fact| (fact.to_string(), self.policy.fact_phrase(fact))).collect())
    }
}

fn words(text: &str) -> Said {
    Said::Words(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn yes(is_so: bool) -> Said {
    words(if is_so { "yes" } else { "no" })
}

fn set<'t>(words: impl IntoIterator<Item = &'t str>) -> Said {
    let named = words.into_iter().filter(|word| !word.is_empty());
    Said::Set(named.map(|word| (word.to_owned(), word.to_owned())).collect())
}

fn phrases(items: ItemSet) -> Said {
    Said::Set(items.iter().map(|item| (item.to_string(), item.phrase().to_owned())).collect())
}
