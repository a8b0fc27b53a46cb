//! Early data on the event loop: answered at once where the handler wants that, after the handshake otherwise.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use support::endpoint::DEADLINE;
use support::loop_server::Server;
use support::pki::KeyKind;
use support::{assert_same_bytes, localhost, pattern, providers};
use tls_engine::Error;
use tls_engine::conn::{ClientConfig, Clock, Connection, Progress, Reply, SystemClock};
use tls_engine::io::SocketOptions;
use tls_engine::io::event_loop::{Activity, Echo, Handler, LoopOptions};
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::session::{MemoryTickets, ReplayRegister, TicketKeys};
use tls_engine::switches::{SignalKind, Switches};

const KIND: KeyKind = KeyKind::EcdsaP256;
const EARLY_MAX: u32 = 300_000;

/// Echoes early data as soon as it comes.
struct AtOnce(Echo);

impl Handler for AtOnce {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        self.0.on_data(data, reply)
    }

    fn on_early_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        check(reply.connection().is_handshaking())?;
        self.0.on_data(data, reply)
    }

    fn answers_early_data(&self) -> bool {
        true
    }
}

/// Echoes early data when the handshake is done.
struct Later(Echo);

impl Handler for Later {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        self.0.on_data(data, reply)
    }

    fn on_early_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        check(!reply.connection().is_handshaking())?;
        self.0.on_data(data, reply)
    }
}

/// Ends the connection, and the test, where early data comes at the wrong time.
fn check(is_in_time: bool) -> Result<(), Error> {
    if is_in_time { Ok(()) } else { Err(Error::Usage("early data at the wrong time")) }
}

fn start(signal: SignalKind, answers_at_once: bool) -> Server {
    let provider = providers()[0];
    let keys = Arc::new(TicketKeys::new(provider, 3600).expect("keys"));
    let register = Arc::new(ReplayRegister::new(1000, SystemClock.now()));
    let server = support::server(provider, KIND, |builder| builder.tickets(keys).early_data(EARLY_MAX, register));
    let store = Arc::new(MemoryTickets::default());
    let client = support::client(provider, KIND, |builder| builder.tickets(store).early_data(true));
    let options = LoopOptions { signal, ..LoopOptions::new(&Switches::all()) };
    let service = move |_: SocketAddr| -> Box<dyn Handler + Send> {
        if answers_at_once { Box::new(AtOnce(Echo)) } else { Box::new(Later(Echo)) }
    };
    Server::with_config(options, SocketOptions::default(), server, client, service)
}

/// A client whose bytes go out when the test says so.
struct Client {
    connection: Connection,
    input: InBuf,
    output: OutBuf,
    socket: TcpStream,
    received: Vec<u8>,
}

impl Client {
    fn connect(config: &Arc<ClientConfig>, address: SocketAddr) -> Self {
        let mut output = OutBuf::with_capacity(1 << 20);
        let connection = Connection::client(config, localhost(), &mut output).expect("a ClientHello");
        let socket = TcpStream::connect(address).expect("a server");
        socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        Self { connection, input: InBuf::with_capacity(0), output, socket, received: Vec::new() }
    }

    fn send(&mut self) {
        self.socket.write_all(self.output.waiting()).expect("a server that reads");
        self.output.sent(self.output.len());
    }

    /// Reads until so many bytes have come in all, and sends nothing.
    fn receive(&mut self, bytes: usize) {
        while self.received.len() < bytes {
            let mut piece = [0; 4096];
            let count = self.socket.read(&mut piece).expect("an answer in time");
            assert!(count > 0, "{} bytes, then the end", self.received.len());
            let mut piece = &piece[..count];
            while !piece.is_empty() {
                piece = &piece[self.input.put(piece)..];
                loop {
                    match self.connection.read_tls(&mut self.input, &mut self.output).expect("an honest server") {
                        Progress::Data(data) => self.received.extend_from_slice(data),
                        Progress::Advanced => {}
                        _ => break,
                    }
                }
            }
        }
    }

    /// A connection that leaves a ticket.
    fn get_ticket(server: &Server) {
        let mut first = Self::connect(&server.client, server.address);
        first.send();
        while first.connection.is_handshaking() {
            let mut piece = [0; 4096];
            let count = first.socket.read(&mut piece).expect("a flight in time");
            first.input.put(&piece[..count]);
            while first.connection.read_tls(&mut first.input, &mut first.output).expect("a flight")
                != Progress::NeedInput
            {}
        }
        first.connection.write_tls(&[b"?"], &mut first.output).expect("room");
        first.send();
        first.receive(1);
    }
}

#[test]
fn it_is_answered_before_the_clients_finished_where_the_handler_wants_that() {
    for signal in SignalKind::ALL {
        let server = start(signal, true);
        for len in [1, 100, 16_384, EARLY_MAX as usize] {
            Client::get_ticket(&server);
            let mut client = Client::connect(&server.client, server.address);
            let data = pattern(len, 5);
            assert_eq!(client.connection.write_early_data(&data, &mut client.output), Ok(len));
            client.send();
            // All of it, while the Finished waits in the output.
            client.receive(len);
            assert!(client.connection.is_ready());
            client.connection.write_tls(&[b"more"], &mut client.output).expect("room");
            client.send();
            client.receive(len + 4);
            assert_same_bytes(&client.received, &[&data[..], b"more"].concat(), "the echo");
        }
        server.stop();
    }
}

#[test]
fn other_handlers_get_it_after_the_handshake_and_before_other_data() {
    for signal in SignalKind::ALL {
        let server = start(signal, false);
        for len in [1, 16_384, EARLY_MAX as usize] {
            Client::get_ticket(&server);
            let mut client = Client::connect(&server.client, server.address);
            let data = pattern(len, 6);
            let (front, end) = data.split_at(len / 2);
            assert_eq!(client.connection.write_early_data(front, &mut client.output), Ok(front.len()));
            client.send();
            while client.connection.is_handshaking() {
                // The last early data goes out together with what follows it.
                let mut piece = [0; 4096];
                let count = client.socket.read(&mut piece).expect("a flight in time");
                client.input.put(&piece[..count]);
                if client.connection.early_data_room() > 0 && !end.is_empty() {
                    let sealed = client.connection.write_early_data(&end[..end.len().min(1000)], &mut client.output);
                    sealed.expect("room");
                    break;
                }
            }
            let early = front.len() + end.len().min(1000);
            while client.connection.read_tls(&mut client.input, &mut client.output).expect("a flight")
                != Progress::NeedInput
            {}
            while client.connection.is_handshaking() {
                let mut piece = [0; 4096];
                let count = client.socket.read(&mut piece).expect("a flight in time");
                client.input.put(&piece[..count]);
                while client.connection.read_tls(&mut client.input, &mut client.output).expect("a flight")
                    != Progress::NeedInput
                {}
            }
            client.connection.write_tls(&[b"more"], &mut client.output).expect("room");
            client.send();
            client.receive(early + 4);
            assert_same_bytes(&client.received, &[&data[..early], b"more"].concat(), "the echo");
        }
        server.stop();
    }
}
