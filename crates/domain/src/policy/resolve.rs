//! Gives the words of a policy file their meaning, and collects every fault on the way.

mod list;

use super::raw::{
    AllOrSome, RawChannel, RawClock, RawEmbargo, RawItems, RawLimit, RawMail, RawPolicy, RawRole, RawSlot,
    RawStep, Word,
};
use super::sets::{ItemSet, ROLES_MAX, RoleId, RoleSet};
use super::vocabulary::{Answer, BuiltFact, Fact, Force, Item, RoleKind, Verb};
use super::{
    Act, AdvisoryRule, Channel, ChannelKind, ClockRule, CommitRule, Due, EmbargoRules, Gives, HandOver,
    Knows, Limit, MailText, NumberPattern, Policy, Role, Scope, Slot, Step, Tells,
};
use crate::advisory::Section;
use crate::consequence::{LetterKind, PLACEHOLDERS};
use crate::fault::Fault;
use crate::id::Slug;
use crate::rating::Severity;
use crate::time::Length;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use std::collections::BTreeMap;

/// Most steps of a policy's own.
pub const CUSTOM_STEPS_MAX: usize = 30;
/// Most entries in any list of a policy.
const LIST_MAX: usize = 200;

struct Reader<'a> {
    text: &'a str,
    roles: Vec<String>,
    customs: Vec<String>,
    faults: Vec<Fault>,
}

/// The policy as far as it could be understood, and every fault found.
pub(super) fn resolve(text: &str, raw: RawPolicy) -> (Policy, Vec<Fault>) {
    let mut reader = Reader {
        text,
        roles: raw.roles.iter().map(|role| role.id.get_ref().clone()).collect(),
        customs: raw
            .steps
            .iter()
            .filter_map(|step| step.custom.as_ref())
            .map(|id| id.get_ref().clone())
            .collect(),
        faults: Vec::new(),
    };
    reader.sizes(&raw);
    reader.doubles(&raw);
    let zone_name = raw.zone.get_ref().clone();
    let zone = reader.zone(&raw.zone);
    let policy = Policy {
        id: reader.slug(&raw.id),
        title: raw.title,
        source: raw.source,
        summary: raw.summary,
        zone,
        zone_name,
        publisher: raw.project,
        scope: Scope {
            covers: raw.scope.covers,
            clause: raw.scope.clause,
            hand_over: raw
                .scope
                .hand_over
                .into_iter()
                .map(|rule| HandOver { before: rule.before, to: rule.to, clause: rule.clause })
                .collect(),
        },
        roles: raw.roles.iter().map(|role| reader.role(role)).collect(),
        steps: reader.steps(&raw.steps),
        embargo: reader.embargo(&raw.embargo),
        knows: raw.knows.iter().map(|rule| reader.knows(rule)).collect(),
        tells: raw.tells.iter().map(|rule| reader.tells(rule)).collect(),
        clocks: raw.clocks.iter().map(|clock| reader.clock(clock)).collect(),
        commit: CommitRule { never_says: raw.commit.never_says, clause: raw.commit.clause },
        advisory: reader.advisory(&raw.advisory),
        channels: raw.channels.iter().map(|channel| reader.channel(channel)).collect(),
        mails: reader.mails(raw.mail),
        list: raw.list.as_ref().map(|list| reader.list(list)),
    };
    (policy, reader.faults)
}

impl Reader<'_> {
    fn fault(&mut self, word: &Word, what: impl Into<String>, advice: impl Into<String>) {
        self.faults.push(Fault::at(self.text, word.span().start, what, advice));
    }

    fn sizes(&mut self, raw: &RawPolicy) {
        let lists = [
            ("role", raw.roles.len(), ROLES_MAX),
            ("step", raw.steps.len(), LIST_MAX),
            ("step (custom)", self.customs.len(), CUSTOM_STEPS_MAX),
            ("knows", raw.knows.len(), LIST_MAX),
            ("tells", raw.tells.len(), LIST_MAX),
            ("clock", raw.clocks.len(), LIST_MAX),
            ("channel", raw.channels.len(), LIST_MAX),
        ];
        for (name, found, most) in lists {
            if found > most {
                let what = format!("{found} [[{name}]] tables; a policy has at most {most}");
                self.faults.push(Fault::nowhere(what, "Say it in fewer."));
            }
        }
        for (index, role) in raw.roles.iter().enumerate() {
            if self.roles.iter().take(index).any(|earlier| earlier == role.id.get_ref()) {
                self.fault(
                    &role.id,
                    format!("the role `{}` is defined twice", role.id.get_ref()),
                    "Remove one.",
                );
            }
        }
    }

    /// Names that must be told apart: reminders go by a clock's, announcements by a channel's.
    fn doubles(&mut self, raw: &RawPolicy) {
        let clocks: Vec<&Word> = raw.clocks.iter().map(|clock| &clock.id).collect();
        let channels: Vec<&Word> = raw.channels.iter().map(|channel| &channel.id).collect();
        for (what, words) in [("clock", clocks), ("channel", channels)] {
            self.told_apart(what, &words);
        }
    }

    fn told_apart(&mut self, what: &str, words: &[&Word]) {
        for (index, word) in words.iter().enumerate() {
            if words.iter().take(index).any(|earlier| earlier.get_ref() == word.get_ref()) {
                self.fault(word, format!("the {what} `{}` is defined twice", word.get_ref()), "Rename one.");
            }
        }
    }

    /// Mail texts of a kind, and with placeholders, that the program knows.
    fn mails(&mut self, raw: BTreeMap<String, RawMail>) -> BTreeMap<Slug, MailText> {
        let kinds: Vec<&str> = LetterKind::ALL.iter().map(|kind| kind.name()).collect();
        let mut mails = BTreeMap::new();
        for (kind, mail) in raw {
            if !kinds.contains(&kind.as_str()) {
                let what = format!("`mail.{}` is not a kind of letter", kind.escape_debug());
                self.faults.push(Fault::nowhere(what, format!("Kinds are: {}.", kinds.join(", "))));
            }
            for unknown in placeholders(&mail.subject).chain(placeholders(&mail.text)) {
                let what =
                    format!("`mail.{kind}` has the placeholder `{{{unknown}}}`, which stands for nothing");
                self.faults.push(Fault::nowhere(what, format!("Known: {}.", PLACEHOLDERS.join(", "))));
            }
            if let Ok(id) = kind.parse() {
                mails.insert(id, MailText { subject: mail.subject, text: mail.text });
            }
        }
        mails
    }

    fn slug(&mut self, word: &Word) -> Slug {
        word.get_ref().parse().unwrap_or_else(|error: crate::id::NotASlug| {
            self.fault(word, error.to_string(), "");
            fallback_slug()
        })
    }

    /// One word out of a closed list.
    fn word<T: Copy>(
        &mut self,
        word: &Word,
        what: &str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let found = all.iter().copied().find(|known| name(*known) == word.get_ref());
        if found.is_none() {
            let known: Vec<&str> = all.iter().map(|known| name(*known)).collect();
            let advice = format!("Known: {}.", known.join(", "));
            self.fault(word, format!("`{}` is not {what}", word.get_ref().escape_debug()), advice);
        }
        found
    }

    fn zone(&mut self, word: &Word) -> TimeZone {
        TimeZone::get(word.get_ref()).unwrap_or_else(|_| {
            let what = format!("`{}` is not a time zone", word.get_ref().escape_debug());
            self.fault(word, what, "Use a name of the IANA database, such as UTC or Europe/London.");
            TimeZone::UTC
        })
    }

    fn role(&mut self, raw: &RawRole) -> Role {
        Role {
            id: self.slug(&raw.id),
            title: raw.title.clone(),
            kind: self
                .word(&raw.kind, "a kind of role", RoleKind::ALL, RoleKind::name)
                .unwrap_or(RoleKind::Contact),
            clause: raw.clause.clone(),
        }
    }

    fn role_set(&mut self, words: &[Word]) -> RoleSet {
        let mut set = RoleSet::NONE;
        for word in words {
            let index = self.roles.iter().position(|role| role == word.get_ref());
            match index.and_then(RoleId::new) {
                Some(role) => set = set.union(RoleSet::only(role)),
                None => {
                    let advice = format!("Roles of this file: {}.", self.roles.join(", "));
                    self.fault(word, format!("`{}` is not a role", word.get_ref().escape_debug()), advice);
                }
            }
        }
        set
    }

    fn items(&mut self, raw: &RawItems) -> ItemSet {
        let names = match raw.get_ref() {
            AllOrSome::Word(word) if word == "all" => return Item::ALL.iter().copied().collect(),
            AllOrSome::Word(word) => std::slice::from_ref(word),
            AllOrSome::List(words) => words,
        };
        let mut items = ItemSet::NONE;
        for name in names {
            match Item::from_name(name) {
                Some(item) => items = items.union(ItemSet::only(item)),
                None => {
                    let known: Vec<&str> = Item::ALL.iter().map(|item| item.name()).collect();
                    let what = format!("`{}` is not an item", name.escape_debug());
                    let advice = format!("Write \"all\", or a list of: {}.", known.join(", "));
                    self.faults.push(Fault::at(self.text, raw.span().start, what, advice));
                }
            }
        }
        items
    }

    fn fact(&mut self, word: &Word) -> Fact {
        let name = word.get_ref();
        if let Some(built) = BuiltFact::from_name(name) {
            return Fact::Built(built);
        }
        if self.customs.contains(name) {
            return Fact::Custom(self.slug(word));
        }
        let near: Vec<&str> = BuiltFact::ALL.iter().map(|fact| fact.name()).collect();
        let advice = format!(
            "Facts are: {}; and this file's custom steps: {}.",
            near.join(", "),
            self.customs.join(", ")
        );
        self.fault(word, format!("`{}` is not a fact", name.escape_debug()), advice);
        Fact::Built(BuiltFact::Received)
    }

    fn facts(&mut self, words: &[Word]) -> Vec<Fact> {
        words.iter().map(|word| self.fact(word)).collect()
    }

    fn steps(&mut self, raws: &[RawStep]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for raw in raws {
            let Some(step) = self.step(raw) else { continue };
            if let Some(earlier) = steps.iter().find(|earlier| earlier.act == step.act) {
                let what = format!("two steps do `{}`: {} and {}", step.act, earlier.clause, step.clause);
                self.fault(&raw.clause, what, "Make one step of them, or give the second a name of its own.");
            }
            steps.push(step);
        }
        steps
    }

    fn step(&mut self, raw: &RawStep) -> Option<Step> {
        let (act, title) = match (&raw.does, &raw.custom) {
            (Some(verb), None) => {
                let verb = self.word(verb, "a verb", Verb::ALL, Verb::name)?;
                (Act::Built(verb), raw.title.clone().unwrap_or_else(|| capitalised(verb.phrase())))
            }
            (None, Some(custom)) => {
                if Verb::from_name(custom.get_ref()).is_some()
                    || BuiltFact::from_name(custom.get_ref()).is_some()
                {
                    let what = format!("`{}` is one of the program's own words", custom.get_ref());
                    self.fault(
                        custom,
                        what,
                        "Give the custom step another name, or write `does` instead of `custom`.",
                    );
                }
                let id = self.slug(custom);
                let title = raw.title.clone().unwrap_or_else(|| id.to_string());
                (Act::Custom(id), title)
            }
            (Some(_), Some(_)) | (None, None) => {
                self.fault(&raw.clause, "a step has either `does` or `custom`", "Write one of them.");
                return None;
            }
        };
        if raw.by.is_empty() {
            self.fault(&raw.clause, format!("nobody may do `{act}`"), "Name the roles in `by`.");
        }
        let persons = raw.persons.as_ref().map_or(1, |persons| *persons.get_ref());
        if !(1..=5).contains(&persons) {
            self.fault(&raw.clause, format!("`{act}` asks for {persons} persons"), "Write 1 to 5.");
        }
        Some(Step {
            act,
            title,
            by: self.role_set(&raw.by),
            after: self.facts(&raw.after),
            before: self.facts(&raw.before),
            then: self.facts(&raw.then),
            gives: raw
                .gives
                .iter()
                .map(|gives| Gives { to: self.role_set(&gives.to), items: self.items(&gives.items) })
                .collect(),
            persons,
            clause: raw.clause.get_ref().clone(),
            note: raw.note.clone(),
        })
    }

    fn length(&mut self, word: &Word) -> Length {
        parse_length(word.get_ref()).unwrap_or_else(|| {
            let what = format!("`{}` is not a length of time", word.get_ref().escape_debug());
            self.fault(
                word,
                what,
                "Write ISO 8601 such as \"P15D\", \"P2W\", \"PT72H\", or \"5 working days\".",
            );
            Length::WorkingDays(1)
        })
    }

    fn force(&mut self, word: &Word) -> Force {
        self.word(word, "a force", Force::ALL, Force::name).unwrap_or(Force::Duty)
    }

    fn embargo(&mut self, raw: &RawEmbargo) -> EmbargoRules {
        if raw.agree.get_ref().is_empty() {
            let place = raw.agree.span().start;
            let advice = "Name the roles that agree, such as [\"team\", \"reporter\"].";
            self.faults.push(Fault::at(self.text, place, "nobody agrees to an embargo", advice));
        }
        EmbargoRules {
            agree: self.role_set(raw.agree.get_ref()),
            default: self.length(&raw.default),
            limits: raw.limit.iter().map(|limit| self.limit(limit)).collect(),
            negotiated: raw.negotiated,
            reporter_may_shorten: raw.reporter_may_shorten,
            ends: raw.ends.as_ref().map(|slot| self.slot(slot)),
            clause: raw.clause.clone(),
        }
    }

    fn limit(&mut self, raw: &RawLimit) -> Limit {
        Limit {
            severity: raw
                .severity
                .iter()
                .filter_map(|word| self.word(word, "a severity", &Severity::ALL, Severity::name))
                .collect(),
            at_least: raw.at_least.as_ref().map(|word| self.length(word)),
            at_most: raw.at_most.as_ref().map(|word| self.length(word)),
            force: self.force(&raw.force),
            clause: raw.clause.clone(),
        }
    }

    fn slot(&mut self, raw: &RawSlot) -> Slot {
        let at = raw.at.get_ref().parse::<Time>().unwrap_or_else(|_| {
            self.fault(
                &raw.at,
                format!("`{}` is not a time of day", raw.at.get_ref()),
                "Write it as \"15:00\".",
            );
            Time::midnight()
        });
        let weekdays =
            raw.weekdays.iter().filter_map(|word| self.word(word, "a weekday", &WEEKDAYS, weekday_name));
        Slot { at, weekdays: weekdays.collect(), force: self.force(&raw.force), clause: raw.clause.clone() }
    }

    fn knows(&mut self, raw: &super::raw::RawKnows) -> Knows {
        Knows {
            who: self.role_set(&raw.who),
            items: self.items(&raw.items),
            from: self.fact(&raw.from),
            despite_embargo: raw.despite_embargo,
            clause: raw.clause.clone(),
        }
    }

    fn tells(&mut self, raw: &super::raw::RawTells) -> Tells {
        Tells {
            from: self.role_set(&raw.from),
            to: self.role_set(&raw.to),
            items: self.items(&raw.items),
            until: raw.until.as_ref().map(|fact| self.fact(fact)),
            answer: self.word(&raw.answer, "an answer", Answer::ALL, Answer::name).unwrap_or(Answer::No),
            clause: raw.clause.clone(),
            note: raw.note.clone(),
        }
    }

    fn clock(&mut self, raw: &RawClock) -> ClockRule {
        let due = match (&raw.within, &raw.before_disclosure) {
            (Some(within), None) => Due::Within(self.length(within)),
            (None, Some(before)) => Due::BeforeDisclosure(self.length(before)),
            (Some(_), Some(_)) | (None, None) => {
                let advice = "Write one of them: within = \"P2W\" after the start, or before_disclosure = \"10 working days\".";
                self.fault(&raw.id, "a clock has either `within` or `before_disclosure`", advice);
                Due::Within(Length::WorkingDays(1))
            }
        };
        if let Some(
            BuiltFact::PatchedEverywhere
            | BuiltFact::TestedEverywhere
            | BuiltFact::ResolvedEverywhere
            | BuiltFact::Approved
            | BuiltFact::Staged,
        ) = BuiltFact::from_name(raw.starts.get_ref())
        {
            let what = format!("`{}` does not last, and cannot start a clock", raw.starts.get_ref());
            self.fault(
                &raw.starts,
                what,
                "Start it with a fact that stays true, such as confirmed or drafted.",
            );
        }
        ClockRule {
            id: self.slug(&raw.id),
            title: raw.title.clone(),
            starts: self.fact(&raw.starts),
            due,
            satisfied: self.fact(&raw.satisfied),
            unless: self.facts(&raw.unless),
            force: self.force(&raw.force),
            remind: raw.remind.iter().map(|word| self.length(word)).collect(),
            alarm: self.role_set(&raw.alarm),
            clause: raw.clause.clone(),
        }
    }

    fn advisory(&mut self, raw: &super::raw::RawAdvisory) -> AdvisoryRule {
        let number = match raw.number.get_ref().as_str() {
            "CVE" => NumberPattern::Cve,
            pattern => {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '{' | '}' | ':');
                if !(pattern.contains("{n}") || pattern.contains("{n:3}")) || !pattern.chars().all(plain) {
                    let what = format!("`{}` cannot number advisories", pattern.escape_debug());
                    self.fault(
                        &raw.number,
                        what,
                        "Write \"CVE\", or a pattern such as \"XSA-{n}\" or \"OSSA-{year}-{n:3}\".",
                    );
                }
                NumberPattern::Pattern(pattern.to_owned())
            }
        };
        let mut sections = Vec::new();
        let mut required = Vec::new();
        for section in &raw.section {
            let Some(id) = self.word(&section.id, "a section", &Section::ALL, Section::name) else {
                continue;
            };
            sections.push((id, section.heading.clone()));
            if section.required {
                required.push(id);
            }
        }
        AdvisoryRule { number, sections, required, clause: raw.clause.clone() }
    }

    fn channel(&mut self, raw: &RawChannel) -> Channel {
        let kind = self.word(&raw.kind, "a kind of channel", &CHANNEL_KINDS, channel_kind_name);
        let id = self.slug(&raw.id);
        let kind = kind.unwrap_or(ChannelKind::Mail);
        let fits = match kind {
            ChannelKind::Mail | ChannelKind::List => raw.address.contains('@'),
            ChannelKind::Web => raw.address.starts_with("https://"),
        };
        if !fits {
            let what = format!("`{}` is not an address for the channel `{id}`", raw.address.escape_debug());
            self.fault(
                &raw.id,
                what,
                "A mail or list channel has a mail address, a web channel an https: URL.",
            );
        }
        let announcements = raw.announcements.unwrap_or(true);
        Channel { id, title: raw.title.clone(), kind, address: raw.address.clone(), announcements }
    }
}

const CHANNEL_KINDS: [ChannelKind; 3] = [ChannelKind::Mail, ChannelKind::Web, ChannelKind::List];

fn channel_kind_name(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Mail => "mail",
        ChannelKind::Web => "web",
        ChannelKind::List => "list",
    }
}

const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

/// The names between braces in a mail text that stand for nothing.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    names.filter(|name| !PLACEHOLDERS.contains(name))
}

/// `P15D`, `P2W`, `PT72H`, or `5 working days`. Nothing negative, nothing over ten years.
/// Reads ISO 8601 up to ten years, or working days.
pub(crate) fn parse_length(text: &str) -> Option<Length> {
    let words = text.strip_suffix(" working days").or_else(|| text.strip_suffix(" working day"));
    if let Some(days) = words {
        let days: i32 = days.trim().parse().ok()?;
        return (1..=2_600).contains(&days).then_some(Length::WorkingDays(days));
    }
    let span: Span = text.strip_prefix('P').and_then(|_| text.parse().ok())?;
    let start = jiff::civil::date(2000, 1, 1);
    let end = start.checked_add(span).ok()?;
    let bounded = end > start && end <= start.checked_add(10.years()).ok()?
        || span.get_hours() > 0
        || span.get_minutes() > 0;
    (bounded && !span.is_negative()).then(|| Length::Calendar(span.fieldwise()))
}

fn capitalised(phrase: &str) -> String {
    let mut chars = phrase.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Stands in for a name that could not be read, so that reading goes on; the fault is already noted.
fn fallback_slug() -> Slug {
    "x".parse().unwrap_or_else(|_| unreachable!("`x` is a slug"))
}
