//! The exported site: every address in it leads somewhere, from a folder of any depth.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use bed::Bed;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate::demo::play::Player;
use tidegate::demo::stories;
use tidegate::demo::story::{Story, instant};
use tidegate::engine::Engine;
use tidegate::engine::clock::SetClock;
use tidegate::export;

type Site = BTreeMap<String, String>;

/// The site that comes of some stories, as text.
async fn site_of(stories: &[Story]) -> Site {
    let bed = Bed::sqlite();
    let clock = Arc::new(SetClock::at(instant("2013-01-01T00:00:00Z")));
    let opened = Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance()).await;
    let mut player = Player::new(opened.expect("opens"), clock, None);
    for story in stories {
        player.play(story).await.expect("the story plays");
    }
    let engine = player.end().await.expect("the end");
    let files = export::site(&engine).await.expect("a site");
    engine.store.close().await;
    let text = |body: Vec<u8>| String::from_utf8(body).expect("the demo's files are text");
    files.into_iter().map(|file| (file.path, text(file.body))).collect()
}

/// The path that `href` means on the page at `from`; `None` for an address elsewhere or on the page itself.
fn resolved(from: &str, href: &str) -> Option<String> {
    if href.contains(':') || href.starts_with('#') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in href.split('#').next().unwrap_or_default().split('/') {
        if part == ".." {
            assert!(parts.pop().is_some(), "{href} on {from} leaves the site");
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

fn hrefs(page: &str) -> impl Iterator<Item = &str> {
    page.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_leads_to_a_file_of_the_site() {
    let site = site_of(&stories()).await;
    let pages: Vec<(&String, &String)> = site.iter().filter(|(path, _)| path.ends_with(".html")).collect();
    assert!(pages.len() > 8, "the demo has pages");
    for (path, page) in pages {
        let targets: Vec<String> = hrefs(page).filter_map(|href| resolved(path, href)).collect();
        for target in &targets {
            assert!(site.contains_key(target), "{path} leads to {target}, which is not there");
        }
        assert!(targets.iter().any(|target| target == "icon.svg"), "{path} has no icon");
    }
}
