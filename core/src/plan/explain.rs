use super::Plan;
use std::fmt::Write as _;

/// One stage, for the explanation.
pub(super) struct StageNote {
    /// From first to last.
    pub(super) operators: Vec<String>,
    pub(super) workers: Vec<usize>,
}

/// The rings between two stages, for the explanation.
pub(super) struct EdgeNote {
    pub(super) kind: &'static str,
    /// How many rings.
    pub(super) rings: usize,
    pub(super) from: Option<usize>,
    pub(super) to: Option<usize>,
}

impl Plan {
    /// Everything there is to know before the job runs: workers and cores,
    /// stages with their operators, rings with their capacities.
    pub fn explain(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.explain_into(&mut text);
        text
    }

    fn explain_into(&self, text: &mut String) -> std::fmt::Result {
        let settings = &self.settings;
        let plural = |count: usize, noun: &str| match count {
            1 => format!("1 {noun}"),
            count => format!("{count} {noun}s"),
        };
        writeln!(
            text,
            "job {}: {}, {} records a batch, {}",
            self.name,
            plural(settings.workers, "worker"),
            settings.batch,
            match self.stages.len() {
                1 => "1 stage, no rings".to_owned(),
                count => format!(
                    "{count} stages, rings of {}",
                    settings.ring_capacity.slots()
                ),
            }
        )?;
        for (worker, seat) in self.seating.seats.iter().enumerate() {
            let place = match seat.core {
                Some(core) => format!("pinned to core {core}"),
                None => "not pinned".to_owned(),
            };
            let shared = if seat.shared { ", shared" } else { "" };
            writeln!(
                text,
                "  worker {worker}  {place}{shared}, idle: {}",
                seat.idle
            )?;
        }
        let order = self.in_order_of_flow();
        let number = |stage: usize| 1 + order.iter().position(|&s| s == stage).unwrap_or(stage);
        for &index in &order {
            let stage = &self.stages[index];
            let workers: Vec<String> = stage.workers.iter().map(usize::to_string).collect();
            writeln!(
                text,
                "  stage {}   {} on worker {}",
                number(index),
                plural(stage.workers.len(), "instance"),
                workers.join(", ")
            )?;
            writeln!(text, "      {}", stage.operators.join(" -> "))?;
            for edge in self.edges.iter().filter(|edge| edge.from == Some(index)) {
                let to = edge.to.map_or_else(
                    || "nowhere".to_owned(),
                    |to| format!("stage {}", number(to)),
                );
                writeln!(
                    text,
                    "      == {}: {} of {} records ==> {to}",
                    edge.kind,
                    plural(edge.rings, "ring"),
                    settings.ring_capacity.slots()
                )?;
            }
        }
        let settings = &self.settings.state_limit;
        writeln!(
            text,
            "  state: memory for {} keys an instance from the start, at most {}",
            settings.expected(),
            settings.limit()
        )?;
        for warning in &self.seating.warnings {
            writeln!(text, "  warning: {warning}")?;
        }
        Ok(())
    }

    /// The stages, each behind those that feed it. (They were lowered from the
    /// last to the first, and side streams in whatever order they were ended.)
    pub(super) fn in_order_of_flow(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        while order.len() < self.stages.len() {
            let is_fed = |stage: usize| {
                let feeds = self.edges.iter().filter(|edge| edge.to == Some(stage));
                feeds
                    .filter_map(|edge| edge.from)
                    .all(|from| order.contains(&from))
            };
            let waiting = (0..self.stages.len()).rev().filter(|s| !order.contains(s));
            let Some(next) = waiting.clone().find(|&stage| is_fed(stage)) else {
                // Chains cannot make a circle; if one ever did, it is still told.
                order.extend(waiting.collect::<Vec<_>>());
                break;
            };
            order.push(next);
        }
        order
    }
}
