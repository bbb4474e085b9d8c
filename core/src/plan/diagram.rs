use super::Plan;
use std::fmt::Write as _;

/// A language for pictures of graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagram {
    /// Of Graphviz: `dot -Tsvg`.
    Dot,
    /// Of Mermaid, which many sites draw where it stands in a page.
    Mermaid,
}

impl Plan {
    /// The stages and the rings between them as a picture: what
    /// [`explain`](Self::explain) says in words.
    pub fn diagram(&self, diagram: Diagram) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = match diagram {
            Diagram::Dot => self.dot_into(&mut text),
            Diagram::Mermaid => self.mermaid_into(&mut text),
        };
        text
    }

    fn dot_into(&self, text: &mut String) -> std::fmt::Result {
        let quoted = |label: &str| label.replace('\\', "\\\\").replace('"', "\\\"");
        writeln!(text, "digraph \"{}\" {{", quoted(&self.name))?;
        writeln!(text, "  node [shape=box];")?;
        self.for_each_part(
            text,
            |text, stage, lines| {
                let lines: Vec<_> = lines.iter().map(|line| quoted(line)).collect();
                writeln!(text, "  s{stage} [label=\"{}\"];", lines.join("\\n"))
            },
            |text, from, to, label| writeln!(text, "  s{from} -> s{to} [label=\"{label}\"];"),
        )?;
        writeln!(text, "}}")
    }

    fn mermaid_into(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "flowchart LR")?;
        self.for_each_part(
            text,
            |text, stage, lines| {
                // Its own way to write a quotation mark.
                let label = lines.join("<br/>").replace('"', "#quot;");
                writeln!(text, "  s{stage}[\"{label}\"]")
            },
            |text, from, to, label| writeln!(text, "  s{from} -->|{label}| s{to}"),
        )
    }

    /// Calls `node` with the lines of every stage and `edge` with every bundle of
    /// rings that leads somewhere; stages are numbered as
    /// [`explain`](Self::explain) does.
    fn for_each_part(
        &self,
        text: &mut String,
        node: impl Fn(&mut String, usize, &[String]) -> std::fmt::Result,
        edge: impl Fn(&mut String, usize, usize, &str) -> std::fmt::Result,
    ) -> std::fmt::Result {
        let order = self.in_order_of_flow();
        let number = |stage: usize| 1 + order.iter().position(|&s| s == stage).unwrap_or(stage);
        for &index in &order {
            let stage = &self.stages[index];
            let mut lines = stage.operators.clone();
            lines.push(match stage.workers.len() {
                1 => "1 instance".to_owned(),
                count => format!("{count} instances"),
            });
            node(text, number(index), &lines)?;
        }
        for note in &self.edges {
            if let (Some(from), Some(to)) = (note.from, note.to) {
                let label = match note.rings {
                    1 => format!("{}, 1 ring", note.kind),
                    rings => format!("{}, {rings} rings", note.kind),
                };
                edge(text, number(from), number(to), &label)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Map;
    use crate::sink::ForEach;
    use crate::source::{Head, IteratorSource};
    use crate::{Config, Name};

    fn plan() -> Plan {
        let settings = Config::new().workers(2).conclude().unwrap();
        let mut plan = Plan::new("say \"so\"", settings);
        let sources = vec![IteratorSource::new(0..3)];
        let head = Head::<_, false>::new(&mut plan, Name::new("numbers"), sources).unwrap();
        let spread = crate::operator::Rebalance::new(Name::new("spread"), head);
        let mapped = Map::new(Name::new("say \"twice\""), spread, |n: i32| 2 * n);
        ForEach::attach(&mut plan, Name::new("done"), mapped, |_, _| {}).unwrap();
        plan
    }

    #[test]
    fn graphviz() {
        assert_eq!(
            plan().diagram(Diagram::Dot),
            r#"digraph "say \"so\"" {
  node [shape=box];
  s1 [label="numbers\n1 instance"];
  s2 [label="spread\nsay \"twice\"\ndone\n2 instances"];
  s1 -> s2 [label="in turn, 2 rings"];
}
"#
        );
    }

    #[test]
    fn mermaid() {
        assert_eq!(
            plan().diagram(Diagram::Mermaid),
            r#"flowchart LR
  s1["numbers<br/>1 instance"]
  s2["spread<br/>say #quot;twice#quot;<br/>done<br/>2 instances"]
  s1 -->|in turn, 2 rings| s2
"#
        );
    }
}
