//! One end of a connection on a socket, with deadlines: a test that waits for ever says nothing.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls_pki_types::ServerName;
use tls_engine::Error;
use tls_engine::conn::{ClientConfig, ServerConfig};

use super::peer::Peer;

/// How long anything may take.
pub const DEADLINE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub enum Failure {
    Tls(Error),
    Io(io::Error),
    /// The transport ended before what was waited for came.
    Ended,
}

pub struct Endpoint {
    pub peer: Peer,
    socket: TcpStream,
    started: Instant,
}

impl Endpoint {
    /// Connects to a port of this host and does the handshake.
    pub fn connect(port: u16, config: &Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Failure> {
        let socket = TcpStream::connect(("127.0.0.1", port)).map_err(Failure::Io)?;
        Self::new(Peer::client(config, name).map_err(Failure::Tls)?, socket)
    }

    /// Waits for a connection and does the handshake.
    pub fn accept(listener: &TcpListener, config: &Arc<ServerConfig>) -> Result<Self, Failure> {
        Self::new(Peer::server(config), accept(listener).map_err(Failure::Io)?)
    }

    fn new(peer: Peer, socket: TcpStream) -> Result<Self, Failure> {
        socket.set_read_timeout(Some(DEADLINE)).map_err(Failure::Io)?;
        socket.set_write_timeout(Some(DEADLINE)).map_err(Failure::Io)?;
        socket.set_nodelay(true).map_err(Failure::Io)?;
        let mut endpoint = Self { peer, socket, started: Instant::now() };
        endpoint.run_until(|peer| peer.connection.is_ready())?;
        Ok(endpoint)
    }

    /// The connection with its buffers, and the socket, after what waits has been sent.
    pub fn into_parts(mut self) -> (Peer, TcpStream) {
        self.flush().expect("a socket that is open");
        (self.peer, self.socket)
    }

    /// Sends what waits, and reads until `done`.
    pub fn run_until(&mut self, done: impl Fn(&Peer) -> bool) -> Result<(), Failure> {
        self.flush()?;
        while !done(&self.peer) {
            self.read_once()?;
        }
        Ok(())
    }

    pub fn send(&mut self, mut data: &[u8]) -> Result<(), Failure> {
        while !data.is_empty() {
            let taken = self.peer.write(data).map_err(Failure::Tls)?;
            assert!(taken > 0 || !self.peer.output.is_empty(), "no room in an empty buffer");
            data = &data[taken..];
            self.flush()?;
        }
        Ok(())
    }

    /// The next `length` bytes of application data.
    pub fn receive(&mut self, length: usize) -> Result<Vec<u8>, Failure> {
        self.run_until(|peer| peer.received.len() >= length)?;
        let rest = self.peer.received.split_off(length);
        Ok(std::mem::replace(&mut self.peer.received, rest))
    }

    /// Sends back what comes, until close_notify; tells how much that was.
    pub fn echo(&mut self) -> Result<usize, Failure> {
        let mut total = 0;
        loop {
            let data = std::mem::take(&mut self.peer.received);
            total += data.len();
            self.send(&data)?;
            self.flush()?;
            if self.peer.closed {
                return Ok(total);
            }
            self.read_once()?;
        }
    }

    /// Sends back exactly `length` bytes as they come.
    pub fn echo_some(&mut self, mut length: usize) -> Result<(), Failure> {
        while length > 0 {
            self.run_until(|side| !side.received.is_empty())?;
            let data = self.receive(length.min(self.peer.received.len()))?;
            self.send(&data)?;
            length -= data.len();
        }
        Ok(())
    }

    pub fn update_keys(&mut self, request_peer: bool) -> Result<(), Failure> {
        self.peer.update_keys(request_peer).map_err(Failure::Tls)?;
        self.flush()
    }

    /// Sends close_notify, and waits for the peer's unless it has come.
    pub fn close(mut self) -> Result<(), Failure> {
        self.peer.close();
        if self.peer.closed {
            // A peer that has said all need not wait for ours.
            let _ = self.flush();
            return Ok(());
        }
        self.flush()?;
        self.socket.shutdown(std::net::Shutdown::Write).map_err(Failure::Io)?;
        self.run_until(|peer| peer.closed)
    }

    fn read_once(&mut self) -> Result<(), Failure> {
        assert!(self.started.elapsed() < DEADLINE, "the connection takes too long");
        let mut bytes = [0; 20_000];
        let count = self.socket.read(&mut bytes).map_err(Failure::Io)?;
        if count == 0 {
            return Err(Failure::Ended);
        }
        let result = self.peer.feed(&bytes[..count]);
        // The alert, if one is owed, goes out before the connection is dropped.
        let flushed = self.flush();
        result.map_err(Failure::Tls)?;
        flushed
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let bytes = self.peer.drain();
        self.socket.write_all(&bytes).map_err(Failure::Io)
    }
}

impl Failure {
    /// The engine's error.
    #[track_caller]
    pub fn tls(self) -> Error {
        match self {
            Self::Tls(error) => error,
            other => panic!("not the engine's error: {other:?}"),
        }
    }
}

pub fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of this host");
    let port = listener.local_addr().expect("its address").port();
    (listener, port)
}

/// `TcpListener::accept` knows no time-out.
fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let started = Instant::now();
    loop {
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(false)?;
                return Ok(socket);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && started.elapsed() < DEADLINE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(error) => return Err(error),
        }
    }
}
