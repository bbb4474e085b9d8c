//! The table that the reference opens with has every operation: each public
//! method of a job and its streams stands in it, or here with a reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What is no operation on a stream: it makes, runs or draws the job, or looks at
/// what a test heard.
const OTHERS: [&str; 11] = [
    "new",
    "explain",
    "diagram",
    "run",
    "start",
    "run_local",
    "run_seeded",
    "rehearse",
    "heard",
    "heard_by",
    "named",
];

fn source(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A public method, and whether its description has an example.
type Method = (String, bool);

/// The public methods in the impl blocks of these types, wherever they stand.
fn methods_of(types: &[&str]) -> BTreeSet<Method> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut methods = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let name = entry.expect("it can be read").file_name();
        let name = name.to_str().expect("names are plain").to_owned();
        if !name.ends_with(".rs") {
            continue;
        }
        let (mut is_theirs, mut has_example) = (false, false);
        for line in source(&name).lines() {
            if line.starts_with("impl") {
                is_theirs = types.iter().any(|one| line.contains(one));
            }
            match line.trim_start() {
                "" => has_example = false,
                doc => has_example |= doc.starts_with("/// ```"),
            }
            let Some(rest) = line.strip_prefix("    pub fn ") else {
                continue;
            };
            let end = rest.find(['(', '<']).unwrap_or(rest.len());
            if is_theirs {
                methods.insert((rest[..end].to_owned(), has_example));
            }
            has_example = false;
        }
    }
    methods
}

fn operations() -> Vec<Method> {
    let methods = methods_of(&[" Job ", "DataStream<", "KeyedStream<", "WindowedStream<"]);
    for other in OTHERS {
        assert!(
            methods.iter().any(|(name, _)| name == other),
            "{other} is gone"
        );
    }
    let is_operation = |(name, _): &Method| !OTHERS.contains(&name.as_str());
    let operations: Vec<_> = methods.into_iter().filter(is_operation).collect();
    assert!(
        operations.len() > 80,
        "only {} were found",
        operations.len()
    );
    operations
}

#[test]
fn the_table_has_every_operation() {
    let table = source("operations.md");
    let mut missing = operations();
    missing.retain(|(name, _)| !table.contains(&format!("::{name})")));
    assert!(missing.is_empty(), "not in operations.md: {missing:?}");
}

#[test]
fn every_operation_has_an_example() {
    let mut bare = operations();
    bare.retain(|(_, has_example)| !has_example);
    assert!(bare.is_empty(), "without an example: {bare:?}");
}

#[test]
fn every_row_has_all_columns_and_an_example() {
    let table = source("operations.md");
    let rows = table.lines().filter(|line| line.starts_with("| ["));
    let mut count = 0;
    for row in rows {
        // A closure's bars are written `\|` in a table.
        let cells: Vec<_> = row
            .replace("\\|", "")
            .split('|')
            .map(str::trim)
            .map(str::to_owned)
            .collect();
        assert_eq!(cells.len(), 6, "{row}");
        assert!(cells[1..5].iter().all(|cell| !cell.is_empty()), "{row}");
        assert!(cells[4].starts_with('`'), "{row}");
        count += 1;
    }
    assert!(count > 40, "only {count} rows");
}
