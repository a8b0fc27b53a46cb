//! One end of a connection with its buffers, in memory.

use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::Error;
use tls_engine::conn::{ClientConfig, Connection, Progress, ServerConfig};
use tls_engine::mem::{InBuf, OutBuf};

use super::jobs::do_job;

pub struct Peer {
    pub connection: Connection,
    pub input: InBuf,
    pub output: OutBuf,
    /// Application data that has come.
    pub received: Vec<u8>,
    /// Whether close_notify has come.
    pub closed: bool,
}

impl Peer {
    pub fn client(config: &Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Error> {
        let mut output = OutBuf::with_capacity(1 << 16);
        let connection = Connection::client(config, name, &mut output)?;
        Ok(Self { connection, input: InBuf::with_capacity(0), output, received: Vec::new(), closed: false })
    }

    pub fn server(config: &Arc<ServerConfig>) -> Self {
        Self {
            connection: Connection::server(config),
            input: InBuf::with_capacity(0),
            output: OutBuf::with_capacity(1 << 16),
            received: Vec::new(),
            closed: false,
        }
    }

    /// Takes bytes from the peer, all of them unless close_notify is among them.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !self.closed {
            let taken = self.input.put(bytes);
            bytes = &bytes[taken..];
            self.process()?;
            if bytes.is_empty() {
                break;
            }
        }
        Ok(())
    }

    fn process(&mut self) -> Result<(), Error> {
        loop {
            match self.connection.read_tls(&mut self.input, &mut self.output)? {
                Progress::NeedInput => return Ok(()),
                Progress::Advanced => {}
                Progress::Data(data) => self.received.extend_from_slice(data),
                Progress::Paused => do_job(&mut self.connection, &mut self.input, &mut self.output)?,
                Progress::Closed => {
                    self.closed = true;
                    return Ok(());
                }
            }
        }
    }

    /// Seals as much of `data` as there is room for.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.connection.write_tls(&[data], &mut self.output)
    }

    /// What waits to be sent.
    pub fn drain(&mut self) -> Vec<u8> {
        let bytes = self.output.waiting().to_vec();
        self.output.sent(bytes.len());
        bytes
    }

    pub fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
        self.connection.update_keys(request_peer, &mut self.output)
    }

    pub fn close(&mut self) {
        self.connection.close(&mut self.output);
    }
}

/// Carries bytes between two ends until both are silent.
pub fn pump(left: &mut Peer, right: &mut Peer) -> Result<(), Error> {
    loop {
        let to_right = left.drain();
        let to_left = right.drain();
        if to_right.is_empty() && to_left.is_empty() {
            return Ok(());
        }
        right.feed(&to_right)?;
        left.feed(&to_left)?;
    }
}

/// Whether nothing happens any more after `error`: the same from every call, and not a byte more to send.
pub fn is_over(peer: &mut Peer, error: &Error) -> Result<(), String> {
    peer.drain();
    let mut output = OutBuf::with_capacity(0);
    let same = |what: &str, got: Option<&Error>| {
        if got == Some(error) { Ok(()) } else { Err(format!("{what} gives {got:?} after {error:?}")) }
    };
    for bytes in [&[][..], &[23, 3, 3, 0, 1, 0], &[21, 3, 3, 0, 2, 1, 0]] {
        let got = peer.feed(bytes);
        same("reading", got.as_ref().err())?;
    }
    same("writing", peer.connection.write_tls(&[b"more"], &mut output).as_ref().err())?;
    same("updating keys", peer.connection.update_keys(true, &mut output).as_ref().err())?;
    same("the end of input", peer.connection.end_of_input().as_ref().err())?;
    peer.connection.close(&mut output);
    if !peer.output.is_empty() || !output.is_empty() || peer.connection.is_ready() {
        return Err("something is still sent after the alert".into());
    }
    Ok(())
}
