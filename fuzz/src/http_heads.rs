//! Requests to `tlsbench serve`: the answers do not depend on how the bytes come, each byte is worked on a few times at most, and
//! few are kept. What a client makes of answers does not depend on it either.

use tlsbench::net::http::{Dialogue, Requests};

use crate::Input;
use crate::input::cut;

/// The longest head of a request, bytes; a byte more, and it is refused.
const HEAD_MAX: usize = 16 << 10;

/// The input: whether the bytes are an answer to a client, or requests to a server, and how often they come: without repetition no
/// input is too long.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let flags = input.byte();
    let lens = input.bytes();
    let whole = input.rest().repeat(1 + usize::from(flags >> 1) % 8);
    for pieces in [cut(&whole, lens), whole.chunks(1).collect()] {
        if flags % 2 == 1 {
            assert_eq!(is_whole(&[&whole]), is_whole(&pieces));
        } else {
            assert_eq!(answers(&[&whole]), answers(&pieces));
        }
    }
}

/// What a server answers, in order.
fn answers(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut requests = Requests::new("/");
    let mut answers = Vec::new();
    let mut came = 0;
    for piece in pieces {
        requests.push(piece);
        came += piece.len() as u64;
        while let Some(request) = requests.take() {
            let answer = request.answer("text/plain", "a page");
            assert_eq!(parsed(&answer), request.status().0);
            answers.push(answer);
            assert!(request.keeps_alive || requests.waiting_bytes() == 0, "nothing is read behind the last request");
        }
        assert!(requests.waiting_bytes() < HEAD_MAX, "a head that is too long is refused");
        assert!(requests.work_bytes() <= 3 * came, "{} for {came} bytes", requests.work_bytes());
    }
    answers
}

/// The status of an answer, as another program reads it.
fn parsed(answer: &[u8]) -> u16 {
    let mut fields = [httparse::EMPTY_HEADER; 8];
    let mut response = httparse::Response::new(&mut fields);
    assert!(response.parse(answer).expect("an answer that parses").is_complete());
    response.code.expect("a status")
}

/// Whether a client takes the answer to its request as whole, after every piece of it.
fn is_whole(pieces: &[&[u8]]) -> bool {
    let mut dialogue = Dialogue::new();
    dialogue.sent(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
    pieces.iter().for_each(|piece| dialogue.received(piece));
    dialogue.is_whole()
}
