//! A toy that looks like a TLS library and protects nothing: what a program needs so that tlsbench can measure a library.
//!
//! ```sh
//! cargo build --release --package tlsbench --example toy
//! tlsbench throughput --library tls-engine,./target/release/examples/toy --transport memory
//! ```

use std::process::ExitCode;

use tlsbench::error::Error;
use tlsbench::library::{
    Buffers, Connection, CopyingEndpoint, Description, Incoming, Library, Negotiated, Room, Setup,
};
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
        early_data: false,
    }
}

impl Library for Toy {
    type Client = CopyingEndpoint<ToyConnection>;
    type Server = CopyingEndpoint<ToyConnection>;

    fn client(&self, room: Room) -> Result<Self::Client, Error> {
        let mut client = ToyConnection::new(self, room, false);
        client.frame(HELLO, &[]);
        CopyingEndpoint::client(client, HEADER)
    }

    fn server(&self, room: Room) -> Result<Self::Server, Error> {
        Ok(CopyingEndpoint::server(ToyConnection::new(self, room, true), HEADER))
    }
}

struct ToyConnection {
    negotiated: Box<Negotiated>,
    is_server: bool,
    buffers: Buffers,
}

impl ToyConnection {
    fn new(toy: &Toy, room: Room, is_server: bool) -> Self {
        Self { negotiated: Box::new(toy.0.clone()), is_server, buffers: Buffers::new(room) }
    }

    fn frame(&mut self, kind: u8, content: &[u8]) {
        let count = HEADER + content.len();
        let [high, low] = (content.len() as u16).to_be_bytes();
        let frame = self.buffers.output.reserve(count);
        frame[..HEADER].copy_from_slice(&[kind, high, low]);
        frame[HEADER..count].copy_from_slice(content);
        self.buffers.output.added(count);
    }

    /// The type and the content of the first frame, if it is complete.
    fn first_frame(&self) -> Option<(u8, &[u8])> {
        let [kind, high, low, rest @ ..] = self.buffers.input.filled() else { return None };
        Some((*kind, rest.get(..usize::from(u16::from_be_bytes([*high, *low])))?))
    }
}

impl Connection for ToyConnection {
    const NAME: &'static str = "toy";

    fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    fn buffers_mut(&mut self) -> &mut Buffers {
        &mut self.buffers
    }

    fn shake_hands(&mut self) -> Result<bool, Error> {
        match self.first_frame() {
            None => return Ok(false),
            Some((HELLO, [])) => self.buffers.input.consume(HEADER),
            Some((kind, _)) => return Err(unexpected(kind)),
        }
        if self.is_server {
            self.frame(HELLO, &[]);
        }
        Ok(true)
    }

    fn is_drained(&self) -> bool {
        true
    }

    fn read(&mut self, space: &mut [u8]) -> Result<Incoming, Error> {
        let (count, incoming) = match self.first_frame() {
            None => return Ok(Incoming::Nothing),
            Some((DATA, content)) if content.len() <= space.len() => {
                space[..content.len()].copy_from_slice(content);
                (content.len(), Incoming::Data(content.len()))
            }
            Some((CLOSE, content)) => (content.len(), Incoming::Closed),
            Some((kind, _)) => return Err(unexpected(kind)),
        };
        self.buffers.input.consume(HEADER + count);
        Ok(incoming)
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        for content in data.chunks(CONTENT_MAX) {
            self.frame(DATA, content);
        }
        Ok(data.len())
    }

    fn close(&mut self) -> Result<(), Error> {
        self.frame(CLOSE, &[]);
        Ok(())
    }

    fn negotiated(&self) -> Option<Negotiated> {
        Some((*self.negotiated).clone())
    }
}

fn unexpected(kind: u8) -> Error {
    Error::Failed(format!("toy: an unexpected frame of type {kind}"))
}
