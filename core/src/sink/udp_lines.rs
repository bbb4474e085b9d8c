use super::text_file::not_open;
use super::{Sink, SinkContext, SinkError};
use crate::source::BoxError;
use fluxus_windows::Timestamp;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};

/// How often a datagram is sent at once that was interrupted.
const ATTEMPTS: usize = 4;

/// A datagram a record, as it displays itself, over UDP. Whether it arrives nobody
/// knows; one that is longer than a datagram can be fails the job.
pub struct UdpLines {
    address: String,
    socket: Option<(UdpSocket, SocketAddr)>,
    datagram: Vec<u8>,
}

impl UdpLines {
    /// To `address`, a host and a port, which is looked up when the job starts.
    pub fn to(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            socket: None,
            datagram: Vec::new(),
        }
    }

    fn problem(&self, error: impl Display) -> BoxError {
        format!("{}: {error}", self.address).into()
    }

    fn send(&mut self) -> Result<(), SinkError> {
        let Some((socket, to)) = &self.socket else {
            return Err(not_open());
        };
        for _ in 0..ATTEMPTS {
            match socket.send_to(&self.datagram, to) {
                Ok(_) => return Ok(()),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Err(SinkError::Busy),
                    // The second is about an earlier one, to which nobody listened.
                    ErrorKind::Interrupted | ErrorKind::ConnectionRefused => {}
                    _ => return Err(SinkError::Failed(self.problem(error))),
                },
            }
        }
        Err(SinkError::Busy)
    }
}

/// A socket that can send to the first address of the host.
fn socket_to(address: &str) -> io::Result<(UdpSocket, SocketAddr)> {
    let to = address.to_socket_addrs()?.next();
    let to = to.ok_or(ErrorKind::AddrNotAvailable)?;
    let from = match to {
        SocketAddr::V4(_) => "0.0.0.0:0",
        SocketAddr::V6(_) => "[::]:0",
    };
    let socket = UdpSocket::bind(from)?;
    socket.set_nonblocking(true)?;
    Ok((socket, to))
}

impl<T: Display> Sink<T> for UdpLines {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        let socket = socket_to(&self.address);
        self.socket = Some(socket.map_err(|error| SinkError::Failed(self.problem(error)))?);
        Ok(())
    }

    fn resume(&mut self) -> Result<(), SinkError> {
        self.send()
    }

    fn write(&mut self, _: Timestamp, value: T) -> Result<(), SinkError> {
        self.datagram.clear();
        writeln!(self.datagram, "{value}").map_err(|error| SinkError::Failed(error.into()))?;
        self.send()
    }
}
