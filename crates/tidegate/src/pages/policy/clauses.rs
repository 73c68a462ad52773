//! Where each rule comes from: anchors that refusals and letters can point to, and an index of them.

use super::{Block, Line, Part, Run, Table, code, plain};
use std::collections::{BTreeMap, BTreeSet};

/// Longest id made of a clause, in characters.
const ID_CHARS_MAX: usize = 60;

/// One mention of a clause.
#[derive(Clone, Debug)]
pub(super) struct Cited {
    /// The clause as the policy writes it: `CS-05`, or `CS-14, ALL-02`.
    pub(super) text: String,
    /// The ids of this place on the page, one for each clause named.
    pub(super) ids: Vec<String>,
    /// The id of the clause's entry in the index.
    pub(super) entry: String,
}

/// Every clause that was cited so far, and where.
#[derive(Default)]
pub(super) struct Register {
    clauses: BTreeMap<Key, Entry>,
    ids: BTreeSet<String>,
}

/// A clause in the order in which people count: CS-9 before CS-10.
type Key = (String, u64, String);

/// A clause's row in the index: its id, and the places that cite it by id and name.
struct Entry {
    id: String,
    places: Vec<(String, String)>,
}

impl Register {
    /// Cites `clause` at `place`. The first mention on the page has the clause itself as id, so that
    /// `policy.html#CS-05` is the rule; later ones are numbered.
    pub(super) fn cite(&mut self, clause: &str, place: &str) -> Line {
        let text = crate::pages::text::line(clause);
        let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
        let mentions: Vec<(String, String)> = parts.map(|part| self.mention(part, place)).collect();
        let Some((_, entry)) = mentions.first().cloned() else { return Line::new() };
        vec![Run::Clause(Cited { text, ids: mentions.into_iter().map(|(id, _)| id).collect(), entry })]
    }

    /// The ids of this mention and of the clause's entry in the index.
    fn mention(&mut self, clause: &str, place: &str) -> (String, String) {
        let id = self.free_id(&id_of(clause));
        let key = key(clause);
        if !self.clauses.contains_key(&key) {
            let id = self.free_id(&format!("about-{}", id_of(clause)));
            self.clauses.insert(key.clone(), Entry { id, places: Vec::new() });
        }
        let entry = self.clauses.get_mut(&key).map_or_else(String::new, |entry| {
            entry.places.push((id.clone(), place.to_owned()));
            entry.id.clone()
        });
        (id, entry)
    }

    fn free_id(&mut self, wanted: &str) -> String {
        let mut id = wanted.to_owned();
        let mut mention = 1;
        while !self.ids.insert(id.clone()) {
            mention += 1;
            id = format!("{wanted}.{mention}");
        }
        id
    }

    /// The index of clauses.
    pub(super) fn index(self) -> Part {
        let head = ["Clause", "Applied in"].map(plain).to_vec();
        let mut table = Table { caption: "Clauses and where they are applied", head, ..Table::default() };
        for ((_, _, clause), entry) in self.clauses {
            let places = entry.places.into_iter().map(|(id, place)| vec![Run::Place(id, place)]).collect();
            table.rows.push(vec![code(&clause), separated(places)]);
            table.row_ids.push(entry.id);
        }
        let blocks = if table.rows.is_empty() { Vec::new() } else { vec![Block::Table(table)] };
        Part { id: "part-clauses", heading: "Clauses", blocks }
    }
}

/// Places, which hold commas themselves.
fn separated(places: Vec<Line>) -> Line {
    let mut all = Line::new();
    for place in places {
        if !all.is_empty() {
            all.push(Run::Plain("; ".to_owned()));
        }
        all.extend(place);
    }
    all
}

/// A clause as an id: letters, digits and `.-_`; everything else becomes a hyphen. The page's own ids begin
/// with a small letter, clauses with a capital one.
fn id_of(clause: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let id: String = clause.chars().map(plain).take(ID_CHARS_MAX).collect();
    if id.starts_with(|c: char| c.is_ascii_uppercase()) { id } else { format!("C-{id}") }
}

fn key(clause: &str) -> Key {
    let digits_at = clause.find(|c: char| c.is_ascii_digit()).unwrap_or(clause.len());
    let (name, rest) = clause.split_at_checked(digits_at).unwrap_or((clause, ""));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (name.to_owned(), digits.parse().unwrap_or(0), clause.to_owned())
}
