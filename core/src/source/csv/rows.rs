use super::cutter::CsvCutter;
use super::header::{fields_of, is_to_blame};
use super::{CsvHeader, MalformedLine};
use csv::{ErrorKind, StringRecord};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// Makes rows of records.
pub(super) struct Rows<R> {
    header: Header,
    /// The names that a row asks for, if it asks for names.
    names: Option<&'static [&'static str]>,
    /// How many fields a record has.
    width: Option<usize>,
    /// The record in hand.
    record: StringRecord,
    row: PhantomData<fn() -> R>,
}

enum Header {
    ToCome,
    None,
    Columns(StringRecord),
}

/// The line, and what is wrong with the whole file.
type Problem = (u64, String);

impl<R> Rows<R> {
    pub(super) fn new() -> Self {
        Self {
            header: Header::None,
            names: None,
            width: None,
            record: StringRecord::new(),
            row: PhantomData,
        }
    }

    pub(super) fn has_header_to_come(&self) -> bool {
        matches!(self.header, Header::ToCome)
    }
}

impl<R: DeserializeOwned> Rows<R> {
    pub(super) fn begin(&mut self, header: CsvHeader) {
        (self.header, self.names) = match header {
            CsvHeader::First => (Header::ToCome, fields_of::<R>()),
            CsvHeader::None => (Header::None, None),
        };
        self.width = None;
    }

    /// What the record that was cut last is: a row, no row, or the header.
    pub(super) fn read(
        &mut self,
        cutter: &CsvCutter,
        is_last: bool,
    ) -> Result<Option<Result<R, MalformedLine>>, Problem> {
        let copied = match is_last && cutter.ends_in_quotes() {
            true => Err("the file ends in the middle of a quoted field".to_owned()),
            false => self.copy(cutter),
        };
        if self.has_header_to_come() {
            copied.map_err(|problem| (cutter.line(), format!("the header: {problem}")))?;
            self.width = Some(self.record.len());
            self.header = Header::Columns(self.record.clone());
            return Ok(None);
        }
        let row = copied.and_then(|()| self.convert());
        let reason = match row {
            Ok(row) => {
                self.width.get_or_insert(self.record.len());
                return Ok(Some(Ok(row)));
            }
            Err(reason) => reason,
        };
        self.check_header(&reason)?;
        let malformed = MalformedLine::new(cutter.line(), cutter.text(), reason);
        Ok(Some(Err(malformed)))
    }

    /// Copies the fields, if they are text.
    fn copy(&mut self, cutter: &CsvCutter) -> Result<(), String> {
        self.record.clear();
        let (bytes, ends) = cutter.fields();
        // All at once, and each by itself only to find the one to blame.
        let text = std::str::from_utf8(bytes).ok();
        let mut start = 0;
        for (number, &end) in ends.iter().enumerate() {
            let field = match text.and_then(|text| text.get(start..end)) {
                Some(field) => Some(field),
                None => std::str::from_utf8(bytes.get(start..end).unwrap_or_default()).ok(),
            };
            match field {
                Some(field) => self.record.push_field(field),
                None => return Err(format!("{}: it is not UTF-8", self.column(number))),
            }
            start = end;
        }
        Ok(())
    }

    fn convert(&self) -> Result<R, String> {
        let found = self.record.len();
        if let Some(width) = self.width.filter(|&width| width != found) {
            let other = match self.header {
                Header::Columns(_) => "the header",
                _ => "the first row",
            };
            return Err(format!("{found} fields, where {other} has {width}"));
        }
        let columns = match &self.header {
            Header::Columns(columns) => Some(columns),
            _ => None,
        };
        let error = match self.record.deserialize(columns) {
            Ok(row) => return Ok(row),
            Err(error) => error,
        };
        Err(match error.kind() {
            ErrorKind::Deserialize { err, .. } => match err.field() {
                Some(field) => {
                    let number = usize::try_from(field).unwrap_or(usize::MAX);
                    format!("{}: {}", self.column(number), err.kind())
                }
                None => err.kind().to_string(),
            },
            _ => error.to_string(),
        })
    }

    /// What people call the column of this number, from 0.
    fn column(&self, number: usize) -> String {
        let name = match &self.header {
            Header::Columns(columns) => columns.get(number),
            _ => None,
        };
        match name {
            Some(name) => format!("column `{name}`"),
            None => format!("column {}", number.saturating_add(1)),
        }
    }

    /// Whether the header is the reason why a row was refused.
    fn check_header(&self, reason: &str) -> Result<(), Problem> {
        let (Header::Columns(columns), Some(names)) = (&self.header, self.names) else {
            return Ok(());
        };
        if !is_to_blame(reason, columns, names) {
            return Ok(());
        }
        let columns: Vec<&str> = columns.iter().collect();
        Err((
            1,
            format!(
                "the header does not fit the rows that are asked for, {reason}: it has the \
                 columns {columns:?}, and the rows have the fields {names:?}; rename one or the \
                 other, or read the file without a header",
            ),
        ))
    }
}
