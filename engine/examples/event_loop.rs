//! A server of very many connections on one thread, that sends back what it receives.
//!
//! `cargo run -p tls-engine --example event_loop -- 127.0.0.1:8443 chain.pem key.pem`

use std::net::SocketAddr;
use std::{env, error, fs};

use tls_engine::ServerConfig;
use tls_engine::conn::{Connection, Reply};
use tls_engine::error::Error;
use tls_engine::io::event_loop::{Activity, CloseReason, EventLoop, Handler, LoopOptions, Service};
use tls_engine::io::{Listener, SocketOptions};
use tls_engine::pki::{certificates_from_pem, private_key_from_pem};

/// What is done with one connection.
struct Echo;

impl Handler for Echo {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        reply.send_all(data)?;
        Ok(Activity::Progress)
    }
}

/// Makes a handler for each connection.
struct EchoService;

impl Service for EchoService {
    type Handler = Echo;

    fn accepted(&mut self, _: SocketAddr) -> Echo {
        Echo
    }

    fn ended(&mut self, peer: SocketAddr, _: Echo, connection: &Connection, reason: &CloseReason) {
        println!("{peer}: {} bytes echoed, {reason:?}", connection.sealed().bytes);
    }
}

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(chain), Some(key)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: event_loop ADDRESS CHAIN.pem KEY.pem".into());
    };
    let (chain, key) = (certificates_from_pem(&fs::read(chain)?)?, private_key_from_pem(&fs::read(key)?)?);
    let config = ServerConfig::new(chain, &key)?;
    let listener = Listener::bind(address.parse()?, SocketOptions::default())?;
    println!("listening on {}", listener.local_addr()?);
    EventLoop::new(listener, &config, &LoopOptions::default())?.run(EchoService)?;
    Ok(())
}
