//! What the doctor says.

use serde::{Deserialize, Serialize};

/// How a finding bears on latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Disturbs, or may.
    Warn,
    /// The host does not tell.
    Unknown,
}

impl Verdict {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in a few words; no two findings have the same.
    pub check: &'static str,
    /// How it bears on latency.
    pub verdict: Verdict,
    /// The value found; why none could be had where it is unknown.
    pub found: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do about it.
    pub mend: String,
}

/// What the answer to one check was: a value that is fine, or one that disturbs.
pub(super) enum Answer {
    Fine(String),
    Disturbs(String),
}

impl Answer {
    /// The value found, fine or not.
    pub(super) fn fine_if(fine: bool, found: impl Into<String>) -> Self {
        match fine {
            true => Self::Fine(found.into()),
            false => Self::Disturbs(found.into()),
        }
    }
}

impl Finding {
    /// The finding that follows from an answer, or from why there is none.
    pub(super) fn new(
        check: &'static str,
        answer: Result<Answer, String>,
        why: &'static str,
        mend: impl Into<String>,
    ) -> Self {
        let (verdict, found) = match answer {
            Ok(Answer::Fine(found)) => (Verdict::Pass, found),
            Ok(Answer::Disturbs(found)) => (Verdict::Warn, found),
            Err(reason) => (Verdict::Unknown, reason),
        };
        Self {
            check,
            verdict,
            found,
            why,
            mend: mend.into(),
        }
    }
}

/// All findings about one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// The cores it was examined for.
    pub cores: Vec<usize>,
    /// What was looked at, in the order in which it is told.
    pub findings: Vec<Finding>,
}

impl Examination {
    pub(super) fn new(cores: &[usize], findings: Vec<Finding>) -> Self {
        Self {
            cores: cores.to_vec(),
            findings,
        }
    }

    /// The names of the findings with this verdict.
    pub fn checks(&self, verdict: Verdict) -> Vec<&'static str> {
        self.findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .map(|finding| finding.check)
            .collect()
    }
}
