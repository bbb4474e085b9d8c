//! Lines, CSV and JSON lines of real files: what is a row comes, what is none is
//! counted, told with its place, and never lost.

mod support;

use fluxus::source::{BadUtf8, CsvHeader, CsvSource, JsonLinesSource, LinesSource, MalformedLine};
use fluxus::testing::run_with_seeds;
use fluxus::{Job, Measure};
use serde::Deserialize;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use support::{shapes, Shape};

/// A file of this content in a folder that goes away with it.
fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input.txt");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Order {
    item: String,
    quantity: u32,
    note: Option<String>,
}

fn order(item: &str, quantity: u32, note: Option<&str>) -> Order {
    Order {
        item: item.to_owned(),
        quantity,
        note: note.map(str::to_owned),
    }
}

/// Line, text and reason.
type Refused = (u64, &'static str, &'static str);

/// Reads the file in every shape and compares rows, what is malformed, and counts.
fn csv_holds<R>(
    content: impl AsRef<[u8]>,
    setup: impl Fn(&Path) -> CsvSource<R>,
    rows: &[R],
    malformed: &[Refused],
) where
    R: serde::de::DeserializeOwned + Send + Debug + PartialEq + 'static,
{
    let (_folder, path) = file(content);
    for shape in shapes() {
        let job = shape.job();
        let (found, bad) = job.csv_with_malformed(setup(&path));
        let (found, bad) = (found.named("file").collect(), bad.collect());
        let report = shape.run(job).unwrap();
        assert_eq!(found.take(), rows, "{shape:?}");
        let bad: Vec<MalformedLine> = bad.take();
        let told: Vec<_> = bad
            .iter()
            .map(|m| (m.line, m.text.as_str(), m.reason.as_str()))
            .collect();
        assert_eq!(told, malformed, "{shape:?}");
        assert_eq!(
            report.of("file", Measure::Malformed),
            malformed.len() as u64
        );
        assert_eq!(
            report.of("file", Measure::RecordsIn),
            (rows.len() + malformed.len()) as u64
        );
    }
}

#[test]
fn csv_rows_find_their_fields_by_name() {
    csv_holds(
        "note,quantity,item,unused\n,3,pear,x\r\n\"two\nlines, and \"\"more\"\"\",4,\"fig\",\n",
        |path| CsvSource::new(path),
        &[
            order("pear", 3, None),
            order("fig", 4, Some("two\nlines, and \"more\"")),
        ],
        &[],
    );
    // A mark of the byte order is no part of the first name; an optional column
    // may be missing; the last line may end without an end.
    csv_holds(
        "\u{feff}item,quantity\n\nfig,1\n\n\npear,2",
        |path| CsvSource::new(path),
        &[order("fig", 1, None), order("pear", 2, None)],
        &[],
    );
    for nothing in ["", "\n\n", "item,quantity", "item,quantity\n"] {
        csv_holds::<Order>(nothing, |path| CsvSource::new(path), &[], &[]);
    }
}

#[test]
fn csv_rows_can_be_tuples_and_maps_without_a_header() {
    csv_holds(
        "1;'a;b'\n2;c\n3\n4;d;e\n",
        |path| {
            let source = CsvSource::new(path).header(CsvHeader::None);
            source.delimiter(b';').quote(b'\'')
        },
        &[(1u32, "a;b".to_owned()), (2, "c".to_owned())],
        &[
            (3, "3", "1 fields, where the first row has 2"),
            (4, "4;d;e", "3 fields, where the first row has 2"),
        ],
    );
    type Map = std::collections::BTreeMap<String, i64>;
    csv_holds(
        "a,b\n1,-2\n",
        |path| CsvSource::new(path),
        &[Map::from([("a".to_owned(), 1), ("b".to_owned(), -2)])],
        &[],
    );
}

#[test]
fn csv_records_that_are_no_rows_are_told_with_place_and_reason() {
    let mut content = b"item,quantity,note\n\
        pear,many,\n\
        fig,1\n\
        \"two\nlines\",2,\n\
        plum,-1,\n\
        kiwi,3,a,b\n"
        .to_vec();
    content.extend(b"b\xffd,1,\n");
    content.extend(format!("{},1,\n", "x".repeat(200)).bytes());
    content.extend(b"last,7,\n\"cut off,8\n,\n");
    let long: &'static str = format!("{},1,", "x".repeat(200)).leak();
    csv_holds(
        content,
        |path| CsvSource::new(path).limit(100),
        &[order("two\nlines", 2, None), order("last", 7, None)],
        &[
            (
                2,
                "pear,many,",
                "column `quantity`: invalid digit found in string",
            ),
            (3, "fig,1", "2 fields, where the header has 3"),
            (
                6,
                "plum,-1,",
                "column `quantity`: invalid digit found in string",
            ),
            (7, "kiwi,3,a,b", "4 fields, where the header has 3"),
            (8, "b\u{fffd}d,1,", "column `item`: it is not UTF-8"),
            (9, long, "it is longer than the limit of 100 bytes"),
            (
                11,
                "\"cut off,8\n,",
                "the file ends in the middle of a quoted field",
            ),
        ],
    );
}

/// The message of the job that fails over this file.
fn csv_error<R: serde::de::DeserializeOwned + Send + 'static>(content: &str) -> String {
    let (folder, path) = file(content);
    let job = Shape::local(1, 16, 64).job();
    job.csv::<R>(&path).named("orders").for_each(|_| {});
    let error = job.run().unwrap_err();
    assert_eq!(error.culprit(), Some("orders"));
    let folder = folder.path().display().to_string();
    error.to_string().replace(&folder, "<folder>")
}

#[test]
fn a_header_that_fits_no_row_fails_the_job_and_says_what_it_has() {
    assert_eq!(
        csv_error::<Order>("item,qty\npear,3\n"),
        "operator `orders` on worker 0 failed: <folder>/input.txt, line 1: the header does not fit \
         the rows that are asked for, missing field `quantity`: it has the columns [\"item\", \
         \"qty\"], and the rows have the fields [\"item\", \"quantity\", \"note\"]; rename one or \
         the other, or read the file without a header"
    );
    let twice = csv_error::<Order>("item,quantity,item\npear,3,fig\n");
    assert!(twice.contains("line 1: the header does not fit"), "{twice}");
    assert!(twice.contains("duplicate field `item`"), "{twice}");
    let cut_off = csv_error::<Order>("item,\"quantity\n");
    assert!(cut_off.ends_with("line 1: the header: the file ends in the middle of a quoted field"));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    for path in [nowhere.as_path(), folder.path()] {
        let sources: [&dyn Fn(&fluxus::Job); 3] = [
            &|job| job.csv::<Order>(path).named("it").for_each(|_| {}),
            &|job| job.json_lines::<Order>(path).named("it").for_each(|_| {}),
            &|job| job.lines(path).named("it").for_each(|_| {}),
        ];
        for source in sources {
            let job = Shape::local(1, 16, 64).job();
            source(&job);
            let error = job.run().unwrap_err();
            assert_eq!(error.culprit(), Some("it"));
            let text = error.to_string();
            assert!(text.contains(&path.display().to_string()), "{text}");
        }
    }
}

#[test]
fn json_lines_are_rows_or_told_with_place_and_reason() {
    let mut content = b"\xef\xbb\xbf{\"item\": \"pear\", \"quantity\": 3}\r\n\
        \n  \t\n\
        {\"item\": \"fig\"}\n\
        {\"item\": \"fig\", \"quantity\": 1, \"note\": \"\\u00e9\"}\n\
        {\"item\": \"fig\", \"quantity\": 1} x\n"
        .to_vec();
    content.extend(b"\"\xff\"\n");
    content.extend(format!("{:>300}\n", 1).bytes());
    content.extend(b"{\"item\": \"cut");
    let (_folder, path) = file(content);
    let long: &'static str = " ".repeat(256).leak();
    for shape in shapes() {
        let job = shape.job();
        let (rows, malformed) =
            job.json_lines_with_malformed(JsonLinesSource::<Order>::new(&path).limit(200));
        let (rows, malformed) = (rows.collect(), malformed.collect());
        let report = shape.run(job).unwrap();
        let expected = [order("pear", 3, None), order("fig", 1, Some("é"))];
        assert_eq!(rows.take(), expected, "{shape:?}");
        let malformed: Vec<MalformedLine> = malformed.take();
        let told: Vec<_> = malformed
            .iter()
            .map(|m| (m.line, m.text.as_str(), m.reason.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    4,
                    "{\"item\": \"fig\"}",
                    "missing field `quantity` at column 15"
                ),
                (
                    6,
                    "{\"item\": \"fig\", \"quantity\": 1} x",
                    "trailing characters at column 32"
                ),
                (7, "\"\u{fffd}\"", "invalid unicode code point at column 2"),
                (8, long, "it is longer than the limit of 200 bytes"),
                (
                    9,
                    "{\"item\": \"cut",
                    "EOF while parsing a string at column 13"
                ),
            ],
            "{shape:?}"
        );
        assert_eq!(report.total(Measure::Malformed), 5);
    }
}

/// Rows for one reader and malformed lines for another, one of which wants no more
/// early on: the other gets all the same.
#[test]
fn rows_and_malformed_lines_end_apart() {
    let mut content = String::new();
    for n in 0..300 {
        content.push_str(&format!("{n}\nx{n}\n"));
    }
    let (_folder, path) = file(content);
    for shape in shapes() {
        for (most_rows, most_malformed) in [(3, 1000), (1000, 3), (1000, 1000)] {
            let job = shape.job();
            let (rows, malformed) = job.json_lines_with_malformed::<u32>(&path);
            let rows = rows.take(most_rows).collect();
            let malformed = malformed.take(most_malformed).collect();
            let report = shape.run(job).unwrap();
            let rows = rows.take();
            assert_eq!(rows.len() as u64, most_rows.min(300), "{shape:?}");
            assert!(rows.into_iter().eq(0..most_rows.min(300) as u32));
            let counted = report.total(Measure::Malformed);
            assert_eq!(
                malformed.take().len() as u64,
                counted.min(most_malformed),
                "{shape:?}"
            );
            assert!(most_rows < 1000 || counted == 300, "{counted}, {shape:?}");
        }
    }
}

#[test]
fn lines_keep_their_rules() {
    let (_folder, path) = file(b"one\r\ntwo\xff\n\nmuch too long\nlast");
    let job = Shape::local(1, 2, 2).job();
    let source = LinesSource::new(&path).limit(5).bad_utf8(BadUtf8::Skip);
    let lines = job
        .source(source)
        .map(|line| (line.number, line.text))
        .collect();
    let report = job.run().unwrap();
    let expected = [(0, "one"), (2, ""), (4, "last")];
    assert_eq!(lines.take(), expected.map(|(n, text)| (n, text.to_owned())));
    assert_eq!(report.total(Measure::Malformed), 2);
}

/// Whatever the order in which the tasks are polled.
#[test]
fn rows_and_malformed_lines_are_the_same_in_every_order_of_polls() {
    let mut content = String::from("number\n");
    for n in 0..60 {
        content.push_str(&format!("{n}\n{}", if n % 4 == 0 { "x\n" } else { "" }));
    }
    let (_folder, path) = file(content);
    let (rows, malformed) = run_with_seeds(0..200, || {
        let job = Job::new("seeds", Shape::local(2, 4, 4).config())?;
        let (rows, malformed) = job.csv_with_malformed::<(u32,)>(&path);
        let rows = rows.key_by(|_| ()).fold(0, |count, _| *count += 1);
        let (rows, malformed) = (rows.collect(), malformed.collect());
        Ok((job, move || (rows.take(), malformed.take())))
    });
    assert_eq!(rows.last(), Some(&((), 60)));
    let lines: Vec<u64> = malformed.iter().map(|m: &MalformedLine| m.line).collect();
    assert!(lines.into_iter().eq((0..15).map(|n| 3 + 5 * n)));
}
