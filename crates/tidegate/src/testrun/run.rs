//! One test run, from the work tree to its report.

use super::watch::{is_machine_full, memory_mb};
use super::{Output, Sandbox, TestRun};
use serde::Serialize;
use std::fmt;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// How often a run's memory is looked at, in milliseconds.
const LOOK_MS: u64 = 50;
/// Longest time in which a tool says its version, in seconds.
const TOOL_S_MAX: u64 = 10;
/// Longest time in which the output is waited for after the end, in seconds: what left a process group may hold it.
const LAST_WORDS_S_MAX: u64 = 5;
/// Longest version that is kept, in characters.
const VERSION_CHARS_MAX: usize = 200;

/// How a run ended. Only an exit with 0 is green.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It was stopped.
    Stopped(Stopped),
}

/// Why a run was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// It took longer than it may.
    Time,
    /// Its processes together took more memory than they may.
    Memory,
    /// The machine's memory was about to be full.
    Machine,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Exit(0) => f.write_str("passed"),
            Ended::Exit(code) => write!(f, "failed: exit code {code}"),
            Ended::Signal(signal) => write!(f, "failed: ended by signal {signal}"),
            Ended::Stopped(Stopped::Time) => f.write_str("failed: stopped, it took longer than it may"),
            Ended::Stopped(Stopped::Memory) => {
                f.write_str("failed: stopped, it took more memory than it may")
            }
            Ended::Stopped(Stopped::Machine) => {
                f.write_str("failed: stopped, the machine's memory was about to be full")
            }
        }
    }
}

/// What a run showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The run's name.
    pub name: String,
    /// How it ended.
    pub ended: Ended,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// What the tools say of their versions, in the order in which they were asked.
    pub tools: Vec<String>,
    /// What it printed, on both its outputs.
    pub output: Output,
}

impl Report {
    /// Whether the tests passed.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.ended == Ended::Exit(0)
    }
}

/// Runs the command of `run` in a fresh work tree, unpacked from the tar archive `tree`, and waits for its end. The
/// command must be found to be shut in first ([`Sandbox::ready`]).
///
/// # Errors
/// It cannot be started.
pub fn run(sandbox: Sandbox, run: &TestRun, tree: Vec<u8>) -> io::Result<Report> {
    let mut tools = Vec::with_capacity(run.tools.len());
    for tool in &run.tools {
        let room = Room::new(sandbox)?;
        let command = sandbox.command(run, false, tool, room.path());
        let (ended, _, output) = follow(sandbox, command, run, TOOL_S_MAX.min(run.time_s), Vec::new())?;
        tools.push(version(tool, ended, &output));
    }
    let room = Room::new(sandbox)?;
    let command = sandbox.command(run, true, &run.command, room.path());
    let (ended, elapsed, output) = follow(sandbox, command, run, run.time_s, tree)?;
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    Ok(Report { name: run.name.clone(), ended, elapsed_ms, tools, output })
}

/// A folder on disk for where nothing is shut in. A sandbox has its work tree in memory.
struct Room(Option<tempfile::TempDir>);

impl Room {
    fn new(sandbox: Sandbox) -> io::Result<Room> {
        Ok(match sandbox {
            Sandbox::Bubblewrap => Room(None),
            Sandbox::None => Room(Some(tempfile::TempDir::new()?)),
        })
    }

    fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new("/"), tempfile::TempDir::path)
    }
}

fn version(tool: &[String], ended: Ended, output: &Output) -> String {
    let text = output.text();
    let first = text.lines().next().unwrap_or_default();
    let first: String = first.chars().filter(|c| !c.is_control()).take(VERSION_CHARS_MAX).collect();
    let name = tool.first().map_or("", String::as_str);
    if ended == Ended::Exit(0) { format!("{name}: {first}") } else { format!("{name}: {ended}") }
}

/// Starts a command, gives it its input, reads what it prints, and ends it when it takes too much.
fn follow(
    sandbox: Sandbox,
    mut command: Command,
    run: &TestRun,
    time_s: u64,
    input: Vec<u8>,
) -> io::Result<(Ended, Duration, Output)> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
    let started = now();
    let mut child = command.spawn()?;
    // It holds ends of the pipe, which would never be at its end.
    drop(command);
    let stdin = child.stdin.take();
    // A command that ends before it has read everything closes the pipe: its exit code says the rest.
    thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
    let (tell, told) = channel();
    thread::spawn(move || tell.send(Output::read(reader)));
    let limit = Duration::from_secs(time_s);
    let mut output = None;
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            break how(status);
        }
        let stopped = if started.elapsed() >= limit {
            Some(Stopped::Time)
        } else if memory_mb(child.id()) > run.memory_mb {
            Some(Stopped::Memory)
        } else {
            is_machine_full().then_some(Stopped::Machine)
        };
        if let Some(stopped) = stopped {
            break Ended::Stopped(stopped);
        }
        if output.is_some() {
            // It closed its outputs and goes on: there is nothing to wait for but time.
            thread::park_timeout(Duration::from_millis(LOOK_MS));
        } else {
            output = told.recv_timeout(Duration::from_millis(LOOK_MS)).ok();
        }
    };
    let elapsed = started.elapsed();
    end(sandbox, &mut child)?;
    let output = output.or_else(|| told.recv_timeout(Duration::from_secs(LAST_WORDS_S_MAX)).ok());
    Ok((ended, elapsed, output.unwrap_or_default()))
}

/// Ends a command and all that it started. In a sandbox, everything ends with the first process. Elsewhere, the
/// process group does; what left it goes on, and nothing is known of it.
fn end(sandbox: Sandbox, child: &mut Child) -> io::Result<()> {
    if sandbox == Sandbox::None {
        let group = format!("-{}", child.id());
        let mut kill = Command::new("kill");
        kill.args(["-KILL", "--", &group]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It fails where nothing of the group is left.
        let _ = kill.status();
    }
    if child.try_wait()?.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}

fn how(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, signal) => Ended::Signal(signal.unwrap_or(0)),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a command runs is measured, and is no fact of a case"
)]
fn now() -> Instant {
    Instant::now()
}
