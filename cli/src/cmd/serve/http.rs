//! A page for curl and browsers that shows what was negotiated.

use tls_engine::Error;
use tls_engine::conn::Reply;
use tls_engine::io::event_loop::{Activity, Handler};

use super::outcome::summary;
use crate::net::http::Requests;

/// Requests on one connection.
const REQUESTS_MAX: u32 = 1_000;
/// The type of the page.
const PAGE_TYPE: &str = "text/html; charset=utf-8";

/// Requests that may wait for their answers, bytes. A client that sends more without reading is answered once more and left.
const BACKLOG_MAX_BYTES: usize = 64 << 10;

/// Answers requests until one side has had enough.
pub(super) struct Http {
    requests: Requests,
    /// The last answer, where there was no room for all of it.
    answer: Vec<u8>,
    /// How much of it was sent.
    sent: usize,
    /// How many requests were answered.
    answered: u32,
    /// Whether no request is read any more.
    is_last: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self { requests: Requests::new("/"), answer: Vec::new(), sent: 0, answered: 0, is_last: false }
    }
}

impl Http {
    /// Whether no request is under way.
    pub(super) const fn is_idle(&self) -> bool {
        self.requests.waiting_bytes() == 0 && self.answer.is_empty()
    }

    /// Answers as many requests as there are, and as there is room for.
    fn go_on(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        loop {
            if !self.answer.is_empty() {
                self.sent += reply.send(&[&self.answer[self.sent..]])?;
                if self.sent < self.answer.len() {
                    return Ok(());
                }
                self.answer.clear();
            }
            if self.is_last {
                reply.close();
                return Ok(());
            }
            let Some(mut request) = self.requests.take() else { break };
            self.answered += 1;
            request.keeps_alive &= self.answered < REQUESTS_MAX && self.requests.waiting_bytes() <= BACKLOG_MAX_BYTES;
            if !request.keeps_alive {
                self.is_last = true;
                self.requests.close();
            }
            let page = reply.connection().negotiated().map(|negotiated| page(&summary(negotiated)));
            self.answer = request.answer(PAGE_TYPE, &page.unwrap_or_default());
            self.sent = 0;
        }
        if self.is_idle() {
            // It may be idle for long, as one of very many.
            self.requests.release_if_empty();
            self.answer = Vec::new();
        }
        Ok(())
    }
}

impl Handler for Http {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        if self.is_last {
            return Ok(Activity::Partial);
        }
        let answered = self.answered;
        self.requests.push(data);
        self.go_on(reply)?;
        // One deadline for the whole request: a byte now and then does not buy time.
        Ok(if self.answered > answered { Activity::Progress } else { Activity::Partial })
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        self.go_on(reply)
    }
}

/// The page, about a connection with this summary.
fn page(summary: &str) -> String {
    // Part of the summary is the client's: the name and the protocol it asked for.
    let summary = summary.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><title>tlsbench</title></head>\n<body><h1>tlsbench serve</h1>\n\
         <p>Negotiated: <code>{summary}</code></p></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_client_does_not_become_markup() {
        assert!(page("name <script>").contains("name &lt;script&gt;"));
    }
}
