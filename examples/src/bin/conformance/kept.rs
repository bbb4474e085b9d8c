//! A sink that keeps what comes.

use fluxus::sink::{Ending, Sink, SinkError};
use fluxus::windows::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{mpsc, Arc};

/// Makes rows of what comes, in its order, and hands them over when all are
/// there: at the end of the stream, or behind the watermark that it is to stop
/// at.
pub(crate) struct Kept<T, R> {
    row_of: Box<dyn FnMut(T) -> R + Send>,
    rows: Vec<R>,
    stops_at: Option<Timestamp>,
    /// The watermark that has come as far as here, for who waits for it.
    seen: Arc<AtomicI64>,
    taker: mpsc::Sender<Vec<R>>,
}

impl<T, R> Kept<T, R> {
    /// The sink, and where its rows will be.
    pub(crate) fn new(
        row_of: impl FnMut(T) -> R + Send + 'static,
        stops_at: Option<Timestamp>,
    ) -> (Self, mpsc::Receiver<Vec<R>>) {
        Self::telling(row_of, stops_at, &Arc::default())
    }

    /// The same, and it tells which watermark has come as far as here.
    pub(crate) fn telling(
        row_of: impl FnMut(T) -> R + Send + 'static,
        stops_at: Option<Timestamp>,
        seen: &Arc<AtomicI64>,
    ) -> (Self, mpsc::Receiver<Vec<R>>) {
        let (taker, taken) = mpsc::channel();
        let sink = Self {
            row_of: Box::new(row_of),
            rows: Vec::new(),
            stops_at,
            seen: Arc::clone(seen),
            taker,
        };
        (sink, taken)
    }
}

impl<T: 'static, R: Send + 'static> Sink<T> for Kept<T, R> {
    fn write(&mut self, _: Timestamp, value: T) -> Result<(), SinkError> {
        self.rows.push((self.row_of)(value));
        Ok(())
    }

    /// What a watermark sets free comes ahead of it.
    fn watermark(&mut self, time: Timestamp) -> Result<(), SinkError> {
        self.seen.store(time.nanos(), Ordering::SeqCst);
        match self.stops_at {
            Some(last) if time >= last => self.close(Ending::Incomplete),
            _ => Ok(()),
        }
    }

    fn close(&mut self, _: Ending) -> Result<(), SinkError> {
        // The first time counts: nobody waits for a second one.
        let _ = self.taker.send(std::mem::take(&mut self.rows));
        Ok(())
    }
}
