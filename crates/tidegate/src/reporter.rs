//! A case as its reporter sees it: where it stands, when it becomes public, what was said, what is theirs to do.

use crate::engine::CaseFile;
use crate::out::{printable, table};
use crate::words::{Said, said};
use serde_json::{Value, json};
use std::fmt::Write as _;
use tidegate_domain::audience::{ReporterStanding, View};
use tidegate_domain::case::Actor;
use tidegate_domain::time::Instant;

/// Lines of a message that are shown.
const LINES_MAX: usize = 40;

/// What a reporter is shown of their case.
pub(crate) struct Page {
    standing: ReporterStanding,
    /// The instant to come, where one is agreed that they may know.
    disclosure: Option<Instant>,
    /// Steps: name, title, clause.
    open: Vec<[String; 3]>,
    messages: Vec<Said>,
}

impl Page {
    /// The page for `viewer`; `None` where they did not report the case, or work on it anyway.
    pub(crate) fn of(file: &CaseFile, view: &View<'_>, viewer: &Actor, now: Instant) -> Option<Page> {
        let standing = file.standing_for_reporter(viewer).filter(|_| !view.insider)?;
        let step = |step: &tidegate_domain::policy::Step| {
            [step.act.to_string(), step.title.clone(), step.clause.clone()]
        };
        Some(Page {
            standing,
            disclosure: view.planned.filter(|_| file.awaits_disclosure()),
            open: file.open_to_reporter(viewer, now).into_iter().map(step).collect(),
            messages: file.correspondence(viewer).iter().map(|entry| said(entry)).collect(),
        })
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("\nyour report: {}\n", self.standing.phrase());
        let _ = match self.disclosure {
            Some(at) => {
                writeln!(text, "it becomes public at {}; until then it is confidential", at.readable())
            }
            None if self.standing == ReporterStanding::Public => Ok(()),
            None => writeln!(text, "no instant of disclosure is agreed that you could be told"),
        };
        text.push_str("\nwhat was said\n");
        for message in &self.messages {
            let _ =
                writeln!(text, "{}  {}: {}", message.at.readable(), message.from, printable(&message.what));
            for line in message.text.lines().take(LINES_MAX) {
                let _ = writeln!(text, "  | {}", printable(line));
            }
        }
        text.push_str("\nwhat you can do\n");
        if self.open.is_empty() {
            text.push_str("nothing is asked of you now; a mail to the security team joins the case\n");
        } else {
            let rows: Vec<Vec<String>> = self.open.iter().map(|step| step.to_vec()).collect();
            text.push_str(&table(&["step", "", "rule"], &rows));
        }
        text
    }

    pub(crate) fn value(&self) -> Value {
        let steps = self
            .open
            .iter()
            .map(|[step, title, clause]| json!({"step": step, "title": title, "clause": clause}));
        let messages = self.messages.iter().map(|message| {
            json!({
                "at": message.at.to_string(), "from": message.from,
                "what": message.what, "text": message.text,
            })
        });
        json!({
            "stands": self.standing.phrase(),
            "disclosure": self.disclosure.map(|at| at.to_string()),
            "steps": steps.collect::<Vec<_>>(),
            "messages": messages.collect::<Vec<_>>(),
        })
    }
}
