use csv_core::ReadRecordResult;

/// What is set aside for the fields of a record, at the beginning.
const FIRST_OUTPUT: usize = 1 << 10;
const FIRST_ENDS: usize = 32;
/// How much of what is too long is kept, to show what it was.
const SAMPLE: usize = 256;
/// How much of what is passed over before a record is held, more or less.
const EMPTY_LINES: usize = 1 << 10;

/// How cutting went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// All that was given belongs to a record that goes on.
    NeedsMore,
    /// A record is complete: see [`CsvCutter::fields`].
    Record,
    /// A record is complete and longer than the limit.
    TooLong,
    /// The text has ended.
    End,
}

/// Cuts bytes, as they come, into records of CSV as RFC 4180 has them: fields in
/// quotes may hold delimiters, doubled quotes and ends of lines. Empty lines are
/// passed over. It holds one record, and no more than the limit of it.
pub(super) struct CsvCutter {
    parser: csv_core::Reader,
    quote: u8,
    delimiter: u8,
    limit: usize,
    /// The fields one behind another, and where each ends.
    output: Vec<u8>,
    written: usize,
    ends: Vec<usize>,
    fields: usize,
    /// The record as it stood, with what was passed over before it.
    raw: Vec<u8>,
    /// The line on which that begins, from 1.
    line: u64,
    is_skipping: bool,
    /// The record in hand was complete; the next bytes begin another.
    is_spent: bool,
}

impl CsvCutter {
    pub(super) fn new(delimiter: u8, quote: u8, limit: usize) -> Self {
        let mut parser = csv_core::ReaderBuilder::new();
        parser.delimiter(delimiter).quote(quote);
        Self {
            parser: parser.build(),
            quote,
            delimiter,
            limit,
            output: vec![0; FIRST_OUTPUT],
            written: 0,
            ends: vec![0; FIRST_ENDS],
            fields: 0,
            raw: Vec::new(),
            line: 1,
            is_skipping: false,
            is_spent: false,
        }
    }

    /// Takes bytes up to the end of a record, says how many, and how it went on.
    /// No bytes at all say that the text has ended.
    pub(super) fn cut(&mut self, bytes: &[u8]) -> (usize, Cut) {
        if std::mem::take(&mut self.is_spent) {
            self.line = self.parser.line();
            self.raw.clear();
            self.raw.shrink_to(1 << 16);
            (self.written, self.fields, self.is_skipping) = (0, 0, false);
        }
        let mut used = 0;
        loop {
            let (result, taken, written, fields) = self.parser.read_record(
                &bytes[used..],
                &mut self.output[self.written..],
                &mut self.ends[self.fields..],
            );
            self.keep(&bytes[used..used + taken]);
            used += taken;
            self.written += written;
            self.fields += fields;
            match result {
                ReadRecordResult::InputEmpty if bytes.is_empty() => {}
                ReadRecordResult::InputEmpty => return (used, Cut::NeedsMore),
                ReadRecordResult::OutputFull if self.is_skipping => self.written = 0,
                // The record is at least as long as its fields, so they stay within
                // twice the limit.
                ReadRecordResult::OutputFull => self.output.resize(2 * self.output.len(), 0),
                ReadRecordResult::OutputEndsFull if self.is_skipping => self.fields = 0,
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record => {
                    self.is_spent = true;
                    return match self.is_skipping {
                        true => (used, Cut::TooLong),
                        false => (used, Cut::Record),
                    };
                }
                ReadRecordResult::End => return (used, Cut::End),
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_skipping {
            return;
        }
        self.raw.extend_from_slice(bytes);
        if self.raw.len() > EMPTY_LINES && self.passed_over() == self.raw.len() {
            // Empty lines without end must not be held.
            self.line = self.line();
            self.raw.clear();
        }
        if self.raw.len() > self.limit && self.text().len() > self.limit {
            self.is_skipping = true;
        }
    }

    /// How many bytes of the text were passed over before the record.
    fn passed_over(&self) -> usize {
        let raw = match self.line {
            1 => self.raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.raw),
            _ => &self.raw,
        };
        let text = raw.iter().position(|b| !matches!(b, b'\r' | b'\n'));
        self.raw.len() - raw.len() + text.unwrap_or(raw.len())
    }

    /// How long it is, with its end and what was passed over before it; of what is
    /// too long, at least the limit.
    pub(super) fn length(&self) -> usize {
        self.raw.len()
    }

    /// The record as it stood, without its end; of one that is too long, the
    /// beginning.
    pub(super) fn text(&self) -> &[u8] {
        let text = self.raw.get(self.passed_over()..).unwrap_or_default();
        let text = match self.is_skipping {
            true => text.get(..SAMPLE).unwrap_or(text),
            false => text,
        };
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// The line on which the record begins, from 1.
    pub(super) fn line(&self) -> u64 {
        let before = self.raw.get(..self.passed_over()).unwrap_or_default();
        self.line + before.iter().filter(|&&b| b == b'\n').count() as u64
    }

    /// The fields of the record one behind another, and where each ends.
    pub(super) fn fields(&self) -> (&[u8], &[usize]) {
        let output = self.output.get(..self.written).unwrap_or_default();
        (output, self.ends.get(..self.fields).unwrap_or_default())
    }

    /// Whether the record in hand ends inside a quoted field: the text ended
    /// where it should not have.
    pub(super) fn ends_in_quotes(&self) -> bool {
        enum At {
            Begin,
            Bare,
            Quoted,
            QuoteInQuotes,
        }
        let mut at = At::Begin;
        for &byte in self.raw.get(self.passed_over()..).unwrap_or_default() {
            at = match at {
                At::Begin if byte == self.quote => At::Quoted,
                At::Quoted if byte == self.quote => At::QuoteInQuotes,
                At::QuoteInQuotes if byte == self.quote => At::Quoted,
                At::Quoted => At::Quoted,
                _ if byte == self.delimiter || matches!(byte, b'\r' | b'\n') => At::Begin,
                _ => At::Bare,
            };
        }
        matches!(at, At::Quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line, fields and text of each record of a text that comes in pieces of
    /// this length.
    fn records(text: &str, piece: usize, limit: usize) -> Vec<(u64, Vec<String>, String)> {
        let mut cutter = CsvCutter::new(b',', b'"', limit);
        let mut found = Vec::new();
        let mut pieces = text.as_bytes().chunks(piece);
        let mut bytes: &[u8] = &[];
        loop {
            if bytes.is_empty() {
                bytes = pieces.next().unwrap_or_default();
            }
            let (used, cut) = cutter.cut(bytes);
            bytes = &bytes[used..];
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it was text");
            match cut {
                Cut::NeedsMore => {}
                Cut::End => return found,
                Cut::TooLong => found.push((cutter.line(), Vec::new(), "!".to_owned())),
                Cut::Record => {
                    let (all, ends) = cutter.fields();
                    let mut start = 0;
                    let fields = ends.iter().map(|&end| {
                        let field = text(&all[start..end]);
                        start = end;
                        field
                    });
                    found.push((cutter.line(), fields.collect(), text(cutter.text())));
                }
            }
        }
    }

    #[test]
    fn records_are_the_same_however_they_come() {
        type Row = (u64, &'static [&'static str], &'static str);
        let table: [(&str, &[Row]); 7] = [
            ("", &[]),
            (
                "a,b\n1,2",
                &[(1, &["a", "b"], "a,b"), (2, &["1", "2"], "1,2")],
            ),
            (
                "\r\n\na\r\n\r\nb\r\n",
                &[(3, &["a"], "a"), (5, &["b"], "b")],
            ),
            (
                "x,\"a\n\"\"b\"\"\",z\ny\n",
                &[
                    (1, &["x", "a\n\"b\"", "z"], "x,\"a\n\"\"b\"\"\",z"),
                    (3, &["y"], "y"),
                ],
            ),
            (
                ",\n\"\",\n",
                &[(1, &["", ""], ","), (2, &["", ""], "\"\",")],
            ),
            // 30 bytes are allowed.
            (
                "a\n123456789012345678901234567890\n1234567890123456789012345678901\nb\n",
                &[
                    (1, &["a"], "a"),
                    (
                        2,
                        &["123456789012345678901234567890"],
                        "123456789012345678901234567890",
                    ),
                    (3, &[], "!"),
                    (4, &["b"], "b"),
                ],
            ),
            (
                "a\n\"1\n2\n3 and so on for ever and ever\nb\nc",
                &[(1, &["a"], "a"), (2, &[], "!")],
            ),
        ];
        for (text, expected) in table {
            for piece in 1..=text.len().max(1) {
                let found = records(text, piece, 30);
                let found: Vec<_> = found.iter().map(|(l, f, t)| (*l, f, t.as_str())).collect();
                let expected: Vec<(u64, Vec<String>, &str)> = expected
                    .iter()
                    .map(|(l, f, t)| (*l, f.iter().map(|f| (*f).to_owned()).collect(), *t))
                    .collect();
                let expected: Vec<_> = expected.iter().map(|(l, f, t)| (*l, f, *t)).collect();
                assert_eq!(found, expected, "{text:?} by {piece}");
            }
        }
    }

    #[test]
    fn a_record_that_is_cut_off_in_quotes_is_known() {
        for (text, expected) in [
            ("a,b", false),
            ("a,\"b", true),
            ("a,\"b\"", false),
            ("a,\"b\"\"", true),
            ("a,b\"", false),
            ("a,\"b\"c\"", false),
            ("\"a\nb,c", true),
        ] {
            let mut cutter = CsvCutter::new(b',', b'"', 100);
            assert_eq!(cutter.cut(text.as_bytes()), (text.len(), Cut::NeedsMore));
            assert_eq!(cutter.cut(&[]).1, Cut::Record, "{text:?}");
            assert_eq!(cutter.ends_in_quotes(), expected, "{text:?}");
        }
    }

    #[test]
    fn empty_lines_without_end_are_counted_and_not_held() {
        let mut cutter = CsvCutter::new(b',', b'"', 100);
        for bytes in [&b"\n"[..], b"\r\n"] {
            for _ in 0..1000 {
                assert_eq!(cutter.cut(&bytes.repeat(5000)).1, Cut::NeedsMore);
                assert!(cutter.raw.capacity() < 60_000);
            }
        }
        assert_eq!(cutter.cut(b"y\n"), (2, Cut::Record));
        assert_eq!((cutter.line(), cutter.text()), (10_000_001, &b"y"[..]));
        assert_eq!(cutter.cut(b"\nz\n"), (3, Cut::Record));
        assert_eq!((cutter.line(), cutter.text()), (10_000_003, &b"z"[..]));
    }

    #[test]
    fn an_endless_record_takes_no_more_than_its_limit() {
        let mut cutter = CsvCutter::new(b',', b'"', 10_000);
        assert_eq!(cutter.cut(b"\"").1, Cut::NeedsMore);
        for _ in 0..1000 {
            assert_eq!(cutter.cut(&[b'x'; 5000]).1, Cut::NeedsMore);
            assert!(cutter.raw.capacity() + cutter.output.len() < 60_000);
        }
        assert_eq!(cutter.cut(b"\"\n").1, Cut::TooLong);
        assert_eq!(cutter.cut(b"y\n").1, Cut::Record);
        assert_eq!(cutter.fields(), (&b"y"[..], &[1][..]));
    }
}
