//! The connection to the runner.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};

use crate::flags::Flags;

/// A socket to the runner.
pub(crate) struct Transport {
    socket: TcpStream,
    /// One byte at a time each way, so that everything is cut everywhere (`-async`).
    by_byte: bool,
}

impl Transport {
    /// Connects, and says which test this is for: the runner has one port for all.
    pub(crate) fn connect(flags: &Flags) -> io::Result<Self> {
        let host = if flags.ipv6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let mut socket = TcpStream::connect(SocketAddr::new(host, flags.port))?;
        socket.set_nodelay(true)?;
        socket.write_all(&flags.shim_id.to_le_bytes())?;
        Ok(Self { socket, by_byte: flags.by_byte })
    }
}

impl Drop for Transport {
    /// Reads what is still coming before the socket is closed. Otherwise the system resets the connection, and an alert is lost.
    fn drop(&mut self) {
        if self.socket.shutdown(Shutdown::Write).is_ok() {
            let _ = io::copy(&mut self.socket, &mut io::sink());
        }
    }
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = if self.by_byte { buffer.len().min(1) } else { buffer.len() };
        self.socket.read(&mut buffer[..most])
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = if self.by_byte { bytes.len().min(1) } else { bytes.len() };
        self.socket.write(&bytes[..most])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
