//! A server on an event loop, in a thread of its own, and clients that block.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tls_engine::conn::{ClientConfig, Connection, ServerConfig};
use tls_engine::io::event_loop::{EventLoop, LoopOptions, LoopStatistics, Service, Stopper};
use tls_engine::io::{Listener, Socket, SocketOptions, Stream};
use tls_engine::mem::{InBuf, OutBuf};

use super::endpoint::DEADLINE;
use super::{localhost, pki::KeyKind, providers};

pub struct Server {
    pub address: SocketAddr,
    pub client: Arc<ClientConfig>,
    stopper: Stopper,
    thread: JoinHandle<LoopStatistics>,
}

impl Server {
    pub fn start(options: LoopOptions, service: impl Service + Send + 'static) -> Self {
        Self::with_sockets(options, SocketOptions::default(), service)
    }

    pub fn with_sockets(options: LoopOptions, sockets: SocketOptions, service: impl Service + Send + 'static) -> Self {
        let provider = providers()[0];
        Self::with_config(
            options,
            sockets,
            super::server(provider, KeyKind::EcdsaP256, |config| config),
            super::client(provider, KeyKind::EcdsaP256, |config| config),
            service,
        )
    }

    pub fn with_config(
        options: LoopOptions,
        sockets: SocketOptions,
        server: Arc<ServerConfig>,
        client: Arc<ClientConfig>,
        service: impl Service + Send + 'static,
    ) -> Self {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), sockets).expect("a port of this host");
        let address = listener.local_addr().expect("its address");
        let event_loop = EventLoop::new(listener, server, options).expect("a loop");
        let stopper = event_loop.stopper();
        let thread = std::thread::spawn(move || event_loop.run(service).expect("a poll that works"));
        Self { address, client, stopper, thread }
    }

    pub fn connect(&self) -> Stream<Socket> {
        self.connect_with(&SocketOptions { timeout: Some(DEADLINE), ..SocketOptions::default() })
    }

    pub fn connect_with(&self, options: &SocketOptions) -> Stream<Socket> {
        let socket = Socket::connect(self.address, options).expect("a server that accepts");
        let mut output = OutBuf::with_capacity(1 << 16);
        let connection = Connection::client(&self.client, localhost(), &mut output).expect("a client");
        let mut stream = Stream::new(connection, socket, InBuf::with_capacity(1 << 16), output);
        stream.handshake().expect("a handshake");
        stream
    }

    /// Stops the loop, and tells what it has done.
    pub fn stop(self) -> LoopStatistics {
        self.stopper.stop().expect("a loop to stop");
        self.join()
    }

    /// Waits for the loop to end by itself.
    pub fn join(self) -> LoopStatistics {
        let started = std::time::Instant::now();
        while !self.thread.is_finished() {
            assert!(started.elapsed() < DEADLINE, "the loop does not end");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        self.thread.join().expect("a loop that does not panic")
    }
}
