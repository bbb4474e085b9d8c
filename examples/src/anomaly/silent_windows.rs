use fluxus::windows::Window;
use fluxus::{KeyTimer, KeyedProcess, ProcessContext, WindowResult};
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

/// Adds to the windows of a source the one in which it first said nothing: windows
/// without records have no results.
///
/// Every window sets a timer for the end of the next one. When it fires and there is
/// no next one, the source has fallen silent. That is told once, not for every window
/// until it speaks again: an hour or a year of silence costs the same.
#[derive(Clone, Debug)]
pub struct SilentWindows<V> {
    slide: Duration,
    values: PhantomData<fn(V)>,
}

/// A window of a source.
#[derive(Clone, Debug)]
pub struct Heard<V> {
    /// Whose it is.
    pub source: String,
    /// From when to when.
    pub window: Window,
    /// What was said in it; nothing where there was silence.
    pub value: Option<V>,
    /// Whether time has passed all of it; else the stream has ended before, and
    /// nobody knows what would have come.
    pub is_whole: bool,
}

/// What is known of a source.
#[derive(Clone, Debug)]
pub struct Windows<V> {
    /// Those whose timers have not fired.
    ahead: VecDeque<(Window, V)>,
    last: Option<Window>,
}

impl<V> SilentWindows<V> {
    /// Windows begin so far from each other.
    pub fn every(slide: Duration) -> Self {
        Self {
            slide,
            values: PhantomData,
        }
    }

    fn next(&self, window: Window) -> Window {
        Window::new(window.start() + self.slide, window.end() + self.slide)
    }
}

impl<V: Send + 'static> KeyedProcess for SilentWindows<V> {
    type Key = String;
    type In = WindowResult<String, V>;
    type State = Windows<V>;
    type Out = Heard<V>;

    fn initial(&mut self, _: &String) -> Windows<V> {
        Windows {
            ahead: VecDeque::new(),
            last: None,
        }
    }

    /// Only when the timer fires it is known whether time has come so far, or the
    /// stream has ended.
    fn on_record(
        &mut self,
        row: WindowResult<String, V>,
        windows: &mut Windows<V>,
        context: &mut ProcessContext<'_, String, Heard<V>>,
    ) {
        context.at(row.window.last_instant());
        windows.ahead.push_back((row.window, row.value));
    }

    fn on_timer(
        &mut self,
        _: KeyTimer,
        windows: &mut Windows<V>,
        context: &mut ProcessContext<'_, String, Heard<V>>,
    ) {
        let (source, is_whole) = (context.key().clone(), !context.has_ended());
        let due = |(window, _): &(Window, V)| window.last_instant() <= context.time();
        let count = windows.ahead.iter().take_while(|ahead| due(ahead)).count();
        for (window, value) in windows.ahead.drain(..count) {
            let (source, value) = (source.clone(), Some(value));
            context.emit(Heard {
                source,
                window,
                value,
                is_whole,
            });
            windows.last = Some(window);
        }
        let next = windows.last.map(|last| self.next(last));
        match next.filter(|_| is_whole) {
            Some(next) if count > 0 => context.at(next.last_instant()),
            Some(window) if window.last_instant() == context.time() => {
                context.emit(Heard {
                    source,
                    window,
                    value: None,
                    is_whole,
                });
                windows.last = None;
            }
            _ => {}
        }
        if windows.ahead.is_empty() && windows.last.is_none() {
            context.clear();
        }
    }
}
