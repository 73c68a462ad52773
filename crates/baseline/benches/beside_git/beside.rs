//! Checks and prerequisites, case by case.

use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{Request, Series, check};
use tidegate_baseline::security::Pattern;
use tidegate_baseline::store::Store;

/// Each side is run so often, in turn, and its fastest run counts: other work on the machine slows runs down.
const ROUNDS: usize = 5;

pub struct Inputs {
    pub repository: PathBuf,
    cases: Vec<Value>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark has no main that could read the environment for it"
)]
pub fn inputs() -> Option<Inputs> {
    let given = std::env::var_os("TIDEGATE_DATA").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = given.into_iter().chain([beside]).find(|folder| folder.is_dir())?;
    let cases = std::fs::read_to_string(data.join("xen/baseline-cases.jsonl")).ok()?;
    let cases = cases.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    Some(Inputs { repository: PathBuf::from(std::env::var_os("TIDEGATE_XEN")?), cases })
}

#[expect(clippy::disallowed_methods, reason = "measuring is what this is for")]
pub fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed(), result)
}

/// Says something, if somebody listens.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// The git program on the repository, which stays as it is.
struct Git<'a> {
    inputs: &'a Inputs,
    room: TempDir,
}

impl Git<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.inputs.repository).args(args);
        command.env("GIT_INDEX_FILE", self.room.path().join("index"));
        command.env("GIT_OBJECT_DIRECTORY", self.room.path().join("objects"));
        command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.inputs.repository.join("objects"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn write_patches(&self, series: &[String]) -> Vec<String> {
        let write = |(number, commit): (usize, &String)| {
            let path = self.room.path().join(format!("{number}.patch"));
            let file = std::fs::File::create(&path).expect("a file");
            let args = ["diff-tree", "-p", "--binary", "--full-index", &format!("{commit}^1"), commit];
            assert!(self.command(&args).stdout(file).status().expect("git").success());
            path.to_str().expect("UTF-8").to_owned()
        };
        series.iter().enumerate().map(write).collect()
    }

    /// Makes an index and applies the patches: how long each of the two takes.
    fn apply(&self, tag: &str, patches: &[String]) -> (Duration, Duration) {
        let _ = std::fs::remove_file(self.room.path().join("index"));
        let (reading, _) = timed(|| self.command(&["read-tree", tag]).status().expect("git"));
        let mut args = vec!["apply", "--cached"];
        args.extend(patches.iter().map(String::as_str));
        let (applying, _) = timed(|| self.command(&args).status().expect("git"));
        (reading, applying)
    }
}

/// One side's times, and how often faster the other one is, case by case.
#[derive(Default)]
struct Column {
    ours: Vec<f64>,
    against_apply: Vec<f64>,
    against_both: Vec<f64>,
    /// The share of our time that reading the same objects takes, in percent.
    reading: Vec<f64>,
}

impl Column {
    fn show(&mut self, name: &str, inverse: bool) {
        for list in [&mut self.ours, &mut self.against_apply, &mut self.against_both, &mut self.reading] {
            list.sort_by(f64::total_cmp);
        }
        let at = |list: &[f64], percent: usize| list[(list.len() * percent / 100).min(list.len() - 1)];
        say(&format!(
            "{name}: {} cases, {:.2} ms at the median, {:.2} at the 95th percentile",
            self.ours.len(),
            at(&self.ours, 50),
            at(&self.ours, 95)
        ));
        say(&format!(
            "  of which reading the same objects alone is {:.0} % at the median",
            at(&self.reading, 50)
        ));
        let (word, tail) = if inverse { ("times as long as", 95) } else { ("times faster than", 5) };
        for (what, list) in [
            ("git apply --cached alone", &self.against_apply),
            ("git read-tree and git apply --cached", &self.against_both),
        ] {
            say(&format!(
                "  {word} {what}: {:.1} at the median, {:.1} at percentile {tail}",
                at(list, 50),
                at(list, tail)
            ));
        }
    }
}

/// How long it takes to open the repository and read what a check reads.
fn reading_alone(inputs: &Inputs, request: &Request) -> Duration {
    let mut shop = Workshop::open(&inputs.repository).expect("a repository");
    shop.store.keep_journal();
    check(&mut shop, request, &Pattern::default()).expect("an answer");
    let rounds = (0..ROUNDS).map(|_| {
        timed(|| {
            let mut store = Store::open(&inputs.repository).expect("a repository");
            shop.store.journal().iter().for_each(|id| drop(store.read(id).expect("an object")));
        })
    });
    rounds.map(|(took, ())| took).min().unwrap_or_default()
}

pub fn checks(inputs: &Inputs) {
    let git = Git { inputs, room: TempDir::new().expect("a folder") };
    std::fs::create_dir(git.room.path().join("objects")).expect("a folder");
    let (mut direct, mut needing) = (Column::default(), Column::default());
    for case in &inputs.cases {
        let text = |key: &str| case[key].as_str().expect("a text").to_owned();
        let ids = case["series"].as_array().expect("a list").iter();
        let series: Vec<String> = ids.map(|id| id.as_str().expect("an id").to_owned()).collect();
        let patches = git.write_patches(&series);
        let request =
            Request { release: text("tag"), branch: Some(text("branch")), series: Series::Commits(series) };
        let (mut ours, mut making, mut applying) = (Duration::MAX, Duration::MAX, Duration::MAX);
        let mut applies = false;
        for _ in 0..ROUNDS {
            let (took, answer) = timed(|| {
                let mut shop = Workshop::open(&inputs.repository).expect("a repository");
                check(&mut shop, &request, &Pattern::default()).expect("an answer")
            });
            ours = ours.min(took);
            applies = answer.applies;
            let (read, apply) = git.apply(&request.release, &patches);
            (making, applying) = (making.min(read), applying.min(apply));
        }
        let reading = reading_alone(inputs, &request);
        let (ours, apply) = (ours.as_secs_f64() * 1e3, applying.as_secs_f64() * 1e3);
        let both = apply + making.as_secs_f64() * 1e3;
        let column = if applies { &mut direct } else { &mut needing };
        column.ours.push(ours);
        column.reading.push(reading.as_secs_f64() * 1e5 / ours);
        column.against_apply.push(if applies { apply / ours } else { ours / apply });
        column.against_both.push(if applies { both / ours } else { ours / both });
    }
    direct.show("check", false);
    needing.show("prerequisites", true);
}
