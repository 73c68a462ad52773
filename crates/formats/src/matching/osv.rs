//! OSV records of any ecosystem.

use super::{CLAIMS_MAX, Named};
use crate::purl::Package as Purl;
use crate::vers::{Scheme, compare};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::cmp::Ordering;
use tidegate_domain::matching::{Claim, End, Span, Start, is_placed};

/// An OSV record, as far as it says which packages are affected.
#[derive(Debug, Deserialize)]
pub struct Osv<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "modified")]
    _modified: IgnoredAny,
    withdrawn: Option<IgnoredAny>,
    #[serde(borrow, default)]
    affected: Vec<Affected<'a>>,
}

#[derive(Debug, Deserialize)]
struct Affected<'a> {
    #[serde(borrow)]
    package: Option<Package<'a>>,
    #[serde(borrow, default)]
    ranges: Vec<Range<'a>>,
    #[serde(borrow, default)]
    versions: Vec<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    ecosystem: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    purl: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Range<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    introduced: Option<Cow<'a, str>>,
    #[serde(borrow)]
    fixed: Option<Cow<'a, str>>,
    #[serde(borrow)]
    last_affected: Option<Cow<'a, str>>,
}

impl Osv<'_> {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn claims(&self, take: &mut dyn FnMut(&Named, Claim<'_>)) {
        if self.withdrawn.is_some() {
            return;
        }
        let mut spans = Vec::new();
        for affected in self.affected.iter().take(CLAIMS_MAX) {
            let Some(package) = &affected.package else { continue };
            let named = package.named();
            spans.clear();
            let is_told = affected.spans(named.scheme, &mut spans);
            take(&named, if is_told { Claim::Spans(&spans) } else { Claim::Untold });
        }
        // What goes beyond is about them all.
        for affected in self.affected.iter().skip(CLAIMS_MAX) {
            if let Some(package) = &affected.package {
                take(&package.named(), Claim::Untold);
            }
        }
    }
}

impl Package<'_> {
    /// The ecosystem tells the suite, which package URLs in OSV mostly leave out.
    fn named(&self) -> Named {
        let base = self.ecosystem.split(':').next().unwrap_or_default();
        let in_words = Named::of_osv(&self.ecosystem, &self.name);
        match &self.purl {
            Some(purl) if base == "GIT" || in_words.name.starts_with("osv/") => {
                Purl::normalized(purl).map_or(in_words, |purl| Named::of_purl(&purl))
            }
            Some(_) | None => in_words,
        }
    }
}

impl<'a> Affected<'a> {
    /// Whether the record tells which versions are affected; if so, `spans` are they.
    fn spans<'b>(&'b self, scheme: Scheme, spans: &mut Vec<Span<'b>>) -> bool {
        let mut is_told = true;
        for range in self.ranges.iter().filter(|range| range.kind != "GIT") {
            is_told &= between(&range.events, scheme, spans);
        }
        // A record lists each version that its ranges contain as well; only others say more. Where bounds
        // aren't told, doubt stays.
        let ranges = spans.len();
        for version in &self.versions {
            let is_contained =
                spans.get(..ranges).unwrap_or_default().iter().any(|span| span.contains(scheme, version));
            if !is_contained {
                spans.push(Span::one(version));
            }
        }
        // Commits alone say nothing of versions, and neither does a name.
        is_told && !spans.is_empty()
    }
}

/// Adds the spans between events, by the algorithm of the schema: each introduction lasts to the first end
/// after it. Whether all of their versions have a place.
fn between<'b>(events: &'b [Event<'_>], scheme: Scheme, spans: &mut Vec<Span<'b>>) -> bool {
    // The usual: one introduction, and at most one end.
    let mut starts: Vec<&str> = Vec::with_capacity(1);
    let mut ends: Vec<End<'b>> = Vec::with_capacity(1);
    for event in events {
        starts.extend(event.introduced.as_deref());
        ends.extend(event.fixed.as_deref().map(End::Below));
        ends.extend(event.last_affected.as_deref().map(End::Through));
    }
    let is_read = |version: &str| version == "0" || is_placed(version);
    if !starts.iter().all(|start| is_read(start)) || !ends.iter().all(|end| is_read(version(end))) {
        return false;
    }
    let order = |a: &str, b: &str| match (a, b) {
        ("0", "0") => Ordering::Equal,
        ("0", _) => Ordering::Less,
        (_, "0") => Ordering::Greater,
        (a, b) => compare(scheme, a, b),
    };
    if ends.len() > 1 {
        ends.sort_by(|a, b| order(version(a), version(b)));
    }
    for start in starts {
        let reaches = |end: &&End<'_>| match end {
            End::Below(end) => order(end, start).is_gt(),
            End::Through(end) => order(end, start).is_ge(),
            End::Never => true,
        };
        let to = ends.iter().find(reaches).copied().unwrap_or(End::Never);
        spans.push(Span { from: if start == "0" { Start::Beginning } else { Start::At(start) }, to });
    }
    true
}

fn version<'b>(end: &End<'b>) -> &'b str {
    match end {
        End::Below(version) | End::Through(version) => version,
        End::Never => "",
    }
}
