//! Test runs of hostile commands: each of them fails clearly if its limit does not hold. They are skipped, and say so,
//! where bubblewrap does not work.

mod git;

use git::{commit, git};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tidegate::testrun::{Config, Ended, Report, Sandbox, Stopped, TestRun, run};

fn test_run(script: &str) -> TestRun {
    TestRun {
        name: "hostile".into(),
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        time_s: 20,
        memory_mb: 256,
        disk_mb: 16,
        processes: 40,
        network: false,
        read: Vec::new(),
        tools: Vec::new(),
    }
}

/// Whether commands can be shut in here.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn is_ready() -> bool {
    match Sandbox::Bubblewrap.ready(&test_run("true")) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("skipped: {error}");
            false
        }
    }
}

fn shut_in(test: &TestRun) -> Report {
    run(Sandbox::Bubblewrap, test, vec![0; 1_024]).expect("it runs")
}

fn said(script: &str) -> String {
    let report = shut_in(&test_run(script));
    assert_eq!(report.ended, Ended::Exit(0), "{}", report.output.text());
    report.output.text()
}

#[test]
fn more_processes_than_allowed_are_not_started() {
    if !is_ready() {
        return;
    }
    let bomb = "import os, time\nstarted = 0\ntry:\n  while started < 500:\n    if os.fork() == 0:\n      time.sleep(60)\n    \
                started += 1\nexcept OSError:\n  pass\nprint('started', started, flush=True)\nos._exit(0)";
    let mut test = test_run("");
    test.command = ["python3", "-c", bomb].map(str::to_owned).to_vec();
    let report = shut_in(&test);
    let text = report.output.text();
    let started: u64 = text.trim().strip_prefix("started ").and_then(|n| n.parse().ok()).expect(&text);
    assert!(started > 0 && started < test.processes, "{text}");
    // The one that ended took those that it started with it.
    assert!(report.elapsed_ms < 15_000, "{}", report.elapsed_ms);
}

#[test]
fn what_never_ends_is_ended_with_all_that_it_started() {
    if !is_ready() {
        return;
    }
    let mut test = test_run("setsid sh -c 'trap \"\" TERM HUP; exec sleep 4242' & trap '' TERM; sleep 4242");
    test.time_s = 1;
    let report = shut_in(&test);
    assert_eq!(report.ended, Ended::Stopped(Stopped::Time));
    let commands = std::fs::read_dir("/proc").expect("processes").flatten();
    let left = commands.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    assert!(!left.into_iter().any(|line| line == b"sleep\x004242\0"), "a process outlived its run");
}

#[test]
fn the_disk_is_filled_no_further_than_allowed() {
    if !is_ready() {
        return;
    }
    let text = said(
        "for at in /work /tmp /dev/shm; do for i in 1 2 3 4 5 6 7 8 9; do head -c 10000000 /dev/zero >$at/$i; done 2>/dev/null; \
         du -sm $at | cut -f1; done; for at in / /dev /etc /usr /proc /run /var; do touch $at/x 2>/dev/null && echo $at; done; true",
    );
    let sizes: Vec<u64> = text.lines().map(|line| line.parse().expect(&text)).collect();
    assert!(
        matches!(sizes.as_slice(), [work, tmp, shared] if *work <= 16 && *tmp <= 16 && *shared <= 64),
        "{text}"
    );
}

#[test]
fn output_without_end_is_read_and_not_kept() {
    if !is_ready() {
        return;
    }
    let mut test = test_run("echo first; yes");
    test.time_s = 1;
    let report = shut_in(&test);
    assert_eq!(report.ended, Ended::Stopped(Stopped::Time));
    let text = report.output.text();
    assert!(text.starts_with("first\n") && text.len() <= tidegate::testrun::OUTPUT_BYTES_MAX + 100);
    assert!(report.output.left_out() > 1 << 20, "it was held up: {}", report.output.left_out());
}

#[test]
fn memory_is_limited_for_each_and_for_all_together() {
    if !is_ready() {
        return;
    }
    let mut test = test_run("");
    let one = "b = bytearray(400 << 20); print('had it')";
    test.command = ["python3", "-c", one].map(str::to_owned).to_vec();
    let report = shut_in(&test);
    assert!(!report.is_green() && !report.output.text().contains("had it"), "{}", report.output.text());
    let many = "import os, time\nfor _ in range(8):\n  if os.fork() == 0:\n    b = bytearray(100 << 20)\n    for i in \
                range(0, len(b), 4096): b[i] = 1\n    time.sleep(60)\ntime.sleep(60)";
    test.command = ["python3", "-c", many].map(str::to_owned).to_vec();
    assert_eq!(shut_in(&test).ended, Ended::Stopped(Stopped::Memory));
}

#[test]
fn nobody_is_reached_over_the_network() {
    if !is_ready() {
        return;
    }
    let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = door.local_addr().expect("an address").port();
    let call = format!(
        "import socket, sys\ns = socket.socket()\ns.settimeout(5)\ntry:\n  s.connect(('127.0.0.1', {port}))\n  print('reached')\n\
         except OSError:\n  print('alone')"
    );
    let mut test = test_run("");
    test.command = ["python3", "-c", call.as_str()].map(str::to_owned).to_vec();
    assert_eq!(shut_in(&test).output.text(), "alone\n");
    // The same command gets through where the configuration says so: it is the sandbox that held it.
    test.network = true;
    assert_eq!(shut_in(&test).output.text(), "reached\n");
}

#[test]
fn the_files_of_the_instance_are_not_there() {
    if !is_ready() {
        return;
    }
    let instance = tempfile::tempdir().expect("a folder");
    let key = instance.path().join("master.key");
    std::fs::write(&key, "secret").expect("written");
    let path = key.display();
    let parent = std::process::id();
    let text = said(&format!(
        "cat {path} /proc/{parent}/environ /proc/1/root{path} /etc/shadow 2>/dev/null; ls {0} 2>/dev/null; \
         ls /proc | grep -c '^[0-9]'; env | grep -c -i -E 'cargo|tidegate'; true",
        instance.path().display()
    ));
    let counts: Vec<u64> = text.lines().map(|line| line.parse().expect(&text)).collect();
    assert!(matches!(counts.as_slice(), [processes, 0] if *processes < 10), "{text}");
}

#[test]
fn settings_of_the_machine_cannot_be_written() {
    if !is_ready() {
        return;
    }
    let text = said(
        "id -u; for at in /proc/sys/kernel/core_pattern /proc/sys/vm/overcommit_memory /proc/sysrq-trigger /usr/bin/env /dev/mem; do \
         test -w $at && echo writable $at; done; unshare --user true 2>/dev/null && echo namespaces; grep CapEff /proc/self/status",
    );
    assert_eq!(text, "65534\nCapEff:\t0000000000000000\n");
}

fn tidegate(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.current_dir(folder).args(["baseline", "test", "--repo", ".", "--config", "runs.toml"]).args(args);
    command
}

/// A release with a link and a program, a clean-up after it, and a fix that stands on that.
fn world(sandbox: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    git(at, &["init", "--quiet", "-b", "stable"]);
    std::fs::write(at.join("check.sh"), "#!/bin/sh\ncat link\ngrep -q THREE file\n").expect("written");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(at.join("check.sh"), mode).expect("set");
    std::os::unix::fs::symlink("file", at.join("link")).expect("a link");
    commit(at, "one\ntwo\nthree\n", "first");
    git(at, &["tag", "v1"]);
    commit(at, "one\nTWO\nthree\n", "tidy up");
    let fix = commit(at, "one\nTWO\nTHREE\n", "fix\n\nThis is XSA-7.");
    let runs = format!(
        "sandbox = \"{sandbox}\"\n[[test_run]]\nname = \"plain\"\ncommand = [\"./check.sh\"]\ntime_s = 20\nmemory_mb = 256\n\
         disk_mb = 16\ntools = [[\"tar\", \"--version\"], [\"no-such-tool\"]]\n"
    );
    std::fs::write(at.join("runs.toml"), runs).expect("written");
    (folder, fix)
}

fn is_green(sandbox: &str) {
    let (folder, fix) = world(sandbox);
    let at = folder.path();
    let output = tidegate(at, &["--release", "v1", "--commits", &fix, "--logs", "logs", "--json"]).output();
    let output = output.expect("the program runs");
    let told: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!((output.status.code(), &told["green"]), (Some(0), &true.into()), "{told}");
    assert_eq!(told["tree"], git(at, &["rev-parse", "stable^{tree}"]).as_str());
    assert_eq!(told["runs"][0]["output"], "one\nTWO\nTHREE\n");
    let tools = told["runs"][0]["tools"].as_array().expect("versions");
    assert!(tools[0].as_str().is_some_and(|line| line.starts_with("tar: tar ")), "{tools:?}");
    assert!(tools[1].as_str().is_some_and(|line| line.starts_with("no-such-tool: failed")), "{tools:?}");
    let log = std::fs::read_to_string(at.join("logs/plain.log")).expect("a log");
    assert!(log.contains("result: passed") && log.ends_with("one\nTWO\nTHREE\n"), "{log}");
    // The release by itself has the flaw: it applies, as nothing does, and it is not green.
    let output = tidegate(at, &["--release", "v1"]).output().expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(6));
    assert!(text.contains("plain: failed: exit code 1") && !text.contains("works"), "{text}");
    assert_eq!(git(at, &["status", "--porcelain", "--untracked-files=no"]), "");
}

#[test]
fn a_series_is_tested_on_the_release_with_what_it_needs() {
    if is_ready() {
        is_green("bubblewrap");
    }
}

#[test]
fn without_a_sandbox_it_runs_only_where_that_is_said() {
    is_green("none");
    let (folder, fix) = world("bubblewrap");
    // Where there are no programs at all, there is no bwrap.
    let output = tidegate(folder.path(), &["--release", "v1", "--commits", &fix])
        .env("PATH", "/nonexistent")
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("bwrap") && said.contains("sandbox = \"none\""), "{said}");
}

#[test]
fn a_configuration_says_what_is_wrong_with_it() {
    let good = "[[test_run]]\nname = \"a\"\ncommand = [\"x\"]\ntime_s = 1\nmemory_mb = 1\ndisk_mb = 1\n";
    assert_eq!(Config::read(good).expect("good").sandbox, Sandbox::Bubblewrap);
    let fault = Config::read(&format!("{good}colour = 1\n")).expect_err("unknown");
    assert_eq!(fault.line, 7);
    let broken = [
        "test_run = []".to_owned(),
        format!("{good}{good}"),
        good.replace("[\"x\"]", "[]"),
        good.replace("\"a\"", "\"../a\""),
        good.replace("time_s = 1", "time_s = 0"),
        format!("{good}read = [\"/\"]\n"),
        format!("{good}read = [\"home\"]\n"),
        format!("sandbox = \"maybe\"\n{good}"),
    ];
    for text in broken {
        assert!(Config::read(&text).is_err(), "{text}");
    }
}
