//! Operators one after the other, as a case lists them.
//!
//! ```text
//!   values ─► map ─► filter ─► flat_map ─► key_by ─► reduce ─► values, or pairs
//! ```
//!
//! Begin with `chain.rs`.

mod chain;
mod function;

pub(crate) use chain::answer;
pub(crate) use function::{Combine, Keys, Many, One, Test};

use crate::case::{items, settings, Malformed, Value};
use serde::Deserialize;
use serde_json::Map;

/// A case of values that go through operators.
pub(crate) struct OperatorCase {
    operators: Vec<Operator>,
    input: Vec<Value>,
}

/// One operator, as a case names it.
#[derive(Deserialize, Clone)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Operator {
    Map {
        #[serde(rename = "fn")]
        function: One,
    },
    Filter {
        #[serde(rename = "fn")]
        function: Test,
    },
    FlatMap {
        #[serde(rename = "fn")]
        function: Many,
    },
    KeyBy {
        #[serde(rename = "fn")]
        function: Keys,
    },
    /// One output an input: what all of its key come to so far.
    Reduce {
        #[serde(rename = "fn")]
        function: Combine,
    },
    /// The same, beginning at `init`.
    Fold {
        #[serde(rename = "fn")]
        function: Combine,
        init: Value,
    },
    /// One output a key, at the end.
    ReduceFinal {
        #[serde(rename = "fn")]
        function: Combine,
    },
    FoldFinal {
        #[serde(rename = "fn")]
        function: Combine,
        init: Value,
    },
    Union {
        with: Vec<Value>,
    },
    Limit {
        n: u64,
    },
}

impl OperatorCase {
    pub(crate) fn parse(
        pipeline: &Map<String, serde_json::Value>,
        input: &[serde_json::Value],
    ) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Plain {
            ops: Vec<Operator>,
        }
        let Plain { ops } = settings(pipeline)?;
        let input: Vec<Value> = items(input)?;
        function::check(&ops, &input).map_err(Malformed::new)?;
        Ok(Self {
            operators: ops,
            input,
        })
    }
}
