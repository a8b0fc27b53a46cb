use std::io::ErrorKind;
use std::sync::Arc;

use tls_engine::io::{Filled, Socket};

use super::callers::{Caller, Calls, Trip};
use super::message::{Message, Patience};
use super::{Elsewhere, Work};
use crate::error::Error;
use crate::library::{Endpoint, EngineEndpoint, Received, fill, flush};
use crate::net::http::Dialogue;

/// The first status of errors (RFC 9110 15).
const STATUS_ERROR: u16 = 400;

/// Requests on one connection (HTTP/1.1), each after the whole response to the one before. Servers close a connection after a
/// number of requests: then there is a new one, whose making is not timed.
pub(super) struct HttpClient {
    elsewhere: Elsewhere,
    work: Work,
    request: Arc<[u8]>,
    endpoint: EngineEndpoint,
    socket: Socket,
    dialogue: Dialogue,
    /// System calls of connections before this one.
    calls_before: u64,
    /// The responses on this connection.
    responses: u64,
    has_closed: bool,
}

impl HttpClient {
    /// One with this connection.
    pub(super) fn new(
        elsewhere: &Elsewhere,
        work: &Work,
        request: &Arc<[u8]>,
        endpoint: EngineEndpoint,
        socket: Socket,
    ) -> Self {
        Self {
            elsewhere: elsewhere.clone(),
            work: work.clone(),
            request: Arc::clone(request),
            endpoint,
            socket,
            dialogue: Dialogue::new(),
            calls_before: 0,
            responses: 0,
            has_closed: false,
        }
    }

    /// Sends the request and waits for the whole response. `false` if the connection has ended before the first byte of it.
    fn respond(&mut self) -> Result<bool, Error> {
        let mut patience = Patience::new(self.work.patience);
        let mut done = 0;
        while done < self.request.len() || !self.endpoint.outgoing().is_empty() {
            if done < self.request.len() {
                done += self.endpoint.send(&self.request[done..])?;
            }
            match flush(&mut self.endpoint, &mut self.socket) {
                Ok(true) => {}
                Ok(false) => patience.wait()?,
                Err(error) if is_end(error.kind()) => return Ok(false),
                Err(error) => return Err(Error::io("sending", error)),
            }
        }
        self.dialogue.sent(&self.request);
        let mut has_begun = false;
        while !self.dialogue.is_whole() {
            let filled = match fill(&mut self.endpoint, &mut self.socket) {
                Ok(filled) => filled,
                Err(error) if is_end(error.kind()) => Filled::End,
                Err(error) => return Err(Error::io("receiving", error)),
            };
            let received = match filled {
                Filled::WouldBlock => {
                    patience.wait()?;
                    continue;
                }
                Filled::End => Received::Closed,
                Filled::Bytes(_) | Filled::Full => self.endpoint.receive(|data| {
                    has_begun = true;
                    self.dialogue.received(data);
                    Ok(())
                })?,
            };
            self.check()?;
            if received == Received::Closed {
                self.has_closed = true;
                match self.dialogue.is_whole() {
                    true => break,
                    false if has_begun => return self.failed("has closed before its response was whole"),
                    false => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    /// Fails where the end of a response can't be known, or it is an error.
    fn check(&self) -> Result<(), Error> {
        if self.dialogue.ends_with_connection() {
            return self.failed(
                "sends a response whose end is that of the connection, so that there can be no second one: name a page of known \
                 length with --http-get PATH",
            );
        }
        if self.dialogue.is_lost() {
            return self.failed("sends what is no response of HTTP/1.1, or more than was asked for");
        }
        match self.dialogue.status() {
            Some(status) if status >= STATUS_ERROR => {
                self.failed(&format!("responds with status {status}: name a page that is there with --http-get PATH"))
            }
            _ => Ok(()),
        }
    }

    fn failed<T>(&self, what: &str) -> Result<T, Error> {
        Err(Error::Failed(format!("{} {what}", self.elsewhere.target)))
    }

    fn reconnect(&mut self) -> Result<(), Error> {
        self.close();
        self.calls_before += self.socket.syscalls().total();
        (self.endpoint, self.socket, _) = self.elsewhere.connect(&self.work)?;
        (self.dialogue, self.responses, self.has_closed) = (Dialogue::new(), 0, false);
        Ok(())
    }
}

impl Caller for HttpClient {
    fn round_trip(&mut self, _: &[u8], _: &mut Message) -> Result<Trip, Error> {
        if !self.has_closed && self.respond()? {
            self.responses += 1;
            return Ok(Trip::Made);
        }
        if self.responses == 0 {
            return self.failed("closes the connection instead of responding");
        }
        self.reconnect()?;
        Ok(Trip::Again)
    }

    fn calls(&self) -> Option<Calls> {
        Some(Calls { client: self.calls_before + self.socket.syscalls().total(), server: None })
    }

    fn close(&mut self) {
        let _ = self.endpoint.close();
        let _ = flush(&mut self.endpoint, &mut self.socket);
    }
}

/// Whether the connection has ended, in one of the ways in which a socket says so.
fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}
