use fluxus::windows::Timestamp;
use fluxus::{KeyTimer, KeyedProcess, ProcessContext};
use serde::Serialize;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::time::Duration;

/// Tells when nothing has come of a device for so long.
///
/// Every reading sets a timer. When it fires, time has come that far: if there was
/// no other reading in between, it was the last one. That holds for readings out of
/// order, too.
#[derive(Clone, Debug)]
pub struct Silence<R> {
    after: Duration,
    readings: PhantomData<fn(R)>,
}

/// Nothing has come of this device since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// Whose readings there are none of.
    pub device: String,
    /// The last reading, in milliseconds of event time.
    pub last_ms: i64,
    /// When it was known to be the last one.
    pub noticed_ms: i64,
}

impl<R> Silence<R> {
    /// A device is silent when nothing has come for so long.
    pub fn of(after: Duration) -> Self {
        Self {
            after,
            readings: PhantomData,
        }
    }
}

impl<R> KeyedProcess for Silence<R> {
    type Key = String;
    type In = R;
    /// When the readings were whose timers have not fired.
    type State = BTreeSet<Timestamp>;
    type Out = Silent;

    fn initial(&mut self, _: &String) -> Self::State {
        BTreeSet::new()
    }

    fn on_record(
        &mut self,
        _: R,
        recent: &mut Self::State,
        context: &mut ProcessContext<'_, String, Silent>,
    ) {
        let due = context.time() + self.after;
        // One that is so late says nothing of what was after it.
        if due > context.watermark() {
            recent.insert(context.time());
            context.at(due);
        }
    }

    fn on_timer(
        &mut self,
        _: KeyTimer,
        recent: &mut Self::State,
        context: &mut ProcessContext<'_, String, Silent>,
    ) {
        let noticed = context.time();
        let last = noticed - self.after;
        recent.remove(&last);
        let is_silent = !recent.first().is_some_and(|next| *next <= noticed);
        // When the stream ends, nobody knows what would have come.
        if is_silent && !context.has_ended() {
            let device = context.key().clone();
            context.emit(Silent {
                device,
                last_ms: last.millis(),
                noticed_ms: noticed.millis(),
            });
        }
        if recent.is_empty() {
            context.clear();
        }
    }
}
