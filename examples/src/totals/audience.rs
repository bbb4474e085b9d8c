use super::Frequent;
use crate::grouped;
use std::collections::HashSet;

/// What all visits of a site come to.
#[derive(Clone, Debug, Default)]
pub struct Audience {
    visitors: HashSet<(String, String)>,
    visits: u64,
    pages: u64,
    stay_ms: u128,
    bounces: u64,
    entries: Frequent,
    exits: Frequent,
}

impl Audience {
    /// Adds a visit of so many milliseconds; who it was is an address and a program.
    pub fn visit(&mut self, address: &str, agent: &str, stay_ms: u64) {
        let visitor = (address.to_owned(), agent.to_owned());
        self.visitors.insert(visitor);
        self.visits += 1;
        self.stay_ms += u128::from(stay_ms);
    }

    /// Adds the pages that were seen in it, from the first one to the last.
    pub fn pages(&mut self, pages: u64, first: &str, last: &str) {
        self.pages += pages;
        self.bounces += u64::from(pages == 1);
        // A page is the same, whatever it is asked for.
        let page = |path: &str| path.split('?').next().unwrap_or(path).to_owned();
        self.entries.add(&page(first), 1);
        self.exits.add(&page(last), 1);
    }

    /// Where most come in and go out, how many bounce, and how long they stay.
    pub fn text(&self) -> String {
        let visits = self.visits.max(1) as f64;
        let seen = self.entries.total();
        let lines = [
            ("come in at", self.entries.top_three()),
            ("go out at", self.exits.top_three()),
            (
                "bounce rate",
                format!(
                    "{:.1} % ({} of {} visits that saw a page saw no other)",
                    100.0 * self.bounces as f64 / seen.max(1) as f64,
                    grouped(self.bounces),
                    grouped(seen)
                ),
            ),
            (
                "a visit has",
                format!(
                    "{:.1} pages and lasts {:.1} s on average",
                    self.pages as f64 / visits,
                    self.stay_ms as f64 / 1e3 / visits
                ),
            ),
        ];
        let shown = lines
            .iter()
            .filter(|(_, text)| self.visits > 0 && !text.is_empty());
        shown
            .map(|(label, text)| format!("{label:<12} {text}\n"))
            .collect()
    }

    /// How many there were, each with its name.
    pub fn figures(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("pages", self.pages),
            ("visitors", self.visitors.len() as u64),
            ("visits", self.visits),
        ]
    }
}
