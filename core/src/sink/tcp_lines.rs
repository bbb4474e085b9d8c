use super::text_file::not_open;
use super::{Ending, Sink, SinkContext, SinkError};
use crate::retry::Transient;
use crate::source::BoxError;
use fluxus_windows::Timestamp;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Enough for a batch of ordinary lines in one system call; beyond it the stream is
/// held back.
const BUFFER: usize = 64 << 10;

/// One line a record, as it displays itself, to a server over TCP.
///
/// While the other side takes nothing the stream is held back. That it cannot be
/// reached may pass: behind a [`Retry`](crate::Retry) it is tried again. A connection
/// that breaks once it stood fails the job: how much of what was sent has arrived, TCP
/// does not say, and to send it again could double it.
pub struct TcpLines {
    address: String,
    timeout: Duration,
    state: State,
    /// Lines that were not sent yet, from `sent` on.
    pending: Vec<u8>,
    sent: usize,
}

enum State {
    Idle,
    Connecting(JoinHandle<io::Result<TcpStream>>),
    Connected(TcpStream),
}

impl TcpLines {
    /// To the server at `address`, a host and a port, which is connected to when the
    /// job starts.
    pub fn connect(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            timeout: Duration::from_secs(10),
            state: State::Idle,
            pending: Vec::new(),
            sent: 0,
        }
    }

    /// How long it is waited for a connection, for each address that the host has.
    /// Default 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.max(Duration::from_millis(1));
        self
    }

    fn problem(&self, error: impl Display) -> BoxError {
        format!("{}: {error}", self.address).into()
    }

    /// On a thread of its own: it takes as long as the network likes.
    fn begin_to_connect(&mut self) -> Result<(), SinkError> {
        let (address, timeout) = (self.address.clone(), self.timeout);
        let thread = thread::Builder::new().name("fluxus-connect".to_owned());
        let thread = thread
            .spawn(move || connect(&address, timeout))
            .map_err(|error| SinkError::Failed(self.problem(error)))?;
        self.state = State::Connecting(thread);
        Err(SinkError::Busy)
    }

    /// Whether the connection stands.
    fn check_connection(&mut self) -> Result<(), SinkError> {
        let thread = match std::mem::replace(&mut self.state, State::Idle) {
            State::Connecting(thread) if thread.is_finished() => thread,
            waiting_or_done => {
                self.state = waiting_or_done;
                return match self.state {
                    State::Connecting(_) => Err(SinkError::Busy),
                    _ => Ok(()),
                };
            }
        };
        match thread.join() {
            Ok(Ok(stream)) => self.state = State::Connected(stream),
            Ok(Err(error)) => {
                let error = Transient::new(self.problem(error));
                return Err(SinkError::Failed(error.into()));
            }
            Err(_) => {
                let problem = self.problem("the thread that connects panicked");
                return Err(SinkError::Failed(problem));
            }
        }
        Ok(())
    }

    /// Sends what is pending, as far as the other side takes it.
    fn send(&mut self) -> Result<(), SinkError> {
        let State::Connected(stream) = &mut self.state else {
            return Err(not_open());
        };
        while self.sent < self.pending.len() {
            let rest = self.pending.get(self.sent..).unwrap_or_default();
            let error = match stream.write(rest) {
                Ok(0) => ErrorKind::WriteZero.into(),
                Ok(count) => {
                    self.sent += count;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(SinkError::Busy),
                Err(error) => error,
            };
            let problem = format!("the connection broke: {error}; the last lines may be lost");
            return Err(SinkError::Failed(self.problem(problem)));
        }
        self.pending.clear();
        self.pending.shrink_to(2 * BUFFER);
        self.sent = 0;
        Ok(())
    }
}

/// Connects to the first address of the host that answers.
fn connect(address: &str, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = ErrorKind::AddrNotAvailable.into();
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                stream.set_nonblocking(true)?;
                // It is buffered here already.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl<T: Display> Sink<T> for TcpLines {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        self.begin_to_connect()
    }

    fn resume(&mut self) -> Result<(), SinkError> {
        match self.state {
            // It could not be reached, and is tried again.
            State::Idle => return self.begin_to_connect(),
            State::Connecting(_) => self.check_connection()?,
            State::Connected(_) => {}
        }
        self.send()
    }

    fn write(&mut self, _: Timestamp, value: T) -> Result<(), SinkError> {
        writeln!(self.pending, "{value}").map_err(|error| SinkError::Failed(error.into()))?;
        match self.pending.len() < BUFFER {
            true => Ok(()),
            false => self.send(),
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.send()
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        let State::Connected(stream) = std::mem::replace(&mut self.state, State::Idle) else {
            return Ok(());
        };
        match stream.shutdown(Shutdown::Write) {
            Err(error) if ending == Ending::Complete => {
                let problem = format!("the connection broke: {error}; the last lines may be lost");
                Err(SinkError::Failed(self.problem(problem)))
            }
            _ => Ok(()),
        }
    }
}
