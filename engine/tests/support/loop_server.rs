//! A server on event loops, each in a thread of its own, and clients that block.

#![allow(clippy::needless_pass_by_value, reason = "a test hands over what it has made")]

use std::net::SocketAddr;
use std::num::NonZeroUsize;
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
    threads: Vec<JoinHandle<LoopStatistics>>,
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
        let mut service = Some(service);
        let service = move || service.take().expect("one loop, one service");
        Self::on_loops(1, &options, sockets, &server, client, service)
    }

    /// On so many `loops`, with a configuration of the server's.
    pub fn several_with_config<V: Service + Send + 'static>(
        loops: usize,
        options: LoopOptions,
        server: &Arc<ServerConfig>,
        service: impl FnMut() -> V,
    ) -> Self {
        let client = super::client(providers()[0], KeyKind::EcdsaP256, |config| config);
        Self::on_loops(loops, &options, SocketOptions::default(), server, client, service)
    }

    /// On so many `loops`, each with a `service` of its own.
    pub fn several<V: Service + Send + 'static>(
        loops: usize,
        options: LoopOptions,
        service: impl FnMut() -> V,
    ) -> Self {
        let provider = providers()[0];
        let server = super::server(provider, KeyKind::EcdsaP256, |config| config);
        let client = super::client(provider, KeyKind::EcdsaP256, |config| config);
        Self::on_loops(loops, &options, SocketOptions::default(), &server, client, service)
    }

    fn on_loops<V: Service + Send + 'static>(
        loops: usize,
        options: &LoopOptions,
        sockets: SocketOptions,
        server: &Arc<ServerConfig>,
        client: Arc<ClientConfig>,
        mut service: impl FnMut() -> V,
    ) -> Self {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), sockets).expect("a port of this host");
        let address = listener.local_addr().expect("its address");
        let loops = NonZeroUsize::new(loops).expect("a loop at least");
        let loops = EventLoop::group(listener, server, options, loops).expect("loops");
        let stopper = loops[0].stopper();
        let start = |event_loop: EventLoop| {
            let service = service();
            std::thread::spawn(move || event_loop.run(service).expect("a poll that works"))
        };
        Self { address, client, stopper, threads: loops.into_iter().map(start).collect() }
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

    /// Stops the loops, and tells what they have done.
    pub fn stop(self) -> LoopStatistics {
        self.stopper.stop().expect("a loop to stop");
        self.join()
    }

    /// Waits for the loops to end by themselves.
    pub fn join(self) -> LoopStatistics {
        let mut sum = LoopStatistics::default();
        for ended in self.join_each() {
            sum += ended.expect("a loop that does not panic");
        }
        sum
    }

    /// What became of each loop.
    pub fn join_each(self) -> Vec<std::thread::Result<LoopStatistics>> {
        let started = std::time::Instant::now();
        while !self.threads.iter().all(JoinHandle::is_finished) {
            assert!(started.elapsed() < DEADLINE, "the loops do not end");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        self.threads.into_iter().map(JoinHandle::join).collect()
    }
}
