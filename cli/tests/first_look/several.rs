//! Several connections, those that fail, and what goes over the wire.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::support::programs::Program;
use super::support::{Ended, Server, interrupt, run_with, tlsbench};
use super::{REQUEST, Site, document, last};

#[test]
fn what_can_not_be_reached_has_a_document_too() {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port();
    let ended = run_with(tlsbench(["connect", &format!("127.0.0.1:{port}"), "-k", "--json", "--repeat", "3"]), b"");
    ended.expect(6, &["can't reach 127.0.0.1"]);
    let document = document(&ended);
    assert_eq!((&document["connections"], &document["partial"]), (&json!([]), &json!(true)));
    assert!(document["error"].as_str().is_some_and(|error| error.contains("can't reach")), "{document:#}");
}

#[test]
fn connections_in_turn_are_compared() {
    let site = Site::new(|_| {});
    let ended = site.verified(&["--repeat", "3"]);
    ended.expect(0, &["connection 1 of 3: DNS ", "connection 2 of 3: DNS ", "3 connections", "differed:  nothing\n"]);
    assert_eq!(
        ended.output.matches("HTTP/1.1 200 OK\r\n").count(),
        1,
        "standard input goes to the last one: {ended:?}"
    );
    for (row, columns) in [("DNS ", 4), ("TCP ", 4), ("TLS ", 4)] {
        let line =
            ended.errors.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("{row}: {ended:?}"));
        assert!(line.split("  ").filter(|cell| !cell.trim().is_empty()).count() == columns, "{line}");
    }

    let ended = site.verified(&["--repeat", "3", "--resume", "--json"]);
    ended.expect(
        0,
        &["connection for the ticket: DNS ", "chain:     that of the connection for the ticket\nchain:     1 leaf: "],
    );
    let resumed = document(&ended);
    let connections = resumed["connections"].as_array().expect("connections");
    assert_eq!(connections.len(), 3);
    for connection in connections {
        assert_eq!((&connection["negotiated"]["resumed"], &connection["chain"]), (&json!(true), &json!(null)));
    }
    let earlier = &resumed["earlier"];
    assert_eq!((&earlier["negotiated"]["resumed"], &earlier["chain"]["trust"]), (&json!(false), &json!("verified")));
    let spread = resumed["spread"].as_array().expect("a spread");
    assert_eq!(
        spread.iter().map(|each| each["phase"].as_str()).collect::<Vec<_>>(),
        [Some("dns"), Some("tcp"), Some("tls")]
    );
    for each in spread {
        let [min, median, max] = ["min_ns", "median_ns", "max_ns"].map(|key| each[key].as_u64().expect("a time"));
        assert!(min <= median && median <= max && each["connections"] == 3, "{each}");
    }
    for refused in ["0", "1001", "x"] {
        run_with(tlsbench(["connect", "localhost:1", "-k", "--repeat", refused]), b"").expect(2, &["--repeat"]);
    }
}

#[test]
fn a_certificate_that_changes_between_connections_is_told() {
    let sites = [Site::new(|_| {}), Site::new(|_| {})];
    let ports = sites.each_ref().map(|site| site.server.port);
    let port = relay(2, move |number, near| {
        carry(near, TcpStream::connect(("127.0.0.1", ports[number])).expect("a server"), Duration::ZERO);
    });
    let ended = run_with(tlsbench(["connect", &format!("localhost:{port}"), "-k", "--repeat", "2", "--json"]), REQUEST);
    ended.expect(0, &["differed:  certificate (SHA-256): "]);
    let document = document(&ended);
    let hashes: Vec<_> = document["connections"]
        .as_array()
        .expect("connections")
        .iter()
        .map(|connection| &connection["chain"]["certificates"][0]["sha256"])
        .collect();
    assert_eq!(document["differences"], json!([{ "what": "certificate (SHA-256)", "values": hashes }]));
}

#[test]
fn early_data_is_no_part_of_the_handshake() {
    const EARLY_BYTES: u64 = 9_000;
    let server = Server::start(&["--mode", "sink", "--early-data", "16k"]);
    let file = server.directory.path().join("early");
    std::fs::write(&file, "a".repeat(EARLY_BYTES as usize)).expect("a file");
    let ended = server.connect(&["--json", "--early-data", file.to_str().expect("UTF-8")], b"");
    ended.expect(0, &["early data: accepted, 9000 bytes", "up to 16,384 bytes of early data\n"]);
    let document = document(&ended);
    let connection = last(&document);
    assert_eq!(connection["negotiated"]["early_data"], true, "{connection:#}");
    let [handshake, all] = ["handshake_sent_bytes", "sent_bytes"].map(|key| connection["wire"][key].as_u64());
    assert!(handshake < Some(3_000) && all > Some(EARLY_BYTES), "{connection:#}");
}

#[test]
fn a_server_that_goes_away_between_connections_leaves_those_before() {
    let site = Site::new(|_| {});
    let server = site.server.port;
    let port = relay(2, move |_, near| {
        carry(near, TcpStream::connect(("127.0.0.1", server)).expect("a server"), Duration::ZERO);
    });
    let ended = run_with(tlsbench(["connect", &format!("127.0.0.1:{port}"), "-k", "--json", "--repeat", "9"]), REQUEST);
    ended.expect(6, &["connection 2 of 9: ", "2 connections", "can't reach 127.0.0.1"]);
    let document = document(&ended);
    assert_eq!((document["connections"].as_array().map(Vec::len), &document["partial"]), (Some(2), &json!(true)));
}

#[test]
fn bytes_are_those_on_the_wire_and_times_are_told_apart() {
    const DELAY: Duration = Duration::from_millis(300);
    let site = Site::new(|_| {});
    let (server, (sender, counted)) = (site.server.port, channel());
    let port = relay(1, move |_, near| {
        let counts = carry(near, TcpStream::connect(("127.0.0.1", server)).expect("a server"), DELAY);
        sender.send(counts).expect("somebody waits");
    });
    let ended = run_with(tlsbench(["connect", &format!("127.0.0.1:{port}"), "-k", "--json"]), REQUEST);
    ended.expect(0, &[]);
    let document = document(&ended);
    let connection = last(&document);
    let [sent, received] = counted.recv().expect("counts");
    let wire = |key: &str| connection["wire"][key].as_u64().expect("a count");
    assert_eq!([wire("sent_bytes"), wire("received_bytes")], [sent, received], "{connection:#}");
    assert!(wire("handshake_sent_bytes") < sent && wire("handshake_received_bytes") < received, "{connection:#}");
    let time = |phase: &str| connection["times"][phase].as_u64().map(Duration::from_nanos);
    assert!(time("tls_ns") >= Some(DELAY) && time("tcp_ns") < Some(DELAY), "{connection:#}");
    assert!(time("first_byte_ns") >= Some(DELAY), "{connection:#}");
    assert_eq!(time("dns_ns"), None);
}

#[test]
fn what_was_found_before_an_interrupt_is_written() {
    let site = Site::new(|_| {});
    let mut client = Program::start(&mut tlsbench(["connect", &site.server.target(), "-k", "--json"]));
    client.wait_error("chain:     2 ");
    interrupt(&client);
    let (status, output, errors) = client.wait_end();
    let ended = Ended { code: status.code(), output: String::from_utf8_lossy(&output).into_owned(), errors };
    ended.expect(130, &["tickets:   ", "interrupted"]);
    let document = document(&ended);
    assert_eq!((&document["partial"], &document["error"]), (&json!(true), &json!("interrupted")));
    assert_eq!(last(&document)["negotiated"]["version"], "TLSv1.3");
}

/// A server of so many connections, after which nobody listens any more; `behave` gets the number of each, from 0.
fn relay(count: usize, behave: impl Fn(usize, TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let mut listener = Some(listener);
    thread::spawn(move || {
        for number in 0..count {
            let Some(Ok((stream, _))) = listener.as_ref().map(TcpListener::accept) else { return };
            if number + 1 == count {
                listener = None;
            }
            behave(number, stream);
        }
    });
    port
}

/// Carries all bytes both ways, those back with a delay each time. Returns how many went there, and how many back.
fn carry(near: TcpStream, far: TcpStream, delay: Duration) -> [u64; 2] {
    let (from, to) = (near.try_clone().expect("a handle"), far.try_clone().expect("a handle"));
    let there = thread::spawn(move || copy(from, to, Duration::ZERO));
    let back = copy(far, near, delay);
    [there.join().expect("it does not panic"), back]
}

fn copy(mut from: TcpStream, mut to: TcpStream, delay: Duration) -> u64 {
    let (mut buffer, mut total) = ([0; 4096], 0);
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        thread::sleep(delay);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
        total += count as u64;
    }
    let _ = to.shutdown(Shutdown::Write);
    total
}
