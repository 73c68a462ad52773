//! Playing a story: the clock is set to each beat, and on the way to it to every instant at which something
//! falls due, as if the program had run all the time.

use super::story::{Beat, Deed, Known, Story};
use crate::engine::clock::{Clock, SetClock};
use crate::engine::{Engine, EngineError};
use crate::out::{Failure, Out};
use crate::words::event_line;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tidegate_domain::case::{Action, Entry};
use tidegate_domain::id::CaseId;
use tidegate_domain::policy::check;
use tidegate_domain::time::Instant;

/// Plays stories into an instance.
pub struct Player {
    engine: Engine,
    clock: Arc<SetClock>,
    out: Option<Out>,
    cases: Vec<CaseId>,
    /// How many lines of each case's log were printed.
    printed: Vec<usize>,
}

impl Player {
    /// A player over an empty instance; without `out` it plays in silence.
    #[must_use]
    pub fn new(engine: Engine, clock: Arc<SetClock>, out: Option<Out>) -> Player {
        Player { engine, clock, out, cases: Vec::new(), printed: Vec::new() }
    }

    /// Plays one story to its end.
    pub async fn play(&mut self, story: &Story) -> Result<(), Failure> {
        self.cases.clear();
        self.printed.clear();
        let policy = self.engine.put_project(&story.project, story.policy).await?;
        let report = check::check(&policy);
        let mut people = self.engine.people().await?;
        for (name, mail, role) in story.people {
            people.grant(&super::story::name(name), Some(mail), &story.project, &super::story::name(role));
        }
        self.engine.set_people(&people).await?;
        self.say(&format!("\n{}", story.title))?;
        self.say(&format!(
            "  under “{}” ({} states visited, sound: {})\n",
            policy.title,
            report.states,
            report.findings.is_empty()
        ))?;
        for beat in &story.beats {
            self.pass_time(beat.at).await?;
            self.perform(story, beat).await?;
        }
        Ok(())
    }

    /// Lets whatever is still due happen, and gives the engine back.
    pub async fn end(self) -> Result<Engine, Failure> {
        self.engine.work().await?;
        Ok(self.engine)
    }

    /// Moves the clock to `until`, stopping wherever something falls due.
    async fn pass_time(&mut self, until: Instant) -> Result<(), Failure> {
        while let Some(wake) = self.engine.next_wake().await?.filter(|wake| *wake <= until) {
            self.clock.set(wake.max(self.clock.now()));
            self.engine.work().await?;
            self.print_new(Known::Assumed).await?;
        }
        self.clock.set(until.max(self.clock.now()));
        Ok(())
    }

    async fn perform(&mut self, story: &Story, beat: &Beat) -> Result<(), Failure> {
        match &beat.deed {
            Deed::Report(mail) => {
                let letter = self.engine.accept_letter(&story.project, None, mail.as_bytes()).await?;
                self.engine.work().await?;
                let stored = self.engine.store.letter(letter).await.map_err(EngineError::from)?;
                let case =
                    stored.case.ok_or_else(|| Failure::plain("a report of the demo opened no case"))?;
                self.cases.push(case);
                self.printed.push(0);
            }
            Deed::Do(action) => self.act(beat, action).await?,
            Deed::Number(number) => {
                let action = Action::AssignNumber { number: (*number).to_owned() };
                self.act(beat, &action).await?;
            }
            Deed::Patch { release, name } => {
                let text = format!("Written for the demo: stands for the patch of {release}.\n");
                let case = self.case(beat)?;
                self.engine.store.put_blob(case, text.as_bytes()).await.map_err(EngineError::from)?;
                let sha256 = hex::encode(Sha256::digest(text.as_bytes()));
                let (release, name) = (super::story::name(release), (*name).to_owned());
                self.act(beat, &Action::AttachPatch { release, name, sha256 }).await?;
            }
            Deed::Try(action) => {
                let case = self.case(beat)?;
                match self.engine.perform(case, &beat.who, action).await {
                    Err(EngineError::Refused(_)) => {}
                    Err(other) => return Err(other.into()),
                    Ok(_) => {
                        return Err(Failure::plain(format!("the demo expected a refusal of {action:?}")));
                    }
                }
            }
        }
        self.engine.work().await?;
        self.print_new(beat.known).await
    }

    async fn act(&self, beat: &Beat, action: &Action) -> Result<(), Failure> {
        let case = self.case(beat)?;
        let done = self.engine.perform(case, &beat.who, action).await;
        let failed = |error: EngineError| {
            let failure = Failure::from(error);
            Failure::of(failure.kind, format!("at {}, {}: {}", beat.at, beat.who, failure.message))
        };
        done.map(drop).map_err(failed)
    }

    fn case(&self, beat: &Beat) -> Result<CaseId, Failure> {
        self.cases
            .get(beat.case)
            .copied()
            .ok_or_else(|| Failure::plain("the demo's story has no such case yet"))
    }

    /// Prints what was added to the logs since the last time.
    async fn print_new(&mut self, known: Known) -> Result<(), Failure> {
        let several = self.cases.len() > 1;
        for index in 0..self.cases.len() {
            let (Some(case), Some(printed)) = (self.cases.get(index).copied(), self.printed.get_mut(index))
            else {
                continue;
            };
            let file = self.engine.load(case).await?;
            let fresh: Vec<Entry> = file.entries.get(*printed..).unwrap_or_default().to_vec();
            *printed = file.entries.len();
            for entry in fresh {
                let which = if several { format!("[{}] ", index + 1) } else { String::new() };
                self.say(&line(&which, &entry, known))?;
            }
        }
        Ok(())
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        self.out.map_or(Ok(()), |out| out.bytes(format!("{text}\n").as_bytes()))
    }
}

/// One line of the timeline. Only what somebody did has a source; the clock's doings follow from it.
fn line(which: &str, entry: &Entry, known: Known) -> String {
    let mark = match (known, &entry.by) {
        (_, tidegate_domain::case::By::Clock) => String::new(),
        (Known::Fact(source), _) => format!("  — {source}"),
        (Known::Assumed, _) => "  (assumed)".to_owned(),
    };
    format!("  {}  {which}{:<9} {}{mark}", entry.at.readable(), entry.by.name(), event_line(&entry.event))
}
