//! What records ask of the heap once a connection has settled, from the sender's slice to the receiver's.

use std::io::{Read, Write};

use tls_engine::conn::Progress;
use tls_engine::switches::Switches;

use crate::meter::Asked;
use crate::rustls_endpoints::{RustlsEndpoints, send, take};
use crate::{Case, Endpoints, Peer};

const WARM_UP: usize = 10;
const RECORDS: usize = 100;
const SIZES: [usize; 3] = [64, 1350, 16_384];

#[test]
fn without_any_optimization_a_record_asks_for_no_more_than_one_of_rustls() {
    for case in Case::of_rustls() {
        for size in SIZES {
            let data = vec![7; size];
            let (ours, rustls) = (ours(&case, &data), by_rustls(&case, &data));
            let calls = |asked: Asked| [asked.client.calls, asked.server.calls];
            let [ours, rustls] = [ours, rustls].map(calls);
            println!(
                "{case}, {size} B, heap calls of {RECORDS} records there and as many back, client and server: \
                 {ours:?}; rustls: {rustls:?}"
            );
            assert!(ours.iter().zip(rustls).all(|(ours, rustls)| *ours <= rustls), "{case} {size}");
            assert_eq!(ours, [0, 0], "{case} {size}");
        }
    }
}

fn ours(case: &Case, data: &[u8]) -> Asked {
    let (mut client, mut server) = Endpoints::new(case, Switches::none()).connect(case, &mut Asked::default());
    let mut asked = Asked::default();
    for number in 0..WARM_UP + RECORDS {
        if number == WARM_UP {
            asked = Asked::default();
        }
        asked.client.add(|| client.say(data));
        asked.server.add(|| server.hear(&client, data));
        asked.client.add(|| client.is_sent());
        asked.server.add(|| server.say(data));
        asked.client.add(|| client.hear(&server, data));
        asked.server.add(|| server.is_sent());
    }
    asked
}

impl Peer {
    fn say(&mut self, data: &[u8]) {
        assert_eq!(self.connection.write_tls(&[data], &mut self.output), Ok(data.len()));
    }

    fn hear(&mut self, peer: &Self, expected: &[u8]) {
        assert_eq!(self.input.put(peer.output.waiting()), peer.output.len());
        let progress = self.connection.read_tls(&mut self.input, &mut self.output).unwrap();
        assert!(progress == Progress::Data(expected));
        self.input.release_if_empty();
    }
}

fn by_rustls(case: &Case, data: &[u8]) -> Asked {
    let (mut client, mut server) = RustlsEndpoints::new(case).connect(&mut Asked::default());
    let mut asked = Asked::default();
    let (mut wire, mut received) = (Vec::with_capacity(1 << 16), vec![0; data.len()]);
    let say = |end: &mut rustls::Connection, wire: &mut Vec<u8>| {
        end.writer().write_all(data).unwrap();
        send(end, wire);
    };
    let hear = |end: &mut rustls::Connection, wire: &[u8], received: &mut [u8]| {
        take(end, wire);
        end.reader().read_exact(received).unwrap();
        assert!(received == data);
        received.fill(0);
    };
    for number in 0..WARM_UP + RECORDS {
        if number == WARM_UP {
            asked = Asked::default();
        }
        asked.client.add(|| say(&mut client, &mut wire));
        asked.server.add(|| hear(&mut server, &wire, &mut received));
        asked.server.add(|| say(&mut server, &mut wire));
        asked.client.add(|| hear(&mut client, &wire, &mut received));
    }
    asked
}
