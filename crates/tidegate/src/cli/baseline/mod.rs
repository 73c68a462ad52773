//! `tidegate baseline ...`: whether patches apply to a release. No instance is needed for any of it.

mod backport;
mod branch;
mod check;
mod forecast;
mod meta;
mod recipe;
mod scan;
mod symbols;
mod test;

pub(super) use forecast::at_least_one;

use crate::out::{Failure, Kind, Out};
use clap::Subcommand;
use tidegate_baseline::Error;

#[derive(Debug, Subcommand)]
pub(super) enum Baseline {
    /// Find out whether a series applies to a release, and which commits of the branch must come first.
    ///
    /// "Applies" is a word about text, by the rules of `git apply`: that the result builds or works is for a
    /// test run to show. Exit code 0: it applies, as it stands or after the prerequisites that are listed;
    /// 6: no set of the branch's commits makes it apply; 1: something failed; 4: there is no such tag, branch
    /// or commit; 5: a patch is malformed.
    Check(check::Check),
    /// Ask of every advisory that a branch's history names whether its fix applies to the release before it.
    ///
    /// A table, or with --json one object a line. Exit code 0, whatever the answers are.
    Scan(scan::Scan),
    /// Find out whether fixes that are not public yet still apply to what the next point releases are made from.
    ///
    /// For each series and staging branch: it applies, is there already, or stopped applying, with which commit, in which
    /// file and line. And for each branch, whether it is time for a point release, with the numbers. Exit code 0:
    /// every series applies everywhere, or is there; 6: one does not; 1: something failed, or a question has no answer;
    /// 4: there is no such tag, branch or commit; 5: a patch is malformed.
    Forecast(forecast::Forecast),
    /// Keep a branch of a release's security fixes and what they need, and nothing else.
    ///
    /// The fixes are the commits of the branch, since the release, that name advisories. Run again, it adds what
    /// came. Whether the result works is for a test run to show. Exit code 0: it is told, and written where that is
    /// asked for; 1: it cannot be made, or would have to begin anew (`--remake`); 4: there is no such tag, branch or
    /// commit.
    Branch(branch::Branch),
    /// Build and test a release with a series on it, by the commands of a configuration, shut in with limits.
    ///
    /// Exit code 0: every test run passed; 6: one did not, or nothing makes the series apply; 1: something failed, or
    /// the commands cannot be shut in on this machine; 4: there is no such tag, branch or commit; 5: a patch or the
    /// configuration is malformed.
    Test(test::Test),
    /// Follow a recipe in a clone: do the same patches apply, and does the same tree come out?
    ///
    /// Exit code 0: all of it holds; 6: something differs, and the message says what; 5: the file is malformed.
    Verify(recipe::Verify),
    /// Write what a recipe applies as mails for `git am`, or as a bundle with a branch.
    Export(recipe::Export),
    /// Check, write and read `xsaNNN.meta`, the recipes of Xen's own tool.
    #[command(subcommand)]
    Meta(meta::Meta),
}

impl Baseline {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            Baseline::Check(check) => check.run(out),
            Baseline::Scan(scan) => scan.run(out),
            Baseline::Forecast(forecast) => forecast.run(out),
            Baseline::Branch(branch) => branch.run(out),
            Baseline::Test(test) => test.run(out),
            Baseline::Verify(verify) => verify.run(out),
            Baseline::Export(export) => export.run(out),
            Baseline::Meta(meta) => meta.run(out),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let kind = match &error {
            Error::NoSuchName(_) => Kind::NotFound,
            Error::Patch { .. } => Kind::Faults,
            Error::Repository { .. }
            | Error::NoSuchObject(_)
            | Error::Corrupt { .. }
            | Error::TooLarge { .. }
            | Error::Undecided { .. }
            | Error::Path { .. }
            | Error::Request(_)
            | Error::Io { .. } => Kind::Failure,
        };
        Failure::of(kind, error.to_string())
    }
}
