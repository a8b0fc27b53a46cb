//! Connections whose buffers come from a pool.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tls_engine::conn::{ClientConfig, Connection, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::io::{Stream, StreamError};
use tls_engine::limits::{RECORD_CONTENT_MAX, RECORD_MAX};
use tls_engine::mem::{BufferPool, InBuf, OutBuf};
use tls_engine::switches::{BufferPoolKind, Switches};

use super::support::peer::{Peer, pump};
use super::support::pki::KeyKind;
use super::support::{self, assert_same_bytes, localhost, pattern};
use super::{POOLED, pool};

#[test]
fn every_kind_of_pool_at_either_end_carries_the_same() {
    let (client_config, server_config) = configs(true);
    let sizes = [1, 100, RECORD_CONTENT_MAX, 3 * RECORD_CONTENT_MAX + 5];
    for client_kind in BufferPoolKind::ALL {
        for server_kind in BufferPoolKind::ALL {
            let (client_pool, server_pool) = (pool(client_kind, 4), pool(server_kind, 4));
            let mut ends = Endpoints::new(&client_config, &server_config, &client_pool, &server_pool);
            for (salt, size) in sizes.into_iter().enumerate() {
                let context = format!("{client_kind:?} {server_kind:?} {size}");
                let data = pattern(size, salt);
                assert_same_bytes(&ends.carry_to_server(&data), &data, &context);
                assert_same_bytes(&ends.carry_to_client(&data), &data, &context);
                ends.release();
            }
        }
    }
}

#[test]
fn an_idle_connection_holds_no_buffer() {
    for (kind, zero_copy) in pooled_settings() {
        let (client_config, server_config) = configs(zero_copy);
        let pool = pool(kind, 8);
        // What is made once for all connections is made.
        drop(Endpoints::new(&client_config, &server_config, &pool, &pool));
        let (mut ends, counts) = heap_meter::count(|| {
            let mut ends = Endpoints::new(&client_config, &server_config, &pool, &pool);
            assert!(pool.statistics().active > 0);
            ends.release();
            ends
        });
        assert_eq!((pool.statistics().active, ends.held_bytes()), (0, 0), "{kind:?}");
        assert!(counts.live_bytes < 2 * RECORD_MAX as i64, "{kind:?}: two ends keep {counts:?}");
        let data = pattern(1_000, 0);
        assert_same_bytes(&ends.carry_to_server(&data), &data, "after an idle time");
        assert!(ends.held_bytes() > 0);
        ends.release();
        assert_eq!((pool.statistics().active, ends.held_bytes()), (0, 0), "{kind:?}");
    }
}

#[test]
fn without_a_pool_a_connection_keeps_its_buffers() {
    let (client_config, server_config) = configs(true);
    let pool = pool(BufferPoolKind::Off, 8);
    let mut ends = Endpoints::new(&client_config, &server_config, &pool, &pool);
    let held_bytes = ends.held_bytes();
    assert!(held_bytes >= 4 * RECORD_MAX);
    ends.release();
    assert_eq!(ends.held_bytes(), held_bytes);
}

#[test]
fn what_connections_leave_behind_is_zero() {
    for (kind, zero_copy) in pooled_settings() {
        let (client_config, server_config) = configs(zero_copy);
        let pool = pool(kind, 8);
        let mut ends = Endpoints::new(&client_config, &server_config, &pool, &pool);
        ends.carry_to_server(&pattern(40_000, 1));
        ends.carry_to_client(&pattern(40_000, 2));
        // One end goes while bytes wait in its buffers.
        ends.client.write(&pattern(5_000, 3)).unwrap();
        let waiting = ends.client.drain();
        ends.server.input.put(&waiting);
        assert!(ends.client.write(&pattern(100, 4)).is_ok());
        drop(ends);
        let statistics = pool.statistics();
        assert_eq!(statistics.active, 0, "{kind:?}");
        assert!(statistics.wiped_bytes >= 4_000, "{kind:?}: {statistics:?}");
        let kept = statistics.held_bytes / pool.buffer_bytes() as u64;
        assert!(kept >= if zero_copy { 4 } else { 6 }, "{kind:?}: {statistics:?}");
        let leases: Vec<_> = (0..kept).map(|_| pool.lease()).collect();
        assert_eq!(pool.statistics().misses, statistics.misses, "these are the very buffers");
        for lease in &leases {
            assert!(lease.iter().all(|byte| *byte == 0), "{kind:?}: a connection's bytes");
        }
    }
}

#[test]
fn no_heap_call_for_a_record_nor_for_going_idle() {
    for (kind, zero_copy) in pooled_settings() {
        let (client_config, server_config) = configs(zero_copy);
        let pool = pool(kind, 8);
        let mut ends = Endpoints::new(&client_config, &server_config, &pool, &pool);
        let data = pattern(RECORD_CONTENT_MAX, 5);
        let mut exchange = |size: usize| {
            ends.carry_counted(&data[..size]);
            ends.release();
        };
        // Twice as long as it takes the pool to notice what it does not need.
        (0..300).for_each(|_| exchange(RECORD_CONTENT_MAX));
        let before = pool.statistics();
        for size in [1, 1_000, RECORD_CONTENT_MAX] {
            let ((), counts) = heap_meter::count(|| (0..300).for_each(|_| exchange(size)));
            assert_eq!(counts, heap_meter::Counts::default(), "{kind:?} {size}");
        }
        let after = pool.statistics();
        assert_eq!((after.misses, after.active), (before.misses, 0), "{kind:?}");
        // Each exchange is a record each way, which leases both buffers of both ends, and one for the copy at each.
        let leases = if zero_copy { 4 } else { 6 };
        assert_eq!(after.hits - before.hits, leases * 3 * 300, "{kind:?}");
    }
}

#[test]
fn a_full_send_buffer_takes_more_when_it_was_sent() {
    for kind in BufferPoolKind::ALL {
        let (client_config, server_config) = configs(true);
        let pool = pool(kind, 8);
        let mut ends = Endpoints::new(&client_config, &server_config, &pool, &pool);
        ends.release();
        let data = pattern(5 * RECORD_CONTENT_MAX, 6);
        let taken = ends.client.write(&data).unwrap();
        // One record fits, as in a buffer of its own.
        assert_eq!(taken, RECORD_CONTENT_MAX, "{kind:?}");
        assert_eq!(ends.client.write(&data[taken..]), Ok(0), "{kind:?}");
        let records = ends.client.drain();
        ends.server.feed(&records).unwrap();
        assert_eq!(ends.client.write(&data[taken..]), Ok(RECORD_CONTENT_MAX), "{kind:?}");
    }
}

#[test]
fn streams_over_sockets_share_a_pool() {
    for kind in BufferPoolKind::ALL {
        let (client_config, server_config) = configs(true);
        let pool = pool(kind, 8);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server_pool = pool.clone();
        let server = thread::spawn(move || {
            let socket = socket(listener.accept().unwrap().0);
            echo(Stream::server_pooled(&server_config, socket, &server_pool))
        });
        let transport = socket(TcpStream::connect(("127.0.0.1", port)).unwrap());
        let mut stream = Stream::client_pooled(&client_config, localhost(), transport, &pool).unwrap();
        let data = pattern(50_000, 7);
        for _ in 0..3 {
            stream.send(&data).unwrap();
            let mut got = vec![0; data.len()];
            stream.read_exact(&mut got).unwrap();
            assert_same_bytes(&got, &data, &format!("{kind:?}"));
            // Nothing waits here, so that no byte is lost.
            stream.release_buffers();
        }
        stream.close().unwrap();
        assert!(stream.receive().unwrap().is_empty());
        stream.release_buffers();
        assert!(stream.receive().unwrap().is_empty(), "still at its end");
        server.join().unwrap().unwrap();
        drop(stream);
        assert_eq!(pool.statistics().active, 0, "{kind:?}");
    }
}

#[test]
fn unread_data_outlives_a_release() {
    for (kind, zero_copy) in pooled_settings() {
        let (mut client, mut server) = in_memory_streams(&pool(kind, 8), zero_copy);
        client.send(b"hello").unwrap();
        assert_eq!(server.receive().unwrap(), b"hello");
        server.release_buffers();
        assert_eq!(server.receive().unwrap(), b"hello", "it was not consumed");
        let mut bytes = [0; 5];
        server.read_exact(&mut bytes).unwrap();
        server.release_buffers();
        assert!(matches!(server.receive(), Err(StreamError::Transport(error)) if error.kind() == ErrorKind::TimedOut));
    }
}

#[test]
fn a_stream_that_would_wait_holds_nothing() {
    for (kind, zero_copy) in pooled_settings() {
        let pool = pool(kind, 8);
        let (mut client, mut server) = in_memory_streams(&pool, zero_copy);
        client.send(&[1; 100]).unwrap();
        let mut bytes = [0; 100];
        server.read_exact(&mut bytes).unwrap();
        assert!(server.receive().is_err(), "there is no more");
        client.release_buffers();
        assert_eq!(pool.statistics().active, 0, "{kind:?}");
    }
}

fn configs(zero_copy: bool) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let provider = Provider::auto();
    let kind = KeyKind::EcdsaP256;
    let switches = Switches { zero_copy, ..Switches::default() };
    let client = support::client(provider, kind, |builder| builder.switches(switches));
    (client, support::server(provider, kind, |builder| builder.switches(switches)))
}

/// Every kind that keeps buffers, with zero-copy and without.
fn pooled_settings() -> impl Iterator<Item = (BufferPoolKind, bool)> {
    POOLED.into_iter().flat_map(|kind| [(kind, true), (kind, false)])
}

/// Both ends of a connection in memory, after the handshake.
struct Endpoints {
    client: Peer,
    server: Peer,
}

impl Endpoints {
    fn new(
        client_config: &Arc<ClientConfig>,
        server_config: &Arc<ServerConfig>,
        client_pool: &BufferPool,
        server_pool: &BufferPool,
    ) -> Self {
        let mut output = OutBuf::pooled(client_pool, 0);
        let connection = Connection::client(client_config, localhost(), &mut output).unwrap();
        let mut ends = Self {
            client: peer(connection, client_pool, output),
            server: peer(Connection::server(server_config), server_pool, OutBuf::pooled(server_pool, 0)),
        };
        pump(&mut ends.client, &mut ends.server).unwrap();
        assert!(ends.client.connection.is_ready() && ends.server.connection.is_ready());
        ends
    }

    fn carry_to_server(&mut self, data: &[u8]) -> Vec<u8> {
        exchange(&mut self.client, &mut self.server, data)
    }

    fn carry_to_client(&mut self, data: &[u8]) -> Vec<u8> {
        exchange(&mut self.server, &mut self.client, data)
    }

    /// One record each way, without a heap call of the test itself.
    fn carry_counted(&mut self, data: &[u8]) {
        for is_to_server in [true, false] {
            let (from, to) =
                if is_to_server { (&mut self.client, &mut self.server) } else { (&mut self.server, &mut self.client) };
            assert_eq!(from.write(data), Ok(data.len()));
            let count = to.input.put(from.output.waiting());
            from.output.sent(count);
            to.received.clear();
            to.feed(&[]).unwrap();
            assert_eq!(to.received.len(), data.len());
        }
    }

    fn release(&mut self) {
        for side in [&mut self.client, &mut self.server] {
            side.input.release_if_empty();
            side.output.release_if_empty();
        }
    }

    fn held_bytes(&self) -> usize {
        [&self.client, &self.server].iter().map(|side| side.input.held_bytes() + side.output.held_bytes()).sum()
    }
}

fn peer(connection: Connection, pool: &BufferPool, output: OutBuf) -> Peer {
    Peer { connection, input: InBuf::pooled(pool, 0), output, received: Vec::new(), closed: false }
}

fn exchange(from: &mut Peer, to: &mut Peer, data: &[u8]) -> Vec<u8> {
    let mut rest = data;
    while !rest.is_empty() {
        let taken = from.write(rest).unwrap();
        rest = &rest[taken..];
        pump(from, to).unwrap();
    }
    core::mem::take(&mut to.received)
}

fn socket(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Sends back what comes, until the other end closes.
fn echo(mut stream: Stream<TcpStream>) -> Result<(), StreamError> {
    let mut buffer = [0; 1 << 12];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return stream.close();
        }
        stream.send(&buffer[..count])?;
    }
}

/// Two streams over memory, after the handshake.
fn in_memory_streams(pool: &BufferPool, zero_copy: bool) -> (Stream<Memory>, Stream<Memory>) {
    let (client_config, server_config) = configs(zero_copy);
    let (up, down) = (Rc::default(), Rc::default());
    let transport = Memory { incoming: Rc::clone(&down), outgoing: Rc::clone(&up) };
    let mut client = Stream::client_pooled(&client_config, localhost(), transport, pool).unwrap();
    let mut server = Stream::server_pooled(&server_config, Memory { incoming: up, outgoing: down }, pool);
    for _ in 0..5 {
        for stream in [&mut client, &mut server] {
            match stream.handshake() {
                Ok(()) => {}
                Err(StreamError::Transport(error)) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(client.connection().is_ready() && server.connection().is_ready());
    (client, server)
}

/// A transport that never waits, but says that it would have to.
struct Memory {
    incoming: Rc<RefCell<VecDeque<u8>>>,
    outgoing: Rc<RefCell<VecDeque<u8>>>,
}

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut incoming = self.incoming.borrow_mut();
        if incoming.is_empty() { Err(ErrorKind::WouldBlock.into()) } else { incoming.read(buffer) }
    }
}

impl Write for Memory {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.outgoing.borrow_mut().write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
