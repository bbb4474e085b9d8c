//! `word-count` as its users meet it: a process with arguments, files and pipes.
//! What it must print comes from [`count`], which shares no code with it.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;

const BOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/moby-dick.txt");
/// Far more than any run needs: a program that hangs is killed then, and its test fails.
const PATIENCE: Duration = Duration::from_secs(240);

// ── the independent count ──

/// How often each word stands in each window, by start of the window.
type Counts = BTreeMap<(u64, String), u64>;

/// Counts plainly: one loop, one map.
fn count(text: &[u8], window_ms: u64, line_ms: u64) -> Counts {
    let mut counts = Counts::new();
    for (index, line) in (0u64..).zip(text.split(|byte| *byte == b'\n')) {
        let start_ms = index * line_ms / window_ms * window_ms;
        for token in String::from_utf8_lossy(line).split_whitespace() {
            let lower = token.to_lowercase();
            let word = lower.trim_matches(|c: char| !c.is_alphanumeric());
            if !word.is_empty() {
                *counts.entry((start_ms, word.to_owned())).or_default() += 1;
            }
        }
    }
    counts
}

/// The lines that `--format jsonl` prints for `counts`, sorted.
fn json_lines(counts: &Counts, window_ms: u64) -> Vec<String> {
    let mut lines = Vec::from_iter(counts.iter().map(|((start_ms, word), count)| {
        let end_ms = start_ms + window_ms;
        let word = serde_json::to_string(word).expect("a string is always JSON");
        format!(r#"{{"start_ms":{start_ms},"end_ms":{end_ms},"word":{word},"count":{count}}}"#)
    }));
    lines.sort_unstable();
    lines
}

fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).expect("each line is JSON, whole")
}

// ── running the program ──

/// What a finished run left.
#[derive(Debug)]
struct Run {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

impl Run {
    /// It ended with a status and a message of its own: not a panic (101), not a signal.
    fn refused(&self) -> bool {
        matches!(self.status.code(), Some(1 | 2)) && !self.stderr.is_empty()
    }
}

/// `word-count` on its own book, with these options.
fn on_the_book(options: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_word-count"));
    command.args(options.split_whitespace());
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `word-count --input PATH`, with these options.
fn on(path: &(impl AsRef<Path> + ?Sized), options: &str) -> Command {
    let mut command = on_the_book(options);
    command.arg("--input").arg(path.as_ref());
    command
}

fn signal(name: &str, process: u32) {
    let process = process.to_string();
    let sent = Command::new("kill").args([name, &process]).status();
    assert!(sent.expect("there is a kill command").success());
}

/// A program that runs, watched: it is killed when it outlasts [`PATIENCE`].
struct Program {
    child: Child,
    /// The watchdog sleeps on the other end until this is dropped.
    _alive: mpsc::Sender<()>,
}

fn start(mut command: Command) -> Program {
    let child = command.spawn().expect("the program starts");
    let process = child.id();
    let (_alive, watched) = mpsc::channel();
    thread::spawn(move || {
        if watched.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            signal("-KILL", process);
        }
    });
    Program { child, _alive }
}

/// Takes what is still to come on both pipes and waits for the end; a stdout that the test has
/// closed gives nothing.
fn finish(mut program: Program, stdout: Option<impl Read>) -> Run {
    let mut pipe = program.child.stderr.take().expect("stderr is piped");
    let stderr = thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("stderr is UTF-8");
        text
    });
    let mut text = String::new();
    if let Some(mut stdout) = stdout {
        stdout.read_to_string(&mut text).expect("stdout is UTF-8");
    }
    Run {
        status: program.child.wait().expect("the program ends"),
        stdout: text,
        stderr: stderr.join().expect("stderr was read"),
    }
}

fn run(command: Command) -> Run {
    let mut program = start(command);
    let stdout = program.child.stdout.take();
    finish(program, stdout)
}

/// Runs to a good end and gives stdout.
fn run_well(command: Command) -> String {
    let what = format!("{command:?}");
    let run = run(command);
    assert!(run.status.success(), "{what}: {run:?}");
    run.stdout
}

/// Runs to a refusal: no panic, nothing on stdout, and a message that holds `named`.
fn run_refused(command: Command, named: impl AsRef<Path>) -> Option<i32> {
    let what = format!("{command:?}");
    let named = named.as_ref().display().to_string();
    let run = run(command);
    assert!(run.refused(), "{what}: {run:?}");
    assert_eq!(run.stdout, "", "{what}");
    assert!(run.stderr.contains(&named), "{what}: {run:?}");
    run.status.code()
}

fn file_of(text: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(text.as_ref()).expect("there is room");
    file
}

/// Asserts that `stdout` holds exactly these lines, in whatever order, and shows the first that
/// differ.
fn assert_lines(stdout: &str, expected: &[String], what: &str) {
    let mut found = Vec::from_iter(stdout.lines());
    found.sort_unstable();
    let mut pairs = found.iter().zip(expected);
    let difference = pairs.find(|(found, expected)| *found != expected);
    assert_eq!(difference, None, "{what}: found and expected");
    assert_eq!(found.len(), expected.len(), "{what}: lines");
}

/// Asserts that the program counts `text` as the plain loop does, at one worker and at two.
fn assert_counted(what: &str, text: &[u8], window_ms: u64, line_ms: u64) {
    let file = file_of(text);
    let expected = json_lines(&count(text, window_ms, line_ms), window_ms);
    let times = format!("--window-ms {window_ms} --line-ms {line_ms}");
    for workers in [1, 2] {
        let options = format!("{times} --workers {workers} --no-pin --format jsonl");
        let stdout = run_well(on(&file, &options));
        assert_lines(&stdout, &expected, &format!("{what}, {options}"));
    }
}

/// The last figure that stands after `label`: the totals are at the end of a table.
fn total(table: &str, label: &str) -> f64 {
    let mut figure = None;
    let mut tokens = table.split_whitespace().peekable();
    while let Some(token) = tokens.next() {
        if token.trim_end_matches(':') == label {
            let next = tokens.peek().map(|next| next.replace([',', '_'], ""));
            figure = next.and_then(|next| next.parse().ok()).or(figure);
        }
    }
    figure.unwrap_or_else(|| panic!("no figure after `{label}` in the totals:\n{table}"))
}

// ── the book ──

#[test]
fn the_book_is_counted_as_by_the_plain_loop() {
    let text = fs::read(BOOK).expect("the book is there");
    let counts = count(&text, 1000, 1);
    // Known beforehand, by Python and awk: see data/SOURCES.md.
    assert_eq!(counts.len(), 57_750);
    assert_eq!(counts.values().sum::<u64>(), 208_157);
    assert_counted("the book", &text, 1000, 1);
}

#[test]
fn the_book_is_the_default_and_pinned_workers_count_it_the_same() {
    let text = fs::read(BOOK).expect("the book is there");
    let expected = json_lines(&count(&text, 1000, 1), 1000);
    for workers in [1, 2] {
        let stdout = run_well(on_the_book(&format!("--workers {workers} --format jsonl")));
        assert_lines(&stdout, &expected, &format!("{workers} pinned worker(s)"));
    }
}

#[test]
fn the_book_is_found_from_any_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = on_the_book("--no-pin");
    command.current_dir(&folder);
    assert_eq!(total(&run_well(command), "words"), 208_157.0);
}

#[test]
fn windows_come_out_in_the_order_of_their_ends() {
    let stdout = run_well(on_the_book("--workers 1 --no-pin --format jsonl"));
    let starts = Vec::from_iter(stdout.lines().map(|line| json(line)["start_ms"].as_u64()));
    assert_eq!(starts.first(), Some(&Some(0)));
    assert_eq!(starts.last(), Some(&Some(21_000)));
    assert!(starts.windows(2).all(|pair| pair[0] <= pair[1]));
}

// ── small texts ──

#[test]
fn a_small_text_counted_by_hand() {
    let text = "The whale, the WHALE!\n\n  'Tis -- the\twhale's.\n“Ahab”—Ahab 1851\n";
    let file = file_of(text);
    let expected = [
        r#"{"start_ms":0,"end_ms":2,"word":"the","count":2}"#,
        r#"{"start_ms":0,"end_ms":2,"word":"whale","count":2}"#,
        r#"{"start_ms":2,"end_ms":4,"word":"1851","count":1}"#,
        r#"{"start_ms":2,"end_ms":4,"word":"ahab”—ahab","count":1}"#,
        r#"{"start_ms":2,"end_ms":4,"word":"the","count":1}"#,
        r#"{"start_ms":2,"end_ms":4,"word":"tis","count":1}"#,
        r#"{"start_ms":2,"end_ms":4,"word":"whale's","count":1}"#,
    ];
    for workers in [1, 2] {
        let options = format!("--window-ms 2 --workers {workers} --no-pin --format jsonl");
        let stdout = run_well(on(&file, &options));
        assert_lines(&stdout, &expected.map(String::from), &options);
    }
}

#[test]
fn lines_fall_into_the_window_of_their_event_time() {
    // Event times 0 3 6 9 | 12 15 18 | 21 24 27: four, three, three lines a window.
    let file = file_of("a\n".repeat(10));
    let expected = [
        r#"{"start_ms":0,"end_ms":10,"word":"a","count":4}"#,
        r#"{"start_ms":10,"end_ms":20,"word":"a","count":3}"#,
        r#"{"start_ms":20,"end_ms":30,"word":"a","count":3}"#,
    ];
    let options = "--window-ms 10 --line-ms 3 --no-pin --format jsonl";
    let stdout = run_well(on(&file, options));
    assert_lines(&stdout, &expected.map(String::from), options);
}

#[test]
fn texts_of_every_shape_are_counted_as_by_the_plain_loop() {
    let unicode_spaces = "a\u{85}b\u{a0}c\u{2003}d\u{2028}e\u{3000}f\u{200b}g\n".as_bytes();
    let texts: [(&str, &[u8]); 12] = [
        ("CRLF", b"one two\r\ntwo three\r\n\r\nthree"),
        ("CR ends no line", b"one\rtwo\rtwo\nthree"),
        ("no newline at the end", b"one\ntwo"),
        ("one word, no newline", b"one"),
        ("only newlines", b"\n\n\n\n\n"),
        ("only punctuation", b"-- ... !\n?\n"),
        (
            "separators that are no white space",
            b"a\x1cb \x1ec\x1f d\x00e\n",
        ),
        ("white space beyond ASCII", unicode_spaces),
        ("capitals beyond ASCII", "ÄRGER Ärger ΟΔΟΣ Ǆ\n".as_bytes()),
        ("alphabetic marks stay", "की ⓐ ½ x² —é—\n".as_bytes()),
        ("what JSON escapes", b"a\"b c\\d e\x07f\n"),
        ("empty windows between", b"a\n\n\n\n\n\n\n\n\n\n\na\n"),
    ];
    for (shape, text) in texts {
        for (window_ms, line_ms) in [(1, 1), (3, 2), (10, 3), (1000, 1), (7, 1000)] {
            assert_counted(shape, text, window_ms, line_ms);
        }
    }
}

#[test]
fn every_idle_strategy_and_more_workers_than_cores_count_the_same() {
    let text = "to be or not to be\n".repeat(500);
    let expected = json_lines(&count(text.as_bytes(), 10, 1), 10);
    let file = file_of(&text);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    for idle in ["adaptive", "spin", "yield", "park"] {
        for workers in [2, cores + 1] {
            let options = format!("--window-ms 10 --idle {idle} --workers {workers} --no-pin");
            let stdout = run_well(on(&file, &format!("{options} --format jsonl")));
            assert_lines(&stdout, &expected, &options);
        }
    }
}

#[test]
fn more_pinned_workers_than_cores_warn_and_count_the_same() {
    let text = "to be or not to be\n".repeat(500);
    let expected = json_lines(&count(text.as_bytes(), 10, 1), 10);
    let file = file_of(&text);
    let workers = thread::available_parallelism().map_or(1, usize::from) + 1;
    let options = format!("--window-ms 10 --workers {workers} --format jsonl");
    let run = run(on(&file, &options));
    assert!(run.status.success(), "{run:?}");
    assert!(run.stderr.contains("core"), "no warning: {:?}", run.stderr);
    assert_lines(&run.stdout, &expected, &options);
}

#[test]
fn a_core_that_is_not_there_is_named() {
    let run = run(on(&file_of("a\n"), "--cores 9999 --format jsonl"));
    assert!(run.status.success() || run.refused(), "{run:?}");
    assert!(run.stderr.contains("9999"), "{run:?}");
}

// ── the table ──

#[test]
fn the_table_shows_the_top_words_and_the_totals() {
    let file = file_of("alpha beta alpha gamma alpha beta\n".repeat(4));
    let table = run_well(on(&file, "--window-ms 2 --top 2 --no-pin"));
    let lower = table.to_lowercase();
    let mut lines = lower.lines();
    assert!(lines.any(|line| line.contains("word") && line.contains("count")));
    // Twice: once in each of two windows. `gamma` is third of two.
    let windows = table.split("\n\n").next().expect("the table comes first");
    for (word, times) in [("alpha", 2), ("beta", 2), ("gamma", 0)] {
        assert_eq!(windows.matches(word).count(), times, "{word} in:\n{table}");
    }
    assert!(table.contains("most frequent of all: alpha 12, beta 8, gamma 4\n"));
    assert_eq!(total(&table, "lines"), 4.0);
    assert_eq!(total(&table, "words"), 24.0);
    assert_eq!(total(&table, "windows"), 2.0);
    assert!(total(&table, "words/s") > 0.0);
    assert_eq!(total(&table, "late"), 0.0);
    assert_eq!(total(&table, "malformed"), 0.0);
    // Six rows are too few for a percentile.
    for label in ["p50", "p99", "p99.9"] {
        assert!(
            table.contains(&format!("{label} -")),
            "{label} in:\n{table}"
        );
    }
}

#[test]
fn the_table_of_the_book_has_its_latencies_at_one_worker_and_at_two() {
    for workers in [1, 2] {
        let table = run_well(on_the_book(&format!("--workers {workers} --no-pin")));
        let latencies = ["p50", "p99", "p99.9", "max"].map(|label| total(&table, label));
        assert!(latencies[0] > 0.0, "{table}");
        assert!(
            latencies.windows(2).all(|pair| pair[0] <= pair[1]),
            "{table}"
        );
    }
}

#[test]
fn the_table_of_the_book_has_its_totals_at_one_worker_and_at_two() {
    for workers in [1, 2] {
        let options = format!("--workers {workers} --no-pin --format table");
        let table = run_well(on_the_book(&options));
        assert_eq!(total(&table, "lines"), 21_424.0, "{options}");
        assert_eq!(total(&table, "words"), 208_157.0, "{options}");
        assert_eq!(total(&table, "windows"), 22.0, "{options}");
    }
}

// ── input that is not a text ──

#[test]
fn an_empty_file_gives_no_rows_and_totals_of_zero() {
    let file = file_of("");
    for workers in [1, 2] {
        let options = format!("--workers {workers} --no-pin --format");
        assert_eq!(run_well(on(&file, &format!("{options} jsonl"))), "");
        let table = run_well(on(&file, &format!("{options} table")));
        for label in ["lines", "words", "windows", "late", "malformed"] {
            assert_eq!(total(&table, label), 0.0, "{label}");
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("no-such-book.txt");
    run_refused(on(&path, "--no-pin --format table"), &path);
    run_refused(on(&path, "--no-pin --format jsonl"), &path);
}

#[test]
fn a_directory_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    run_refused(on(&folder, "--no-pin --format jsonl"), &folder);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let file = file_of("a\n");
    let nobody = fs::Permissions::from_mode(0o000);
    fs::set_permissions(&file, nobody).expect("permissions can be taken away");
    let command = on(&file, "--no-pin --format jsonl");
    // Root may read it all the same, and so may the program that root runs.
    match File::open(&file) {
        Err(_) => assert_eq!(run_refused(command, &file), Some(1)),
        Ok(_) => assert_eq!(run_well(command).lines().count(), 1),
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_opens_but_cannot_be_read_is_named() {
    for workers in [1, 2] {
        let options = format!("--workers {workers} --no-pin --format jsonl");
        run_refused(on("/proc/self/mem", &options), "/proc/self/mem");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_an_error() {
    for options in ["--no-pin --format jsonl", "--no-pin --format table"] {
        let full = File::options().write(true).open("/dev/full");
        let mut command = on_the_book(options);
        command.stdout(full.expect("Linux has /dev/full"));
        let run = run(command);
        assert!(run.refused(), "{options}: {run:?}");
    }
}

#[test]
fn bad_utf8_is_replaced_counted_and_not_fatal() {
    let text = b"good \xff\xfe bad\xffword\nfine\ncut \xe2\x80\n\xf0\x9f\x90\xb3 whale\n";
    assert_counted("bad UTF-8", text, 1000, 1);
    let table = run_well(on(&file_of(text), "--no-pin"));
    assert_eq!(total(&table, "malformed"), 2.0, "lines with bad bytes");
    assert_eq!(total(&table, "lines"), 4.0);
}

#[test]
fn binary_junk_is_counted_as_by_the_plain_loop() {
    // A fixed sequence (Knuth's MMIX generator), so that a failure comes again.
    let mut state = 1u64;
    let junk = Vec::from_iter((0..300_000).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    }));
    assert_counted("junk", &junk, 100, 1);
}

#[test]
fn a_line_of_20_mb_is_counted() {
    let mut text = b"before\n".to_vec();
    text.resize(10_000_000, b'x');
    text.extend_from_slice(&b" whale".repeat(1_700_000));
    text.extend_from_slice(b"\nafter\n");
    assert_counted("a long line", &text, 1000, 1);
}

// ── options ──

#[test]
fn bad_values_are_refused_with_the_name_of_the_option() {
    let refused = "
        --window-ms=0 --window-ms=-5 --window-ms=abc --window-ms=99999999999999999999
        --line-ms=0 --line-ms=-1 --line-ms=1.5 --top=0 --top=-1
        --workers=0 --workers=-1 --workers=many --cores= --cores=a,b --cores=-1
        --idle=sometimes --format=xml --no-such-option moby-dick.txt";
    for argument in refused.split_whitespace() {
        let (option, _) = argument.split_once('=').unwrap_or((argument, ""));
        assert_eq!(
            run_refused(on_the_book(argument), option),
            Some(2),
            "{argument}"
        );
    }
}

#[test]
fn a_negative_value_after_a_space_is_refused_too() {
    for options in ["--window-ms -5", "--line-ms -1", "--workers -1", "--top -1"] {
        assert_eq!(
            run_refused(on_the_book(options), "'-"),
            Some(2),
            "{options}"
        );
    }
}

#[test]
fn times_beyond_the_end_of_time_are_refused_or_counted_whole() {
    let file = file_of("a b\n".repeat(5));
    for options in [
        "--line-ms 9223372036854775807 --window-ms 1000",
        "--line-ms 5000000000000 --window-ms 1000",
        "--line-ms 1 --window-ms 9223372036854775807",
        "--line-ms 1 --window-ms 9223372036854",
    ] {
        let run = run(on(&file, &format!("{options} --no-pin")));
        if !run.refused() {
            assert!(run.status.success(), "{options}: {run:?}");
            assert_eq!(total(&run.stdout, "words"), 10.0, "{options}: {run:?}");
        }
    }
}

// ── ends before the end ──

/// Starts the program and takes what it prints, up to the first line that holds `needle`.
fn start_until(needle: &str, command: Command) -> (Program, BufReader<ChildStdout>, String) {
    let mut program = start(command);
    let mut stdout = BufReader::new(program.child.stdout.take().expect("stdout is piped"));
    let mut text = String::new();
    loop {
        let from = text.len();
        let taken = stdout.read_line(&mut text).expect("stdout is UTF-8");
        assert_ne!(taken, 0, "no line with {needle:?} in:\n{text}");
        if text[from..].contains(needle) {
            return (program, stdout, text);
        }
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    for workers in [1, 2] {
        for format in ["jsonl", "table"] {
            let options = format!("--window-ms 10 --workers {workers} --no-pin --format {format}");
            let (program, stdout, _) = start_until("\n", on_the_book(&options));
            drop(stdout);
            let run = finish(program, None::<File>);
            assert!(run.status.success(), "{options}: {run:?}");
            assert_eq!(run.stderr, "", "{options}");
        }
    }
}

/// Lines in a file that takes the program far longer than a signal needs to arrive. While the test
/// reads nothing, a full pipe holds the program near its beginning.
const LINES_UNENDING: usize = 5_000_000;

fn unending() -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file can be made");
    let block = "one two three\n".repeat(LINES_UNENDING / 100);
    for _ in 0..100 {
        file.write_all(block.as_bytes()).expect("there is room");
    }
    file
}

/// Interrupts the program, as Ctrl-C does, once it has shown a row, and gives all that it printed.
fn interrupt(command: Command) -> String {
    let (program, stdout, first) = start_until("three", command);
    signal("-INT", program.child.id());
    let run = finish(program, Some(stdout));
    assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
    first + &run.stdout
}

#[test]
fn ctrl_c_drains_and_prints_the_totals_of_what_was_read() {
    let file = unending();
    for workers in [1, 2] {
        let options = format!("--window-ms 10 --workers {workers} --no-pin");
        let table = interrupt(on(&file, &options));
        let lines = total(&table, "lines");
        assert!(
            0.0 < lines && lines < LINES_UNENDING as f64,
            "{options}: {lines}"
        );
        assert_eq!(total(&table, "words"), 3.0 * lines, "{options}");
        assert_eq!(total(&table, "windows"), (lines / 10.0).ceil(), "{options}");
    }
}

#[test]
fn ctrl_c_leaves_no_torn_window() {
    let file = unending();
    for workers in [1, 2] {
        let options = format!("--window-ms 10 --workers {workers} --no-pin --format jsonl");
        let stdout = interrupt(on(&file, &options));
        let ones = stdout.lines().map(json).filter(|row| row["word"] == "one");
        let lines = ones.filter_map(|row| row["count"].as_u64()).sum::<u64>() as usize;
        assert!(0 < lines && lines < LINES_UNENDING, "{options}: {lines}");
        // The text up to there explains every row.
        let expected = json_lines(
            &count("one two three\n".repeat(lines).as_bytes(), 10, 1),
            10,
        );
        assert_lines(&stdout, &expected, &options);
    }
}

// ── what it shares with the other samples ──

#[test]
fn several_files_are_counted_side_by_side() {
    // Line i of each lies at i x `--line-ms`.
    let (one, other) = (file_of("a b\nc\n"), file_of("b\n\n\nc c\n"));
    let expected = [
        r#"{"start_ms":0,"end_ms":2,"word":"a","count":1}"#,
        r#"{"start_ms":0,"end_ms":2,"word":"b","count":2}"#,
        r#"{"start_ms":0,"end_ms":2,"word":"c","count":1}"#,
        r#"{"start_ms":2,"end_ms":4,"word":"c","count":2}"#,
    ];
    for workers in [1, 2, 4] {
        let options = format!("--window-ms 2 --workers {workers} --no-pin --format jsonl");
        let mut command = on(&one, &options);
        command.arg("--input").arg(other.path());
        assert_lines(&run_well(command), &expected.map(String::from), &options);
    }
}

#[test]
fn rows_come_in_the_same_order_on_any_number_of_workers() {
    let rows = |workers| {
        run_well(on_the_book(&format!(
            "--workers {workers} --no-pin --format jsonl"
        )))
    };
    let one = rows(1);
    assert!(one.starts_with(r#"{"start_ms":0,"end_ms":1000,"word":"the","count":560}"#));
    assert!(rows(2) == one && rows(4) == one);
}

#[test]
fn a_made_up_text_is_the_same_for_the_same_seed_and_its_top_words_are_found() {
    let made_up = |seed| on_the_book(&format!("--generate 5000 --seed {seed} --no-pin --top 1"));
    let run = run(made_up(7));
    assert!(run.stderr.contains("made up"), "{run:?}");
    let table = |text: &str| text.split("\nlines").next().map(str::to_owned);
    assert_eq!(table(&run.stdout), table(&run_well(made_up(7))));
    assert_ne!(table(&run.stdout), table(&run_well(made_up(8))));
    assert_eq!(total(&run.stdout, "words"), 50_000.0);
    assert_eq!(total(&run.stdout, "windows"), 5.0);
    let (_, found) = run.stdout.split_once("\nmost frequent of all: ").unwrap();
    let (_, truth) = run
        .stdout
        .split_once("made up so that: most frequent of all: ")
        .unwrap();
    assert_eq!(found.lines().next(), truth.lines().next());
}

#[test]
fn latencies_are_measured() {
    let table = run_well(on_the_book("--latency --seconds 1 --rate 20000 --no-pin"));
    assert!(table.contains("event to result"), "{table}");
    assert!(table.contains("throughput"), "{table}");
}

#[test]
fn lines_that_are_no_proper_text_are_told_of() {
    let run = run(on(&file_of(b"a \xff\n"), "--no-pin --format jsonl"));
    assert!(run.stderr.contains("1 lines are no proper text"), "{run:?}");
    assert!(run.status.success(), "{run:?}");
}

#[test]
fn lines_beyond_the_end_of_time_are_told_of() {
    let run = run(on(
        &file_of("a\n".repeat(5)),
        "--line-ms 3155760000000 --no-pin",
    ));
    assert!(
        run.stderr.contains("event time ends after 3 lines"),
        "{run:?}"
    );
    assert_eq!(total(&run.stdout, "words"), 5.0, "{run:?}");
}
