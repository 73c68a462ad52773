//! `tidegate case ...`: every step of the procedure, one subcommand each.

use super::acting;
use super::may::MayTell;
use super::show;
use crate::engine::Engine;
use crate::out::{Failure, Out};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};
use tidegate_domain::advisory::{ActionNeeded, CveId, Draft};
use tidegate_domain::case::{Action, Reason, TestOutcome};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::rating::Rating;
use tidegate_domain::time::Instant;

/// A case and some words.
#[derive(Debug, clap::Args)]
pub(super) struct Words {
    /// The case.
    case: CaseId,
    /// The words.
    #[arg(long, alias = "note", default_value = "")]
    text: String,
}

/// A case and an instant.
#[derive(Debug, clap::Args)]
pub(super) struct Until {
    /// The case.
    case: CaseId,
    /// The end: one exact instant with its offset, as 2014-10-01T12:00:00Z.
    #[arg(long)]
    until: Instant,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Outcome {
    /// It mitigates, and breaks nothing.
    Pass,
    /// It does not, or it breaks something.
    Fail,
}

/// The reasons by their names.
fn reasons() -> impl TypedValueParser<Value = Reason> {
    PossibleValuesParser::new(Reason::ALL.map(Reason::name))
        .try_map(|name| Reason::from_name(&name).ok_or("no such reason"))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Again {
    /// Whoever acted on an earlier version must act again.
    Again,
    /// Whoever acted on an earlier version is done.
    NotAgain,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::enum_variant_names, reason = "`open-case` is the verb of the policy language")]
pub(super) enum Case {
    /// List the cases that you may know of.
    List {
        /// Only those of this project.
        #[arg(long)]
        project: Option<Slug>,
        /// Closed ones too.
        #[arg(long)]
        all: bool,
    },
    /// Show a case: where it stands, what is next and why not yet, its clocks, who knows what.
    Show {
        /// The case.
        case: CaseId,
    },
    /// Show a case's log.
    Log {
        /// The case.
        case: CaseId,
    },
    /// Show open cases that this one may be a duplicate of. Only the team sees it.
    Duplicates {
        /// The case.
        case: CaseId,
    },
    /// May I pass this on, now? The answer cites its clause, and can be quoted.
    MayTell(MayTell),
    /// Tell the reporter that the report arrived.
    Acknowledge(Words),
    /// Give a report that is out of scope to the organisation named for it.
    HandOver {
        /// The case.
        case: CaseId,
        /// The organisation that the policy names.
        #[arg(long)]
        to: String,
        /// Words for it.
        #[arg(long, alias = "note", default_value = "")]
        text: String,
    },
    /// Find that it is a vulnerability of this project.
    Confirm {
        /// The case.
        case: CaseId,
        /// A release that needs a patch; repeat it for each.
        #[arg(long = "release", required = true)]
        releases: Vec<Slug>,
        /// A version known to be affected, for the scope; repeat it for each.
        #[arg(long = "version")]
        versions: Vec<String>,
    },
    /// Find that it is not.
    Deny(Words),
    /// Tell the reporter the verdict.
    TellReporter(Words),
    /// Link it to the case that it duplicates.
    MarkDuplicate {
        /// The case.
        case: CaseId,
        /// The case that it duplicates.
        #[arg(long)]
        of: CaseId,
    },
    /// Let another case take it in.
    Merge {
        /// The case that goes.
        case: CaseId,
        /// The case that stays.
        #[arg(long)]
        into: CaseId,
    },
    /// Rate the severity.
    Rate {
        /// The case.
        case: CaseId,
        /// A CVSS 3.1 or 4.0 vector.
        #[arg(long)]
        vector: Rating,
    },
    /// Make a person responsible.
    Assign {
        /// The case.
        case: CaseId,
        /// The person.
        #[arg(long)]
        person: Slug,
    },
    /// Invite a person to this case alone.
    Invite {
        /// The case.
        case: CaseId,
        /// The person.
        #[arg(long)]
        person: Slug,
        /// In which role.
        #[arg(long, default_value = "helper")]
        role: Slug,
    },
    /// As an invited person: acknowledge that you hold the case in confidence.
    AcknowledgeConfidence {
        /// The case.
        case: CaseId,
    },
    /// Write to the reporter.
    MessageReporter(Words),
    /// Propose an embargo; without --until, the end that the policy proposes.
    ProposeEmbargo {
        /// The case.
        case: CaseId,
        /// The end: one exact instant with its offset, as 2014-10-01T12:00:00Z.
        #[arg(long)]
        until: Option<Instant>,
    },
    /// Accept the shortest end that is proposed.
    AcceptEmbargo {
        /// The case.
        case: CaseId,
    },
    /// Propose another end for the running embargo.
    ReviseEmbargo(Until),
    /// Reject what is proposed.
    RejectEmbargo {
        /// The case.
        case: CaseId,
    },
    /// End the running embargo now.
    EndEmbargo(Words),
    /// Record that the public knows of it. This ends a running embargo at once.
    RecordPublic(Words),
    /// Record that an exploit is public. This ends a running embargo at once.
    RecordExploited(Words),
    /// Record that attacks are seen.
    RecordAttacked(Words),
    /// Attach the patch for one release.
    AttachPatch {
        /// The case.
        case: CaseId,
        /// The release.
        #[arg(long)]
        release: Slug,
        /// The patch file.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Record the test of one release's patch.
    RecordTest {
        /// The case.
        case: CaseId,
        /// The release.
        #[arg(long)]
        release: Slug,
        /// What it showed.
        #[arg(long, value_enum)]
        outcome: Outcome,
        /// What was run.
        #[arg(long = "text", visible_alias = "note", default_value = "")]
        note: String,
    },
    /// Say why a release has no patch that is found to apply; the advisory says the reason.
    GiveReason {
        /// The case.
        case: CaseId,
        /// The release.
        #[arg(long)]
        release: Slug,
        /// The reason, as one of these.
        #[arg(long, value_parser = reasons())]
        reason: Reason,
        /// A note, for the record alone.
        #[arg(long = "text", visible_alias = "note", default_value = "")]
        note: String,
    },
    /// Set a CVE identifier.
    ReserveCve {
        /// The case.
        case: CaseId,
        /// The identifier.
        #[arg(long)]
        cve: CveId,
    },
    /// Give the advisory its number; without --number, the next one of the policy's pattern.
    AssignNumber {
        /// The case.
        case: CaseId,
        /// The number.
        #[arg(long)]
        number: Option<String>,
    },
    /// Write or replace the text of the advisory.
    DraftAdvisory {
        /// The case.
        case: CaseId,
        /// The draft; `advisory template` prints an empty one.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Approve the drafted text.
    Approve {
        /// The case.
        case: CaseId,
    },
    /// Send the advisory to the predisclosure list.
    Predisclose {
        /// The case.
        case: CaseId,
    },
    /// Record the public commit on one release's branch. Its message is checked.
    RecordCommit {
        /// The case.
        case: CaseId,
        /// The release.
        #[arg(long)]
        release: Slug,
        /// The commit's full id.
        #[arg(long)]
        commit: String,
        /// The commit's message.
        #[arg(long)]
        message: String,
    },
    /// Record the released version that contains the patch.
    RecordRelease {
        /// The case.
        case: CaseId,
        /// The release.
        #[arg(long)]
        release: Slug,
        /// The version.
        #[arg(long)]
        version: String,
    },
    /// Join a batch of cases that share one disclosure instant.
    Batch {
        /// The case.
        case: CaseId,
        /// The batch's name.
        #[arg(long)]
        batch: Slug,
        /// Its instant: the end of the case's embargo.
        #[arg(long)]
        at: Instant,
    },
    /// Stage the announcement: it becomes public at the embargo's end, or now.
    Announce {
        /// The case.
        case: CaseId,
    },
    /// Make the case publicly readable.
    OpenCase {
        /// The case.
        case: CaseId,
    },
    /// Draft the next version of a public advisory.
    Reissue {
        /// The case.
        case: CaseId,
        /// The new text.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// What changed.
        #[arg(long)]
        changes: String,
        /// Whether readers must act again.
        #[arg(long, value_enum)]
        action: Again,
    },
    /// Write the retrospective.
    Retrospective(Words),
    /// Close the case.
    Close(Words),
    /// Do a step of the policy's own.
    Step {
        /// The case.
        case: CaseId,
        /// The step.
        step: Slug,
        /// What was done.
        #[arg(long = "text", visible_alias = "note", default_value = "")]
        note: String,
    },
    /// Destroy a case's key: its content can never be read again, by anybody. The log still verifies.
    Shred {
        /// The case.
        case: CaseId,
        /// Say that you mean it.
        #[arg(long)]
        yes: bool,
    },
}

impl Case {
    pub(super) async fn run(self, engine: &Engine, who: Option<&Slug>, out: &Out) -> Result<(), Failure> {
        match self {
            Case::List { project, all } => {
                show::list(engine, project.as_ref(), acting(who)?, !all, out).await
            }
            Case::Show { case } => show::case(engine, case, acting(who)?, out).await,
            Case::Log { case } => show::log(engine, case, acting(who)?, out).await,
            Case::MayTell(question) => question.run(engine, acting(who)?, out).await,
            Case::Duplicates { case } => show::duplicates(engine, case, acting(who)?, out).await,
            Case::Merge { case, into } => {
                let done = engine.merge(case, into, acting(who)?).await?;
                show::performed(into, &done, out)
            }
            Case::Shred { case, yes: false } => {
                // Whoever has no such case learns that first.
                engine.open_case(case, acting(who)?).await?;
                Err(Failure::plain("nothing was destroyed: say --yes to mean it"))
            }
            Case::Shred { case, yes: true } => {
                engine.shred(case, acting(who)?).await?;
                out.show(&format!("the key of {case} is destroyed"), &json!({"shredded": case.to_string()}))
            }
            other => {
                let (case, action) = other.action(engine, acting(who)?).await?;
                let done = engine.perform(case, acting(who)?, &action).await?;
                show::performed(case, &done, out)
            }
        }
    }

    /// The action that was typed, with what it needs from files and from the instance.
    async fn action(self, engine: &Engine, who: &Slug) -> Result<(CaseId, Action), Failure> {
        match self {
            Case::ProposeEmbargo { case, until } => {
                let until = match until {
                    Some(until) => until,
                    None => engine.proposed_end(case, who).await?,
                };
                Ok((case, Action::ProposeEmbargo { until }))
            }
            Case::AttachPatch { case, release, file } => {
                let bytes = std::fs::read(&file).map_err(|error| Failure::file(&file, &error))?;
                let name =
                    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Ok((case, engine.keep_patch(case, who, release, &name, &bytes).await?))
            }
            Case::AssignNumber { case, number } => {
                let number = match number {
                    Some(number) => number,
                    None => engine.next_advisory_number(case, who).await?,
                };
                Ok((case, Action::AssignNumber { number }))
            }
            Case::DraftAdvisory { case, file } => {
                Ok((case, Action::DraftAdvisory { draft: Box::new(read_draft(&file)?) }))
            }
            Case::Reissue { case, file, changes, action } => {
                let draft = Box::new(read_draft(&file)?);
                let action_needed = match action {
                    Again::Again => ActionNeeded::Again,
                    Again::NotAgain => ActionNeeded::NotAgain,
                };
                Ok((case, Action::Reissue { draft, changes, action_needed }))
            }
            Case::Assign { case, person } => {
                engine.known(&person).await?;
                Ok((case, Action::Assign { person }))
            }
            Case::Invite { case, person, role } => {
                engine.known(&person).await?;
                Ok((case, Action::Invite { person, role }))
            }
            other => other.plain_action(),
        }
    }

    /// The actions that are what was typed, and nothing more.
    fn plain_action(self) -> Result<(CaseId, Action), Failure> {
        Ok(match self {
            Case::Acknowledge(Words { case, text }) => (case, Action::Acknowledge { text }),
            Case::HandOver { case, to, text } => (case, Action::HandOver { to, text }),
            Case::Confirm { case, releases, versions } => {
                (case, Action::Confirm { affected: releases, versions })
            }
            Case::Deny(Words { case, text }) => (case, Action::Deny { reason: text }),
            Case::TellReporter(Words { case, text }) => (case, Action::TellReporter { text }),
            Case::MarkDuplicate { case, of } => (case, Action::MarkDuplicate { of }),
            Case::Rate { case, vector } => (case, Action::Rate { rating: vector }),
            Case::AcknowledgeConfidence { case } => (case, Action::AcknowledgeConfidence),
            Case::MessageReporter(Words { case, text }) => (case, Action::MessageReporter { text }),
            Case::AcceptEmbargo { case } => (case, Action::AcceptEmbargo),
            Case::ReviseEmbargo(Until { case, until }) => (case, Action::ReviseEmbargo { until }),
            Case::RejectEmbargo { case } => (case, Action::RejectEmbargo),
            Case::EndEmbargo(Words { case, text }) => (case, Action::EndEmbargo { reason: text }),
            Case::RecordPublic(Words { case, text }) => (case, Action::RecordPublic { how: text }),
            Case::RecordExploited(Words { case, text }) => (case, Action::RecordExploited { how: text }),
            Case::RecordAttacked(Words { case, text }) => (case, Action::RecordAttacked { how: text }),
            Case::RecordTest { case, release, outcome, note } => {
                let outcome = match outcome {
                    Outcome::Pass => TestOutcome::Pass,
                    Outcome::Fail => TestOutcome::Fail,
                };
                (case, Action::RecordTest { release, outcome, note })
            }
            Case::GiveReason { case, release, reason, note } => {
                (case, Action::GiveReason { release, reason, note })
            }
            Case::ReserveCve { case, cve } => (case, Action::ReserveCve { cve }),
            Case::Approve { case } => (case, Action::Approve),
            Case::Predisclose { case } => (case, Action::Predisclose),
            Case::RecordCommit { case, release, commit, message } => {
                (case, Action::RecordCommit { release, commit, message })
            }
            Case::RecordRelease { case, release, version } => {
                (case, Action::RecordRelease { release, version })
            }
            Case::Batch { case, batch, at } => (case, Action::Batch { batch, at }),
            Case::Announce { case } => (case, Action::Announce),
            Case::OpenCase { case } => (case, Action::OpenCase),
            Case::Retrospective(Words { case, text }) => (case, Action::Retrospective { text }),
            Case::Close(Words { case, text }) => (case, Action::Close { reason: text }),
            Case::Step { case, step, note } => (case, Action::Custom { step, note }),
            other => return Err(Failure::plain(format!("not an action: {other:?}"))),
        })
    }
}

/// Reads an advisory draft, or says where its fault is.
pub(super) fn read_draft(path: &Path) -> Result<Draft, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    tidegate_formats::draft::parse(&text)
        .map_err(|fault| Failure::faults(&path.display().to_string(), &[fault]))
}
