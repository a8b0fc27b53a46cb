//! The event loop as a client: it begins connections as it is told, and tells what becomes of each.

mod support;

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::endpoint::DEADLINE;
use support::loop_server::Server;
use support::pki::KeyKind;
use support::{localhost, pattern};
use tls_engine::Error;
use tls_engine::conn::{ClientConfig, Connection, Reply};
use tls_engine::io::event_loop::{
    Activity, Call, ClientLoop, Clients, CloseReason, Dial, Echo, Handler, LoopOptions, LoopStatistics,
};
use tls_engine::io::{SocketOptions, Stream};
use tls_engine::session::{MemoryTickets, TicketKeys};
use tls_engine::switches::{SignalKind, Switches};

/// What has become of connections.
#[derive(Debug, Default)]
struct Ends {
    done: usize,
    resumed: usize,
    tickets: u32,
    echoed: usize,
    /// Those that ended otherwise: why, and whether TCP had connected.
    failed: Vec<(String, bool)>,
}

/// Sends a message, and closes when it has come back; with an empty one as soon as it has a ticket.
struct Message {
    data: Arc<[u8]>,
    sent: usize,
    received: usize,
}

impl Handler for Message {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        assert_eq!(data, &self.data[self.received..][..data.len()], "the echo");
        self.received += data.len();
        if self.received == self.data.len() {
            reply.close();
        }
        Ok(Activity::Progress)
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        if self.data.is_empty() && reply.connection().tickets_received() > 0 {
            reply.close();
        } else if self.sent < self.data.len() {
            self.sent += reply.send(&[&self.data[self.sent..]])?;
        }
        Ok(())
    }
}

/// Begins `left` connections, `at_once` of them at a time.
struct Caller {
    address: SocketAddr,
    bind: Option<IpAddr>,
    config: Arc<ClientConfig>,
    data: Arc<[u8]>,
    left: usize,
    at_once: usize,
    most_open: Rc<RefCell<usize>>,
    ends: Rc<RefCell<Ends>>,
}

impl Clients for Caller {
    type Handler = Message;

    fn dial(&mut self, open: usize, _: Instant) -> Dial<Message> {
        let mut most_open = self.most_open.borrow_mut();
        *most_open = open.max(*most_open);
        if self.left == 0 {
            return Dial::Over;
        }
        if open >= self.at_once {
            return Dial::Wait;
        }
        self.left -= 1;
        let handler = Message { data: self.data.clone(), sent: 0, received: 0 };
        let (config, name) = (self.config.clone(), localhost());
        Dial::Begin(Call { address: self.address, bind: self.bind, config, name, handler })
    }

    fn ready(&mut self, _: &mut Message, connection: &Connection) {
        let negotiated = connection.negotiated().expect("a handshake that has completed");
        self.ends.borrow_mut().resumed += usize::from(negotiated.is_resumed());
    }

    fn ended(&mut self, handler: Message, connection: Option<&Connection>, reason: &CloseReason) {
        let mut ends = self.ends.borrow_mut();
        ends.tickets += connection.map_or(0, Connection::tickets_received);
        ends.echoed += handler.received;
        match reason {
            CloseReason::Done => ends.done += 1,
            reason => ends.failed.push((format!("{reason:?}"), connection.is_some())),
        }
    }
}

/// Runs a loop of clients.
struct Run {
    at_once: usize,
    count: usize,
    data: Arc<[u8]>,
    options: LoopOptions,
    bind: Option<IpAddr>,
}

impl Run {
    fn new(at_once: usize, count: usize, data: &[u8]) -> Self {
        Self { at_once, count, data: data.into(), options: LoopOptions::default(), bind: None }
    }

    fn against(self, address: SocketAddr, config: &Arc<ClientConfig>) -> (LoopStatistics, Ends, usize) {
        let Self { at_once, count: left, data, options, bind } = self;
        let (ends, most_open) = (Rc::<RefCell<Ends>>::default(), Rc::<RefCell<usize>>::default());
        let caller = Caller {
            address,
            bind,
            config: config.clone(),
            data,
            left,
            at_once,
            most_open: most_open.clone(),
            ends: ends.clone(),
        };
        let clients = ClientLoop::new(SocketOptions::default(), &options).expect("a loop");
        let statistics = clients.run(caller).expect("a poll that works");
        let most_open = *most_open.borrow();
        (statistics, ends.take(), most_open)
    }
}

fn server() -> Server {
    Server::start(LoopOptions::default(), |_: SocketAddr| Echo)
}

#[test]
fn as_many_connections_as_asked_for_are_made_and_no_more_at_once() {
    let data = pattern(100_000, 3);
    for signal in SignalKind::ALL {
        let server = server();
        let switches = if signal == SignalKind::Off { Switches::none() } else { Switches::all() };
        let options = LoopOptions { signal, ..LoopOptions::new(&switches) };
        let run = Run { options, ..Run::new(20, 200, &data) };
        let (statistics, ends, most_open) = run.against(server.address, &server.client);
        assert_eq!((ends.done, ends.failed.len(), ends.echoed), (200, 0, 200 * data.len()), "{ends:?}");
        assert_eq!((statistics.accepted, statistics.handshakes, statistics.done), (200, 200, 200), "{statistics:?}");
        assert_eq!((most_open, statistics.peak), (20, 20), "as many at once as allowed");
        let served = server.stop();
        assert_eq!((served.accepted, served.handshakes, served.done), (200, 200, 200), "{served:?}");
    }
}

#[test]
fn a_connection_that_waits_for_its_ticket_lets_the_next_one_resume() {
    let provider = support::providers()[0];
    let keys = Arc::new(TicketKeys::new(provider, 3600).expect("keys"));
    let tickets = Arc::new(MemoryTickets::default());
    let config = support::client(provider, KeyKind::EcdsaP256, |config| config.tickets(tickets));
    let issuing = support::server(provider, KeyKind::EcdsaP256, |config| config.tickets(keys));
    let server = Server::several_with_config(1, LoopOptions::default(), &issuing, || |_: SocketAddr| Echo);
    let (statistics, ends, _) = Run::new(1, 10, b"").against(server.address, &config);
    assert_eq!((statistics.handshakes, ends.done, ends.resumed), (10, 10, 9), "all but the first: {ends:?}");
    assert!(ends.tickets >= 10, "{ends:?}");
}

#[test]
fn what_is_refused_or_silent_or_speaks_no_tls_is_told() {
    let server = server();
    // Nobody listens where somebody has just stopped.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("an address");
    let (_, ends, _) = Run::new(2, 5, b"x").against(closed, &server.client);
    assert_eq!((ends.done, ends.failed.len()), (0, 5), "{ends:?}");
    for (told, was_connected) in &ends.failed {
        assert!(told.contains("ConnectionRefused") && !was_connected, "{told}");
    }

    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let options = LoopOptions { handshake_timeout: Duration::from_millis(200), ..LoopOptions::default() };
    let began = Instant::now();
    let run = Run { options, ..Run::new(3, 3, b"x") };
    let (statistics, ends, _) = run.against(silent.local_addr().expect("an address"), &server.client);
    assert!(began.elapsed() < DEADLINE, "bounded in time");
    assert_eq!((statistics.timed_out, ends.failed), (3, vec![("TimedOut".to_owned(), true); 3]));

    let talkative = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = talkative.local_addr().expect("an address");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = talkative.accept().expect("a client");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("a client that reads");
        std::io::copy(&mut stream, &mut std::io::sink()).map_err(|error| error.kind())
    });
    let (_, ends, _) = Run::new(1, 1, b"x").against(address, &server.client);
    assert!(ends.failed[0].0.starts_with("Tls("), "{ends:?}");
    assert!(matches!(thread.join().expect("no panic"), Ok(_) | Err(ErrorKind::ConnectionReset)));
}

#[test]
fn a_handshake_has_its_own_time_however_short_that_of_data_is() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = server();
    let config = support::server(support::providers()[0], KeyKind::EcdsaP256, |config| config);
    let thread = std::thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client");
        std::thread::sleep(Duration::from_millis(500));
        let mut stream = Stream::server(&config, socket);
        let mut data = [0; 4];
        stream.read_exact(&mut data).expect("a message");
        stream.write_all(&data).expect("a client that reads");
        stream.read(&mut data).expect("close_notify")
    });
    let (handshake_timeout, timeout) = (DEADLINE, Duration::from_millis(200));
    let options = LoopOptions { handshake_timeout, timeout, ..LoopOptions::default() };
    let (_, ends, _) = Run { options, ..Run::new(1, 1, b"late") }.against(address, &server.client);
    assert_eq!((ends.done, ends.echoed), (1, 4), "{ends:?}");
    assert_eq!(thread.join().expect("no panic"), 0);
}

#[test]
fn an_address_to_come_from_is_bound() {
    let server = server();
    let bind = Some(IpAddr::from([127, 0, 0, 9]));
    let (_, ends, _) = Run { bind, ..Run::new(2, 6, b"bound") }.against(server.address, &server.client);
    assert_eq!(ends.done, 6, "{ends:?}");
    // One that is no address of this machine (RFC 5737).
    let bind = Some(IpAddr::from([192, 0, 2, 1]));
    let (_, ends, _) = Run { bind, ..Run::new(2, 6, b"bound") }.against(server.address, &server.client);
    assert_eq!(ends.failed.len(), 6, "{ends:?}");
    assert!(ends.failed[0].0.contains("AddrNotAvailable"), "{ends:?}");
}

#[test]
fn a_loop_that_is_stopped_ends_its_connections() {
    let server = server();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    for address in [server.address, silent.local_addr().expect("an address")] {
        let ends = Rc::<RefCell<Ends>>::default();
        let clients = ClientLoop::new(SocketOptions::default(), &LoopOptions::default()).expect("a loop");
        let stopper = clients.stopper();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            stopper.stop()
        });
        // Nothing is sent, and no ticket is left to wait for after the first: the connections stay.
        let caller = Caller {
            address,
            bind: None,
            config: server.client.clone(),
            data: Arc::from([0; 0]),
            left: 4,
            at_once: 4,
            most_open: Rc::default(),
            ends: ends.clone(),
        };
        let began = Instant::now();
        let statistics = clients.run(caller).expect("a poll that works");
        thread.join().expect("no panic").expect("a waker");
        assert!(began.elapsed() < DEADLINE, "{statistics:?}");
        let ends = ends.borrow();
        assert_eq!(ends.done + ends.failed.len(), 4, "each is told: {ends:?}");
    }
}
