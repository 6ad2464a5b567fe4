//! That the rooms of the crate use each other only as the table in ARCHITECTURE.md says.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test reads the sources, and may fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The shell may use everything, and the crate's root names the rooms.
const NOT_ROOMS: [&str; 4] = ["main", "lib", "cli", "run"];

type Rooms = BTreeMap<String, BTreeSet<String>>;

/// The table, row by row: what each room may use.
fn allowed() -> Rooms {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = text.split("<!-- rooms").nth(1).unwrap();
    let rows = table.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let uses = cells[3].split(',').map(|room| room.trim().to_owned()).filter(|room| !room.is_empty());
        (cells[1].to_owned(), uses.collect())
    };
    rows.take_while(|line| line.starts_with('|')).map(row).collect()
}

/// What each room does use, tests left out.
fn used() -> Rooms {
    let path = Regex::new(r"\bcrate::(?:\{([^;]*)\}|(\w+))").unwrap();
    let name = Regex::new(r"^\s*(\w+)").unwrap();
    let mut rooms = Rooms::new();
    for file in sources(&root().join("src")) {
        let room = room_of(&file);
        if NOT_ROOMS.contains(&room.as_str()) || file.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().lines();
        let code: Vec<&str> = code.filter(|line| !line.trim_start().starts_with("//")).collect();
        let uses = rooms.entry(room.clone()).or_default();
        for found in path.captures_iter(&code.join("\n")) {
            let named: Vec<&str> = match (found.get(1), found.get(2)) {
                (Some(group), _) => top_level(group.as_str()),
                (None, one) => vec![one.unwrap().as_str()],
            };
            let names = named.iter().filter_map(|item| Some(name.captures(item)?[1].to_owned()));
            uses.extend(names.filter(|used| *used != room));
        }
    }
    rooms
}

/// The items of a `{…}` in a `use`, split at the commas that are in no inner braces.
fn top_level(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&group[start..]);
    items
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn room_of(file: &Path) -> String {
    let path = file.strip_prefix(root().join("src")).unwrap();
    path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    below.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn every_room_uses_only_what_its_row_names() {
    let (allowed, used) = (allowed(), used());
    assert!(used.len() > 20 && used["check"].contains("judge"), "the sources are not read: {used:?}");
    assert_eq!(allowed.keys().collect::<Vec<_>>(), used.keys().collect::<Vec<_>>(), "each room has a row");
    let too_much: Vec<String> = used
        .iter()
        .flat_map(|(room, uses)| uses.difference(&allowed[room]).map(move |other| format!("{room} uses {other}")))
        .collect();
    assert_eq!(too_much, Vec::<String>::new());
}

#[test]
fn no_row_names_more_than_its_room_uses() {
    let (allowed, used) = (allowed(), used());
    let idle: Vec<String> = allowed
        .iter()
        .flat_map(|(room, may)| may.difference(&used[room]).map(move |other| format!("{room} does not use {other}")))
        .collect();
    assert_eq!(idle, Vec::<String>::new());
}
