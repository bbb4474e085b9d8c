use crate::DataStream;
use fluxus_core::sink::{output, Csv, Lines, Output, TcpLines, UdpLines};
use fluxus_core::{Chain, Error};
use serde::Serialize;
use std::fmt::Display;
use std::path::Path;

impl<C: Chain> DataStream<C> {
    /// Writes one record of CSV a record to a file, the names of its fields first. It
    /// bears `.part` behind its name until it is whole. [`sink`](Self::sink) takes a
    /// [`Csv`] that is set up otherwise.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// #[derive(serde::Serialize)]
    /// struct Row { item: &'static str, sold: u32 }
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("sold.csv");
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let rows = job.from_iter([Row { item: "pear, ripe", sold: 3 }]);
    /// rows.csv_to_file(&path);
    /// job.run()?;
    /// let written = std::fs::read_to_string(&path).unwrap();
    /// assert_eq!(written, "item,sold\n\"pear, ripe\",3\n");
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn csv_to_file(self, path: impl AsRef<Path>)
    where
        C::Item: Serialize,
    {
        self.shared.writes_to("csv", path.as_ref());
        self.sink_named("csv", Csv::file(path));
    }

    /// Writes one record of CSV a record to standard output, the names of its fields
    /// first. When whoever reads it goes away, the job ends quietly.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// #[derive(serde::Serialize)]
    /// struct Row { item: &'static str, sold: u32 }
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// job.from_iter([Row { item: "pear", sold: 3 }]).csv_to_stdout();
    /// job.run()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn csv_to_stdout(self)
    where
        C::Item: Serialize,
    {
        self.sink_named("csv", Csv::stdout());
    }

    /// Writes one line a record, as it displays itself, to a file. It bears `.part`
    /// behind its name until it is whole.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("squares");
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// job.from_iter(1..=3).map(|n| n * n).lines_to_file(&path);
    /// job.run()?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n4\n9\n");
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn lines_to_file(self, path: impl AsRef<Path>)
    where
        C::Item: Display,
    {
        self.shared.writes_to("lines", path.as_ref());
        self.sink_named("lines", Lines::file(path));
    }

    /// Writes one line a record, as it displays itself, to standard output. When
    /// whoever reads it goes away, the job ends quietly.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// job.from_iter(["sea", "whale"]).lines_to_stdout();
    /// job.run()?;
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn lines_to_stdout(self)
    where
        C::Item: Display,
    {
        self.sink_named("lines", Lines::stdout());
    }

    /// Writes one line a record, as it displays itself, to a server over TCP, a host
    /// and a port. To try again when it cannot be reached, give
    /// [`sink`](Self::sink) a [`TcpLines`] behind a [`Retry`](crate::Retry).
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::io::Read;
    /// let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let address = server.local_addr().unwrap();
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// job.from_iter(["sea", "whale"]).lines_to_tcp(address.to_string());
    /// job.run()?;
    /// let mut text = String::new();
    /// server.accept().unwrap().0.read_to_string(&mut text).unwrap();
    /// assert_eq!(text, "sea\nwhale\n");
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn lines_to_tcp(self, address: impl Into<String>)
    where
        C::Item: Display,
    {
        self.sink_named("tcp_lines", TcpLines::connect(address));
    }

    /// Sends a datagram a record, as it displays itself, over UDP to a host and a
    /// port.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// let address = receiver.local_addr().unwrap();
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// job.from_iter(["sea"]).lines_to_udp(address.to_string());
    /// job.run()?;
    /// let mut datagram = [0; 100];
    /// let length = receiver.recv(&mut datagram).unwrap();
    /// assert_eq!(&datagram[..length], b"sea\n");
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn lines_to_udp(self, address: impl Into<String>)
    where
        C::Item: Display,
    {
        self.sink_named("udp_lines", UdpLines::to(address));
    }

    /// Hands the stream, its instances gathered into one, to another thread through a
    /// ring of `capacity` records (a power of two). While nobody takes them the
    /// stream is held back, once the ring and a batch before it are full, and the job
    /// does not end before all were taken: take them to the end, or drop the
    /// [`Output`], which ends the stream, before you wait for the job.
    ///
    /// ```
    /// use fluxus::prelude::*;
    ///
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let mut squares = job.from_iter(1..=3).map(|n| n * n).output(1024)?;
    /// let running = job.start()?;
    /// let mut sum = 0;
    /// while let Ok((_, square)) = squares.receive() {
    ///     sum += square;
    /// }
    /// running.join()?;
    /// assert_eq!(sum, 14);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the capacity is not a power of two, or there is no memory for it.
    pub fn output(self, capacity: usize) -> Result<Output<C::Item>, Error> {
        let name = self.shared.name("output");
        match self.shared.plan.borrow_mut().as_mut() {
            Some(plan) => output(plan, &name, self.chain, capacity),
            None => Err(Error::NothingToRun),
        }
    }
}
