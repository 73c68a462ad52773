//! `tidegate demo`: three real vulnerabilities go through the real engine under a simulated clock, and the
//! site that comes of it is exported and served. What is not public about them is marked as assumed. Served with
//! them is a case that is made up, and whose embargo ends a few minutes later.

pub mod catcher;
mod cloudstack;
pub mod doors;
pub mod live;
mod local;
mod openstack;
pub mod play;
pub mod story;
mod xen;

use crate::chance::Chance;
use crate::engine::EngineError;
use crate::engine::clock::{Clock, SetClock, SystemClock};
use crate::out::{Failure, Out};
use crate::web::{self, Web};
use crate::{export, instance, serve};
use catcher::Catcher;
use play::Player;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use story::Story;
use tidegate_domain::time::Instant;

/// Marks a folder that an earlier demo made, and that the next one may replace.
const MARKER: &str = "made-by-tidegate-demo";

/// How long the served demo rests between looks at what is due.
const REST: Duration = Duration::from_millis(200);

/// The longest that the embargo of the live case runs on, in minutes: a day.
const EMBARGO_MIN_MAX: i64 = 24 * 60;

/// Options of `demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where the site is served.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8008")]
    listen: SocketAddr,
    /// Stop after the export.
    #[arg(long)]
    no_serve: bool,
    /// Minutes from now until the embargo of the live case ends.
    #[arg(long, value_name = "MINUTES", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=EMBARGO_MIN_MAX))]
    embargo: u32,
}

/// The stories, in the order of history.
#[must_use]
pub fn stories() -> Vec<Story> {
    let mut stories = vec![cloudstack::story(), xen::story(), openstack::story()];
    for story in &mut stories {
        // What is told release by release happens side by side: the clock only goes forward.
        story.beats.sort_by_key(|beat| beat.at);
    }
    stories
}

/// Runs the demo in `dir`, or in the folder `tidegate-demo`.
///
/// # Errors
/// What went wrong, for whoever started it.
pub async fn run(options: &Options, dir: Option<PathBuf>, out: &Out) -> Result<(), Failure> {
    let dir = dir.unwrap_or_else(|| PathBuf::from("tidegate-demo"));
    make_room(&dir)?;
    let chance = Chance::from_os().map_err(|_| Failure::from(instance::InstanceError::NoChance))?;
    instance::create(&dir, None, Arc::new(chance)).await?;
    std::fs::write(dir.join(MARKER), "The next demo replaces this folder.\n").map_err(Failure::io)?;
    let stories = stories();
    let clock =
        Arc::new(SetClock::at(stories.first().map_or(story::instant("2013-01-01T00:00:00Z"), Story::begins)));
    let engine = instance::open(&dir, Arc::<SetClock>::clone(&clock)).await?;
    let mut player = Player::new(engine, Arc::clone(&clock), Some(*out));
    for story in &stories {
        player.play(story).await?;
    }
    let engine = player.end().await?;
    let files = export::site(&engine).await?;
    let site = dir.join("site");
    export::write(&files, &site).map_err(|error| Failure::file(&site, &error))?;
    out.note(&format!("\n{} files of the public site are in {}", files.len(), site.display()));
    out.note(&format!("look at a case: tidegate --dir {} --as lars case list --all", dir.display()));
    if options.no_serve {
        engine.store.close().await;
        return Ok(());
    }
    let listener = serve::listen(options.listen).await.map_err(|error| {
        let advice = "name another address with --listen, or only export with --no-serve";
        Failure::plain(format!("cannot listen on {}: {error}\n  {advice}", options.listen))
    })?;
    let today = Arc::new(SystemClock::start());
    let until = live::embargo_end(today.now(), options.embargo);
    let mut player = Player::new(engine, clock, Some(*out));
    player.play(&live::story(until)).await?;
    player.end().await?.store.close().await;
    look(&dir, listener, today, until, out).await
}

/// Serves what the stories left behind, with the clock of today: the public site, everybody's desk, and the
/// letters.
async fn look(
    dir: &Path,
    listener: tokio::net::TcpListener,
    today: Arc<SystemClock>,
    until: Instant,
    out: &Out,
) -> Result<(), Failure> {
    let address = listener.local_addr().map_err(Failure::io)?;
    let origin = instance::WebConfig::default().origin_at(address).map_err(Failure::plain)?;
    let engine = Arc::new(instance::open(dir, today).await?);
    live::make_keys(&engine).await?;
    let door = Web::open(Arc::clone(&engine), &origin).await?;
    out.note("\nlinks that sign people in once:");
    for person in &engine.people().await?.0 {
        out.note(&format!("  {:<9} {}", person.name.as_str(), door.sign_in_link(&person.name).await?));
    }
    let lantern = story::name(live::PROJECT);
    for row in engine.store.cases(Some(&lantern), false).await.map_err(EngineError::from)? {
        let key = engine.mailbox_of_case(row.case).await?;
        out.note(&format!("the mailbox of whoever reported {}: {origin}/mailbox/{key}", live::NUMBER));
    }
    out.note(&format!("\nthe embargo of {} ends at {}", live::NUMBER, local::both(until, &local::zone())));
    out.note(&format!("where to look is at {origin}/, letters are at {origin}/demo/mail — stop with Ctrl-C"));
    let catcher = Arc::new(Catcher::default());
    let working = async {
        loop {
            engine.work().await?;
            catcher.round(&engine).await?;
            tokio::time::sleep(REST).await;
        }
    };
    let routes = doors::routes(&catcher, until);
    tokio::select! {
        served = web::serve_routes(routes, door, listener, serve::stopped()) => served.map_err(Failure::io),
        failed = working => failed,
    }
}

/// An earlier demo is replaced; anything else is left alone.
fn make_room(dir: &Path) -> Result<(), Failure> {
    let empty = std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if empty {
        return Ok(());
    }
    if !dir.join(MARKER).exists() {
        let what =
            format!("{} is not empty, and no demo made it; name another folder with --dir", dir.display());
        return Err(Failure::plain(what));
    }
    std::fs::remove_dir_all(dir).map_err(|error| Failure::file(dir, &error))
}
