//! What watches a server learns whether it can work, and nothing of any case.

#[path = "served/mod.rs"]
#[expect(dead_code, reason = "other tests kill their server")]
mod served;

use serde_json::Value;
use served::{Served, get, program};
use std::path::Path;
use tempfile::TempDir;

/// A served instance with one project, which is removed with its folder.
fn start() -> (TempDir, Served) {
    let dir = tempfile::tempdir().expect("a folder");
    let instance = dir.path().join("instance");
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/xen.toml");
    assert!(program(&instance).arg("init").status().expect("it runs").success());
    let added = program(&instance).args(["project", "add", "xen", "--policy"]).arg(policy).status();
    assert!(added.expect("it runs").success());
    let file = instance.join("tidegate.toml");
    let config = std::fs::read_to_string(&file).expect("the configuration");
    std::fs::write(&file, format!("{config}\n[watch]\nlisten = \"127.0.0.1:0\"\n")).expect("written");
    let served = Served::start(&instance);
    (dir, served)
}

/// Waits until the worker went round once; it does so several times a second.
fn until_ready(address: &str) {
    let ready = (0..2_000).any(|_| {
        std::thread::yield_now();
        get(address, "/ready") == (200, "ready\n".to_owned())
    });
    assert!(ready, "{:?}", get(address, "/ready"));
}

#[test]
fn a_server_tells_whether_it_can_work_and_logs_no_secret() {
    let (dir, server) = start();
    let warned = server.said().iter().any(|line| line.contains("tidegate project site URL"));
    assert!(warned, "links that lead nowhere are not said");
    let (watch, web) = (server.address("watched at"), server.address("serving"));
    until_ready(&watch);
    assert_eq!(get(&watch, "/health"), (200, "alive\n".to_owned()));
    let ready = |at: &str| program(dir.path()).args(["ready", "--at", at]).output().expect("it runs");
    assert_eq!(ready(&watch).stdout, b"ready\n");
    assert!(!ready("127.0.0.1:1").status.success(), "nobody is there");
    let (status, metrics) = get(&watch, "/metrics");
    assert_eq!(status, 200);
    let names = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next());
    let names: Vec<&str> = names.collect();
    let few = [
        "tidegate_build_info",
        "tidegate_ready",
        "tidegate_start_time_seconds",
        "tidegate_worker_round_age_seconds",
    ];
    assert_eq!(names, few, "whatever is added here must not move because of a case");
    assert_eq!(get(&web, "/metrics").0, 404, "the public address has none of it");
    assert_eq!(get(&web, "/mailbox/a-very-secret-key").0, 403);
    assert_eq!(get(&web, "/desk/cases/0000-secret").0, 303, "whoever is not signed in signs in first");
    let log = server.stop();
    assert!(!log.contains("secret"), "{log}");
    let asked = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let asked: Vec<Value> = asked.filter(|line| line["message"] == "answered").collect();
    assert_eq!(asked.len(), 3, "{log}");
    assert!(asked.iter().all(|line| line["route"].is_string() && line["status"].is_u64()), "{asked:?}");
}
