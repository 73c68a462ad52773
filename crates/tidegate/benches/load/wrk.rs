//! wrk, the client.

use super::Outcome;
use std::process::Command;
use std::time::Duration;

const THREADS: u32 = 2;

/// What wrk says of a run.
#[derive(Debug)]
pub struct Asked {
    /// Answers per second.
    pub per_s: f64,
    /// What else it says: answers that were no success, connections that broke.
    trouble: Vec<String>,
}

/// Asks for one address, on so many connections, for so long.
pub fn ask(url: &str, cookie: &str, connections: u32, time: Duration) -> Outcome<Asked> {
    let mut command = Command::new("wrk");
    command.arg(format!("-t{THREADS}")).arg(format!("-c{connections}")).arg(format!("-d{}s", time.as_secs()));
    if !cookie.is_empty() {
        command.args(["-H", &format!("Cookie: {cookie}")]);
    }
    let output = command.arg(url).output().map_err(|error| format!("wrk (Debian: wrk): {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    let per_s = rate.ok_or_else(|| format!("wrk says no rate: {said}"))?.trim().parse()?;
    let is_trouble = |line: &&str| line.contains("Socket errors") || line.contains("Non-2xx");
    let trouble = said.lines().filter(is_trouble).map(|line| line.trim().to_owned()).collect();
    Ok(Asked { per_s, trouble })
}

impl Asked {
    /// Fails where anything was refused or broke.
    pub fn sound(self) -> Outcome<Asked> {
        if self.trouble.is_empty() { Ok(self) } else { Err(self.trouble.join("; ").into()) }
    }
}
