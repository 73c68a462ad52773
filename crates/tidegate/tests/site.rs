//! The exported site: every address in it leads somewhere, from a folder of any depth.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use bed::Bed;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate::demo::play::Player;
use tidegate::demo::stories;
use tidegate::demo::story::{instant, name};
use tidegate::engine::Engine;
use tidegate::engine::clock::SetClock;
use tidegate::engine::list::Asker;
use tidegate::export;
use tidegate::hands::render::render;
use tidegate_domain::admission::{Ruling, read};
use tidegate_domain::advisory::Publication;
use tidegate_domain::id::Slug;
use tidegate_domain::list::application::Action;

type Site = BTreeMap<String, String>;

/// Plays the demo's stories.
async fn played(bed: &Bed) -> Engine {
    let clock = Arc::new(SetClock::at(instant("2013-01-01T00:00:00Z")));
    let opened = Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance()).await;
    let mut player = Player::new(opened.expect("opens"), clock, None);
    for story in stories() {
        player.play(&story).await.expect("the story plays");
    }
    player.end().await.expect("the end")
}

/// The exported site, as text.
async fn site_of(engine: &Engine) -> Site {
    let files = export::site(engine).await.expect("a site");
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
    let bed = Bed::sqlite();
    let engine = played(&bed).await;
    let site = site_of(&engine).await;
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

fn title(page: &str) -> &str {
    page.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title")
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_share_no_file() {
    let bed = Bed::sqlite();
    let engine = played(&bed).await;
    let stored = engine.store.public_document("publications/xen/xsa-108.json").await.expect("read");
    let stored = stored.expect("a publication").body;
    let (project, publication): (Slug, Publication) = serde_json::from_slice(&stored).expect("JSON");
    let paths = |project: &Slug| -> Vec<String> {
        let patches = vec![("a.patch".to_owned(), b"a".to_vec())];
        let files = render(&publication, project, patches, &engine.site);
        files.into_iter().map(|file| file.path).collect()
    };
    let (own, others) = (paths(&project), paths(&name("qubes")));
    assert!(own.len() > 6 && own.len() == others.len());
    assert!(own.iter().all(|path| !others.contains(path)), "{own:?}");

    let site = site_of(&engine).await;
    let (all, xen) = (&site["feed.atom"], &site["projects/xen.atom"]);
    let ids = |feed: &str| -> Vec<String> {
        feed.split("<id>").skip(1).filter_map(|rest| rest.split("</id>").next()).map(str::to_owned).collect()
    };
    let (all, xen) = (ids(all), ids(xen));
    assert!(xen.len() > 1 && xen.len() < all.len());
    assert!(xen[1..].iter().all(|id| id.contains(":xen/") && all.contains(id)), "{xen:?}");
    assert!(!all.contains(&xen[0]), "a feed has an id of its own");
    for (path, page) in
        site.iter().filter(|(path, _)| path.ends_with("/xen.html") || path.contains("/xen/xsa"))
    {
        if path.ends_with(".html") {
            assert!(title(page).ends_with(" – Xen Project"), "{path}: {}", title(page));
        }
    }
}

/// An open case is read by everybody: what was reported, and not the address that it came from.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_case_tells_nobody_the_reporters_address() {
    let bed = Bed::sqlite();
    let engine = played(&bed).await;
    let mut addresses = 0;
    for row in engine.store.cases(None, false).await.expect("cases") {
        let team = name(if row.project.as_str() == "openstack" { "jeremy" } else { "lars" });
        let (file, viewer) = engine.open_case(row.case, &team).await.expect("the team's case");
        let view = file.view(&viewer).expect("the team sees it");
        let record = view.record.as_deref().expect("a record");
        let theirs: Vec<String> = record.reports.iter().filter_map(|report| report.from.clone()).collect();
        let (file, viewer) = engine.open_case(row.case, &name("stranger")).await.expect("a public case");
        let view = file.view(&viewer).expect("everybody sees something of it");
        // Not every policy opens the record.
        if view.record.is_some() {
            addresses += theirs.len();
        }
        let told = serde_json::to_string(&file.log(&view).collect::<Vec<_>>()).expect("JSON");
        let seen = format!("{told} {:?}", view.record);
        assert!(!theirs.iter().any(|address| seen.contains(address.as_str())), "{seen}");
    }
    assert!(addresses > 0);
}

/// The archive of the list: every application and its decision, the members' names, and nobody's alias.
#[tokio::test(flavor = "multi_thread")]
async fn applications_are_public_but_for_the_alias() {
    let bed = Bed::sqlite();
    let clock = Arc::new(SetClock::at(instant("2026-01-05T09:00:00Z")));
    let engine = Engine::open(bed.open().await, clock, bed.chance()).await.expect("opens");
    let policy = include_str!("../../../policies/xen.toml");
    engine.put_project(&name("xen"), policy).await.expect("a project");
    let mut people = engine.people().await.expect("people");
    people.grant(&name("lars"), Some("lars@xen.example"), &name("xen"), &name("team"));
    engine.set_people(&people).await.expect("people");
    assert!(site_of(&engine).await["members/xen.html"].contains("No list is kept on this site yet"));

    let mut ids = Vec::new();
    for text in [
        include_str!("../../../examples/applications/hosting-provider.toml"),
        include_str!("../../../examples/applications/no-statement.toml"),
    ] {
        let mut form = read(text).expect("an example");
        form.alias = format!("security-zzaliaszz@{}", form.domains[0]);
        form.organisation.push_str(" <b>&amp;");
        let before = engine.store.public_stamp().await.expect("a stamp");
        ids.push(engine.submit_application(&name("xen"), form).await.expect("it comes in").id);
        assert_ne!(
            engine.store.public_stamp().await.expect("a stamp"),
            before,
            "the served site is made anew"
        );
    }
    let lars = Asker::Person(name("lars"));
    for criterion in ["status", "user", "reports"] {
        let ruling =
            Ruling { criterion: name(criterion), met: true, why: "Its prices are public.".to_owned() };
        engine.on_application(ids[0], &lars, &Action::Answer { ruling }).await.expect("answered");
    }
    let open = &site_of(&engine).await[&format!("applications/xen/{}.html", ids[0])];
    assert!(!open.contains("Its prices are public."), "answers are public with the decision, not before");
    let member = engine.draw_stream();
    engine.on_application(ids[0], &lars, &Action::Decide { member }).await.expect("decided");

    let site = site_of(&engine).await;
    let page = |id| &site[&format!("applications/xen/{id}.html")];
    assert!(page(ids[0]).contains("Its prices are public.") && page(ids[0]).contains("was accepted"));
    assert!(page(ids[1]).contains("there is no such statement") && page(ids[1]).contains("XEN-15"));
    assert!(ids.iter().all(|id| site["applications/xen.html"].contains(&id.to_string())));
    assert!(
        site["members/xen.html"].contains("Example Hosting &lt;b&gt;&amp;amp;"),
        "{}",
        site["members/xen.html"]
    );
    assert!(!site["members/xen.html"].contains("Example Hasty"), "an applicant is no member");
    assert!(site.values().all(|file| !file.contains("zzaliaszz")), "an alias is public");
    for (path, file) in site.iter().filter(|(path, _)| path.ends_with(".html")) {
        for target in hrefs(file).filter_map(|href| resolved(path, href)) {
            assert!(site.contains_key(&target), "{path} leads to {target}, which is not there");
        }
    }
}
