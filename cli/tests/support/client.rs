//! The load: clients of the engine that block, as many as there are file descriptors, with memory only while they talk.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tls_engine::conn::ClientConfig;
use tls_engine::crypto::Provider;
use tls_engine::io::{Socket, SocketOptions, Stream};
use tls_engine::mem::{BufferPool, PoolOptions};
use tls_engine::pki::{ServerVerifier, certificates_from_pem};
use tls_engine::switches::{BufferPoolKind, Switches};

use super::Server;
use super::endpoint::DEADLINE;

pub type Client = Stream<Socket>;

/// What clients of one server have in common.
pub struct Load {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    pool: BufferPool,
}

impl Load {
    pub fn new(server: &Server) -> Self {
        let provider = Provider::all()[0];
        let authority =
            certificates_from_pem(&std::fs::read(&server.ca).expect("the authority")).expect("certificates");
        let verifier = ServerVerifier::new(&authority).expect("a root");
        let config = ClientConfig::builder(provider).verifier(verifier).switches(Switches::all()).build();
        Self {
            address: ([127, 0, 0, 1], server.port).into(),
            config: config.expect("a client"),
            pool: BufferPool::new(BufferPoolKind::ThreadLocal, PoolOptions::default()),
        }
    }

    /// A connection of which TLS does not know yet.
    pub fn begin(&self) -> Client {
        let options = SocketOptions { timeout: Some(DEADLINE), ..SocketOptions::default() };
        let socket = Socket::connect(self.address, &options).expect("a server that listens");
        let name = ServerName::try_from("localhost").expect("a name");
        Stream::client_pooled(&self.config, name, socket, &self.pool).expect("a client")
    }

    /// Shakes hands.
    pub fn finish(&self, mut client: Client) -> Client {
        client.handshake().expect("a handshake in time");
        client.release_buffers();
        client
    }

    pub fn connect(&self) -> Client {
        self.finish(self.begin())
    }

    /// Sends a message and takes it back.
    pub fn ping(&self, client: &mut Client, message: &[u8]) {
        client.write_all(message).expect("a server that reads");
        let mut back = vec![0; message.len()];
        client.read_exact(&mut back).expect("an answer in time");
        assert_eq!(back, message);
        client.release_buffers();
    }

    /// Says goodbye, and waits for the answer.
    pub fn hang_up(&self, mut client: Client) {
        client.close().expect("a server that is there");
        assert_eq!(client.receive().expect("close_notify"), b"");
    }
}
