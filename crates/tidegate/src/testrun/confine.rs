//! The command line that shuts a test run in. Limits are set by programs made for it, bubblewrap and prlimit: what sets
//! them in process needs unsafe code.

use super::TestRun;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

const MIB: u64 = 1 << 20;
/// Open files of one process.
const FILES_MAX: u64 = 4_096;
/// Shared memory, in bytes.
const SHARED_BYTES_MAX: u64 = 64 * MIB;
/// Who a run is, where it is started by root: root's own files in `/proc` would be open to it otherwise.
const NOBODY: u32 = 65_534;
/// Where commands are found.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
/// Unpacks the work tree from standard input, lets the system end this before anything else when memory is short,
/// and becomes the command.
const ENTER: &str = "tar -xf - && exec </dev/null && echo 1000 >/proc/self/oom_score_adj && exec \"$@\"";
/// The same without a work tree.
const ENTER_EMPTY: &str = "exec </dev/null && exec \"$@\"";

/// What shuts the commands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    /// Namespaces, by `bwrap`: no network, no files but the system's own, no other processes.
    #[default]
    Bubblewrap,
    /// Nothing. The commands can do whatever the one who starts them can; only time, and the size of a process and
    /// of a file, are limited.
    None,
}

/// Why commands cannot be shut in on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    why: String,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "test runs need bubblewrap, which does not work here: {}\n  Install it (`bwrap`), and `prlimit` and \
             `tar`; or say `sandbox = \"none\"`, and the commands can do all that you can",
            self.why
        )
    }
}

impl std::error::Error for Unavailable {}

impl Sandbox {
    /// Tries whether a command can be shut in so.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(self, run: &TestRun) -> Result<(), Unavailable> {
        let mut command = match self {
            Sandbox::Bubblewrap => shut_in(run, false, &["true".to_owned()]),
            Sandbox::None => return Ok(()),
        };
        let output = command.output().map_err(|error| Unavailable { why: format!("bwrap: {error}") })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Unavailable { why: said.trim().chars().take(400).collect() })
    }

    /// A command within. With `unpacks`, it gets the work tree on standard input. `room` is an empty folder for where
    /// nothing is shut in.
    pub(super) fn command(self, run: &TestRun, unpacks: bool, args: &[String], room: &Path) -> Command {
        match self {
            Sandbox::Bubblewrap => shut_in(run, unpacks, args),
            Sandbox::None => {
                let mut command = Command::new("sh");
                command.args(entry(unpacks)).args(limits(run)).args(args).current_dir(room);
                command.env_clear().env("PATH", PATH).env("HOME", room).env("LC_ALL", "C.UTF-8");
                command.process_group(0);
                command
            }
        }
    }
}

fn entry(unpacks: bool) -> [&'static str; 3] {
    ["-c", if unpacks { ENTER } else { ENTER_EMPTY }, "sh"]
}

/// Limits of each process, which those that it starts have too.
fn limits(run: &TestRun) -> Vec<String> {
    let mut limits = vec![
        "prlimit".to_owned(),
        format!("--data={}", run.memory_mb.saturating_mul(MIB)),
        format!("--fsize={}", run.disk_mb.saturating_mul(MIB)),
        format!("--nofile={FILES_MAX}"),
        "--core=0".to_owned(),
    ];
    limits.push("--".to_owned());
    limits
}

fn shut_in(run: &TestRun, unpacks: bool, args: &[String]) -> Command {
    let mut command = Command::new("bwrap");
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let disk = run.disk_mb.saturating_mul(MIB).to_string();
    let shared = SHARED_BYTES_MAX.to_string();
    command.args([
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
    ]);
    command.args(["--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--hostname", "test"]);
    // Nothing of the environment: it may hold passwords.
    command.args(["--clearenv", "--setenv", "PATH", PATH]);
    command.args(["--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C.UTF-8"]);
    command.args([
        "--ro-bind",
        "/usr",
        "/usr",
        "--symlink",
        "usr/bin",
        "/bin",
        "--symlink",
        "usr/sbin",
        "/sbin",
    ]);
    command.args(["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"]);
    command.args(["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]);
    command.args(["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]);
    if run.network {
        command.args(["--share-net", "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"]);
        command.args(["--ro-bind-try", "/etc/ssl/certs", "/etc/ssl/certs"]);
    }
    for path in &run.read {
        command.arg("--ro-bind").arg(path).arg(path);
    }
    // Settings of the system are read, never written; whatever can be written has a size.
    command.args(["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]);
    command.args(["--size", &shared, "--tmpfs", "/dev/shm", "--size", &disk, "--tmpfs", "/tmp"]);
    command.args(["--size", &disk, "--tmpfs", "/work", "--remount-ro", "/dev", "--remount-ro", "/"]);
    command.args(["--chdir", "/work", "--", "sh"]).args(entry(unpacks));
    let mut limits = limits(run);
    // Counted within the sandbox alone, so that it says nothing of other processes of the same user.
    limits.insert(1, format!("--nproc={}", run.processes));
    command.args(limits).args(args);
    command
}
