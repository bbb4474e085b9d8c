use super::line_cutter::{BadUtf8, LineRules};
use super::line_reader::{Advance, LineReader};
use super::lines::push_line;
use super::{BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::metrics::Measure;
use crate::{Collector, Error, Flow};
use fluxus_ringbuf::CounterWriter;
use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A line that came over the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerLine {
    /// Who sent it.
    pub peer: SocketAddr,
    /// Which of the lines of its connection it is, from 0; of a datagram, which of
    /// all lines. Lines that were left out have a number too.
    pub number: u64,
    /// The text, without `\n` or `\r\n`.
    pub text: String,
}

/// How much of one connection is read at a time, and held.
const CHUNK: usize = 16 << 10;
/// How many connections are looked at in one pull, and how many are taken.
const LOOKS: usize = 64;
const ACCEPTS: usize = 16;
/// How long a worker may rest when no connection has anything: so long, and some more
/// for each, that looking at them all is a tenth of its time at the most.
const REST: Duration = Duration::from_millis(1);
const REST_FOR_EACH: Duration = Duration::from_micros(5);
/// What is read of each connection at a drain: about what the kernel holds.
const LAST_BYTES: usize = 256 << 10;

/// The lines that clients send over TCP: it listens, and takes the lines of all
/// connections in turn. Those of one connection keep their order.
///
/// Everything is limited, and what is over is counted: a line longer than the limit
/// (64 KiB unless it is set) is left out and counted as malformed, and a connection
/// beyond the limit (1024 unless it is set) is closed at once and counted as
/// refused. A connection that breaks is counted as lost, and its unfinished line as
/// malformed; one that the other side ends hands its last line on, with or without
/// an end of line.
///
/// It never ends by itself. A drain ends it: it takes no more connections, hands on
/// what the others have sent by then, and closes them.
pub struct TcpLinesSource {
    listener: Option<TcpListener>,
    address: SocketAddr,
    rules: LineRules,
    most: usize,
    connections: Vec<Connection>,
    /// Whose turn it is.
    turn: usize,
    /// How many connections in a row had nothing.
    silent: usize,
    is_draining: bool,
    meters: Option<Meters>,
}

struct Connection {
    peer: SocketAddr,
    lines: LineReader<TcpStream>,
    /// How much more is read of it, when draining.
    left: usize,
}

struct Meters {
    malformed: Option<CounterWriter>,
    refused: CounterWriter,
    lost: CounterWriter,
}

impl TcpLinesSource {
    /// Listens at `address` from now on; at port 0, one that is free is found, and
    /// [`address`](Self::address) tells which.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub fn listen(address: impl ToSocketAddrs + Debug) -> Result<Self, Error> {
        let problem = |error: io::Error| {
            let problem = format!("it cannot listen at {address:?}: {error}");
            Error::operator("tcp_lines", problem)
        };
        let listener = TcpListener::bind(&address).map_err(problem)?;
        listener.set_nonblocking(true).map_err(problem)?;
        Ok(Self {
            address: listener.local_addr().map_err(problem)?,
            listener: Some(listener),
            rules: LineRules::limit(64 << 10),
            most: 1024,
            connections: Vec::new(),
            turn: 0,
            silent: 0,
            is_draining: false,
            meters: None,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The longest line that is kept, in bytes. Default 64 KiB: this much may be
    /// held for each connection.
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.rules.limit = bytes;
        self
    }

    /// How many connections there may be at once. Default 1024.
    pub fn connection_limit(mut self, connections: usize) -> Self {
        self.most = connections;
        self
    }

    /// What is done with bad UTF-8. Default: it is replaced.
    pub fn bad_utf8(mut self, policy: BadUtf8) -> Self {
        self.rules.bad_utf8 = policy;
        self
    }

    /// Takes connections that wait to be taken, a bounded number; whether there
    /// may be more.
    fn accept(&mut self) -> Result<bool, BoxError> {
        let (Some(listener), Some(meters)) = (&self.listener, &mut self.meters) else {
            return Ok(false);
        };
        for _ in 0..ACCEPTS {
            let (stream, peer) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Ok(false),
                    ErrorKind::Interrupted => continue,
                    // It was there, and went away before it was taken.
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
                        meters.lost.add(1);
                        continue;
                    }
                    _ if is_out_of_room(&error) => {
                        meters.refused.add(1);
                        return Ok(false);
                    }
                    _ => return Err(format!("{}: {error}", self.address).into()),
                },
            };
            if self.connections.len() >= self.most {
                meters.refused.add(1);
                continue;
            }
            if stream.set_nonblocking(true).is_err() {
                meters.lost.add(1);
                continue;
            }
            self.silent = 0;
            self.connections.push(Connection {
                peer,
                lines: LineReader::with_chunk(stream, self.rules.limit, CHUNK),
                left: LAST_BYTES,
            });
        }
        Ok(true)
    }
}

/// Whether the process or the machine has no room for another connection: that
/// passes, and must not be in the power of whoever connects.
fn is_out_of_room(error: &io::Error) -> bool {
    // ENFILE, EMFILE, ENOMEM, ENOBUFS on Linux.
    matches!(error.raw_os_error(), Some(23 | 24 | 12 | 105))
}

/// What has become of a connection that had its turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It had something, or part of it.
    Spoke,
    /// It had nothing.
    Silent,
    /// It is over.
    Over,
}

impl Connection {
    /// Hands on what the connection has, at most a chunk.
    fn take_turn<C: Collector<PeerLine>>(
        &mut self,
        budget: usize,
        rules: LineRules,
        is_draining: bool,
        meters: &mut Meters,
        pulled: &mut Pulled,
        out: &mut C,
    ) -> Turn {
        let peer = self.peer;
        let mut turn = Turn::Silent;
        let mut has_read = false;
        while pulled.records < budget && pulled.flow.is_open() {
            if !self.lines.has_unread() {
                // Once around, and it is somebody else's turn.
                if has_read {
                    return turn;
                }
                has_read = true;
                if is_draining {
                    let Some(left) = self.left.checked_sub(CHUNK) else {
                        self.break_off(meters);
                        return Turn::Over;
                    };
                    self.left = left;
                }
            }
            let (number, raw, is_last) = match self.lines.advance() {
                Ok(Advance::Line(number, raw)) => (number, raw, false),
                Ok(Advance::Part) => {
                    turn = Turn::Spoke;
                    continue;
                }
                Ok(Advance::Blocked) if is_draining => {
                    self.break_off(meters);
                    return Turn::Over;
                }
                Ok(Advance::Blocked) => return turn,
                Ok(Advance::End) => match self.lines.finish() {
                    Some((number, raw)) => (number, raw, true),
                    None => return Turn::Over,
                },
                Err(_) => {
                    meters.lost.add(1);
                    self.break_off(meters);
                    return Turn::Over;
                }
            };
            turn = Turn::Spoke;
            let line = |text| PeerLine { peer, number, text };
            let (records, flow) = push_line(&raw, rules.bad_utf8, &mut meters.malformed, out, line);
            pulled.records += records;
            pulled.flow = flow;
            if is_last {
                return Turn::Over;
            }
        }
        Turn::Spoke
    }

    /// The line in hand will never be whole.
    fn break_off(&mut self, meters: &mut Meters) {
        if self.lines.has_partial() {
            if let Some(malformed) = &mut meters.malformed {
                malformed.add(1);
            }
        }
    }
}

impl Source for TcpLinesSource {
    type Item = PeerLine;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.meters = Some(Meters {
            refused: context.counter(Measure::ConnectionsRefused),
            lost: context.counter(Measure::ConnectionsLost),
            malformed: Some(context.malformed),
        });
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
        let may_be_more = self.accept()?;
        if self.is_draining && !may_be_more {
            self.listener = None;
        }
        let Some(meters) = &mut self.meters else {
            pulled.status = SourceStatus::Ended;
            return Ok(pulled);
        };
        for _ in 0..LOOKS.min(self.connections.len()) {
            if pulled.records >= budget || !pulled.flow.is_open() {
                return Ok(pulled);
            }
            if self.turn >= self.connections.len() {
                self.turn = 0;
            }
            let Some(connection) = self.connections.get_mut(self.turn) else {
                break;
            };
            let (rules, is_draining) = (self.rules, self.is_draining);
            match connection.take_turn(budget, rules, is_draining, meters, &mut pulled, out) {
                Turn::Spoke => (self.silent, self.turn) = (0, self.turn + 1),
                Turn::Silent => (self.silent, self.turn) = (self.silent + 1, self.turn + 1),
                Turn::Over => {
                    self.silent = 0;
                    self.connections.swap_remove(self.turn);
                }
            }
        }
        if may_be_more {
            return Ok(pulled);
        }
        if self.is_draining && self.connections.is_empty() {
            pulled.status = SourceStatus::Ended;
        } else if self.silent >= self.connections.len() && !self.is_draining {
            self.silent = 0;
            let many = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
            let rest = REST + REST_FOR_EACH.saturating_mul(many);
            pulled.status = SourceStatus::IdleFor(rest);
        }
        Ok(pulled)
    }

    fn drain(&mut self) -> bool {
        self.is_draining = true;
        self.listener.is_some() || !self.connections.is_empty()
    }

    fn close(&mut self) {
        self.listener = None;
        self.connections.clear();
    }
}
