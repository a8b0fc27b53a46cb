//! A blocking server that sends back what it receives, with a thread for each connection.
//!
//! `cargo run -p tls-engine --example server -- 127.0.0.1:8443 chain.pem key.pem`

use std::net::{TcpListener, TcpStream};
use std::{env, error, fs, thread};

use tls_engine::pki::{certificates_from_pem, private_key_from_pem};
use tls_engine::{ServerConfig, Stream, StreamError};

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(chain), Some(key)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: server ADDRESS CHAIN.pem KEY.pem".into());
    };
    let (chain, key) = (certificates_from_pem(&fs::read(chain)?)?, private_key_from_pem(&fs::read(key)?)?);
    let config = ServerConfig::new(chain, &key)?;
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    for socket in listener.incoming() {
        let stream = Stream::server(&config, socket?);
        thread::spawn(move || echo(stream).unwrap_or_else(|error| eprintln!("{error}")));
    }
    Ok(())
}

fn echo(mut stream: Stream<TcpStream>) -> Result<(), StreamError> {
    while stream.receive_with(|data, reply| reply.send_all(data))? {}
    stream.close()
}
