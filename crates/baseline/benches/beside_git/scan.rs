//! All stable branches, beside what `git log -p` takes to print them.

use crate::beside::{Inputs, say, timed};
use std::process::{Command, Stdio};
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::scan::{Scan, answer, pairs};
use tidegate_baseline::security::{Names, Pattern};

pub fn scan(inputs: &Inputs) {
    let mut shop = Workshop::open(&inputs.repository).expect("a repository");
    let branches = shop.store.references("refs/heads/stable-").expect("branches");
    let (names, pattern) = (Names::known(), Pattern::default());
    let (ours, (count, needing)) = timed(|| {
        let (mut count, mut needing) = (0, 0);
        for (name, _) in &branches {
            let version = name.trim_start_matches("refs/heads/stable-");
            let releases = [format!("RELEASE-{version}.")];
            let scan = Scan { branch: name, releases: &releases, every_release: false, names: &names };
            for pair in pairs(&mut shop, &scan).expect("pairs") {
                let row = answer(&mut shop, &pair, &pattern);
                count += 1;
                needing += usize::from(!row.answer.applies);
            }
        }
        (count, needing)
    });
    let (git, ()) = timed(|| {
        for (name, _) in &branches {
            let version = name.trim_start_matches("refs/heads/stable-");
            let mut command = Command::new("git");
            command.arg("-C").arg(&inputs.repository).args(["log", "-p"]);
            command.arg(format!("RELEASE-{version}.0..{name}")).stdout(Stdio::null());
            assert!(command.status().expect("git").success());
        }
    });
    say(&format!(
        "scan: {count} pairs of {} branches, {needing} that do not apply as they stand, {:.1} s",
        branches.len(),
        ours.as_secs_f64()
    ));
    say(&format!(
        "  times as long as git log -p of the same branches: {:.2}",
        ours.as_secs_f64() / git.as_secs_f64()
    ));
    say(&format!("  most memory, in MB: {}", peak_mb()));
}

/// The most memory that this process has had, in MB, where the system says so.
fn peak_mb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(str::trim);
    let kilobytes = line.and_then(|line| line.split(' ').next()?.parse::<u64>().ok());
    kilobytes.map_or_else(|| "unknown".to_owned(), |kilobytes| (kilobytes / 1024).to_string())
}
