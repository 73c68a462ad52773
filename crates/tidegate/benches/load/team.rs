//! The instance under load, and the team that works in it.

use super::Outcome;
use super::servers::Tidegate;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tidegate::chance::Chance;
use tidegate::demo::live;
use tidegate::demo::play::Player;
use tidegate::engine::Engine;
use tidegate::engine::api_tokens::{Scope, Wanted};
use tidegate::engine::clock::{Clock, SetClock, SystemClock};
use tidegate::{instance, web};
use tidegate_domain::case::Event;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

/// The advisory's page.
pub const ADVISORY: &str = "/advisories/lantern/lsa-1.html";
/// Who acts.
const PERSON: &str = "mara";
/// How many of the team act at once.
const AT_ONCE: usize = 4;
const HOUR_US: i64 = 3_600_000_000;

/// The demo's live case, which is public, and somebody of its team.
pub struct World {
    engine: Engine,
    person: Slug,
    token: String,
    pub case: CaseId,
}

impl World {
    pub async fn make(dir: &Path) -> Outcome<World> {
        let chance = Arc::new(Chance::from_os()?);
        instance::create(dir, None, chance).await?;
        let now = SystemClock::start().now();
        let story = live::story(Instant::from_micros(now.micros() - HOUR_US));
        let clock = Arc::new(SetClock::at(story.begins()));
        let opened = instance::open(dir, Arc::<SetClock>::clone(&clock)).await?;
        let mut player = Player::new(opened, clock, None);
        player.play(&story).await.map_err(|failure| failure.message)?;
        player.end().await.map_err(|failure| failure.message)?.store.close().await;

        let engine = instance::open(dir, Arc::new(SystemClock::start())).await?;
        engine.resume().await?;
        engine.work().await?;
        let case = engine.store.cases(None, false).await?.first().ok_or("no case")?.case;
        let person: Slug = PERSON.parse()?;
        let scopes = [Scope::Read, Scope::Act].into_iter().collect();
        let wanted = Wanted { note: "load".to_owned(), scopes, days: 1 };
        let token = engine.make_api_token(&person, wanted, None).await?.to_string();
        Ok(World { engine, person, token, case })
    }

    /// Signs in, and answers with the cookie.
    pub async fn sign_in(&self, server: &Tidegate) -> Outcome<String> {
        let link = web::sign_in_link(&self.engine, &server.origin, &self.person).await?;
        let path = link.strip_prefix(&server.origin).ok_or("a link elsewhere")?;
        let (head, _) =
            server.send(&format!("POST {path} HTTP/1.1\r\nSec-Fetch-Site: same-origin\r\n"), "").await?;
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).ok_or("no cookie")?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    /// How many messages the case's log has.
    pub async fn messages(&self) -> Outcome<u64> {
        let (file, viewer) = self.engine.open_case(self.case, &self.person).await?;
        let view = file.view(&viewer).ok_or("no view")?;
        let messages = file.log(&view).filter(|entry| matches!(entry.event, Event::Messaged { .. }));
        Ok(messages.count() as u64)
    }

    /// Acts until `is_over`, and answers with how often that was confirmed. An action that was refused because a
    /// colleague was faster is tried again, as a person would.
    pub async fn act_until(&self, server: &Tidegate, is_over: impl Fn() -> bool) -> Outcome<u64> {
        let (stop, confirmed) = (AtomicBool::new(false), AtomicU64::new(0));
        let act = async || {
            let head = format!(
                "POST /api/v1/cases/{}/actions/message-reporter HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
                self.case, self.token
            );
            while !stop.load(Ordering::Relaxed) {
                server.send(&head, r#"{"text":"We are looking into it."}"#).await?;
                confirmed.fetch_add(1, Ordering::Relaxed);
                if is_over() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            Outcome::Ok(())
        };
        let team: [_; AT_ONCE] = std::array::from_fn(|_| act());
        let [one, two, three, four] = team;
        tokio::try_join!(one, two, three, four)?;
        Ok(confirmed.load(Ordering::Relaxed))
    }
}
