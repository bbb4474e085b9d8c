use super::dag::{Event, Lineage};
use super::model::Expected;
use fluxus::testing::Said;
use std::collections::BTreeMap;

/// What is wrong with what was heard.
pub(crate) type Difference = String;

/// Holds what the instances of a stream said to what it should say: nothing
/// lost, doubled or out of order, no record behind a watermark, every barrier in
/// its place, the end once and last.
pub(crate) fn check(said: &[Vec<Said<Event>>], expected: &Expected) -> Result<(), Difference> {
    let mut found = BTreeMap::<Lineage, Vec<Event>>::new();
    for (instance, lines) in said.iter().enumerate() {
        let of_it = grammatical(lines).map_err(|what| format!("instance {instance}: {what}"))?;
        for (lineage, mut events) in of_it {
            let known = found.entry(lineage).or_default();
            if expected.is_ordered && !known.is_empty() {
                return Err(format!("{lineage:?} is in instance {instance} and another"));
            }
            known.append(&mut events);
        }
    }
    let mut lineages: Vec<Lineage> = found.keys().copied().collect();
    lineages.extend(expected.lineages.keys());
    for lineage in lineages {
        let mut found = found.get(&lineage).cloned().unwrap_or_default();
        let mut wanted = expected.lineages.get(&lineage).cloned();
        let wanted = wanted.get_or_insert_with(Vec::new);
        if !expected.is_ordered {
            found.sort();
            wanted.sort();
        }
        if found != *wanted {
            return Err(format!("{lineage:?}: {found:?}, not {wanted:?}"));
        }
    }
    Ok(())
}

/// The events of an instance, if what it said is a stream.
fn grammatical(lines: &[Said<Event>]) -> Result<BTreeMap<Lineage, Vec<Event>>, Difference> {
    let mut events = BTreeMap::<Lineage, Vec<Event>>::new();
    let (mut risen, mut barriers, mut has_ended) = (None, 0, false);
    for line in lines {
        if has_ended {
            return Err(format!("{line:?} behind the end"));
        }
        match line {
            Said::Record(time, event) => {
                if *time != event.time {
                    return Err(format!("{event:?} at {time}"));
                }
                if risen.is_some_and(|risen| *time <= risen) {
                    return Err(format!("{event:?} behind the watermark {risen:?}"));
                }
                if event.epoch.is_some_and(|epoch| epoch != barriers) {
                    return Err(format!("{event:?} behind {barriers} barriers"));
                }
                events
                    .entry(event.lineage())
                    .or_default()
                    .push(event.clone());
            }
            Said::Watermark(time) => {
                if risen.is_some_and(|risen| *time <= risen) {
                    return Err(format!("watermark {time} behind {risen:?}"));
                }
                risen = Some(*time);
            }
            Said::Barrier(id) => {
                barriers += 1;
                if *id != barriers {
                    return Err(format!("barrier {id} as number {barriers}"));
                }
            }
            Said::End => has_ended = true,
            other => return Err(format!("{other:?}, which nobody said")),
        }
    }
    match has_ended {
        true => Ok(events),
        false => Err(format!("no end behind {:?}", lines.last())),
    }
}
