//! The endpoint for Prometheus: one request on a connection, a few connections at once, none for long.

mod page;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tls_engine::io::{Listener, Socket, SocketOptions};

use self::page::Page;
use crate::error::Error;
use crate::net::DeadlineSocket;
use crate::net::http::{Request, Requests};
use crate::plan::Serve;

const PATH: &str = "/metrics";
/// So many are answered at once; more wait in the system's queue.
const THREADS: usize = 4;
/// How long a client may take, from its first byte to the last of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long, and how much, is read from a client that was answered, so that the answer is not lost to a reset.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 256 << 10;
/// How long accepting pauses after a failure: most are due to missing file descriptors, which become free again.
const PAUSE: Duration = Duration::from_millis(100);

/// Begins to tell what the connections of `plan` do, at `address`; returns where that really is.
pub(super) fn start(address: SocketAddr, plan: &Serve) -> Result<SocketAddr, Error> {
    let listener = Listener::bind(address, SocketOptions::default())
        .map_err(|error| Error::io(format!("listening on {address}"), error))?;
    let address = listener.local_addr().map_err(|error| Error::io("asking for the port", error))?;
    let shared = Arc::new((listener, Page::new(Arc::clone(&plan.config), plan.options.pool.clone())));
    for _ in 0..THREADS {
        let shared = Arc::clone(&shared);
        thread::Builder::new()
            .name("metrics".into())
            .spawn(move || answer_all(&shared.0, &shared.1))
            .map_err(|error| Error::io("starting a thread", error))?;
    }
    Ok(address)
}

/// As long as the process lives.
fn answer_all(listener: &Listener, page: &Page) {
    loop {
        match listener.accept() {
            // What becomes of one client is no concern of the server's, which is about something else.
            Ok((socket, _)) => drop(answer(socket, page)),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

fn answer(socket: Socket, page: &Page) -> io::Result<()> {
    let mut socket = DeadlineSocket::new(socket)?;
    socket.wait_until(Some(Instant::now() + PATIENCE))?;
    let mut request = receive(&mut socket)?;
    request.keeps_alive = false;
    socket.write_all(&request.answer(Page::CONTENT_TYPE, &page.text()))?;
    socket.socket().tcp().shutdown(Shutdown::Write)?;
    socket.wait_until(Some(Instant::now() + LINGER))?;
    let (mut scratch, mut total) = ([0; 4096], 0);
    while total < LINGER_BYTES {
        match socket.read(&mut scratch)? {
            0 => break,
            count => total += count,
        }
    }
    Ok(())
}

fn receive(socket: &mut DeadlineSocket) -> io::Result<Request> {
    let mut requests = Requests::new(PATH);
    let mut piece = [0; 2048];
    loop {
        match socket.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => requests.push(&piece[..count]),
        }
        if let Some(request) = requests.take() {
            return Ok(request);
        }
    }
}
