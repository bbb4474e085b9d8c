use super::line_cutter::{BadUtf8, LineCutter, LineRules};
use super::lines::push_line;
use super::tcp_lines::PeerLine;
use super::{BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::{Collector, Error, Flow};
use fluxus_ringbuf::CounterWriter;
use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

/// More than any datagram holds.
const LARGEST: usize = 1 << 16;
/// How many datagrams without a line are looked at in one pull.
const EMPTY_ONES: usize = 256;
/// How long a worker may rest when there is nothing.
const REST: Duration = Duration::from_millis(1);

/// The lines of datagrams that come over UDP. A datagram holds any number of lines;
/// the last needs no end of line.
///
/// A datagram longer than the limit (65,535 bytes, as long as they get, unless it is
/// set) is left out and counted as malformed. What the kernel dropped because nobody
/// took it in time is lost, as UDP has it, and only the kernel knows how much
/// (`netstat -su`).
///
/// It never ends by itself. A drain ends it, when it has handed on what the kernel
/// held, up to 1024 datagrams.
pub struct UdpLinesSource {
    socket: UdpSocket,
    address: SocketAddr,
    rules: LineRules,
    buffer: Vec<u8>,
    /// The part of the datagram that was not cut yet, and whose it is.
    start: usize,
    end: usize,
    peer: SocketAddr,
    cutter: LineCutter,
    malformed: Option<CounterWriter>,
    /// When draining: how many more datagrams are taken.
    left: Option<u32>,
}

impl UdpLinesSource {
    /// Receives at `address` from now on; at port 0, one that is free is found, and
    /// [`address`](Self::address) tells which.
    ///
    /// # Errors
    /// When it cannot receive there.
    pub fn bind(address: impl ToSocketAddrs + Debug) -> Result<Self, Error> {
        let problem = |error: io::Error| {
            let problem = format!("it cannot receive at {address:?}: {error}");
            Error::operator("udp_lines", problem)
        };
        let socket = UdpSocket::bind(&address).map_err(problem)?;
        socket.set_nonblocking(true).map_err(problem)?;
        let address = socket.local_addr().map_err(problem)?;
        Ok(Self {
            socket,
            address,
            rules: LineRules::limit(LARGEST),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            peer: address,
            cutter: LineCutter::new(LARGEST),
            malformed: None,
            left: None,
        })
    }

    /// Where it receives.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The longest datagram that is taken, in bytes. Default: as long as they get.
    pub fn datagram_limit(mut self, bytes: usize) -> Self {
        self.rules.limit = bytes.min(LARGEST);
        self
    }

    /// What is done with bad UTF-8. Default: it is replaced.
    pub fn bad_utf8(mut self, policy: BadUtf8) -> Self {
        self.rules.bad_utf8 = policy;
        self
    }

    /// Takes the next datagram; none if there is none now.
    fn receive(&mut self) -> io::Result<Option<()>> {
        let (count, peer) = match self.socket.recv_from(&mut self.buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            // The second: somebody to whom nothing was sent has gone.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Interrupted | ErrorKind::ConnectionReset
                ) =>
            {
                return Ok(Some(()))
            }
            Err(error) => return Err(error),
        };
        (self.start, self.end, self.peer) = (0, count, peer);
        if count > self.rules.limit {
            self.end = 0;
            if let Some(malformed) = &mut self.malformed {
                malformed.add(1);
            }
        }
        Ok(Some(()))
    }
}

impl Source for UdpLinesSource {
    type Item = PeerLine;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.malformed = Some(context.malformed);
        // One byte more tells that there was one too many.
        self.buffer = vec![0; self.rules.limit + 1];
        Ok(())
    }

    fn pull<C: Collector<PeerLine>>(
        &mut self,
        budget: usize,
        out: &mut C,
    ) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ready,
            flow: Flow::Open,
        };
        let mut empty = 0;
        while pulled.records < budget && pulled.flow.is_open() {
            if self.start == self.end {
                if empty == EMPTY_ONES {
                    break;
                }
                empty += 1;
                if self.left == Some(0) {
                    pulled.status = SourceStatus::Ended;
                    break;
                }
                let received = self.receive();
                let received = received.map_err(|error| format!("{}: {error}", self.address))?;
                if received.is_some() {
                    self.left = self.left.map(|left| left - 1);
                    continue;
                }
                if self.left.is_some() {
                    pulled.status = SourceStatus::Ended;
                } else if pulled.records == 0 {
                    pulled.status = SourceStatus::IdleFor(REST);
                }
                break;
            }
            let (peer, number) = (self.peer, self.cutter.next_number());
            let rest = self.buffer.get(self.start..self.end).unwrap_or_default();
            let (used, cut) = self.cutter.cut(rest);
            self.start += used;
            let raw = match cut {
                Some(raw) => Some(raw),
                None => self.cutter.finish(),
            };
            let Some(raw) = raw else { continue };
            let line = |text| PeerLine { peer, number, text };
            let (records, flow) =
                push_line(&raw, self.rules.bad_utf8, &mut self.malformed, out, line);
            pulled.records += records;
            pulled.flow = flow;
        }
        Ok(pulled)
    }

    fn drain(&mut self) -> bool {
        let left = *self.left.get_or_insert(1024);
        left > 0 || self.start < self.end
    }
}
