use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Instant;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Token};
use rustls_pki_types::ServerName;
use slab::Slab;

use super::clients::{Call, Clients, Dial};
use super::handler::CloseReason;
use super::origin::{Arrival, Beginning, Origin};
use super::timers::Timers;
use super::{CONNECTING, LoopOptions};
use crate::conn::{ClientConfig, Connection, Reply};
use crate::error::Error;
use crate::io::{Socket, SocketOptions};
use crate::mem::OutBuf;

/// How many connections begin in one round, so that they do not starve the others.
const BURST: usize = 64;

/// The loop of clients: its connections are those that [`Clients`] ask for.
pub(super) struct Dialing<C: Clients> {
    clients: C,
    sockets: SocketOptions,
    /// What TCP has not connected yet.
    connecting: Slab<Connecting<C::Handler>>,
    timeouts: Timers,
    /// What the system has reported of those.
    reported: Vec<usize>,
    /// When to ask the clients, if no connection ends before.
    ask_at: Option<Instant>,
    /// Whether a connection has ended since they were asked.
    has_ended: bool,
    is_over: bool,
    peak: usize,
}

/// A connection that TCP has not connected yet.
struct Connecting<H> {
    socket: Socket,
    peer: SocketAddr,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    handler: H,
    expires: Instant,
}

impl<C: Clients> Dialing<C> {
    pub(super) fn new(clients: C, sockets: SocketOptions) -> Self {
        Self {
            clients,
            sockets,
            connecting: Slab::new(),
            timeouts: Timers::default(),
            reported: Vec::new(),
            ask_at: None,
            has_ended: true,
            is_over: false,
            peak: 0,
        }
    }

    /// Begins what the clients ask for, in a burst at most.
    fn ask(&mut self, beginning: &mut Beginning<'_>, arrivals: &mut Vec<Arrival<C::Handler>>) {
        if std::mem::take(&mut self.has_ended) {
            self.ask_at = Some(beginning.now);
        }
        for _ in 0..BURST {
            if self.is_over || self.ask_at.is_none_or(|at| at > beginning.now) {
                return;
            }
            let open = beginning.open + arrivals.len() + self.connecting.len();
            self.peak = self.peak.max(open);
            match self.clients.dial(open, beginning.now) {
                Dial::Begin(call) => self.dial(call, beginning, arrivals),
                Dial::At(at) => self.ask_at = Some(at),
                Dial::Wait => self.ask_at = None,
                Dial::Over => self.is_over = true,
            }
        }
    }

    fn dial(&mut self, call: Call<C::Handler>, beginning: &Beginning<'_>, arrivals: &mut Vec<Arrival<C::Handler>>) {
        let Call { address, bind, config, name, handler } = call;
        let (socket, is_connected) = match Socket::connect_nonblocking(address, bind, &self.sockets) {
            Ok(connecting) => connecting,
            Err(error) => return self.clients.ended(handler, None, &CloseReason::Transport(error)),
        };
        let expires = beginning.now + beginning.options.handshake_timeout;
        let connecting = Connecting { socket, peer: address, config, name, handler, expires };
        if is_connected {
            return self.begin_tls(connecting, false, beginning.options, arrivals);
        }
        let entry = self.connecting.vacant_entry();
        let token = entry.key();
        let fd = connecting.socket.as_raw_fd();
        match beginning.registry.register(&mut SourceFd(&fd), Token(token | CONNECTING), Interest::WRITABLE) {
            Ok(()) => {
                self.timeouts.insert(expires, token);
                entry.insert(connecting);
            }
            Err(error) => self.clients.ended(connecting.handler, None, &CloseReason::Transport(error)),
        }
    }

    /// Goes on with what TCP has connected, or has failed to connect.
    fn take_reported(&mut self, options: &LoopOptions, arrivals: &mut Vec<Arrival<C::Handler>>) {
        let mut reported = std::mem::take(&mut self.reported);
        for token in reported.drain(..) {
            let Some(connecting) = self.connecting.try_remove(token) else { continue };
            self.timeouts.remove(connecting.expires, token);
            match connecting.socket.tcp().take_error() {
                Ok(None) => self.begin_tls(connecting, true, options, arrivals),
                Ok(Some(error)) | Err(error) => self.fail(connecting, &CloseReason::Transport(error)),
            }
        }
        self.reported = reported;
    }

    fn begin_tls(
        &mut self,
        connecting: Connecting<C::Handler>,
        is_registered: bool,
        options: &LoopOptions,
        arrivals: &mut Vec<Arrival<C::Handler>>,
    ) {
        let Connecting { socket, peer, config, name, mut handler, .. } = connecting;
        self.clients.connected(&mut handler);
        let mut output = OutBuf::pooled(&options.pool, options.output_bytes);
        let begun = Connection::client(&config, name, &mut output);
        let begun = begun.and_then(|mut connection| {
            self.clients.begun(&mut handler, &mut Reply::new(&mut connection, &mut output))?;
            Ok::<_, Error>(connection)
        });
        match begun {
            Ok(connection) => arrivals.push(Arrival { socket, peer, connection, output, handler, is_registered }),
            Err(error) => {
                drop(socket);
                self.clients.ended(handler, None, &CloseReason::Tls(error));
                self.has_ended = true;
            }
        }
    }

    fn fail(&mut self, connecting: Connecting<C::Handler>, reason: &CloseReason) {
        let Connecting { socket, handler, .. } = connecting;
        // Its file descriptor and its port are free again.
        drop(socket);
        self.clients.ended(handler, None, reason);
        self.has_ended = true;
    }
}

impl<C: Clients> Origin for Dialing<C> {
    type Handler = C::Handler;

    fn is_over(&self) -> bool {
        self.is_over && self.connecting.is_empty()
    }

    fn begin_at(&self, now: Instant) -> Option<Instant> {
        let ask_at = if self.has_ended { Some(now) } else { self.ask_at }.filter(|_| !self.is_over);
        [ask_at, self.timeouts.next()].into_iter().flatten().min()
    }

    fn on_event(&mut self, event: &Event) {
        let Token(token) = event.token();
        if token & CONNECTING != 0 {
            self.reported.push(token & !CONNECTING);
        }
    }

    fn retry(&mut self) {
        self.has_ended = true;
    }

    fn begin(&mut self, beginning: &mut Beginning<'_>, arrivals: &mut Vec<Arrival<C::Handler>>) -> io::Result<()> {
        self.take_reported(beginning.options, arrivals);
        while let Some(token) = self.timeouts.pop_due(beginning.now) {
            if let Some(connecting) = self.connecting.try_remove(token) {
                self.fail(connecting, &CloseReason::TimedOut);
            }
        }
        self.ask(beginning, arrivals);
        Ok(())
    }

    fn ready(&mut self, _: SocketAddr, handler: &mut C::Handler, connection: &Connection) {
        self.clients.ready(handler, connection);
    }

    fn ended(&mut self, _: SocketAddr, handler: C::Handler, connection: &Connection, reason: &CloseReason) {
        self.clients.ended(handler, Some(connection), reason);
        self.has_ended = true;
    }

    fn stop(&mut self) {
        self.is_over = true;
        for connecting in std::mem::take(&mut self.connecting) {
            self.fail(connecting.1, &CloseReason::Stopped);
        }
        self.timeouts = Timers::default();
    }

    fn peak(&self) -> usize {
        self.peak
    }
}
