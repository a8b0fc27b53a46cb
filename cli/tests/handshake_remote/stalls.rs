//! An open loop against a server that stalls: what connections had to wait for is told, though few of them were begun meanwhile.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tls_engine::conn::ServerConfig;
use tls_engine::crypto::Provider;
use tls_engine::io::Stream;
use tls_engine::pki::CertifiedKey;

use super::support::pki::{KeyKind, Pki};
use super::{case, count, handshake, median};

/// A server of the engine, one connection after the other, in a thread that ends with the test program. Returns its target.
pub(crate) fn serve_in_turn(answer: impl Fn(&mut Stream<TcpStream>) + Send + 'static) -> String {
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

#[test]
fn the_corrected_p99_shows_a_stall_and_the_uncorrected_one_does_not() {
    let began = Instant::now();
    let has_stalled = std::cell::Cell::new(false);
    let target = serve_in_turn(move |stream| {
        if began.elapsed() > Duration::from_millis(2500) && !has_stalled.replace(true) {
            thread::sleep(Duration::from_secs(1));
        }
        let _ = stream.receive();
    });
    let flags = ["--rate", "250", "--connections", "2", "--duration", "7s", "--warmup", "500ms"];
    let ended = handshake(&target, &flags);
    ended.expect(0, &[]);
    let case = case(&ended);
    assert!(count(&case, "handshakes") >= 1000, "enough for a 99th percentile: {case}");
    let [seen, corrected] =
        ["connection_p99_ns", "corrected_connection_p99_ns"].map(|name| median(&case, &format!("client.{name}")));
    assert!(seen < 0.5e9, "two of the connections were there for the stall: {seen}");
    assert!(corrected >= 0.5e9, "hundreds had to wait for it: {corrected}");
}

/// A server that answers a request so, and says close_notify.
pub(crate) fn answering(response: &'static str) -> String {
    serve_in_turn(move |stream| {
        let mut request = [0; 4096];
        if stream.read(&mut request).is_ok_and(|count| count > 0) {
            let _ = stream.write_all(response.as_bytes());
        }
    })
}
