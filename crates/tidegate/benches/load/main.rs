//! The web door under load, as ratios in one run: `./x load`, or `cargo bench -p tidegate --bench load`.
//!
//! | what | at most, or at least |
//! | --- | --- |
//! | a public advisory from `tidegate serve`, beside the same bytes as a file from nginx: requests per second | half |
//! | the desk of somebody who is signed in, beside axum's bare "hello": time per request | 3 times |
//! | 500 readers while a team acts: refused or broken requests, actions that were confirmed and are not stored | none |
//!
//! Each server is a process of its own on loopback, and writes a line for each request to a file, as they do by default;
//! "hello" writes none. wrk asks all of them, with the same number of connections, in turn; medians are compared.

#[path = "../cost/measure.rs"]
#[expect(dead_code, reason = "the other benchmark measures times")]
mod measure;
mod servers;
mod team;
mod wrk;

use measure::{Pair, say};
use servers::{Hello, Nginx, Tidegate};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;
use team::World;
use wrk::{Asked, ask};

type Outcome<T> = Result<T, Box<dyn Error>>;

const STATIC_LEAST: f64 = 0.5;
const SIGNED_IN_MOST: f64 = 3.0;
/// Connections where rates are compared.
const CONNECTIONS: u32 = 32;
/// Connections of the readers who come while the team works.
const READERS: u32 = 500;
/// Turns of each pair; one more, before them, is not counted.
const TURNS: usize = 5;
/// One turn of one server.
const TURN: Duration = Duration::from_secs(3);
/// For so long the readers come.
const CROWD: Duration = Duration::from_secs(10);

/// As in the program that "hello" is held beside.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        // This program again, as the bare framework's server.
        Some("hello") => return done(runtime(servers::hello())),
        Some(_) if std::env::args().any(|argument| argument == "--bench") => {}
        _ => {
            say("this benchmark takes minutes and runs by `cargo bench` alone");
            return ExitCode::SUCCESS;
        }
    }
    done(runtime(measure_all()).and_then(|pairs| {
        let rows: Vec<Vec<String>> = pairs.iter().map(|pair| pair.row().to_vec()).collect();
        say(&format!("\n{}", tidegate::out::table(&["what", "this", "beside", "ratio", "bound", ""], &rows)));
        if pairs.iter().all(Pair::holds) { Ok(()) } else { Err("a bound is missed".into()) }
    }))
}

fn runtime<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn done(outcome: Outcome<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn measure_all() -> Outcome<Vec<Pair>> {
    let room = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let world = World::make(&room.path().join("instance")).await?;
    let tidegate = Tidegate::start(&room.path().join("instance")).await?;
    let page = tidegate.get(team::ADVISORY, "").await?;
    let nginx = Nginx::start(room.path(), &page).await?;
    let hello = Hello::start()?;
    let cookie = world.sign_in(&tidegate).await?;

    let advisory = format!("{}{}", tidegate.origin, team::ADVISORY);
    let file = format!("{}/page.html", nginx.origin);
    let (this, beside) = rates("the advisory", (&advisory, ""), (&file, ""))?;
    let mut pairs = vec![Pair::rates(
        format!("an advisory of {} bytes, beside nginx", page.len()),
        this,
        beside,
        STATIC_LEAST,
    )];
    let each = |rate: f64| Duration::from_secs_f64(1.0 / rate);
    let desk = format!("{}/desk", tidegate.origin);
    let (this, beside) = rates("the desk", (&desk, &cookie), (&hello.origin, ""))?;
    let name = "the desk, signed in, beside axum's hello".to_owned();
    pairs.push(Pair::times(name, each(this), each(beside), SIGNED_IN_MOST));
    // The whole case with its log is read, opened and shown: it costs what the case is long. Said, not bounded.
    let page = format!("{}/desk/cases/{}", tidegate.origin, world.case);
    let (this, beside) = rates("a case's page", (&page, &cookie), (&hello.origin, ""))?;
    say(&format!("a case's page, with its whole log, costs {:.1} times axum's hello", beside / this));
    pairs.push(crowd(&world, &tidegate, &advisory).await?);
    Ok(pairs)
}

/// The middle rates of two addresses, asked in turn.
fn rates(what: &'static str, one: (&str, &str), other: (&str, &str)) -> Outcome<(f64, f64)> {
    let bar = measure::bar(TURNS as u64, what);
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let (first, second) = if turn % 2 == 0 { (one, other) } else { (other, one) };
        let rates = [
            ask(first.0, first.1, CONNECTIONS, TURN)?.sound()?,
            ask(second.0, second.1, CONNECTIONS, TURN)?.sound()?,
        ];
        let [first, second] = rates.map(|asked| asked.per_s);
        let (this, beside) = if turn % 2 == 0 { (first, second) } else { (second, first) };
        if turn > 0 {
            ones.push(this);
            others.push(beside);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok((middle(ones), middle(others)))
}

fn middle(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// Readers come while the team acts. Both sides of the pair are actions: those that are stored, and those that the team
/// was told are.
async fn crowd(world: &World, tidegate: &Tidegate, advisory: &str) -> Outcome<Pair> {
    let before = world.messages().await?;
    let url = advisory.to_owned();
    let readers = tokio::task::spawn_blocking(move || {
        ask(&url, "", READERS, CROWD).and_then(Asked::sound).map_err(|error| error.to_string())
    });
    let confirmed = world.act_until(tidegate, || readers.is_finished()).await?;
    let asked = readers.await??;
    let stored = world.messages().await? - before;
    say(&format!(
        "{READERS} readers were given {:.0} pages a second while the team acted {confirmed} times; all were answered",
        asked.per_s
    ));
    if stored != confirmed || confirmed == 0 {
        return Err(format!("{confirmed} actions were confirmed, {stored} are stored").into());
    }
    let seconds = CROWD.as_secs_f64();
    let name = format!("actions stored beside {READERS} readers");
    Ok(Pair::rates(name, stored as f64 / seconds, confirmed as f64 / seconds, 1.0))
}
