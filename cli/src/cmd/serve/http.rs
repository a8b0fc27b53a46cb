//! A page for curl and browsers that tells what was negotiated.

use std::time::{Duration, Instant};

use super::outcome::{End, summary};
use crate::net::http::{Parsed, Request, parse};
use crate::net::{Conversation, Failure};

/// Requests on one connection.
pub(super) const REQUESTS_MAX: u32 = 1_000;
/// The type of the page.
pub(super) const PAGE_TYPE: &str = "text/html; charset=utf-8";

/// Answers requests until one side has had enough.
pub(super) fn run(conversation: &mut Conversation, timeout: Duration) -> Result<End, Failure> {
    let page = conversation.connection().negotiated().map(|negotiated| page(&summary(negotiated))).unwrap_or_default();
    let mut received = Vec::new();
    for _ in 0..REQUESTS_MAX {
        // One deadline for the whole request: a byte now and then does not buy time.
        let deadline = Instant::now() + timeout;
        let request = loop {
            match parse(&received, "/") {
                Parsed::Incomplete => {}
                Parsed::Refused(status) => break Request::refused(status),
                Parsed::Head { length, request } => {
                    received.drain(..length);
                    break request;
                }
            }
            match conversation.wait(deadline) {
                Ok(true) => conversation.take(&mut received)?,
                // Between requests, a client that leaves, or stays silent, is done.
                Ok(false) => return Ok(End::Leave),
                Err(Failure::Late) if received.is_empty() => return Ok(End::Leave),
                Err(failure) if received.is_empty() && failure.is_gone() => return Ok(End::Done),
                Err(failure) => return Err(failure),
            }
        };
        conversation.send(&request.answer(PAGE_TYPE, &page), Instant::now() + timeout)?;
        if !request.keeps_alive {
            return Ok(End::Leave);
        }
    }
    Ok(End::Leave)
}

/// The page, about a connection with this summary.
pub(super) fn page(summary: &str) -> String {
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
