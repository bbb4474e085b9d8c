use std::fmt;

/// Input that is not as it should be: where it stood, what it was, and why it is
/// no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedLine {
    /// The line on which it begins, from 1 as editors count.
    pub line: u64,
    /// What stood there, bad UTF-8 replaced by U+FFFD; of what is longer than the
    /// limit, the first 256 bytes.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl MalformedLine {
    pub(super) fn new(line: u64, text: &[u8], reason: impl fmt::Display) -> Self {
        Self {
            line,
            text: String::from_utf8_lossy(text).into_owned(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn too_long(line: u64, text: &[u8], limit: usize) -> Self {
        Self::new(
            line,
            text,
            format_args!("it is longer than the limit of {limit} bytes"),
        )
    }
}

impl fmt::Display for MalformedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {:?}", self.line, self.reason, self.text)
    }
}
