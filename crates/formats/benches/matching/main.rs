//! What matching costs, as ratios in one run: `cargo bench -p tidegate-formats --bench matching -- [--advisories N]
//! [--peers FOLDER]`.
//!
//! | what | bound |
//! | --- | --- |
//! | building the index, beside parsing the advisories | at most 0.5 |
//! | memory of the index, the whole process counted | at most 600 MB |
//! | matching an SBOM of 1,000 components, beside parsing its JSON alone | at most 2 |
//! | a new advisory against 100,000 SBOMs, beside a look-up, its hits aside | at most 10 |
//! | components matched per second, beside the fastest peer (`peers.py`) | at least 100 |
//!
//! What the index finds is compared, in the same run, with what comparing every claim finds.
//! The process fails where a bound is missed.

mod generate;

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;
use tidegate_domain::matching::{Builder, Certainty, Claim, Fleet, Index, Span, is_placed};
use tidegate_formats::matching::{Advisory, Named};
use tidegate_formats::purl::Package;
use tidegate_formats::vers::Scheme;

type Outcome<T> = Result<T, Box<dyn Error>>;

const SEED: u64 = 31;
const COMPONENTS: u64 = 1_000;
const SBOMS: u32 = 100_000;
/// Components of each SBOM in the fleet.
const FLEET_COMPONENTS: u64 = 60;
/// Advisories generated, parsed and let go at a time.
const CHUNK: u64 = 1_000;
const NEW_ADVISORIES: u64 = 2_000;
const TURNS: usize = 15;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<bool> {
    let words: Vec<String> = std::env::args().collect();
    let option = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
    let advisories: u64 = option("--advisories").map_or(Ok(500_000), |count| count.parse())?;
    let mut is_met = true;
    let index = build(advisories, &mut is_met)?;
    let sbom = generate::sbom(SEED, COMPONENTS);
    let rate = matching(&index, &sbom, &mut is_met)?;
    exact(&index, &sbom, advisories)?;
    fleet(&mut is_met)?;
    match option("--peers") {
        Some(folder) => peers(Path::new(folder), advisories, &sbom, rate, &mut is_met)?,
        None => say("peers: left out; name the folder of their virtual environments with --peers")?,
    }
    Ok(is_met)
}

fn say(line: &str) -> Outcome<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn bound(what: &str, ratio: f64, bound: f64, is_met: &mut bool, at_most: bool) -> Outcome<()> {
    let good = if at_most { ratio <= bound } else { ratio >= bound };
    *is_met &= good;
    let (sign, word) = (if at_most { "<=" } else { ">=" }, if good { "ok" } else { "MISSED" });
    say(&format!("{what}: {ratio:.2} (bound {sign} {bound}) {word}"))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; nothing here decides by it")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = std::time::Instant::now();
    let done = work();
    (done, begun.elapsed())
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..TURNS).map(|_| timed(&mut work).1).collect();
    times.sort_unstable();
    times.get(TURNS / 2).copied().unwrap_or_default()
}

/// The most memory that this process has had, in megabytes.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1000.0
}

fn build(advisories: u64, is_met: &mut bool) -> Outcome<Index<Scheme>> {
    let mut builder = Builder::default();
    let (mut parsing, mut reading, mut adding, mut bytes) =
        (Duration::ZERO, Duration::ZERO, Duration::ZERO, 0);
    for start in (0..advisories).step_by(CHUNK as usize) {
        let numbers = start..(start + CHUNK).min(advisories);
        let documents: Vec<String> = numbers.map(|number| generate::advisory(SEED, number)).collect();
        bytes += documents.iter().map(String::len).sum::<usize>();
        let (parsed, time) = timed(|| {
            documents
                .iter()
                .map(|document| Advisory::parse(document.as_bytes()))
                .collect::<Result<Vec<_>, _>>()
        });
        parsing += time;
        let parsed = parsed.map_err(|fault| fault.to_string())?;
        let read = timed(|| {
            parsed
                .iter()
                .for_each(|advisory| advisory.claims(&mut |named, claim| _ = black_box((named, claim))));
        });
        reading += read.1;
        let (added, time) = timed(|| parsed.iter().try_for_each(|advisory| advisory.index(&mut builder)));
        added?;
        adding += time;
    }
    let (index, finishing) = timed(|| builder.finish());
    let index = index?;
    say(&format!(
        "{advisories} advisories, {} MB of JSON: read in {parsing:.2?}, what they claim in {reading:.2?} more; that and \
         adding it in {adding:.2?}, sorted in {finishing:.2?}; the index has {} MB",
        bytes / 1_000_000,
        index.bytes() / 1_000_000
    ))?;
    let building = adding.saturating_sub(reading) + finishing;
    let parsing = parsing + reading;
    bound("index beside parsing", building.as_secs_f64() / parsing.as_secs_f64(), 0.5, is_met, true)?;
    bound("peak memory of the process in MB", peak_mb(), 600.0, is_met, true)?;
    Ok(index)
}

/// The components of an SBOM, by their package URLs.
fn components(sbom: &serde_json::Value) -> Vec<(&str, &str)> {
    let all = sbom.get("components").and_then(serde_json::Value::as_array);
    all.into_iter()
        .flatten()
        .filter_map(|part| Some((part.get("purl")?.as_str()?, part.get("version")?.as_str()?)))
        .collect()
}

/// Components matched in a second.
fn matching(index: &Index<Scheme>, sbom: &str, is_met: &mut bool) -> Outcome<f64> {
    let document: serde_json::Value = serde_json::from_str(sbom)?;
    let components = components(&document);
    let mut hits = Vec::new();
    let match_all = || {
        hits.clear();
        for (purl, version) in &components {
            if let Ok(package) = Package::normalized(purl) {
                index.find(&Named::of_purl(&package).identity(), version, &mut hits);
            }
        }
        black_box(hits.len());
    };
    let matched = median(match_all);
    let parsed = median(|| drop(black_box(serde_json::from_str::<serde_json::Value>(sbom))));
    let skipped = median(|| drop(black_box(serde_json::from_str::<serde::de::IgnoredAny>(sbom))));
    say(&format!(
        "an SBOM of {} components, {} kB: matched in {matched:.2?} ({} hits); its JSON parsed in {parsed:.2?}, or \
         checked without keeping anything in {skipped:.2?}",
        components.len(),
        sbom.len() / 1000,
        hits.len()
    ))?;
    bound("matching beside parsing", matched.as_secs_f64() / parsed.as_secs_f64(), 2.0, is_met, true)?;
    Ok(components.len() as f64 / matched.as_secs_f64())
}

/// Compares what the index finds with what comparing each claim with each component of its name finds.
fn exact(index: &Index<Scheme>, sbom: &str, advisories: u64) -> Outcome<()> {
    let document: serde_json::Value = serde_json::from_str(sbom)?;
    let mut by_name: HashMap<String, Vec<(Named, String, usize)>> = HashMap::new();
    let (mut found, mut expected) = (BTreeSet::new(), BTreeSet::new());
    for (place, (purl, version)) in components(&document).into_iter().enumerate() {
        let named = Named::of_purl(&Package::normalized(purl).map_err(|fault| fault.to_string())?);
        let mut hits = Vec::new();
        index.find(&named.identity(), version, &mut hits);
        found.extend(hits.iter().map(|hit| (place, index.advisory(hit.advisory).to_owned(), hit.certainty)));
        by_name.entry(named.name.clone()).or_default().push((named, version.to_owned(), place));
    }
    for number in 0..advisories {
        let document = generate::advisory(SEED, number);
        let advisory = Advisory::parse(document.as_bytes()).map_err(|fault| fault.to_string())?;
        advisory.claims(&mut |claimed, claim| {
            for (named, version, place) in by_name.get(&claimed.name).into_iter().flatten() {
                let Claim::Spans(spans) = claim else { continue };
                let is_one = claimed.suite.is_none() || claimed.suite == named.suite;
                let holds = |span: &Span<'_>| is_placed(version) && span.contains(named.scheme, version);
                if is_one && spans.iter().any(holds) {
                    expected.insert((*place, advisory.id().to_owned(), Certainty::Affected));
                }
            }
        });
    }
    if found != expected {
        return Err(format!("the index finds {}, comparing finds {}", found.len(), expected.len()).into());
    }
    say(&format!("exact: the index and comparing every claim find the same {} hits", found.len()))
}

fn fleet(is_met: &mut bool) -> Outcome<()> {
    let mut fleet: Fleet<Scheme> = Fleet::default();
    for deployment in 0..SBOMS {
        for number in 0..FLEET_COMPONENTS {
            let (purl, version, suite) = generate::component(u64::from(deployment), number);
            let package =
                Package::normalized(&format!("{purl}{suite}")).map_err(|fault| fault.to_string())?;
            fleet.add(deployment, &Named::of_purl(&package).identity(), &version)?;
        }
    }
    let documents: Vec<String> =
        (0..NEW_ADVISORIES).map(|number| generate::advisory(SEED + 1, number)).collect();
    let parsed: Result<Vec<_>, _> =
        documents.iter().map(|document| Advisory::parse(document.as_bytes())).collect();
    let parsed = parsed.map_err(|fault| fault.to_string())?;
    // What is asked, taken apart beforehand: both sides begin with the same.
    let mut asked: Vec<(Named, Vec<Span<'_>>)> = Vec::new();
    let mut texts: Vec<(Named, Vec<(String, String)>)> = Vec::new();
    for advisory in &parsed {
        advisory.claims(&mut |named, claim| {
            if let Claim::Spans(spans) = claim {
                texts.push((named.clone(), spans.iter().map(in_words).collect()));
            }
        });
    }
    for (named, spans) in &texts {
        asked.push((named.clone(), spans.iter().map(|(from, to)| span(from, to)).collect()));
    }
    let (mut hits, mut kept) = (0_usize, Vec::with_capacity(10_000_000));
    let advisories = median(|| {
        kept.clear();
        for (named, spans) in &asked {
            for span in spans {
                fleet.find(&named.identity(), Some(span), &mut |found| {
                    kept.extend_from_slice(found.deployments);
                });
            }
        }
        hits = black_box(kept.len());
    });
    // Handing over as many deployments, out of lists as long as those that were found.
    let mut lists: Vec<Vec<u32>> = Vec::new();
    for (named, spans) in &asked {
        for span in spans {
            fleet.find(&named.identity(), Some(span), &mut |found| lists.push(found.deployments.to_vec()));
        }
    }
    let handing = median(|| {
        kept.clear();
        lists.iter().for_each(|list| kept.extend_from_slice(list));
        black_box(kept.len());
    });
    let lookups = median(|| {
        let mut count = 0;
        for (named, _) in &asked {
            let one = Span::one("4.7.3");
            fleet.find(&named.identity(), Some(&one), &mut |found| count += found.deployments.len());
        }
        black_box(count);
    });
    let each = |time: Duration| time / u32::try_from(asked.len()).unwrap_or(1);
    say(&format!(
        "a new advisory against {SBOMS} SBOMs of {FLEET_COMPONENTS} components: {:.2?} with {} hits, of which handing \
         over takes {:.2?}; one look-up of a name and version {:.2?}",
        each(advisories),
        hits / asked.len(),
        each(handing),
        each(lookups)
    ))?;
    let ratio = advisories.saturating_sub(handing).as_secs_f64() / lookups.as_secs_f64();
    bound("a new advisory beside a look-up, its hits aside", ratio, 10.0, is_met, true)
}

/// The generator's spans have a start or none, and an end that they don't contain.
fn in_words(span: &Span<'_>) -> (String, String) {
    use tidegate_domain::matching::{End, Start};
    let from = match span.from {
        Start::Beginning => "",
        Start::At(from) | Start::After(from) => from,
    };
    let to = match span.to {
        End::Below(to) | End::Through(to) => to,
        End::Never => "",
    };
    (from.to_owned(), to.to_owned())
}

fn span<'a>(from: &'a str, to: &'a str) -> Span<'a> {
    use tidegate_domain::matching::{End, Start};
    let from = if from.is_empty() { Start::Beginning } else { Start::At(from) };
    Span { from, to: if to.is_empty() { End::Never } else { End::Below(to) } }
}

/// Runs what `folder` has of the peers on the same documents: virtual environments `vdb` and `cbt`.
fn peers(folder: &Path, advisories: u64, sbom: &str, rate: f64, is_met: &mut bool) -> Outcome<()> {
    let documents = folder.join("advisories.jsonl");
    let mut file = BufWriter::new(std::fs::File::create(&documents)?);
    for number in 0..advisories {
        writeln!(file, "{}", generate::advisory(SEED, number))?;
    }
    file.flush()?;
    let inventory = folder.join("sbom.json");
    std::fs::write(&inventory, sbom)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/matching/peers.py");
    let mut fastest: Option<f64> = None;
    for peer in ["vdb", "cbt"] {
        let python = folder.join(peer).join("bin/python");
        if !python.is_file() {
            say(&format!("{peer}: not there, left out"))?;
            continue;
        }
        let output = Command::new(python)
            .arg(&script)
            .args([peer.as_ref(), documents.as_os_str(), inventory.as_os_str(), folder.as_os_str()])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let components_per_s = text
            .lines()
            .find_map(|line| line.strip_prefix("rate "))
            .and_then(|rate| rate.parse::<f64>().ok());
        match components_per_s {
            Some(found) => {
                let words = text.lines().find_map(|line| line.strip_prefix("said ")).unwrap_or_default();
                say(&format!("{peer}: {found:.1} components a second; {words}"))?;
                fastest = Some(fastest.map_or(found, |best| best.max(found)));
            }
            None => say(&format!("{peer}: failed: {}", String::from_utf8_lossy(&output.stderr)))?,
        }
    }
    match fastest {
        Some(fastest) => {
            bound("components a second beside the fastest peer", rate / fastest, 100.0, is_met, false)
        }
        None => say("no peer ran"),
    }
}
