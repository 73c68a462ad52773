//! What many cases and many actions cost, as ratios in one run: `./x bench`, or
//! `cargo bench -p tidegate --bench cost -- [--small] [--cases N]`.
//!
//! | what | at most, or at least |
//! | --- | --- |
//! | opening a case, and listing what is due, among 10,000 cases of 60 events beside 100 | 1.5 times |
//! | actions per second, many people at once, beside bare durable commits in the same database | half |
//! | start with 600,000 events beside reading and decrypting them in order | 3 times |
//!
//! Each pair is measured in alternation and compared by its medians: what else the machine does meets both
//! sides. Times themselves mean nothing between machines. The process fails where a bound is missed.
//!
//! PostgreSQL takes part where `TIDEGATE_TEST_POSTGRES` is the URL of a throwaway server that syncs.

mod bare;
mod measure;
mod world;

use bare::Bare;
use clap::Parser;
use measure::{Pair, alternate, median, say, timed};
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tidegate::engine::{Engine, EngineError};
use tidegate::store::Location;
use tidegate_domain::case::Action;
use tidegate_domain::id::{CaseId, Slug};
use tokio::task::JoinSet;
use world::{CASES_MAX, EVENTS_PER_CASE, Lengths, World};

type Outcome<T> = Result<T, Box<dyn Error>>;

const OPENING_MOST: f64 = 1.5;
const ACTIONS_LEAST: f64 = 0.5;
const START_MOST: f64 = 3.0;

/// Cases of the small instance.
const FEW_CASES: usize = 100;
/// Cases of the instance that is acted on: so many that none grows long by it.
const ACTED_CASES: usize = 1_000;
/// How many people act at once: what an instance of several teams sustains.
const PEOPLE: usize = 16;
/// Due dates listed at a time, as `tidegate due` does.
const DUE_LISTED: u32 = 50;
/// Events read at a time by the plain sequential read, as `tidegate fsck` does.
const CHUNK: u32 = 2_000;
/// Bytes of a bare commit's row: about what one message adds to the log and to the jobs.
const BARE_BYTES: usize = 1_400;

/// Measures what many cases and actions cost, side by side.
#[derive(Parser)]
#[command(name = "cost")]
struct Options {
    /// Cases of the large instance, of 60 events each.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=CASES_MAX))]
    cases: u32,
    /// A quick look: 1,000 cases, fewer repetitions.
    #[arg(long, conflicts_with = "cases")]
    small: bool,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much is measured.
struct Plan {
    cases: usize,
    /// Openings and listings on either side.
    openings: usize,
    /// Blocks of actions, and of bare commits.
    blocks: usize,
    /// Actions, or commits, in a block: enough that each holds a checkpoint of SQLite's write-ahead log.
    block: usize,
    /// Starts, and sequential reads.
    starts: usize,
}

impl Options {
    fn plan(&self) -> Plan {
        let cases = usize::try_from(self.cases).unwrap_or(usize::MAX);
        if self.small {
            Plan { cases: 1_000, openings: 200, blocks: 5, block: 400, starts: 3 }
        } else {
            Plan { cases, openings: 1_000, blocks: 15, block: 800, starts: 5 }
        }
    }
}

fn main() -> ExitCode {
    // `cargo test --all-targets` starts benchmarks as well, without this word: they are not for every day.
    if !std::env::args().any(|argument| argument == "--bench") {
        say("this benchmark takes minutes and runs by `cargo bench` alone");
        return ExitCode::SUCCESS;
    }
    let plan = Options::parse().plan();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let measured = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(measure_all(&plan)));
    match measured.and_then(|pairs| show(&pairs)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            say("a bound is missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            say(&format!("the benchmark failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn measure_all(plan: &Plan) -> Outcome<Vec<Pair>> {
    // On the disk that holds the target directory: a commit in a memory file system would be durable for nothing.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let few = World::build(sqlite(folder.path(), "few"), FEW_CASES, Lengths::Full).await?;
    let many = World::build(sqlite(folder.path(), "many"), plan.cases, Lengths::Full).await?;
    let mut pairs = openings(plan, &few, &many).await?;
    pairs.push(starts(plan, &many).await?);
    let acted = World::build(sqlite(folder.path(), "acted"), ACTED_CASES, Lengths::Spread).await?;
    pairs.push(actions(plan, "SQLite", &acted).await?);
    if let Some(schema) = bare::Schema::make().await? {
        let measured = on_postgres(plan, &schema).await;
        schema.remove().await?;
        pairs.push(measured?);
    }
    Ok(pairs)
}

fn sqlite(folder: &Path, name: &str) -> Location {
    Location::Sqlite(folder.join(format!("{name}.db")))
}

/// Opening one case, and listing what is due: among many cases beside among few.
async fn openings(plan: &Plan, few: &World, many: &World) -> Outcome<Vec<Pair>> {
    let (small, large) = (few.open().await?, many.open().await?);
    let open = async |engine: &Engine, world: &World, turn| {
        let (opened, time) = timed(engine.open_case(world.case(turn), &world.person)).await;
        opened?;
        Ok(time)
    };
    let list = async |engine: &Engine| {
        let (due, time) = timed(engine.store.due(None, DUE_LISTED)).await;
        let listed = due?.len();
        if listed == DUE_LISTED as usize { Ok(time) } else { Err(format!("{listed} are due").into()) }
    };
    let name = |what: &str| format!("{what}, {} cases beside {FEW_CASES}", plan.cases);
    let (one, other) = alternate(
        plan.openings,
        "opening a case",
        async |turn| open(&large, many, turn).await,
        async |turn| open(&small, few, turn).await,
    )
    .await?;
    let opening = Pair::times(name("opening a case"), median(one), median(other), OPENING_MOST);
    let (one, other) = alternate(
        plan.openings,
        "listing what is due",
        async |_| list(&large).await,
        async |_| list(&small).await,
    )
    .await?;
    let listing = Pair::times(name("listing what is due"), median(one), median(other), OPENING_MOST);
    small.store.close().await;
    large.store.close().await;
    Ok(vec![opening, listing])
}

/// Start, until everything due is done, beside reading and decrypting every event in order. In this instance
/// every case has an obligation that is late, so that a start has to look at each.
async fn starts(plan: &Plan, world: &World) -> Outcome<Pair> {
    let start = async |_| {
        let (started, time) = timed(start(world)).await;
        started?.store.close().await;
        Ok(time)
    };
    let read = async |_| {
        let engine = world.open().await?;
        let (events, time) = timed(read_all(&engine)).await;
        engine.store.close().await;
        match events? {
            events if events == world.events() => Ok(time),
            events => Err(format!("{events} events were read of {}", world.events()).into()),
        }
    };
    let (one, other) = alternate(plan.starts, "starting", start, read).await?;
    let name = format!("start beside reading {} events", world.events());
    Ok(Pair::times(name, median(one), median(other), START_MOST))
}

/// What the program does before it answers anybody.
async fn start(world: &World) -> Outcome<Engine> {
    let engine = world.open().await?;
    let late = engine.resume().await?;
    let round = engine.work().await?;
    if late.is_empty() && round.failed.is_empty() && round.done == 0 {
        Ok(engine)
    } else {
        Err("a start found something to do: the second would have cost less".into())
    }
}

async fn read_all(engine: &Engine) -> Outcome<u64> {
    let (mut seq, mut events) = (1, 0);
    loop {
        let chunk = engine.store.all_events(seq, CHUNK).await?;
        let Some(last) = chunk.last() else { return Ok(events) };
        seq = last.seq + 1;
        events += chunk.len() as u64;
    }
}

async fn on_postgres(plan: &Plan, schema: &bare::Schema) -> Outcome<Pair> {
    let world = World::build(schema.location(), ACTED_CASES, Lengths::Spread).await?;
    actions(plan, "PostgreSQL", &world).await
}

/// Actions per second of [`PEOPLE`] at once, beside bare commits per second on one connection. The cases are at
/// every point of their way. A message is an event, a letter to be written, and whatever is due anew; writing the
/// letter is another worker's.
async fn actions(plan: &Plan, name: &str, world: &World) -> Outcome<Pair> {
    let engine = Arc::new(world.open().await?);
    let mut bare = Bare::open(&world.location).await?;
    let (one, other) = alternate(
        plan.blocks,
        "acting",
        async |block| {
            let (done, time) = timed(act_all(plan, block, &engine, world)).await;
            done.map(|()| time)
        },
        async |_| {
            let work = async {
                for _ in 0..plan.block {
                    bare.commit(&[7; BARE_BYTES]).await?;
                }
                Outcome::Ok(())
            };
            let (done, time) = timed(work).await;
            done.map(|()| time)
        },
    )
    .await?;
    engine.store.close().await;
    bare.close().await?;
    let rate = |times: Vec<Duration>| plan.block as f64 / median(times).as_secs_f64();
    let name = format!("actions per second, {PEOPLE} people at once, beside bare commits, {name}");
    Ok(Pair::rates(name, rate(one), rate(other), ACTIONS_LEAST))
}

async fn act_all(plan: &Plan, block: usize, engine: &Arc<Engine>, world: &World) -> Outcome<()> {
    let mut all = JoinSet::new();
    for person in 0..PEOPLE {
        let turns = (person..plan.block).step_by(PEOPLE);
        let cases = turns.map(|turn| world.case(block * plan.block + turn)).collect();
        all.spawn(act(Arc::clone(engine), world.person.clone(), cases));
    }
    while let Some(done) = all.join_next().await {
        done??;
    }
    Ok(())
}

/// What one person does, one action after the other.
async fn act(engine: Arc<Engine>, person: Slug, cases: Vec<CaseId>) -> Result<(), EngineError> {
    let action = Action::MessageReporter { text: world::text(17) };
    for case in cases {
        engine.perform(case, &person, &action).await?;
    }
    Ok(())
}

/// Prints the table; false where a bound is missed.
fn show(pairs: &[Pair]) -> Outcome<bool> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["", "this", "beside", "ratio", "bound", ""]);
    for pair in pairs {
        table.add_row(pair.row());
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{EVENTS_PER_CASE} events per case\n")?;
    for line in table.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(pairs.iter().all(Pair::holds))
}
