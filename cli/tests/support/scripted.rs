//! Servers that do what a test says, in threads that end with the test program.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tls_engine::conn::ServerConfig;
use tls_engine::crypto::Provider;
use tls_engine::io::Stream;
use tls_engine::pki::CertifiedKey;

use super::pki::{KeyKind, Pki};

/// A server of the engine, one connection after the other. Returns its target.
pub fn serve_in_turn(answer: impl Fn(&mut Stream<TcpStream>) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = format!("localhost:{}", listener.local_addr().expect("an address").port());
    let (provider, identity) = (Provider::auto(), Pki::shared_identity(KeyKind::EcdsaP256));
    let key = CertifiedKey::new(provider, identity.chain.clone(), &identity.key).expect("a key for its leaf");
    let config: Arc<ServerConfig> = ServerConfig::builder(provider).certificate(key).build().expect("a server");
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let _ = socket.set_read_timeout(Some(Duration::from_secs(5)));
            let mut stream = Stream::server(&config, socket);
            if stream.handshake().is_ok() {
                answer(&mut stream);
                let _ = stream.close();
            }
        }
    });
    target
}

/// A server that answers a request so, and says close_notify.
pub fn answering(response: &'static str) -> String {
    serve_in_turn(move |stream| {
        let mut request = [0; 4096];
        if stream.read(&mut request).is_ok_and(|count| count > 0) {
            let _ = stream.write_all(response.as_bytes());
        }
    })
}

/// A TCP server that does this with each connection. Returns its target.
pub fn strangers(behave: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let target = format!("localhost:{}", listener.local_addr().expect("an address").port());
    thread::spawn(move || listener.incoming().flatten().for_each(behave));
    target
}
