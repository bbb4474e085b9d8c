//! `operators`: what each operator costs beyond the loop by hand, in
//! instructions counted by callgrind.
//!
//! Two sizes of a process are counted for each side; the difference is free of
//! starting up and ending.

use clap::{Args, ValueEnum};
use serde::Serialize;

use fluxus_perf::operator_costs::{OperatorCost, OPERATORS};

use super::arguments::number;
use super::instructions::count_of;
use super::progress::Progress;
use super::Report;

/// Numbers in the two sizes.
const SIZES: [u64; 2] = [100_000, 300_000];

/// What a fused operator may cost at the most, over the loop by hand: the aim is
/// 1.05, and a hundredth more is how the compiler happens to unroll a loop.
const MOST: f64 = 1.06;

#[derive(Args, Debug)]
pub(super) struct OperatorsArguments {
    /// The operators [default: all]
    operators: Vec<String>,

    /// Fail where one costs more than 1.06 of the loop by hand
    #[arg(long)]
    check: bool,

    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct OperatorOnceArguments {
    operator: String,

    #[arg(long, value_enum)]
    engine: Side,

    #[arg(long, value_parser = number::<1, { u64::MAX }>)]
    events: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Side {
    Fluxus,
    Hand,
}

/// What one operator costs.
#[derive(Serialize)]
struct Cost {
    operator: &'static str,
    fluxus: f64,
    hand: f64,
    ratio: f64,
}

fn operator(name: &str) -> Result<&'static OperatorCost, String> {
    let names = || {
        let names: Vec<_> = OPERATORS.iter().map(|operator| operator.name).collect();
        names.join(", ")
    };
    let found = OPERATORS.iter().find(|operator| operator.name == name);
    found.ok_or_else(|| format!("there is no operator {name}; there are {}", names()))
}

/// One run in a process of its own: the total, and nothing else.
pub(super) fn once(asked: &OperatorOnceArguments) -> Result<Report, String> {
    let operator = operator(&asked.operator)?;
    let total = match asked.engine {
        Side::Fluxus => (operator.fluxus)(asked.events).map_err(|error| error.to_string())?,
        Side::Hand => (operator.hand)(asked.events),
    };
    Ok(Report {
        text: format!("{total}\n"),
        wrong: None,
    })
}

pub(super) fn operators(asked: &OperatorsArguments) -> Result<Report, String> {
    let chosen: Vec<&OperatorCost> = match asked.operators.is_empty() {
        true => OPERATORS.iter().collect(),
        false => {
            let named = asked.operators.iter().map(|name| operator(name));
            named.collect::<Result<_, _>>()?
        }
    };
    let mut progress = Progress::on_terminal();
    let mut costs = Vec::new();
    for operator in chosen {
        progress.say(operator.name);
        costs.push(cost_of(operator)?);
    }
    drop(progress);
    let text = match asked.json {
        true => serde_json::to_string(&costs).map_err(|error| error.to_string())? + "\n",
        false => table(&costs),
    };
    let too_dear: Vec<String> = costs
        .iter()
        .filter(|cost| asked.check && cost.ratio > MOST)
        .map(|cost| format!("{} {:.3}", cost.operator, cost.ratio))
        .collect();
    let wrong = (!too_dear.is_empty()).then(|| {
        format!(
            "operators that cost more than {MOST} of the loop by hand: {}",
            too_dear.join(", ")
        )
    });
    Ok(Report { text, wrong })
}

fn cost_of(operator: &OperatorCost) -> Result<Cost, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut of_side = [0.0; 2];
    let mut totals = [Vec::new(), Vec::new()];
    for (side, word) in ["fluxus", "hand"].into_iter().enumerate() {
        let mut counts = [0.0; 2];
        for (count, events) in counts.iter_mut().zip(SIZES) {
            let arguments = [
                "operator-once".to_owned(),
                operator.name.to_owned(),
                format!("--engine={word}"),
                format!("--events={events}"),
            ];
            let what = format!("{}, {word}, {events} numbers", operator.name);
            let (instructions, total) = count_of(&program, &arguments, &what)?;
            *count = instructions as f64;
            totals[side].push(total);
        }
        of_side[side] = (counts[1] - counts[0]) / (SIZES[1] - SIZES[0]) as f64;
    }
    if totals[0] != totals[1] {
        return Err(format!("{}: the two sides differ", operator.name));
    }
    let [fluxus, hand] = of_side;
    Ok(Cost {
        operator: operator.name,
        fluxus,
        hand,
        ratio: fluxus / hand,
    })
}

fn table(costs: &[Cost]) -> String {
    let rows: String = costs
        .iter()
        .map(|cost| {
            format!(
                "{:<14}{:>10.2}{:>10.2}{:>14.3}\n",
                cost.operator, cost.fluxus, cost.hand, cost.ratio
            )
        })
        .collect();
    format!(
        "instructions a number: a source, the operator and a fold, counted by callgrind\n\n\
         operator          fluxus      hand   fluxus/hand\n{rows}"
    )
}
