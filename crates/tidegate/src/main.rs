//! The program: reads the command line and runs it.

use clap::Parser;
use clap::error::ErrorKind;
use std::process::ExitCode;
use tidegate::cli::{Cli, run};
use tidegate::out::{Failure, Kind, Out};

/// A page is many small strings, made and dropped by several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unread(&error),
    };
    let out = cli.out();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(out, &Failure::io(error)),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failed(out, &failure),
    }
}

/// The command line cannot be read, or asks for help.
fn unread(error: &clap::Error) -> ExitCode {
    let asks = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    if asks || !wants_json {
        error.exit();
    }
    let text = error.render().to_string();
    let message = text.trim().trim_start_matches("error: ");
    failed(Out { json: true }, &Failure::of(Kind::Usage, message))
}

fn failed(out: Out, failure: &Failure) -> ExitCode {
    out.failed(failure);
    ExitCode::from(failure.kind.code())
}
