use tls_engine::Error;
use tls_engine::conn::Reply;
use tls_engine::io::event_loop::{Handler, Pace};

use super::super::http::{PAGE_TYPE, REQUESTS_MAX, page};
use super::super::outcome::summary;
use crate::net::http::{Parsed, Request, parse};

/// Requests that may wait for their answers, bytes. A client that sends more without reading is answered once more and left.
const BACKLOG_MAX_BYTES: usize = 64 << 10;

/// Answers requests until one side has had enough.
#[derive(Default)]
pub(super) struct Http {
    received: Vec<u8>,
    /// What of the last answer there was no room for.
    answer: Vec<u8>,
    requests: u32,
    /// Whether no request is read any more.
    is_last: bool,
}

impl Http {
    /// Whether no request is under way.
    pub(super) const fn is_idle(&self) -> bool {
        self.received.is_empty() && self.answer.is_empty()
    }

    /// Answers as many requests as there are, and as there is room for.
    fn go_on(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        loop {
            if !self.answer.is_empty() {
                let sent = reply.send(&[&self.answer])?;
                self.answer.drain(..sent);
            }
            if !self.answer.is_empty() {
                return Ok(());
            }
            if self.is_last {
                reply.close();
                return Ok(());
            }
            let mut request = match parse(&self.received, "/") {
                Parsed::Incomplete => break,
                Parsed::Refused(status) => Request::refused(status),
                Parsed::Head { length, request } => {
                    self.received.drain(..length);
                    request
                }
            };
            self.requests += 1;
            request.keeps_alive &= self.requests < REQUESTS_MAX && self.received.len() <= BACKLOG_MAX_BYTES;
            self.is_last = !request.keeps_alive;
            let page = reply.connection().negotiated().map(|negotiated| page(&summary(negotiated)));
            self.answer = request.answer(PAGE_TYPE, &page.unwrap_or_default());
        }
        if self.is_idle() {
            // It may be idle for long, as one of very many.
            (self.received, self.answer) = (Vec::new(), Vec::new());
        }
        Ok(())
    }
}

impl Handler for Http {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Pace, Error> {
        if self.is_last {
            return Ok(Pace::Piece);
        }
        let answered = self.requests;
        self.received.extend_from_slice(data);
        self.go_on(reply)?;
        // One deadline for the whole request: a byte now and then does not buy time.
        Ok(if self.requests > answered { Pace::Progress } else { Pace::Piece })
    }

    fn on_room(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        self.go_on(reply)
    }
}
