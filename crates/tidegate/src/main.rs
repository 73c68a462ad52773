//! The program: reads the command line and runs it.

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use tidegate::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string(), 1),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failed(&failure.message, failure.code),
    }
}

fn failed(message: &str, code: u8) -> ExitCode {
    // Nobody may be listening; the exit code says it as well.
    let _ = writeln!(std::io::stderr().lock(), "tidegate: {message}");
    ExitCode::from(code)
}
