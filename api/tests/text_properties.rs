//! Text of every kind against slow, obvious oracles.

mod support;

use fluxus::source::{BadUtf8, CsvHeader, CsvSource, Line, LinesSource, MalformedLine};
use fluxus::Measure;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use support::Shape;

fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

static LINES: [&[u8]; 7] = [b"a", b"bc", b"\n", b"\r", b"\r\n", b"\xff", b"\xc3\xa9"];
static CSV: [&[u8]; 11] = [
    b"a",
    b"b",
    b",",
    b",",
    b"\"",
    b"\"\"",
    b"\n",
    b"\r\n",
    b"\r",
    b"\xff",
    b"\xc3\xa9",
];

/// Text of few letters, so that what is special comes often.
fn soup(letters: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    vec(select(letters), 0..40).prop_map(|parts| parts.concat())
}

fn shape() -> impl Strategy<Value = Shape> {
    select(vec![(1, 1), (2, 2), (16, 64), (512, 512)])
        .prop_flat_map(|(batch, ring)| (1..3usize).prop_map(move |n| Shape::local(n, batch, ring)))
}

/// The lines of a text as one would say them: kept, and how many are malformed.
fn lines_by_hand(text: &[u8], limit: usize, policy: BadUtf8) -> (Vec<Line>, u64) {
    let mut pieces: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    if pieces.last().is_some_and(|last| last.is_empty()) {
        pieces.pop();
    }
    let (mut kept, mut malformed) = (Vec::new(), 0);
    for (number, piece) in (0..).zip(pieces) {
        let line = piece.strip_suffix(b"\r").unwrap_or(piece);
        let is_text = std::str::from_utf8(line).is_ok();
        malformed += u64::from(line.len() > limit || !is_text);
        if line.len() <= limit && (is_text || policy == BadUtf8::Replace) {
            let text = String::from_utf8_lossy(line).into_owned();
            kept.push(Line { number, text });
        }
    }
    (kept, malformed)
}

/// The records of a text as the csv crate has them.
fn records_by_hand(text: &[u8]) -> Vec<csv::ByteRecord> {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true);
    let records = reader.from_reader(text).into_byte_records();
    records.map(Result::unwrap).collect()
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Row {
    number: i64,
    text: String,
    other: String,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn lines_are_what_stands_between_their_ends(
        text in soup(&LINES),
        limit in 0..6usize,
        replaces in any::<bool>(),
        shape in shape(),
    ) {
        let (_folder, path) = file(&text);
        let policy = if replaces { BadUtf8::Replace } else { BadUtf8::Skip };
        let job = shape.job();
        let lines = job.source(LinesSource::new(path).limit(limit).bad_utf8(policy)).collect();
        let report = shape.run(job).unwrap();
        let (kept, malformed) = lines_by_hand(&text, limit, policy);
        prop_assert_eq!(lines.take(), kept);
        prop_assert_eq!(report.total(Measure::Malformed), malformed);
    }

    #[test]
    fn csv_records_are_those_of_the_csv_crate(
        text in soup(&CSV),
        shape in shape(),
    ) {
        let (_folder, path) = file(&text);
        let job = shape.job();
        let source = CsvSource::<Vec<String>>::new(path).header(CsvHeader::None);
        let (rows, malformed) = job.csv_with_malformed(source);
        let (rows, malformed) = (rows.collect(), malformed.collect());
        shape.run(job).unwrap();
        let (rows, malformed): (_, Vec<MalformedLine>) = (rows.take(), malformed.take());

        let mut records = records_by_hand(&text);
        // Whatever follows belongs to a quoted field that is open.
        let longer = [&text[..], b"\nx"].concat();
        let is_cut_off = !records.is_empty() && records_by_hand(&longer).len() == records.len();
        if is_cut_off {
            records.pop();
            prop_assert!(malformed.last().unwrap().reason.contains("ends in the middle"));
        }
        let mut expected: Vec<Vec<String>> = Vec::new();
        for record in &records {
            let fields = record.iter().map(|field| String::from_utf8(field.to_vec()));
            let Ok(fields) = fields.collect::<Result<Vec<_>, _>>() else { continue };
            if expected.first().map_or(true, |first| first.len() == fields.len()) {
                expected.push(fields);
            }
        }
        let others = records.len() - expected.len() + usize::from(is_cut_off);
        prop_assert_eq!(rows, expected);
        prop_assert_eq!(malformed.len(), others);

        // What is told stands on its line.
        let text = String::from_utf8_lossy(&text);
        for told in malformed {
            let before = text.split('\n').take(told.line as usize - 1).map(|l| l.len() + 1);
            let rest = &text[before.sum::<usize>()..];
            let place = rest.find(&told.text);
            let end = rest.find('\n').unwrap_or(rest.len());
            prop_assert!(place.is_some_and(|place| place <= end), "{}", told);
        }
    }

    #[test]
    fn rows_survive_their_way_through_a_csv_file(
        rows in vec((any::<i64>(), "[a-c,\"\n\r é]{0,6}", "\\PC{0,6}"), 0..20),
        shape in shape(),
        delimiter in select(vec![b',', b';', b'\t']),
    ) {
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|(number, text, other)| Row { number, text, other })
            .collect();
        let (_folder, path) = file(b"of yesterday");
        let job = shape.job();
        let sink = fluxus::sink::Csv::file(&path).delimiter(delimiter);
        job.from_iter(rows.clone()).sink(sink);
        shape.run(job).unwrap();
        let job = shape.job();
        let read = job.csv(CsvSource::<Row>::new(&path).delimiter(delimiter)).collect();
        let report = shape.run(job).unwrap();
        prop_assert_eq!(read.take(), rows);
        prop_assert_eq!(report.total(Measure::Malformed), 0);
    }

    #[test]
    fn rows_survive_their_way_through_json_lines(
        rows in vec((any::<i64>(), any::<String>()), 0..20),
        shape in shape(),
    ) {
        let (_folder, path) = file(b"of yesterday");
        let job = shape.job();
        job.from_iter(rows.clone()).json_lines_to_file(&path);
        shape.run(job).unwrap();
        let job = shape.job();
        let read = job.json_lines::<(i64, String)>(&path).collect();
        shape.run(job).unwrap();
        prop_assert_eq!(read.take(), rows);
    }
}
