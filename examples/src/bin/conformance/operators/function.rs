//! The functions that cases know by name.

use super::Operator;
use crate::case::Value;
use serde::Deserialize;

/// What a value is: functions are for the one or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Number,
    Text,
}
use Sort::{Number, Text};

impl Sort {
    fn of(value: &Value) -> Self {
        match value {
            Value::Number(_) => Number,
            Value::Text(_) => Text,
        }
    }
}

/// A function by its name, and its number behind a colon if it has one.
fn split(name: &str) -> (&str, Option<i64>) {
    match name.split_once(':') {
        Some((name, number)) => (name, number.parse().ok()),
        None => (name, None),
    }
}

macro_rules! named {
    ($type:ident, $($(#[$doc:meta])* $name:literal $(($bind:ident))? => $variant:expr,)*) => {
        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(name: String) -> Result<Self, String> {
                match split(&name) {
                    $(($name, named!(@ $($bind)?)) => Ok($variant),)*
                    _ => Err(format!("the function {name:?} is not known here")),
                }
            }
        }
    };
    (@ $bind:ident) => { Some($bind) };
    (@) => { None };
}

/// One value of another.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(try_from = "String")]
pub(crate) enum One {
    Add(i64),
    Mul(i64),
    Neg,
    Square,
    Len,
    Lower,
    Identity,
    Str,
}

named! { One,
    "add"(n) => One::Add(n),
    "mul"(n) => One::Mul(n),
    "neg" => One::Neg,
    "square" => One::Square,
    "len" => One::Len,
    "lower" => One::Lower,
    "identity" => One::Identity,
    "str" => One::Str,
}

impl One {
    /// Numbers stop at the ends of their range.
    pub(crate) fn of(self, value: Value) -> Value {
        let number = |n: i64| match self {
            One::Add(other) => Value::Number(n.saturating_add(other)),
            One::Mul(other) => Value::Number(n.saturating_mul(other)),
            One::Neg => Value::Number(n.saturating_neg()),
            One::Square => Value::Number(n.saturating_mul(n)),
            One::Str => Value::Text(n.to_string()),
            // Not of a number; see `check`.
            One::Len | One::Lower | One::Identity => Value::Number(n),
        };
        match value {
            Value::Number(n) => number(n),
            Value::Text(text) => match self {
                One::Len => Value::Number(length(text.chars().count())),
                One::Lower => Value::Text(text.to_lowercase()),
                _ => Value::Text(text),
            },
        }
    }

    fn sorts(self) -> (Option<Sort>, Option<Sort>) {
        match self {
            One::Add(_) | One::Mul(_) | One::Neg | One::Square => (Some(Number), Some(Number)),
            One::Len => (Some(Text), Some(Number)),
            One::Lower => (Some(Text), Some(Text)),
            One::Identity => (None, None),
            One::Str => (None, Some(Text)),
        }
    }
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether a value stays.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(try_from = "String")]
pub(crate) enum Test {
    Even,
    Odd,
    Greater(i64),
    Never,
    Always,
    Nonempty,
}

named! { Test,
    "even" => Test::Even,
    "odd" => Test::Odd,
    "gt"(n) => Test::Greater(n),
    "false" => Test::Never,
    "true" => Test::Always,
    "nonempty" => Test::Nonempty,
}

impl Test {
    pub(crate) fn holds(self, value: &Value) -> bool {
        match (self, value) {
            (Test::Even, Value::Number(n)) => n % 2 == 0,
            (Test::Odd, Value::Number(n)) => n % 2 != 0,
            (Test::Greater(than), Value::Number(n)) => *n > than,
            (Test::Nonempty, Value::Text(text)) => !text.is_empty(),
            (Test::Always, _) => true,
            // `false`, and what is not of such a value; see `check`.
            _ => false,
        }
    }

    fn takes(self) -> Option<Sort> {
        match self {
            Test::Even | Test::Odd | Test::Greater(_) => Some(Number),
            Test::Nonempty => Some(Text),
            Test::Never | Test::Always => None,
        }
    }
}

/// Any number of values of one.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(try_from = "String")]
pub(crate) enum Many {
    RepeatSelf,
    Range,
    None,
    Words,
    Dup,
    PairNeg,
}

named! { Many,
    "repeat_self" => Many::RepeatSelf,
    "range" => Many::Range,
    "none" => Many::None,
    "words" => Many::Words,
    "dup" => Many::Dup,
    "pair_neg" => Many::PairNeg,
}

impl Many {
    /// One by one: a range may be long.
    pub(crate) fn of(self, value: Value) -> Box<dyn Iterator<Item = Value> + Send> {
        match (self, value) {
            (Many::RepeatSelf, Value::Number(n)) => Box::new((0..n).map(move |_| Value::Number(n))),
            (Many::Range, Value::Number(n)) => Box::new((0..n).map(Value::Number)),
            (Many::Words, Value::Text(text)) => {
                let words: Vec<Value> = text
                    .split_whitespace()
                    .map(|word| Value::Text(word.to_owned()))
                    .collect();
                Box::new(words.into_iter())
            }
            (Many::Dup, value) => Box::new([value.clone(), value].into_iter()),
            (Many::PairNeg, Value::Number(n)) => {
                Box::new([n, n.saturating_neg()].into_iter().map(Value::Number))
            }
            // `none`, and what is not of such a value; see `check`.
            _ => Box::new(std::iter::empty()),
        }
    }

    fn takes(self) -> Option<Sort> {
        match self {
            Many::RepeatSelf | Many::Range | Many::PairNeg => Some(Number),
            Many::Words => Some(Text),
            Many::None | Many::Dup => None,
        }
    }
}

/// The key of a value.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(try_from = "String")]
pub(crate) enum Keys {
    Mod(i64),
    Const,
    Identity,
}

named! { Keys,
    "mod"(n) => Keys::Mod(n),
    "const" => Keys::Const,
    "identity" => Keys::Identity,
}

impl Keys {
    pub(crate) fn of(self, value: &Value) -> Value {
        match (self, value) {
            // Not below zero, for values below zero either.
            (Keys::Mod(n), Value::Number(value)) => {
                Value::Number(value.checked_rem_euclid(n).unwrap_or(0))
            }
            (Keys::Identity, value) => value.clone(),
            _ => Value::Number(0),
        }
    }

    fn takes(self) -> Option<Sort> {
        match self {
            Keys::Mod(_) => Some(Number),
            Keys::Const | Keys::Identity => None,
        }
    }
}

/// One value of two.
#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(try_from = "String")]
pub(crate) enum Combine {
    Sum,
    Min,
    Max,
    Concat,
    Count,
    Last,
}

named! { Combine,
    "sum" => Combine::Sum,
    "min" => Combine::Min,
    "max" => Combine::Max,
    "concat" => Combine::Concat,
    "count" => Combine::Count,
    "last" => Combine::Last,
}

impl Combine {
    /// What is held, and the next value: what is held then.
    pub(crate) fn of(self, held: &Value, next: Value) -> Value {
        match (self, held, next) {
            (Combine::Sum, Value::Number(a), Value::Number(b)) => {
                Value::Number(a.saturating_add(b))
            }
            (Combine::Min, held, next) => held.clone().min(next),
            (Combine::Max, held, next) => held.clone().max(next),
            (Combine::Concat, Value::Text(a), Value::Text(b)) => Value::Text(format!("{a}{b}")),
            (Combine::Count, Value::Number(count), _) => Value::Number(count.saturating_add(1)),
            // `last`, and what is not of such values; see `check`.
            (_, _, next) => next,
        }
    }

    /// What is held, and what comes.
    fn takes(self) -> (Option<Sort>, Option<Sort>) {
        match self {
            Combine::Sum => (Some(Number), Some(Number)),
            Combine::Concat => (Some(Text), Some(Text)),
            Combine::Count => (Some(Number), None),
            Combine::Min | Combine::Max | Combine::Last => (None, None),
        }
    }
}

/// Whether every function gets what it is a function of.
pub(super) fn check(operators: &[Operator], input: &[Value]) -> Result<(), String> {
    let mut sort = sort_of(input, None)?;
    for operator in operators {
        let (takes, gives) = match operator {
            Operator::Map { function } => function.sorts(),
            Operator::Filter { function } => (function.takes(), None),
            Operator::FlatMap { function } => (function.takes(), None),
            Operator::KeyBy { function } => (function.takes(), None),
            Operator::Reduce { function } | Operator::ReduceFinal { function } => {
                let (held, next) = function.takes();
                (held.or(next), None)
            }
            Operator::Fold { function, init } | Operator::FoldFinal { function, init } => {
                let (held, next) = function.takes();
                fits(held, Some(Sort::of(init)), "the init of a fold")?;
                (next, Some(Sort::of(init)))
            }
            Operator::Union { with } => {
                sort = sort_of(with, sort)?;
                (None, None)
            }
            Operator::Limit { .. } => (None, None),
        };
        fits(takes, sort, "what a function gets")?;
        sort = gives.or(sort);
    }
    Ok(())
}

fn fits(takes: Option<Sort>, given: Option<Sort>, what: &str) -> Result<(), String> {
    match (takes, given) {
        (Some(takes), Some(given)) if takes != given => {
            Err(format!("{what} is a {given:?}; it is for a {takes:?}"))
        }
        _ => Ok(()),
    }
}

/// What all of these are, and those before them.
fn sort_of(values: &[Value], before: Option<Sort>) -> Result<Option<Sort>, String> {
    values.iter().try_fold(before, |before, value| {
        let sort = Sort::of(value);
        fits(before, Some(sort), "one value among others")?;
        Ok(Some(sort))
    })
}
