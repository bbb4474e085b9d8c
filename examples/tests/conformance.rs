//! The engine against the cases in `cases/`, through the program that answers
//! them, at every parallelism and size of batch; and that the comparison bites.

use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

// ── the comparison ──

/// What is wrong with an answer, if anything.
fn compare(case: &Value, answer: &Value) -> Result<(), String> {
    if let Some(error) = answer.get("error").filter(|error| error.is_string()) {
        return Err(format!("the engine failed: {error}"));
    }
    if answer.get("unsupported").is_some() {
        return Err("answered as unsupported".into());
    }
    let expected = &case["expected"];
    if expected.get("pairs").is_some() {
        return same_pairs(expected, answer);
    }
    if case["kind"] == "ops" {
        let (wanted, given) = (rows(expected, "output")?, rows(answer, "output")?);
        return match expected["ordered"].as_bool() {
            Some(true) if wanted != given => Err(format!("output: {given:?}, not {wanted:?}")),
            _ => same_rows("output", wanted, given),
        };
    }
    if case["kind"] != "window" {
        // One value says it all, and its name is the kind's.
        let fields = ["assign", "merged", "watermarks", "outputs", "error"];
        let field = fields.iter().find(|field| expected.get(**field).is_some());
        let field = field.ok_or("the case expects nothing that is known here")?;
        return match expected[field] == answer[field] {
            true => Ok(()),
            false => Err(format!(
                "{field} should be {}, is {}",
                expected[field], answer[field]
            )),
        };
    }
    same_rows(
        "results",
        rows(expected, "windows")?,
        rows(answer, "windows")?,
    )?;
    same_rows(
        "late records",
        rows(expected, "late")?,
        rows(answer, "late")?,
    )?;
    if expected.get("ignored").is_some() {
        let given = answer.get("ignored").and_then(Value::as_array);
        let given = given.map_or(&[][..], Vec::as_slice);
        same_rows("ignored records", rows(expected, "ignored")?, given)?;
    }
    if let Some(live) = expected.get("live") {
        if answer.get("live") != Some(live) {
            let held = answer.get("live");
            return Err(format!("{live} windows should be left, there are {held:?}"));
        }
    }
    match expected["per_key_ordered"].as_bool() {
        Some(true) => in_order(case, rows(answer, "windows")?),
        _ => Ok(()),
    }
}

/// Pairs, and what came too late for them; what is held where that is asked for.
fn same_pairs(expected: &Value, answer: &Value) -> Result<(), String> {
    same_rows("pairs", rows(expected, "pairs")?, rows(answer, "pairs")?)?;
    same_rows(
        "late records",
        rows(expected, "late")?,
        rows(answer, "late")?,
    )?;
    match expected.get("buffered") == answer.get("buffered") {
        true => Ok(()),
        false => Err(format!(
            "what is held should be {:?}, is {:?}",
            expected.get("buffered"),
            answer.get("buffered")
        )),
    }
}

fn rows<'a>(of: &'a Value, field: &str) -> Result<&'a [Value], String> {
    match of.get(field).and_then(Value::as_array) {
        Some(rows) => Ok(rows),
        None => Err(format!("there is no list of {field}")),
    }
}

/// A row as text, with the item that brought it about; a mean is compared to six
/// digits.
fn text(row: &Value) -> String {
    let mut row = row.clone();
    if let Some(fields) = row.as_object_mut() {
        if let Some(value) = fields.get_mut("value").filter(|value| value.is_number()) {
            // All whole numbers that occur are exact in 64 bits of integer.
            if value.as_i64().is_none() {
                let number = value.as_f64().unwrap_or(f64::NAN);
                *value = json!(format!("{:.6}", number + 0.0));
            } else {
                *value = json!(format!("{value}.000000"));
            }
        }
    }
    row.to_string()
}

/// The same rows the same number of times, in any order.
fn same_rows(what: &str, expected: &[Value], answer: &[Value]) -> Result<(), String> {
    let mut balance = BTreeMap::<String, i64>::new();
    for row in expected {
        *balance.entry(text(row)).or_default() += 1;
    }
    for row in answer {
        *balance.entry(text(row)).or_default() -= 1;
    }
    let missing: Vec<_> = balance.iter().filter(|(_, n)| **n > 0).collect();
    let unexpected: Vec<_> = balance.iter().filter(|(_, n)| **n < 0).collect();
    match missing.is_empty() && unexpected.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{what}: missing {missing:?}, unexpected {unexpected:?}"
        )),
    }
}

/// Each key's results come as they are listed; those that one record has caused
/// (a late one, in several windows) may come in any order among themselves.
fn in_order(case: &Value, answer: &[Value]) -> Result<(), String> {
    let mut wanted = BTreeMap::<String, Vec<(&Value, Vec<String>)>>::new();
    for row in rows(&case["expected"], "windows")? {
        let causes = wanted.entry(row["key"].to_string()).or_default();
        match causes.last_mut() {
            Some((at, rows)) if *at == &row["at"] => rows.push(text(row)),
            _ => causes.push((&row["at"], vec![text(row)])),
        }
    }
    for (key, causes) in wanted {
        let is_of_key = |row: &&Value| key == row["key"].to_string().as_str();
        let mut given = answer.iter().filter(is_of_key).map(text);
        for (at, mut rows) in causes {
            let mut next: Vec<String> = given.by_ref().take(rows.len()).collect();
            let cause = at.as_u64().and_then(|at| case["input"].get(at as usize));
            if cause.is_some_and(|item| item.get("ts").is_some()) {
                rows.sort_unstable();
                next.sort_unstable();
            }
            if rows != next {
                return Err(format!("out of order: {next:?} in the place of {rows:?}"));
            }
        }
    }
    Ok(())
}

// ── the program and its cases ──

fn cases_in(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("cases")
        .join(name)
}

fn json_lines(text: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).expect("each line is JSON, whole");
    text.lines().map(line).collect()
}

fn conformance(cases: &Path, parallelism: usize, batch: usize) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance"))
        .arg(cases)
        .args(["--parallelism", &parallelism.to_string()])
        .args(["--batch", &batch.to_string()])
        .output()
        .expect("the program starts")
}

/// What is wrong with the answers to a file of cases, one line a case.
fn wrong_answers(name: &str, parallelism: usize, batch: usize) -> Vec<String> {
    let path = cases_in(name);
    let cases = json_lines(&fs::read_to_string(&path).expect("the cases are there"));
    let output = conformance(&path, parallelism, batch);
    assert!(output.status.success(), "{name}: {output:?}");
    let answers = json_lines(&String::from_utf8(output.stdout).expect("JSON is UTF-8"));
    let ids = |lines: &[Value]| Vec::from_iter(lines.iter().map(|line| line["id"].clone()));
    assert_eq!(
        ids(&cases),
        ids(&answers),
        "{name}: one answer a case, in order"
    );
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        if let Err(what) = compare(case, answer) {
            let (id, source) = (&case["id"], &case["source"]);
            wrong.push(format!(
                "{id} ({source}), parallelism {parallelism}, batch {batch}: {what}"
            ));
        }
    }
    wrong
}

// ── the tests ──

/// Answers a file at every parallelism and size of batch.
fn right_everywhere(name: &str) {
    let mut wrong = Vec::new();
    for parallelism in [1, 2, 4, 8] {
        for batch in [1, 2, 1024] {
            wrong.extend(wrong_answers(name, parallelism, batch));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn joins_are_those_of_other_engines_at_every_parallelism_and_batch() {
    right_everywhere("joins.jsonl");
}

#[test]
fn windows_are_those_of_other_engines_at_every_parallelism_and_batch() {
    right_everywhere("windows.jsonl");
}

#[test]
fn operators_give_the_same_at_every_parallelism_and_batch() {
    right_everywhere("operators.jsonl");
}

#[test]
fn windows_watermarks_and_settings_by_themselves_are_those_of_other_engines() {
    for name in ["assigners.jsonl", "watermarks.jsonl", "config.jsonl"] {
        let wrong = wrong_answers(name, 1, 1024);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// A case and answers to it, good and bad.
#[test]
fn the_comparison_sees_what_is_wrong() {
    let case = |kind: &str, expected: Value| {
        let input = json!([{"k": "a", "v": 1, "ts": 0}, {"wm": 9}, {"wm": 19}]);
        json!({"id": "x", "kind": kind, "input": input, "expected": expected})
    };
    let row = |key: &str, end: i64, value: Value, at: usize| json!({"key": key, "start": end - 10, "end": end, "value": value, "at": at});
    let (first, second, third) = (
        row("a", 10, json!(2), 1),
        row("a", 20, json!(3.5), 2),
        row("b", 20, json!([4, 5]), 2),
    );
    let late = json!({"k": "a", "v": 1, "ts": 0, "at": 2});
    let windows = |rows: &[&Value], late: &[&Value]| json!({"windows": rows, "late": late, "live": 0, "per_key_ordered": true});
    let expected = windows(&[&first, &second, &third], &[&late]);
    let window = case("window", expected.clone());
    let mut lives = expected.clone();
    lives["live"] = json!(1);
    let mut silent = expected.clone();
    silent.as_object_mut().unwrap().remove("late");
    // Both of the last two come of the same record.
    let at_once = case(
        "window",
        windows(
            &[&row("a", 10, json!(2), 0), &row("a", 20, json!(2), 0)],
            &[],
        ),
    );
    let swapped = windows(
        &[&row("a", 20, json!(2), 0), &row("a", 10, json!(2), 0)],
        &[],
    );
    let pair = |left: i64| json!({"key": "a", "left": left, "right": 2, "ts": 5, "at": 1});
    let late_left = json!({"k": "a", "v": 1, "ts": 0, "side": "L", "at": 2});
    let joined = |pairs: &[Value], late: &[&Value], held: Value| json!({"pairs": pairs, "late": late, "buffered": {"1": held}});
    let held = || json!({"L": [1], "R": []});
    let join = case(
        "join_interval",
        joined(&[pair(1), pair(1)], &[&late_left], held()),
    );
    let mut ignores = expected.clone();
    ignores["ignored"] = json!([late]);
    let gaps = case("window", ignores.clone());
    let output = |values: [i64; 3]| json!({"output": values});
    let ops = |ordered: bool| case("ops", json!({"ordered": ordered, "output": [1, 2, 2]}));
    let (in_turn, at_will) = (ops(true), ops(false));
    let assign = |end: i64| json!({"assign": [{"ts": 1, "windows": [[0, end]]}]});
    for (what, case, answer, is_right) in [
        ("the very same", &window, expected.clone(), true),
        (
            "keys in another order",
            &window,
            windows(&[&third, &first, &second], &[&late]),
            true,
        ),
        (
            "a mean in its seventh digit",
            &window,
            windows(
                &[&first, &row("a", 20, json!(3.500_000_01), 2), &third],
                &[&late],
            ),
            true,
        ),
        ("at once in another order", &at_once, swapped, true),
        (
            "a key's results in another order",
            &window,
            windows(&[&second, &first, &third], &[&late]),
            false,
        ),
        (
            "a result less",
            &window,
            windows(&[&first, &second], &[&late]),
            false,
        ),
        (
            "a result twice",
            &window,
            windows(&[&first, &first, &second, &third], &[&late]),
            false,
        ),
        (
            "another value",
            &window,
            windows(&[&row("a", 10, json!(3), 1), &second, &third], &[&late]),
            false,
        ),
        (
            "another list",
            &window,
            windows(
                &[&first, &second, &row("b", 20, json!([5, 4]), 2)],
                &[&late],
            ),
            false,
        ),
        (
            "another end",
            &window,
            windows(&[&row("a", 11, json!(2), 1), &second, &third], &[&late]),
            false,
        ),
        (
            "nothing late",
            &window,
            windows(&[&first, &second, &third], &[]),
            false,
        ),
        ("no word of what is late", &window, silent, false),
        (
            "at another item",
            &window,
            windows(&[&row("a", 10, json!(2), 0), &second, &third], &[&late]),
            false,
        ),
        ("no word of what is ignored", &gaps, expected.clone(), false),
        ("what is ignored", &gaps, ignores.clone(), true),
        ("outputs in their order", &in_turn, output([1, 2, 2]), true),
        ("outputs out of order", &in_turn, output([2, 1, 2]), false),
        ("outputs in any order", &at_will, output([2, 1, 2]), true),
        ("an output less", &at_will, json!({"output": [1, 2]}), false),
        ("state left over", &window, lives, false),
        ("a failure", &window, json!({"error": "it broke"}), false),
        ("no answer", &window, json!({"unsupported": true}), false),
        (
            "the same windows",
            &case("assign", assign(10)),
            assign(10),
            true,
        ),
        (
            "other windows",
            &case("assign", assign(10)),
            assign(11),
            false,
        ),
        (
            "the same pairs",
            &join,
            joined(&[pair(1), pair(1)], &[&late_left], held()),
            true,
        ),
        (
            "a pair once",
            &join,
            joined(&[pair(1)], &[&late_left], held()),
            false,
        ),
        (
            "another pair",
            &join,
            joined(&[pair(1), pair(3)], &[&late_left], held()),
            false,
        ),
        (
            "late on no side",
            &join,
            joined(&[pair(1), pair(1)], &[], held()),
            false,
        ),
        (
            "held too long",
            &join,
            joined(
                &[pair(1), pair(1)],
                &[&late_left],
                json!({"L": [1], "R": [2]}),
            ),
            false,
        ),
        (
            "settings taken",
            &case("config", json!({"error": true})),
            json!({"error": false}),
            false,
        ),
        (
            "an output more",
            &case("valve", json!({"outputs": [[], [7]]})),
            json!({"outputs": [[7], [7]]}),
            false,
        ),
    ] {
        assert_eq!(compare(case, &answer).is_ok(), is_right, "{what}");
    }
}

#[test]
fn what_cannot_be_run_is_said_and_not_guessed() {
    let good = r#"{"id": "g", "kind": "merge", "pipeline": {"window": "session"}, "input": [[0, 2], [2, 3]]}"#;
    let window = |setting: &str, item: &str| {
        format!(
            r#"{{"id": "w", "kind": "window", "pipeline": {{"window": "tumbling", "size_ms": 5, "aggregate": "sum"{setting}}}, "input": [{item}]}}"#
        )
    };
    let operators = |operator: &str, input: &str| {
        format!(
            r#"{{"id": "o", "kind": "ops", "pipeline": {{"ops": [{operator}]}}, "input": [{input}]}}"#
        )
    };
    let unsupported = r#"{"id":"w","unsupported":true}"#;
    // The line, then what the program says of it: on standard output, and on
    // standard error.
    for (line, status, answer, words) in [
        (good.to_owned(), 0, r#"{"id":"g","merged":[[0,3]]}"#, ""),
        (
            window("", ""),
            0,
            r#"{"id":"w","windows":[],"late":[]}"#,
            "",
        ),
        // What another engine has and this one does not.
        (
            window(r#", "semantics": {"late": "drop"}"#, ""),
            0,
            unsupported,
            "semantics",
        ),
        (
            window(r#", "trigger": "at_random""#, ""),
            0,
            unsupported,
            "at_random",
        ),
        (
            good.replace("merge", "join_by_hand"),
            0,
            r#"{"id":"g","unsupported":true}"#,
            "join_by_hand",
        ),
        (
            operators(r#"{"op": "map", "fn": "cube"}"#, "1"),
            0,
            r#"{"id":"o","unsupported":true}"#,
            "\"cube\" is not known",
        ),
        (
            operators(r#"{"op": "map", "fn": "add"}"#, "1"),
            0,
            r#"{"id":"o","unsupported":true}"#,
            "\"add\" is not known",
        ),
        (
            operators(r#"{"op": "map", "fn": "len"}"#, "1"),
            0,
            r#"{"id":"o","unsupported":true}"#,
            "what a function gets is a Number; it is for a Text",
        ),
        (
            operators(r#"{"op": "limit", "n": -1}"#, "1"),
            0,
            r#"{"id":"o","unsupported":true}"#,
            "case o: pipeline",
        ),
        (
            operators(r#"{"op": "map", "fn": "mul:2"}"#, "9223372036854775807, -3"),
            0,
            r#"{"id":"o","output":[9223372036854775807,-6]}"#,
            "",
        ),
        (
            operators("", "")
                .replace("ops", "golden")
                .replace(r#""golden": []"#, r#""query": "q0""#),
            0,
            r#"{"id":"o","unsupported":true}"#,
            "the query \"q0\" is not known",
        ),
        // What the engine refuses.
        (
            window(r#", "allowed_lateness_ms": -1"#, ""),
            0,
            r#"{"id":"w","error":"#,
            "choose 0 or more",
        ),
        // What cannot be expressed here.
        (
            good.replace("[0, 2]", "[0]"),
            0,
            r#"{"id":"g","unsupported":true}"#,
            "case g: input 0",
        ),
        (
            window("", r#"{"wm": 1.5}"#),
            0,
            unsupported,
            "case w: input 0",
        ),
        (
            window("", r#"{"k": "a", "v": 1, "ts": 9223372036854775808}"#),
            0,
            unsupported,
            "case w: input 0",
        ),
        (
            window("", r#"{"wm": 1, "p": 1}"#),
            0,
            unsupported,
            "case w: input 0: it is for number 1 of 1",
        ),
        (
            window("", "").replace("size_ms", "gap_ms"),
            0,
            unsupported,
            "missing field `size_ms`",
        ),
        // What is no case.
        ("{".to_owned(), 2, "", "line 3"),
        ("{}".to_owned(), 2, "", "line 3: missing field `id`"),
    ] {
        let mut file = tempfile::NamedTempFile::new().expect("a place for the cases");
        write!(file, "{good}\n\n{line}\n{good}\n").expect("room for the cases");
        let output = conformance(file.path(), 1, 1024);
        let [said, complained] =
            [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        assert_eq!(output.status.code(), Some(status), "{line}: {output:?}");
        assert!(said.contains(answer), "{line}: {said}");
        assert!(complained.contains(words), "{line}: {complained}");
        // One bad line does not spoil the others.
        let answers = json_lines(&said).len();
        assert_eq!(answers, if status == 0 { 3 } else { 2 }, "{line}: {said}");
    }
}

/// Files that a case names lie beside the case file, wherever that is.
#[test]
fn what_a_case_refers_to_lies_beside_it() {
    let folder = tempfile::tempdir().expect("a place for the cases");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("room for it");
        fs::write(path, text).expect("room for it");
    };
    write(
        "rows.jsonl",
        "{\"ts\": 3, \"n\": 4}\n{\"ts\": 12, \"n\": 5}\n{\"ts\": 1, \"n\": 6}\n",
    );
    // Ada comes and sells; Bo comes and does not; Cy sells ten seconds later.
    write(
        "data/nexmark_person.jsonl",
        r#"{"id": 1, "name": "ada", "ts": 5000}
{"id": 2, "name": "bo", "ts": 6000}
{"id": 3, "name": "cy", "ts": 7000}
"#,
    );
    write(
        "data/nexmark_auction.jsonl",
        r#"{"id": 10, "seller": 1, "ts": 9000}
{"id": 11, "seller": 1, "ts": 9999}
{"id": 12, "seller": 3, "ts": 10000}
"#,
    );
    write(
        "data/nexmark_bid.jsonl",
        r#"{"auction": 10, "ts": 1}
{"auction": 11, "ts": 2}
{"auction": 10, "ts": 3}
"#,
    );
    let window = r#""input_ref": "rows.jsonl", "window": "tumbling", "size_ms": 10, "value_field": "n", "aggregate": "sum""#;
    let cases = [
        (
            window.to_owned(),
            json!([{"key": "", "start": 0, "end": 10, "value": 10}, {"key": "", "start": 10, "end": 20, "value": 5}]),
        ),
        (
            r#""query": "nexmark_q8""#.to_owned(),
            json!([{"id": 1, "name": "ada", "start": 0}]),
        ),
        (
            r#""query": "nexmark_q105""#.to_owned(),
            json!([{"auction": 10, "count": 2}, {"auction": 11, "count": 1}]),
        ),
    ];
    let lines = cases.iter().map(|(pipeline, _)| {
        format!(r#"{{"id": "g", "kind": "golden", "pipeline": {{{pipeline}}}, "input": []}}"#)
    });
    write("cases.jsonl", &Vec::from_iter(lines).join("\n"));
    for parallelism in [1, 4] {
        let output = conformance(&folder.path().join("cases.jsonl"), parallelism, 2);
        let answers = json_lines(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(answers.len(), cases.len(), "{output:?}");
        for ((pipeline, expected), answer) in cases.iter().zip(&answers) {
            let expected = expected.as_array().expect("a list of rows");
            let found = rows(answer, "rows")
                .unwrap_or_else(|what| panic!("{pipeline}: {what}: {output:?}"));
            let same = same_rows("rows", expected, found);
            assert!(same.is_ok(), "{pipeline}, {parallelism}: {same:?}");
        }
    }
    // A file that is not there.
    write(
        "cases.jsonl",
        r#"{"id": "g", "kind": "golden", "pipeline": {"input_ref": "none.jsonl", "window": "global", "aggregate": "count"}, "input": []}"#,
    );
    let output = conformance(&folder.path().join("cases.jsonl"), 1, 2);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("unsupported"),
        "{output:?}"
    );
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("none.jsonl"),
        "{output:?}"
    );
}
