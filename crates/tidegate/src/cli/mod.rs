//! The command line: reads what was typed, performs it, shows what came of it.

mod advisory;
mod backup;
mod baseline;
mod case;
mod certificate;
mod clocks;
mod closure;
mod commitment;
mod identity;
mod inventory;
mod keep;
mod keys;
mod list;
mod listed;
mod may;
mod neutral;
mod policy;
mod post;
mod project;
mod proof;
mod ready;
mod regime;
mod report;
mod repository;
mod serve;
mod show;
mod signing;
mod token;
mod verdict;

pub use policy::matrix;

use crate::engine::Engine;
use crate::engine::clock::SystemClock;
use crate::out::{Failure, Out};
use crate::{demo, instance};
use clap::{CommandFactory, Parser, Subcommand};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate_domain::id::Slug;

/// Takes a vulnerability from the first confidential report to the public advisory, under a policy that is a
/// file.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, arg_required_else_help = true)]
pub struct Cli {
    /// The folder of the instance; by default in the place that the platform gives to programs' data.
    #[arg(long, global = true, value_name = "DIR", env = "TIDEGATE_DIR")]
    dir: Option<PathBuf>,
    /// Who acts: a name that `person add` made, or `reporter`.
    #[arg(long = "as", global = true, value_name = "NAME", env = "TIDEGATE_AS")]
    who: Option<Slug>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Replay three real vulnerabilities through the engine, export the site and serve it.
    Demo(demo::Options),
    /// Make an instance: a folder with its configuration, master key and database.
    Init(keep::Init),
    /// Add projects, and give them policies.
    #[command(subcommand)]
    Project(project::Project),
    /// Add people, and give them roles.
    #[command(subcommand)]
    Person(project::Person),
    /// Tokens by which programs act for a person.
    #[command(subcommand)]
    Token(token::Token),
    /// Check and print policies; no instance needed.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Find out whether patches apply to a release, and which commits must come first; no instance needed.
    #[command(subcommand)]
    Baseline(baseline::Baseline),
    /// Find what a commit's message, a branch's name or the text of a pull request would give away; an instance
    /// is needed for a case's own words alone.
    ///
    /// Exit code 0: nothing that is refused; 3: something is.
    Neutral(neutral::Neutral),
    /// Take reports in.
    #[command(subcommand)]
    Report(report::Report),
    /// Look at cases, and do every step of the procedure.
    #[command(subcommand)]
    Case(case::Case),
    /// Write, check and preview advisories.
    #[command(subcommand)]
    Advisory(advisory::Advisory),
    /// Say which advisories a deployment is affected by, and why; no instance needed.
    Verdict(verdict::Verdict),
    /// Look at inventories and compare them; no instance needed.
    #[command(subcommand)]
    Inventory(inventory::Command),
    /// Check rules for deadlines, and say when findings are due; no instance needed.
    #[command(subcommand)]
    Regime(regime::Regime),
    /// The predisclosure list: applications, members and their keys; `list try` needs no instance.
    #[command(subcommand)]
    List(list::List),
    /// Answer findings with proof: check, sign and verify answers; no instance needed.
    #[command(subcommand)]
    Proof(proof::Proof),
    /// Close over all advisories in force, and see what of them is not answered; no instance needed.
    #[command(subcommand)]
    Closure(closure::Closure),
    /// Try a policy for certificates on a provider's history; no instance needed.
    #[command(subcommand)]
    Certificate(certificate::Certificate),
    /// What is due, the oldest first.
    Due(keep::DueOptions),
    /// Letters that were written, and what became of them.
    #[command(subcommand)]
    Outbox(keep::Outbox),
    /// Do what is due once: promote, remind, alarm, read, write and send letters.
    Work,
    /// Stay, and do what is due when it is due, to the second.
    Run,
    /// Stay, do what is due to the second, and open the web door: public site, mailboxes, desks.
    Serve(serve::Options),
    /// Ask the running server whether it can do its work.
    ///
    /// Exit code 0: it can.
    Ready(ready::Ready),
    /// Write the public site.
    Export(keep::Export),
    /// Make a backup in a new folder, while the server runs.
    Backup(backup::Backup),
    /// Put a backup back, or find out whether it could be.
    Restore(backup::Restore),
    /// Derive everything again from the log, and compare.
    Fsck(keep::Fsck),
    /// The tamper-evident log.
    #[command(subcommand)]
    Log(keep::Log),
    /// Print the description of the API (OpenAPI 3.1); no instance needed.
    Openapi,
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for every command into a folder.
    Man {
        /// The folder.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

impl Cli {
    /// Where results go.
    #[must_use]
    pub fn out(&self) -> Out {
        Out { json: self.json }
    }
}

/// Runs what was typed.
///
/// # Errors
/// What went wrong, in words for whoever typed it, with the exit code.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let out = cli.out();
    let dir = || cli.dir.clone().map_or_else(default_dir, Ok);
    match cli.command {
        Command::Demo(options) => demo::run(&options, cli.dir, &out).await,
        Command::Init(init) => init.run(&dir()?, &out).await,
        Command::Policy(command) => command.run(&out),
        Command::Verdict(command) => command.run(&out),
        Command::Inventory(command) => command.run(&out),
        Command::Regime(command) => command.run(&out),
        Command::List(command @ list::List::Try { .. }) => command.alone(&out),
        Command::Proof(command) => command.run(&out),
        Command::Closure(command) => command.run(&out),
        Command::Certificate(command) => command.run(&out),
        Command::Baseline(command) => command.run(&out),
        Command::Openapi => out.bytes(format!("{:#}\n", crate::web::openapi()).as_bytes()),
        Command::Neutral(command) if command.needs_no_instance() => command.alone(&out),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tidegate", &mut script);
            out.bytes(&script)
        }
        Command::Man { out: None } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(Failure::io)?;
            out.bytes(&page)
        }
        Command::Man { out: Some(folder) } => {
            std::fs::create_dir_all(&folder).map_err(Failure::io)?;
            clap_mangen::generate_to(Cli::command(), &folder).map_err(Failure::io)
        }
        Command::Serve(options) => options.run(&dir()?, &out).await,
        Command::Ready(options) => options.run(&dir()?, &out).await,
        Command::Backup(options) => options.run(&dir()?, &out).await,
        Command::Restore(options) => options.run(&dir()?, &out).await,
        command => {
            let engine = instance::open(&dir()?, Arc::new(SystemClock::start())).await?;
            with_engine(command, engine, &dir()?, cli.who.as_ref(), &out).await
        }
    }
}

async fn with_engine(
    command: Command,
    mut engine: Engine,
    dir: &Path,
    who: Option<&Slug>,
    out: &Out,
) -> Result<(), Failure> {
    // A damaged job or due date must not keep anybody from finding out what is damaged.
    let checked = match &command {
        Command::Fsck(fsck) => Some(fsck.run(&engine, out).await),
        Command::Log(command) => Some(command.run(&engine, out).await),
        _ => None,
    };
    if let Some(checked) = checked {
        engine.store.close().await;
        return checked;
    }
    // Whatever fell due while nothing ran is done first, and said (ALL-03).
    for late in engine.resume().await? {
        out.note(&format!("tidegate: {late}"));
    }
    let begun = keep::catch_up(&engine, out).await?;
    let done = match command {
        Command::Project(command) => command.run(&mut engine, out).await,
        Command::Person(command) => command.run(&engine, dir, out).await,
        Command::Token(command) => command.run(&engine, out).await,
        Command::Report(command) => command.run(&engine, out).await,
        Command::Case(command) => command.run(&engine, who, out).await,
        Command::Neutral(command) => command.in_case(&engine, who, out).await,
        Command::Advisory(command) => command.run(&engine, who, out).await,
        Command::List(list::List::Kept(command)) => command.run(&engine, who, out).await,
        Command::Due(options) => options.run(&engine, who, out).await,
        Command::Outbox(command) => command.run(&engine, out).await,
        Command::Work => match post::send_if_any(&engine, out).await {
            Ok(()) => keep::worked(&begun, out),
            failed => failed,
        },
        Command::Run => keep::stay(&engine, &begun, out).await,
        Command::Export(export) => export.run(&engine, out).await,
        Command::Fsck(_)
        | Command::Backup(_)
        | Command::Ready(_)
        | Command::Restore(_)
        | Command::Log(_)
        | Command::Demo(_)
        | Command::Init(_)
        | Command::Policy(_)
        | Command::Inventory(_)
        | Command::Verdict(_)
        | Command::Regime(_)
        | Command::List(list::List::Try { .. })
        | Command::Proof(_)
        | Command::Closure(_)
        | Command::Certificate(_)
        | Command::Serve(_)
        | Command::Baseline(_)
        | Command::Openapi
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(()),
    };
    // What an action brought about, its letters among them, is done before the program ends.
    let worked = keep::catch_up(&engine, out).await;
    engine.store.close().await;
    done.and(worked.map(drop))
}

fn default_dir() -> Result<PathBuf, Failure> {
    let dirs = directories::ProjectDirs::from("", "", "tidegate");
    dirs.map(|dirs| dirs.data_dir().to_owned()).ok_or_else(|| {
        Failure::plain("the platform names no folder for programs' data; say where with --dir")
    })
}

/// Who acts, where somebody must.
fn acting(who: Option<&Slug>) -> Result<&Slug, Failure> {
    who.ok_or_else(|| Failure::plain("say who acts: --as NAME, or set TIDEGATE_AS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Words are `--text` everywhere, and `--note` does as well.
    #[test]
    fn words_are_spelled_one_way_and_understood_in_two() {
        let case = "0000-0000-0000";
        for line in [
            &["case", "step", case, "coordinated"][..],
            &["case", "record-test", case, "--release", "4.4", "--outcome", "pass"],
            &["case", "close", case],
            &["case", "hand-over", case, "--to", "Citrix"],
        ] {
            for spelling in ["--text", "--note"] {
                let words = [&["tidegate"], line, &[spelling, "by phone"]].concat();
                let read = Cli::try_parse_from(words).expect("the line is understood");
                assert!(format!("{read:?}").contains("by phone"));
            }
        }
    }
}
