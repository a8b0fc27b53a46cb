//! A blocking client: sends a line, and prints what comes back.
//!
//! `cargo run -p tls-engine --example client -- 127.0.0.1:8443 localhost roots.pem`

use std::net::TcpStream;
use std::{env, error, fs, io};

use tls_engine::pki::certificates_from_pem;
use tls_engine::pki_types::ServerName;
use tls_engine::{ClientConfig, Stream};

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(name), Some(roots)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: client ADDRESS NAME ROOTS.pem".into());
    };
    let config = ClientConfig::new(&certificates_from_pem(&fs::read(roots)?)?)?;
    let mut stream = Stream::client(&config, ServerName::try_from(name)?, TcpStream::connect(address)?)?;
    stream.send(b"Hello over TLS 1.3\n")?;
    stream.close()?;
    io::copy(&mut stream, &mut io::stdout())?;
    Ok(())
}
