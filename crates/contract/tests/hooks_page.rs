//! `docs/hooks.md` has a row for each point, and says in it what the code says.

use std::path::Path;

use portcullis_contract::Action;
use portcullis_contract::hook::{Change, POINTS, Point};

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hooks.md");
    std::fs::read_to_string(page).unwrap()
}

/// The cells of the row that begins with this one.
fn row<'a>(page: &'a str, first: &str) -> Vec<&'a str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let mut found = rows.map(|row| row.trim_end_matches(" |").split(" | ").collect::<Vec<_>>());
    let found = found.find(|cells| cells[0] == first);
    found.unwrap_or_else(|| panic!("docs/hooks.md has no row {first}"))
}

fn listed(cells: Vec<String>) -> String {
    match cells.is_empty() {
        true => "–".to_owned(),
        false => cells.join(", "),
    }
}

/// What is granted besides `hook-modify:POINT`.
fn grants(change: Change) -> Option<&'static str> {
    match change {
        Change::Free => None,
        Change::Model => Some("`action:switch-model`"),
        Change::SystemPrompt => Some("`action:set-system-prompt`"),
        Change::FewerTools => Some("`action:set-active-tools`"),
        Change::Messages => Some("`action:set-system-prompt`, `action:inject-user-message`"),
        Change::Stop => Some("`action:stop-after-turn`"),
    }
}

fn expected(point: &Point) -> Vec<String> {
    let name = point.name;
    let content = point.content.iter().map(|field| format!("`{field}`"));
    let changes = point
        .changes
        .iter()
        .map(|(field, change)| match grants(*change) {
            Some(grants) => format!("`{field}` ({grants})"),
            None => format!("`{field}`"),
        });
    vec![
        format!("[`{name}`](../wit/schema/hook/{name}.json)"),
        point.description.trim_end_matches('.').to_owned(),
        listed(content.collect()),
        listed(changes.collect()),
        point.cancel.unwrap_or("–").to_owned(),
    ]
}

#[test]
fn each_point_has_a_row_that_says_what_the_code_says() {
    let page = page();
    for point in POINTS {
        let expected = expected(point);
        assert_eq!(row(&page, &expected[0]), expected, "{}", point.name);
    }
}

#[test]
fn the_rows_are_the_points_in_their_order() {
    let page = page();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| [`"));
    let named: Vec<_> = rows
        .filter_map(|row| Some(row.split_once('`')?.0))
        .collect();
    let points: Vec<_> = POINTS.iter().map(|point| point.name).collect();
    assert_eq!(named, points);
}

#[test]
fn each_kind_of_action_has_a_row() {
    let page = page();
    for kind in Action::KINDS {
        let cells = row(&page, &format!("`{kind}`"));
        assert_eq!(cells.len(), 4, "{kind}");
    }
}
