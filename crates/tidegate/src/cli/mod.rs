//! The command line: reads what was typed, performs it, shows what came of it.

mod advisory;
mod baseline;
mod case;
mod keep;
mod out;
mod policy;
mod project;
mod report;
mod show;

pub use keep::event_line;
pub use out::{Failure, Out};
pub use policy::matrix;

use crate::engine::Engine;
use crate::engine::clock::SystemClock;
use crate::{demo, instance};
use clap::{CommandFactory, Parser, Subcommand};

use std::path::PathBuf;
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
    /// Check and print policies; no instance needed.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Find out whether patches apply to a release, and which commits must come first; no instance needed.
    #[command(subcommand)]
    Baseline(baseline::Baseline),
    /// Take reports in.
    #[command(subcommand)]
    Report(report::Report),
    /// Look at cases, and do every step of the procedure.
    #[command(subcommand)]
    Case(case::Case),
    /// Write, check and preview advisories.
    #[command(subcommand)]
    Advisory(advisory::Advisory),
    /// What is due, the oldest first.
    Due(keep::DueOptions),
    /// Letters that were written and wait to be sent.
    #[command(subcommand)]
    Outbox(keep::Outbox),
    /// Do what is due once: promote, remind, alarm, read and write letters.
    Work,
    /// Stay, and do what is due when it is due, to the second.
    Run,
    /// Write the public site.
    Export(keep::Export),
    /// Derive everything again from the log, and compare.
    Fsck(keep::Fsck),
    /// The tamper-evident log.
    #[command(subcommand)]
    Log(keep::Log),
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

/// Runs what was typed.
///
/// # Errors
/// What went wrong, in words for whoever typed it, with the exit code.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let out = Out { json: cli.json };
    let dir = || cli.dir.clone().map_or_else(default_dir, Ok);
    match cli.command {
        Command::Demo(options) => demo::run(&options, cli.dir, &out).await,
        Command::Init(init) => init.run(&dir()?, &out).await,
        Command::Policy(command) => command.run(&out),
        Command::Baseline(command) => command.run(&out),
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
        command => {
            let engine = instance::open(&dir()?, Arc::new(SystemClock::start())).await?;
            with_engine(command, engine, cli.who.as_ref(), &out).await
        }
    }
}

async fn with_engine(
    command: Command,
    mut engine: Engine,
    who: Option<&Slug>,
    out: &Out,
) -> Result<(), Failure> {
    // Whatever fell due while nothing ran is done first, and said (ALL-03).
    for late in engine.resume().await? {
        out.note(&format!("tidegate: {late}"));
    }
    keep::catch_up(&engine, out).await?;
    let done = match command {
        Command::Project(command) => command.run(&mut engine, out).await,
        Command::Person(command) => command.run(&engine, out).await,
        Command::Report(command) => command.run(&engine, out).await,
        Command::Case(command) => command.run(&engine, who, out).await,
        Command::Advisory(command) => command.run(&engine, who, out).await,
        Command::Due(options) => options.run(&engine, who, out).await,
        Command::Outbox(command) => command.run(&engine, out).await,
        Command::Work => Ok(()),
        Command::Run => keep::stay(&engine, out).await,
        Command::Export(export) => export.run(&engine, out).await,
        Command::Fsck(fsck) => fsck.run(&engine, out).await,
        Command::Log(command) => command.run(&engine, out).await,
        Command::Demo(_)
        | Command::Init(_)
        | Command::Policy(_)
        | Command::Baseline(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(()),
    };
    // What an action brought about, its letters among them, is done before the program ends.
    let worked = keep::catch_up(&engine, out).await;
    engine.store.close().await;
    done.and(worked)
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
}
