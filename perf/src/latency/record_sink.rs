//! Where records end that go into no window.

use fluxus::sink::{Sink, SinkError};
use fluxus::windows::Timestamp;

use super::clock::RunClock;
use super::recorder::Meter;
use super::tick::Sent;

/// Sees every record.
pub(crate) struct RecordSink<K: RunClock>(pub(crate) Meter<K>);

impl<K: RunClock> Sink<Sent> for RecordSink<K> {
    #[inline]
    fn write(&mut self, _: Timestamp, record: Sent) -> Result<(), SinkError> {
        self.0.see(record);
        Ok(())
    }
}
