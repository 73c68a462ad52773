//! Maven's order (`org.apache.maven.artifact.versioning.ComparableVersion`), as the VERS suite has it.
//!
//! A word behind a dot makes it intransitive (1.rc, 1-rc and 1 in turn), in Maven as here.

use super::{digits, is_digit, is_number};
use std::cmp::Ordering;

/// Deepest nesting of lists; what is deeper stays in the list of that depth.
const DEPTH_MAX: usize = 64;
/// Qualifiers in order; a release without one has the empty one.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

#[derive(Debug)]
enum Item {
    Number(String),
    /// Its place in the order, and the word where it isn't a known one.
    Word(usize, String),
    List(Vec<Item>),
}

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    lists(&items(a), &items(b))
}

fn items(text: &str) -> Vec<Item> {
    let text = text.to_ascii_lowercase();
    let mut open: Vec<Vec<Item>> = vec![Vec::new()];
    let mut piece = String::new();
    let mut was_digit = false;
    for c in text.chars() {
        match c {
            '.' | '-' | '_' => {
                add(&mut open, item(&piece, false));
                piece.clear();
                if c == '-' {
                    descend(&mut open);
                }
                was_digit = false;
                continue;
            }
            _ => {}
        }
        if !piece.is_empty() && is_digit(c) != was_digit {
            add(&mut open, item(&piece, is_digit(c)));
            piece.clear();
            descend(&mut open);
        }
        was_digit = is_digit(c);
        piece.push(c);
    }
    if !piece.is_empty() {
        add(&mut open, item(&piece, false));
    }
    close(open)
}

fn add(open: &mut [Vec<Item>], item: Item) {
    if let Some(list) = open.last_mut() {
        list.push(item);
    }
}

fn descend(open: &mut Vec<Vec<Item>>) {
    if open.len() < DEPTH_MAX {
        open.push(Vec::new());
    }
}

/// Puts each list at the end of the one before it, without the zeros and empty lists at its own end.
fn close(mut open: Vec<Vec<Item>>) -> Vec<Item> {
    while let Some(mut list) = open.pop() {
        normalize(&mut list);
        match open.last_mut() {
            Some(outer) => outer.push(Item::List(list)),
            None => return list,
        }
    }
    Vec::new()
}

fn normalize(list: &mut Vec<Item>) {
    let mut index = list.len();
    while let Some(before) = index.checked_sub(1) {
        index = before;
        match list.get(index) {
            Some(item) if is_nothing(item) => {
                list.remove(index);
            }
            Some(Item::List(_)) => {}
            Some(Item::Number(_) | Item::Word(..)) | None => return,
        }
    }
}

fn is_nothing(item: &Item) -> bool {
    match item {
        Item::Number(digits) => digits.bytes().all(|b| b == b'0'),
        Item::Word(place, _) => QUALIFIERS.get(*place) == Some(&""),
        Item::List(items) => items.is_empty(),
    }
}

fn item(piece: &str, is_followed_by_digit: bool) -> Item {
    if piece.is_empty() || is_number(piece) {
        return Item::Number(piece.to_owned());
    }
    let word = match piece {
        "a" if is_followed_by_digit => "alpha",
        "b" if is_followed_by_digit => "beta",
        "m" if is_followed_by_digit => "milestone",
        "ga" | "final" | "release" => "",
        "cr" => "rc",
        other => other,
    };
    match QUALIFIERS.iter().position(|known| *known == word) {
        Some(place) => Item::Word(place, String::new()),
        None => Item::Word(QUALIFIERS.len(), word.to_owned()),
    }
}

fn lists(a: &[Item], b: &[Item]) -> Ordering {
    for index in 0..a.len().max(b.len()) {
        let order = match (a.get(index), b.get(index)) {
            (Some(a), Some(b)) => two(a, b),
            (Some(a), None) => alone(a),
            (None, Some(b)) => alone(b).reverse(),
            (None, None) => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn two(a: &Item, b: &Item) -> Ordering {
    match (a, b) {
        (Item::Number(a), Item::Number(b)) => digits(a, b),
        (Item::Word(place_a, a), Item::Word(place_b, b)) => place_a.cmp(place_b).then_with(|| a.cmp(b)),
        (Item::List(a), Item::List(b)) => lists(a, b),
        // 1.1 is after 1-1, which is after 1-sp.
        (Item::Number(_), _) | (Item::List(_), Item::Word(..)) => Ordering::Greater,
        (_, Item::Number(_)) | (Item::Word(..), Item::List(_)) => Ordering::Less,
    }
}

/// An item against nothing.
fn alone(item: &Item) -> Ordering {
    match item {
        Item::Number(number) => digits(number, ""),
        Item::Word(place, _) => {
            let release = QUALIFIERS.iter().position(|known| known.is_empty()).unwrap_or_default();
            place.cmp(&release)
        }
        Item::List(items) => {
            items.iter().map(alone).find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
        }
    }
}
