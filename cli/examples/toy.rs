//! A toy that looks like a TLS library and protects nothing: what a program needs so that tlsbench can measure a library.
//!
//! ```sh
//! cargo build --release --package tlsbench --example toy
//! tlsbench throughput --library tls-engine,./target/release/examples/toy --transport memory
//! ```

use std::process::ExitCode;

use tlsbench::error::Error;
use tlsbench::library::{Buffer, Description, Endpoint, Library, Negotiated, Received, Room, Setup};
use tlsbench::peers;

/// So that heap calls are counted.
#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

const HEADER: usize = 3;
const CONTENT_MAX: usize = 1 << 14;
const HELLO: u8 = 1;
const DATA: u8 = 2;
const CLOSE: u8 = 3;

fn main() -> ExitCode {
    let toy = Description { name: "toy".to_owned(), version: "1.0.0".to_owned(), provider: None };
    peers::serve(toy, |setup| Ok(Toy(negotiated(setup))))
}

/// A library, with what its connections "negotiate".
struct Toy(Negotiated);

fn negotiated(setup: &Setup) -> Negotiated {
    Negotiated {
        version: setup.version,
        suite: setup.suite,
        group: setup.groups.first().copied(),
        signature: None,
        alpn: None,
        hello_retry: None,
        is_resumed: false,
    }
}

impl Library for Toy {
    type Client = Connection;
    type Server = Connection;

    fn client(&self, room: Room) -> Result<Connection, Error> {
        let mut client = Connection::new(self.0.clone(), room);
        client.frame(HELLO, &[]);
        Ok(client)
    }

    fn server(&self, room: Room) -> Result<Connection, Error> {
        Ok(Connection { is_server: true, ..Connection::new(self.0.clone(), room) })
    }
}

struct Connection {
    negotiated: Box<Negotiated>,
    is_server: bool,
    is_ready: bool,
    is_closed: bool,
    input: Buffer,
    output: Buffer,
}

impl Connection {
    fn new(negotiated: Negotiated, room: Room) -> Self {
        Self {
            negotiated: Box::new(negotiated),
            is_server: false,
            is_ready: false,
            is_closed: false,
            input: Buffer::new(room.input_bytes),
            output: Buffer::new(room.output_bytes),
        }
    }

    fn frame(&mut self, kind: u8, content: &[u8]) {
        let count = HEADER + content.len();
        let [high, low] = (content.len() as u16).to_be_bytes();
        let frame = self.output.reserve(count);
        frame[..HEADER].copy_from_slice(&[kind, high, low]);
        frame[HEADER..count].copy_from_slice(content);
        self.output.added(count);
    }

    /// Processes the first frame. Returns its length, or 0 if it is not complete.
    fn process(&mut self, on_data: &mut impl FnMut(&[u8]) -> Result<(), Error>) -> Result<usize, Error> {
        let [kind, high, low, rest @ ..] = self.input.filled() else { return Ok(0) };
        let Some(content) = rest.get(..usize::from(u16::from_be_bytes([*high, *low]))) else { return Ok(0) };
        let count = HEADER + content.len();
        match *kind {
            HELLO if !self.is_ready => {
                self.is_ready = true;
                if self.is_server {
                    self.frame(HELLO, &[]);
                }
            }
            DATA if self.is_ready => on_data(content)?,
            CLOSE => self.is_closed = true,
            kind => return Err(Error::Failed(format!("toy: an unexpected frame of type {kind}"))),
        }
        Ok(count)
    }
}

impl Endpoint for Connection {
    fn outgoing(&self) -> &[u8] {
        self.output.filled()
    }

    fn sent(&mut self, count: usize) {
        self.output.consume(count);
    }

    fn space(&mut self) -> &mut [u8] {
        self.input.spare()
    }

    fn filled(&mut self, count: usize) {
        self.input.added(count);
    }

    fn unprocessed(&self) -> usize {
        self.input.len()
    }

    fn receive(&mut self, mut on_data: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Received, Error> {
        while !self.is_closed {
            let count = self.process(&mut on_data)?;
            if count == 0 {
                return Ok(Received::NeedsInput);
            }
            self.input.consume(count);
        }
        Ok(Received::Closed)
    }

    fn send(&mut self, data: &[u8]) -> Result<usize, Error> {
        let count = self.output.fitting(data.len(), HEADER);
        for content in data[..count].chunks(CONTENT_MAX) {
            self.frame(DATA, content);
        }
        Ok(count)
    }

    fn close(&mut self) -> Result<(), Error> {
        self.frame(CLOSE, &[]);
        Ok(())
    }

    fn end_of_input(&mut self) -> Result<(), Error> {
        if self.is_closed { Ok(()) } else { Err(Error::Failed("toy: the input was cut off".to_owned())) }
    }

    fn is_handshaking(&self) -> bool {
        !self.is_ready
    }

    fn negotiated(&self) -> Option<Negotiated> {
        self.is_ready.then(|| (*self.negotiated).clone())
    }
}
