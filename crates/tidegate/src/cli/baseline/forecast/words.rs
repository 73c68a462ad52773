//! A forecast for people.

use super::{Row, Told};
use crate::applies::short;
use crate::cli::baseline::check::lines_in_words;
use crate::hands::reason_in_words;
use crate::out::{printable, table};
use std::fmt::Write;
use tidegate_baseline::forecast::{Forecast, Outlook, Since};
use tidegate_baseline::point_release::{Need, Proposal};
use tidegate_baseline::standing::{Conflict, Outcome};

pub(super) fn in_words(branches: &[Told]) -> String {
    let mut text = String::new();
    for told in branches {
        if !text.is_empty() {
            text.push('\n');
        }
        let (branch, release) = (printable(&told.branch), printable(&told.release));
        let _ = writeln!(text, "{branch} at {}, {} since {release}", short(&told.tip), commits(told.commits));
        if !told.series.is_empty() {
            let rows: Vec<Vec<String>> = told.series.iter().map(cells).collect();
            let on_release = format!("on {release}");
            text.push_str(&table(&["series", "on the tip", &on_release], &rows));
        }
        for row in &told.series {
            if let Some(found) = &row.found {
                stopped(&mut text, &branch, row, found);
            }
        }
        match (&told.proposal, &told.error) {
            (Some(proposal), _) => proposed(&mut text, &branch, &release, proposal),
            (None, why) => {
                let why = why.as_deref().unwrap_or("nothing is known");
                let _ = writeln!(text, "Whether it is time for a point release: {}", printable(why));
            }
        }
    }
    text
}

fn commits(count: usize) -> String {
    if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") }
}

fn cells(row: &Row) -> Vec<String> {
    let error = || format!("no answer: {}", row.error.as_deref().unwrap_or_default());
    let on_tip = row.found.as_ref().map_or_else(error, on_tip);
    let on_release = match &row.on_release {
        Some(need) => on_release(need),
        None if row.found.is_some() => error(),
        None => String::new(),
    };
    vec![row.series.clone(), on_tip, on_release]
}

fn on_tip(found: &Forecast) -> String {
    match &found.outlook {
        Outlook::Applies { .. } => match offsets(found) {
            0 => "applies".to_owned(),
            1 => "applies, 1 hunk elsewhere".to_owned(),
            count => format!("applies, {count} hunks elsewhere"),
        },
        Outlook::AlreadyThere => "is there already".to_owned(),
        Outlook::PartlyThere => "is there in part, the rest applies".to_owned(),
        Outlook::Stopped { since } => format!("stopped applying, with {}", short(&since.commit)),
        Outlook::NeverApplied => "does not apply, nor did it since the release".to_owned(),
    }
}

fn offsets(found: &Forecast) -> usize {
    let moved = found.patches.iter().map(|standing| match &standing.result {
        Outcome::Applied { moved } => moved.len(),
        Outcome::AlreadyThere { .. } | Outcome::Failed(_) => 0,
    });
    moved.sum()
}

fn on_release(need: &Need) -> String {
    match need.prerequisites.len() {
        _ if !need.applies => "never applies".to_owned(),
        0 => "applies".to_owned(),
        count => format!("needs {}", commits(count)),
    }
}

fn stopped(text: &mut String, branch: &str, row: &Row, found: &Forecast) {
    let series = printable(&row.series);
    match &found.outlook {
        Outlook::Applies { .. } | Outlook::AlreadyThere | Outlook::PartlyThere => return,
        Outlook::Stopped { since } => {
            let Since { commit, subject, failed, last_good } = &**since;
            let _ = writeln!(text, "\n{series} stopped applying to {branch} with");
            let _ = writeln!(text, "  {commit} {}", printable(subject));
            let _ = writeln!(text, "  there it fails at {}, line {}", printable(&failed.file), failed.line);
            let _ = writeln!(text, "  it applied up to {last_good}");
        }
        Outlook::NeverApplied => {
            let _ =
                writeln!(text, "\n{series} does not apply to {branch}, nor to any commit since the release");
        }
    }
    if let Some((patch, conflict)) = found.conflict() {
        on_the_tip(text, patch, conflict);
    }
}

fn on_the_tip(text: &mut String, patch: &str, conflict: &Conflict) {
    let why = reason_in_words(conflict.why);
    let file = printable(&conflict.file);
    let _ = writeln!(
        text,
        "  on the tip, {} fails at {file}, line {}, for want of: {why}",
        printable(patch),
        conflict.line
    );
    if !conflict.expects.is_empty() {
        let _ = writeln!(text, "       it expects:");
        lines_in_words(text, &conflict.expects);
        let _ = writeln!(text, "       the branch has, from line {}:", conflict.has_line);
        lines_in_words(text, &conflict.has);
    }
    for by in &conflict.changed_by {
        let since = if by.since_release { "since the release" } else { "before the release" };
        let _ = writeln!(text, "       changed by {} {} ({since})", by.commit, printable(&by.subject));
    }
}

fn proposed(text: &mut String, branch: &str, release: &str, proposal: &Proposal) {
    let Proposal { proposed, marks, fixes, vanishing, remaining, needs, .. } = proposal;
    let head = if *proposed { "A point release is proposed" } else { "No point release is proposed" };
    let _ = writeln!(text, "\n{head}: from {branch}, after {release}");
    let _ = writeln!(text, "  published fixes that {release} lacks: {fixes} (proposed from {})", marks.fixes);
    let _ = writeln!(
        text,
        "  commits that must come first, and would not any more: {} (proposed from {})",
        vanishing.len(),
        marks.prerequisites
    );
    let _ = writeln!(text, "  commits that would still have to come first: {remaining}");
    let never = needs.iter().filter(|need| !need.applies).count();
    if never > 0 {
        let _ = writeln!(text, "  fixes that nothing makes apply to {release}: {never}");
    }
    let rows: Vec<Vec<String>> = needs
        .iter()
        .map(|need| {
            let what = if need.published { "published" } else { "not public" };
            vec![format!("  {}", need.fix), what.to_owned(), on_release(need)]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str(&table(&["  fix", "", &format!("on {release}")], &rows));
    }
    for commit in vanishing {
        let mark = if commit.security { " [advisory]" } else { "" };
        let _ = writeln!(text, "  {} {}{mark}", commit.commit, printable(&commit.subject));
        let _ = writeln!(text, "    needed by {}", printable(&commit.needed_by.join(", ")));
    }
}
