use crate::job::{Timed, Untimed};
use crate::{DataStream, Job};
use fluxus_core::source::{
    FollowSource, ReaderLinesSource, TcpLinesSource, TickSource, UdpLinesSource,
};
use fluxus_core::Error;
use std::fmt::Debug;
use std::io::{Read, Stdin};
use std::net::ToSocketAddrs;
use std::path::Path;
use std::time::Duration;

/// Streams that go on until the job is drained or stopped.
impl Job {
    /// The lines of a file that grows, as they are written, whatever becomes of its
    /// name: `tail -F`. See [`FollowSource`] for what it does at a rotation;
    /// [`Job::source`] takes one that is set up otherwise. A drain ends it.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("log");
    /// use std::io::Write;
    /// let mut log = std::fs::File::create(&path).unwrap();
    /// log.write_all(b"one\ntwo\nthr").unwrap();
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let mut lines = job.follow(&path).map(|line| line.text).output(64)?;
    /// let running = job.start()?;
    /// assert_eq!(lines.receive().unwrap().1, "one");
    /// assert_eq!(lines.receive().unwrap().1, "two");
    /// log.write_all(b"ee\n").unwrap();
    /// assert_eq!(lines.receive().unwrap().1, "three");
    /// running.drain();
    /// running.join()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn follow(&self, path: impl AsRef<Path>) -> DataStream<Untimed<FollowSource>> {
        self.stream("follow", vec![FollowSource::new(path)])
    }

    /// The lines that clients send over TCP to this address. [`Job::source`] takes a
    /// [`TcpLinesSource`] with other limits, which also tells where it listens when
    /// the port was left open. A drain ends it.
    ///
    /// ```
    /// use fluxus::prelude::*;
    /// use fluxus::source::TcpLinesSource;
    /// use std::io::Write;
    ///
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let listening = TcpLinesSource::listen("127.0.0.1:0")?.connection_limit(10);
    /// let address = listening.address();
    /// let mut lines = job.source(listening).map(|line| line.text).output(64)?;
    /// let running = job.start()?;
    /// let mut client = std::net::TcpStream::connect(address).unwrap();
    /// client.write_all(b"hello\n").unwrap();
    /// assert_eq!(lines.receive().unwrap().1, "hello");
    /// running.drain();
    /// running.join()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// When it cannot listen there.
    pub fn tcp_lines(
        &self,
        address: impl ToSocketAddrs + Debug,
    ) -> Result<DataStream<Untimed<TcpLinesSource>>, Error> {
        Ok(self.stream("tcp_lines", vec![TcpLinesSource::listen(address)?]))
    }

    /// The lines of datagrams that come over UDP to this address. [`Job::source`]
    /// takes a [`UdpLinesSource`] with another limit, which also tells where it
    /// receives when the port was left open. A drain ends it.
    ///
    /// ```
    /// use fluxus::prelude::*;
    /// use fluxus::source::UdpLinesSource;
    ///
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let receiving = UdpLinesSource::bind("127.0.0.1:0")?;
    /// let address = receiving.address();
    /// let mut lines = job.source(receiving).map(|line| line.text).output(64)?;
    /// let running = job.start()?;
    /// let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// client.send_to(b"hello\nworld", address).unwrap();
    /// assert_eq!(lines.receive().unwrap().1, "hello");
    /// running.drain();
    /// running.join()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// When it cannot receive there.
    pub fn udp_lines(
        &self,
        address: impl ToSocketAddrs + Debug,
    ) -> Result<DataStream<Untimed<UdpLinesSource>>, Error> {
        Ok(self.stream("udp_lines", vec![UdpLinesSource::bind(address)?]))
    }

    /// The lines of standard input, read by a thread of its own. It ends where that
    /// does, or at a drain.
    ///
    /// ```no_run
    /// use fluxus::prelude::*;
    ///
    /// let job = Job::new("longest", Config::new().workers(1))?;
    /// let longest = job
    ///     .stdin_lines()?
    ///     .map(|line| line.text.len())
    ///     .fold_all(0, |longest, len| *longest = len.max(*longest), |_, _| {});
    /// job.run()?;
    /// println!("{:?}", longest.take());
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no memory for what was read and not taken.
    pub fn stdin_lines(&self) -> Result<DataStream<Untimed<ReaderLinesSource<Stdin>>>, Error> {
        self.begin_reading("stdin", std::io::stdin())
    }

    /// The lines of anything that blocks when it is read, read by a thread of its
    /// own: a pipe, a terminal, what another program says.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let text = std::io::Cursor::new("one\ntwo\n");
    /// let lines = job.lines_of(text)?.map(|line| line.text).collect();
    /// job.run()?;
    /// assert_eq!(lines.take(), ["one", "two"]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no memory for what was read and not taken.
    pub fn lines_of<R: Read + Send + 'static>(
        &self,
        reader: R,
    ) -> Result<DataStream<Untimed<ReaderLinesSource<R>>>, Error> {
        self.begin_reading("lines_of", reader)
    }

    fn begin_reading<R: Read + Send + 'static>(
        &self,
        kind: &str,
        reader: R,
    ) -> Result<DataStream<Untimed<ReaderLinesSource<R>>>, Error> {
        let source = self.reader_lines(reader)?;
        Ok(self.stream(kind, vec![source]))
    }

    /// The source behind [`lines_of`](Self::lines_of), for [`Job::source`] when it is
    /// set up otherwise.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let text = std::io::Cursor::new("one\nmuch too long\n");
    /// let source = job.reader_lines(text)?.limit(8);
    /// let lines = job.source(source).map(|line| line.text).collect();
    /// let report = job.run()?;
    /// assert_eq!(lines.take(), ["one"]);
    /// assert_eq!(report.total(fluxus::Measure::Malformed), 1);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no memory for what was read and not taken.
    pub fn reader_lines<R: Read + Send + 'static>(
        &self,
        reader: R,
    ) -> Result<ReaderLinesSource<R>, Error> {
        match self.shared().plan.borrow().as_ref() {
            Some(plan) => ReaderLinesSource::new(plan, reader),
            None => Err(Error::NothingToRun),
        }
    }

    /// A tick every `period` of the job's clock, from one period after the start on.
    /// [`Job::timed_source`] takes a [`TickSource`] that is set up otherwise. A drain
    /// ends it, or a [`take`](DataStream::take).
    ///
    /// ```
    /// use fluxus::prelude::*;
    /// use std::time::Duration;
    ///
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let ticks = job.ticks(Duration::from_micros(1)).take(3);
    /// let numbers = ticks.map(|tick| tick.number).collect();
    /// job.run()?;
    /// assert_eq!(numbers.take(), [0, 1, 2]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// A period of zero is a mistake, which [`Job::run`] reports.
    pub fn ticks(&self, period: Duration) -> DataStream<Timed<TickSource>> {
        let source = self
            .shared()
            .plan(|_| TickSource::every(period).map_err(|error| Error::operator("ticks", error)));
        self.stream("ticks", source.into_iter().collect())
    }
}
