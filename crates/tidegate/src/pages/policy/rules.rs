//! Scope, roles, embargo, and the form of what is published.

use super::clauses::Register;
use super::procedure::{force, push_clause};
use super::{Block, Line, Pair, Part, Run, Table, code, joined, own, plain, roles as role_titles};
use crate::pages::text::capitalised;
use jiff::civil::{Time, Weekday};
use tidegate_domain::policy::{ChannelKind, EmbargoRules, Limit, NumberPattern, Policy, SCHEMA, Slot};

/// What the policy is, at the top of the page.
pub(super) fn facts(policy: &Policy) -> Vec<Pair> {
    let publisher = &policy.publisher;
    let mut cna = own(&publisher.cna.short_name);
    cna.push(Run::Plain(", organisation ".to_owned()));
    cna.push(Run::Code(publisher.cna.org_id.clone()));
    let mut file = code(policy.id.as_str());
    file.push(Run::Plain(format!(", version {SCHEMA} of the policy language")));
    let mut project = own(&publisher.name);
    project.push(Run::Plain(", ".to_owned()));
    project.push(Run::Address(publisher.url.clone()));
    vec![
        ("Project", project),
        ("Report to", vec![Run::Address(publisher.contact.clone())]),
        ("The rules come from", own(&policy.source)),
        ("CVE numbering authority", cna),
        ("Hours and days", plain(format!("in the time zone {}", policy.zone_name))),
        ("Policy", file),
    ]
}

/// What the procedure covers, and who has the rest.
pub(super) fn scope(policy: &Policy, cited: &mut Register) -> Part {
    let mut covers = own(&policy.scope.covers);
    push_clause(&mut covers, cited.cite(&policy.scope.clause, "scope"));
    let mut blocks = vec![Block::Say(covers)];
    let handed = policy.scope.hand_over.iter().map(|rule| {
        let mut line = plain("A report that concerns only versions before ");
        line.push(Run::Own(rule.before.clone()));
        line.push(Run::Plain(" is handed over to ".to_owned()));
        line.push(Run::Own(rule.to.clone()));
        line.push(Run::Plain(".".to_owned()));
        push_clause(&mut line, cited.cite(&rule.clause, "scope, hand-over"));
        line
    });
    let handed: Vec<Line> = handed.collect();
    if !handed.is_empty() {
        blocks.push(Block::Points(handed));
    }
    Part { id: "part-scope", heading: "Scope", blocks }
}

/// Who there is.
pub(super) fn roles(policy: &Policy, cited: &mut Register) -> Part {
    let rows = policy.roles.iter().map(|role| {
        let clause = cited.cite(&role.clause, &format!("role, {}", role.title));
        vec![own(&role.title), plain(capitalised(role.kind.phrase())), code(role.id.as_str()), clause]
    });
    let head = ["Role", "Who that is", "Name", "Clause"].map(plain).to_vec();
    let table = Table { caption: "Who takes part", head, rows: rows.collect(), ..Table::default() };
    Part { id: "part-roles", heading: "Roles", blocks: vec![Block::Table(table)] }
}

/// How long a case may be kept secret, and who agrees to it.
pub(super) fn embargo(policy: &Policy, cited: &mut Register) -> Part {
    let rules = &policy.embargo;
    let mut agreed = role_titles(policy, rules.agree, "and");
    if rules.agree.iter().count() > 1 {
        agreed.push(Run::Plain(", all of them".to_owned()));
    }
    let pairs: Vec<Pair> = vec![
        ("Agreed by", agreed),
        ("Proposed where nobody says otherwise", proposed(rules)),
        ("Other lengths", plain(other_lengths(rules))),
        ("An earlier end that the reporter asks for", plain(earlier_end(rules))),
        ("Day and hour of disclosure", slot(policy, cited)),
    ];
    let mut intro = plain("An embargo is an agreement to keep a case secret until one exact instant.");
    push_clause(&mut intro, cited.cite(&rules.clause, "embargo"));
    let mut blocks = vec![Block::Say(intro), Block::Pairs(pairs)];
    if !rules.limits.is_empty() {
        blocks.push(Block::Table(limits(&rules.limits, cited)));
        let words = "Lengths are counted from the report. A duty is enforced: what breaks it is refused. What breaks advice is said, and may go on.";
        blocks.push(Block::Say(plain(words)));
    }
    Part { id: "part-embargo", heading: "Embargo", blocks }
}

fn proposed(rules: &EmbargoRules) -> Line {
    let then = if rules.ends.is_some() { ", then on to the next day and hour of disclosure" } else { "" };
    plain(format!("{} from the report on{then}", rules.default))
}

fn other_lengths(rules: &EmbargoRules) -> &'static str {
    match (rules.negotiated, rules.limits.is_empty()) {
        (true, true) => "any length may be agreed",
        (true, false) => "any length may be agreed that keeps to the limits below",
        (false, _) => "only within the limits below",
    }
}

fn earlier_end(rules: &EmbargoRules) -> &'static str {
    if rules.reporter_may_shorten {
        "is agreed at once, even below a limit"
    } else {
        "needs the same agreement as any other"
    }
}

fn slot(policy: &Policy, cited: &mut Register) -> Line {
    let Some(slot) = &policy.embargo.ends else { return plain("any") };
    let words = format!("{} at {} ({}); {}", days(slot), time(slot.at), policy.zone_name, force(slot.force));
    let mut line = plain(words);
    push_clause(&mut line, cited.cite(&slot.clause, "embargo, day and hour of disclosure"));
    line
}

fn days(slot: &Slot) -> String {
    let names: Vec<&str> = slot.weekdays.iter().map(|day| weekday(*day)).collect();
    match names.split_last() {
        None => "any day".to_owned(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn time(at: Time) -> String {
    if at.second() == 0 { at.strftime("%H:%M").to_string() } else { at.strftime("%H:%M:%S").to_string() }
}

fn limits(limits: &[Limit], cited: &mut Register) -> Table {
    let rows = limits.iter().map(|limit| {
        let bands = joined(limit.severity.iter().map(|band| plain(band.name())).collect(), "and");
        let length = |length: Option<tidegate_domain::time::Length>| {
            plain(length.map_or_else(|| "no limit".to_owned(), |length| length.to_string()))
        };
        let clause = cited.cite(&limit.clause, "embargo, limits");
        vec![bands, length(limit.at_least), length(limit.at_most), plain(force(limit.force)), clause]
    });
    let head = ["Severity", "At least", "At most", "Force", "Clause"].map(plain).to_vec();
    Table { caption: "Limits of an embargo by severity", head, rows: rows.collect(), ..Table::default() }
}

/// What a public commit may not say.
pub(super) fn commits(policy: &Policy, cited: &mut Register) -> Part {
    let clause = cited.cite(&policy.commit.clause, "commit messages");
    let words = &policy.commit.never_says;
    let mut line = if words.is_empty() {
        plain(
            "The policy bans no words from the messages of public commits. As long as the vulnerability is secret, they hold neither the case’s name, numbers and title nor its reporter.",
        )
    } else {
        let mut line = plain(
            "As long as the vulnerability is secret, the message of a public commit holds none of these, in capitals or not: ",
        );
        line.extend(joined(words.iter().map(|word| code(word)).collect(), "or"));
        line.push(Run::Plain("; nor the case’s own name, numbers, title or reporter.".to_owned()));
        line
    };
    push_clause(&mut line, clause);
    Part { id: "part-commits", heading: "Commit messages", blocks: vec![Block::Say(line)] }
}

/// How an advisory is numbered, and what it consists of.
pub(super) fn advisories(policy: &Policy, cited: &mut Register) -> Part {
    let rule = &policy.advisory;
    let mut number = match &rule.number {
        NumberPattern::Cve => plain("An advisory’s number is its first CVE identifier."),
        NumberPattern::Pattern(pattern) => numbered_by(pattern),
    };
    push_clause(&mut number, cited.cite(&rule.clause, "advisories"));
    let sections = rule.sections.iter().map(|(section, heading)| {
        let mut line = own(heading);
        let must = if rule.required.contains(section) { "required" } else { "optional" };
        line.push(Run::Plain(format!(" – {must}, in drafts ")));
        line.push(Run::Code(section.name().to_owned()));
        line
    });
    let sections: Vec<Line> = sections.collect();
    let mut blocks = vec![Block::Say(number)];
    if !sections.is_empty() {
        blocks.push(Block::Say(plain("Its sections, in this order:")));
        blocks.push(Block::Ordered(sections));
    }
    Part { id: "part-advisories", heading: "Advisories", blocks }
}

fn numbered_by(pattern: &str) -> Line {
    let mut line = plain("Advisories are numbered ");
    line.push(Run::Code(pattern.to_owned()));
    let count = if pattern.contains("{n:3}") {
        ("{n:3}", " is a running number of three digits")
    } else {
        ("{n}", " is a running number")
    };
    line.extend([
        Run::Plain(", where ".to_owned()),
        Run::Code(count.0.to_owned()),
        Run::Plain(count.1.to_owned()),
    ]);
    if pattern.contains("{year}") {
        line.extend([
            Run::Plain(" and ".to_owned()),
            Run::Code("{year}".to_owned()),
            Run::Plain(" the year".to_owned()),
        ]);
    }
    line.push(Run::Plain(".".to_owned()));
    line
}

/// Where announcements go.
pub(super) fn channels(policy: &Policy) -> Part {
    let rows = policy.channels.iter().map(|channel| {
        let kind = match channel.kind {
            ChannelKind::Mail => "mailing list",
            ChannelKind::Web => "web page",
            ChannelKind::List => "predisclosure list, before the others",
        };
        vec![
            own(&channel.title),
            plain(capitalised(kind)),
            vec![Run::Address(channel.address.clone())],
            code(channel.id.as_str()),
        ]
    });
    let head = ["Channel", "Kind", "Address", "Name"].map(plain).to_vec();
    let table = Table { caption: "Where announcements go", head, rows: rows.collect(), ..Table::default() };
    let blocks = if table.rows.is_empty() { Vec::new() } else { vec![Block::Table(table)] };
    Part { id: "part-channels", heading: "Channels", blocks }
}

/// Mails whose text is the policy's own.
pub(super) fn mails(policy: &Policy) -> Part {
    let mut blocks = Vec::new();
    for (kind, mail) in &policy.mails {
        blocks.push(Block::Heading(capitalised(&kind.as_str().replace(['-', '_', '.'], " "))));
        blocks.push(Block::Pairs(vec![("Kind", code(kind.as_str())), ("Subject", own(&mail.subject))]));
        blocks.push(Block::Verbatim(mail.text.clone()));
    }
    if !blocks.is_empty() {
        let words = "These mails have the policy’s own words; the others have the program’s. What stands in braces is filled in.";
        blocks.insert(0, Block::Say(plain(words)));
    }
    Part { id: "part-mails", heading: "Mails", blocks }
}
