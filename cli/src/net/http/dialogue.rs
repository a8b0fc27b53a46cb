use std::collections::VecDeque;

use super::fields::{Content, content, keeps_alive};
use super::messages::Messages;

/// The maximum number of fields in a head.
const FIELDS_MAX: usize = 128;
/// The maximum number of requests without a response.
const ASKED_MAX: usize = 1 << 16;

/// Observes what a client sends and receives, to determine whether the response is complete. TLS signals this with
/// close_notify, which not every server sends; a response signals it by its length (RFC 9112 6.3, 8).
///
/// If in doubt, nothing is complete. Holds at most one head in each direction.
#[derive(Debug)]
pub struct Dialogue {
    requests: Messages,
    /// The requests without a response.
    asked: VecDeque<Asked>,
    answers: Messages,
    /// The status of a final response that has begun, if no interim response has since.
    status: Option<u16>,
    /// Whether it leaves the connection open for another one.
    keeps_alive: bool,
    /// Whether there was a response that no known request has asked for.
    has_surplus: bool,
}

/// What the head of a response says.
struct Head {
    status: u16,
    /// The length of its content, if it is unambiguous.
    content: Option<Content>,
    keeps_alive: bool,
}

/// The properties of a request that determine the form of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Head,
    Connect,
    Other,
}

impl Dialogue {
    /// A dialogue in which nothing has been sent or received.
    pub const fn new() -> Self {
        Self {
            requests: Messages::new(),
            asked: VecDeque::new(),
            answers: Messages::new(),
            status: None,
            keeps_alive: false,
            has_surplus: false,
        }
    }

    /// Adds what the client sends. It need not be HTTP.
    pub fn sent(&mut self, data: &[u8]) {
        let Self { requests, asked, answers, .. } = self;
        let read = |head: &[u8]| {
            let (request, content) = read_request(head)?;
            asked.push_back(request);
            Some(content)
        };
        requests.take(data, read, &mut |_| {});
        if asked.len() > ASKED_MAX {
            answers.lose();
            requests.lose();
            *asked = VecDeque::new();
        }
    }

    /// Adds what was received.
    pub fn received(&mut self, data: &[u8]) {
        self.received_content(data, &mut |_| {});
    }

    /// The same, where the content of responses is passed to `on_content`, piece by piece.
    pub fn received_content(&mut self, data: &[u8], on_content: &mut impl FnMut(&[u8])) {
        let Self { asked, answers, status, keeps_alive, has_surplus, .. } = self;
        let read = |head: &[u8]| {
            let head = read_answer(head)?;
            *status = Some(head.status).filter(|code| *code >= 200);
            *keeps_alive = head.keeps_alive;
            let request = if status.is_some() { asked.pop_front() } else { None };
            *has_surplus |= status.is_some() && request.is_none();
            match (head.status, request) {
                // The rest is another protocol, or a tunnel.
                (101, _) | (200..=299, Some(Asked::Connect)) => None,
                (100..=199 | 204 | 304, _) | (_, Some(Asked::Head)) => Some(Content::Bytes(0)),
                _ if head.content? == Content::Untold => Some(Content::ToEnd),
                _ => head.content,
            }
        };
        answers.take(data, read, on_content);
    }

    /// The status of the final response that has begun last.
    pub const fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether the last response leaves the connection open for another one (RFC 9112 9.3).
    pub const fn keeps_alive(&self) -> bool {
        self.keeps_alive
    }

    /// Whether a response has begun that has no length, and extends to the end of the connection.
    pub const fn ends_with_connection(&self) -> bool {
        self.answers.is_to_end()
    }

    /// Whether what was received is no response, or more than the responses to all requests, so that its end is not known.
    pub const fn is_lost(&self) -> bool {
        self.answers.is_lost()
    }

    /// Whether there was a response that no known request has asked for. That is a fault only where all requests are known.
    pub const fn has_surplus(&self) -> bool {
        self.has_surplus
    }

    /// Whether every known request has its response, and the last one is complete.
    pub fn is_whole(&self) -> bool {
        self.status.is_some() && self.answers.is_between() && self.asked.is_empty()
    }
}

impl Default for Dialogue {
    fn default() -> Self {
        Self::new()
    }
}

fn read_request(head: &[u8]) -> Option<(Asked, Content)> {
    let mut storage = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut request = httparse::Request::new(&mut storage);
    request.parse(head).ok()?.is_complete().then_some(())?;
    let asked = match request.method? {
        "HEAD" => Asked::Head,
        "CONNECT" => Asked::Connect,
        _ => Asked::Other,
    };
    Some((asked, content(request.headers, request.version?)?))
}

fn read_answer(head: &[u8]) -> Option<Head> {
    let mut storage = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut answer = httparse::Response::new(&mut storage);
    answer.parse(head).ok()?.is_complete().then_some(())?;
    let version = answer.version?;
    Some(Head {
        status: answer.code?,
        content: content(answer.headers, version),
        keeps_alive: keeps_alive(answer.headers, version),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    const FOUR: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\nA: b\r\n\r\n";

    fn dialogue(sent: &str, received: &[u8], step: usize) -> Dialogue {
        let mut dialogue = Dialogue::new();
        sent.as_bytes().chunks(step).for_each(|piece| dialogue.sent(piece));
        received.chunks(step).for_each(|piece| dialogue.received(piece));
        dialogue
    }

    /// Checks that the dialogue is whole at the end, however its bytes are split, and before it only at the offsets in
    /// `earlier`.
    fn check(sent: &str, received: &str, earlier: &[usize]) {
        for cut in 0..=received.len() {
            let expected = cut == received.len() || earlier.contains(&cut);
            for step in [1, 7, 1 << 20] {
                let is_whole = dialogue(sent, &received.as_bytes()[..cut], step).is_whole();
                assert_eq!(is_whole, expected, "{sent:?}, then {:?}", &received[..cut]);
            }
        }
    }

    #[test]
    fn an_answer_is_whole_at_its_last_byte_and_not_before() {
        check(GET, FOUR, &[]);
        check(GET, CHUNKED, &[]);
        check(GET, "HTTP/1.0 404 Not Found\r\ncontent-length: 0\r\n\r\n", &[]);
        check(GET, "HTTP/1.1 204 No Content\r\n\r\n", &[]);
        check(GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", &[]);
        check(HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", &[]);
        check(HEAD, "HTTP/1.0 200 OK\r\n\r\n", &[]);
        check(GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", &[]);
    }

    #[test]
    fn every_request_needs_its_answer() {
        check(&[GET, GET].concat(), &[FOUR, CHUNKED].concat(), &[]);
        check(&[HEAD, GET].concat(), &["HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", FOUR].concat(), &[]);
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n12";
        check(&[post, GET].concat(), &[FOUR, FOUR].concat(), &[]);
        let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n";
        check(&[chunked, HEAD].concat(), &[FOUR, "HTTP/1.1 200 OK\r\n\r\n"].concat(), &[]);
        // 1xx responses are interim.
        check(GET, &["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n", FOUR].concat(), &[]);
        // If nothing more is known about what was sent, one response for each understood request is enough.
        check("", &[FOUR, FOUR].concat(), &[FOUR.len()]);
        check("hello\n", FOUR, &[]);
        check("no request\r\n\r\n", FOUR, &[]);
        check(&[GET, "GET / HTTP/1.1\r\nHo"].concat(), FOUR, &[]);
    }

    #[test]
    fn what_can_not_be_told_is_never_whole() {
        let get = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\nfour");
        for (sent, received) in [
            (GET, String::new()),
            (GET, get("")),
            (GET, get("Connection: close\r\n")),
            (GET, get("Content-Length: 4, 4\r\n")),
            (GET, get("Content-Length: 4\r\nContent-Length: 4\r\n")),
            (GET, get("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n")),
            (GET, get("Content-Length: +4\r\n")),
            (GET, get("Content-Length : 4\r\n")),
            (GET, get("Transfer-Encoding: gzip\r\n")),
            (GET, get("Content-Length: 3\r\n")),
            (GET, get("Content-Length: 18446744073709551615\r\n")),
            (GET, [FOUR, "five"].concat()),
            (GET, [FOUR, "HTTP/1.1 100 Continue\r\n\r\n"].concat()),
            (GET, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n".into()),
            (GET, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into()),
            (GET, "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n".into()),
            (GET, "hello\r\n\r\n".into()),
            (HEAD, FOUR.into()),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into()),
        ] {
            for step in [1, received.len().max(1)] {
                assert!(!dialogue(sent, received.as_bytes(), step).is_whole(), "{sent:?}, then {received:?}");
            }
        }
    }

    #[test]
    fn the_content_is_told_with_whether_another_request_may_follow() {
        let close = "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 4\r\n\r\nfour";
        let old = "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfour";
        let old_alive = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nfour";
        for (received, keeps_alive) in [
            (FOUR, true),
            (CHUNKED, true),
            (close, false),
            (old, false),
            (old_alive, true),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfour", false),
        ] {
            for step in 1..=received.len() {
                let (mut dialogue, mut content) = (Dialogue::new(), Vec::new());
                dialogue.sent(GET.as_bytes());
                for piece in received.as_bytes().chunks(step) {
                    dialogue.received_content(piece, &mut |data| content.extend_from_slice(data));
                }
                assert_eq!((content.as_slice(), dialogue.keeps_alive()), (&b"four"[..], keeps_alive), "{received:?}");
                assert_eq!(dialogue.is_whole(), !dialogue.ends_with_connection(), "{received:?}");
                assert!(!dialogue.has_surplus());
            }
        }
    }

    #[test]
    fn a_response_too_many_is_noticed() {
        for step in [1, 1000] {
            assert!(dialogue(GET, [FOUR, FOUR].concat().as_bytes(), step).has_surplus());
            assert!(!dialogue(&[GET, GET].concat(), [FOUR, FOUR].concat().as_bytes(), step).has_surplus());
        }
    }

    #[test]
    fn memory_has_a_bound_whatever_comes() {
        for line in ["a", "a: b\r\n", "HTTP/1.1 200 OK\r\n", "\n"] {
            let data = line.repeat((1 << 20) / line.len()).into_bytes();
            let got = dialogue(std::str::from_utf8(&data).expect("text"), &data, 1_000);
            assert!(got.requests.held_bytes() + got.answers.held_bytes() <= 256 << 10);
            assert!(!got.is_whole());
        }
        let mut got = Dialogue::new();
        (0..=ASKED_MAX).for_each(|_| got.sent(GET.as_bytes()));
        assert!(got.asked.is_empty());
        (0..=ASKED_MAX).for_each(|_| got.received(FOUR.as_bytes()));
        assert!(!got.is_whole(), "what is not remembered is not compared");
    }

    #[test]
    fn no_bytes_are_too_odd() {
        let mut random = fastrand::Rng::with_seed(7);
        let text = [GET, FOUR, CHUNKED, HEAD, "\0\u{ff}\r\r\n;,:"].concat().into_bytes();
        for _ in 0..20_000 {
            let mut got = Dialogue::new();
            for _ in 0..random.usize(..20) {
                let from = random.usize(..text.len());
                let piece = &text[from..random.usize(from..text.len())];
                if random.bool() { got.sent(piece) } else { got.received(piece) }
            }
            // Whatever the result, it is the same when asked again.
            assert_eq!(got.is_whole(), got.is_whole());
        }
    }
}
