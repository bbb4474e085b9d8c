use crate::{grouped, shortened, time_text};
use std::cmp::Reverse;

/// Who carried most, each in the heaviest of its windows.
#[derive(Clone, Debug, Default)]
pub struct Heaviest(Vec<Load>);

#[derive(Clone, Debug)]
struct Load {
    name: String,
    bytes: u64,
    share: f64,
    until_ms: i64,
}

impl Load {
    /// Of two that are equally heavy the earlier one, and of one time by name: the
    /// order in which they come makes no difference.
    fn rank(&self) -> (Reverse<u64>, i64, &str) {
        (Reverse(self.bytes), self.until_ms, &self.name)
    }
}

impl Heaviest {
    /// Adds what it carried in a window: so many bytes, which is a share, 0 to 1, of
    /// what all carried.
    pub fn add(&mut self, name: &str, bytes: u64, share: f64, until_ms: i64) {
        let load = Load {
            name: name.to_owned(),
            bytes,
            share,
            until_ms,
        };
        match self.0.iter_mut().find(|known| known.name == name) {
            Some(known) if known.rank() <= load.rank() => {}
            Some(known) => *known = load,
            None => self.0.push(load),
        }
        self.0.sort_by(|one, other| one.rank().cmp(&other.rank()));
        // Whoever is heavier later comes back: the third of them only gets heavier.
        self.0.truncate(3);
    }

    /// The three heaviest of all.
    pub fn text(&self) -> String {
        let places = ["heaviest:", "second:", "third:"].iter().zip(&self.0);
        let line = |(place, load): (&&str, &Load)| {
            format!(
                "{place:<9} {} with {} B ({:.1} %) until {}\n",
                shortened(&load.name, 25),
                grouped(load.bytes),
                100.0 * load.share,
                time_text(load.until_ms)
            )
        };
        places.map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Heaviest;

    #[test]
    fn each_stands_once_with_its_heaviest_window() {
        let mut heaviest = Heaviest::default();
        for (name, bytes) in [
            ("a", 5),
            ("b", 9),
            ("a", 7),
            ("c", 1),
            ("d", 2),
            ("a", 6),
            ("c", 8),
        ] {
            heaviest.add(name, bytes, 0.5, 0);
        }
        let text = heaviest.text();
        let lines: Vec<_> = text.lines().map(|line| &line[..18]).collect();
        assert_eq!(
            lines,
            [
                "heaviest: b with 9",
                "second:   c with 8",
                "third:    a with 7"
            ]
        );
    }
}
