//! Requests on one connection, of servers that nobody here wrote, and of such as close it.

use std::io::{Read, Write};

use tempfile::TempDir;

use super::elsewhere::serve;
use super::support::listening::{find_server, identity, serve_with_nginx};
use super::support::{Ended, Server, run};
use super::{cases, has, median, parsed};

fn requests(target: &str, flags: &str) -> Ended {
    run(["latency", "--json", "-k", "--connect", target, "--http-get"].into_iter().chain(flags.split_whitespace()))
}

/// The round trips and the new connections of the first case.
fn counts(ended: &Ended) -> [u64; 2] {
    ended.expect(0, &[]);
    let document = parsed(ended);
    let case = &cases(&document)[0];
    assert!(median(case, "total.round_trip_p50_ns") > 0.0 && !has(case, "total.raw_tcp_round_trip_ns"));
    ["round_trips", "reconnections"].map(|fact| case["achieved"][fact].as_u64().expect("a number"))
}

#[test]
fn nginx_closes_after_a_thousand_requests_which_costs_new_connections_and_no_error() {
    let Some(nginx) = find_server("nginx") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let server = serve_with_nginx(&nginx, &identity(folder.path()), "here");
    let ended = requests(&format!("localhost:{}", server.port), "/ -n 2500 -w 0s");
    assert_eq!(counts(&ended), [2500, 2]);
    let log = std::fs::read_to_string(server.folder().join("access.log")).unwrap_or_default();
    assert_eq!(log.lines().count(), 2500, "each was responded to once");
}

#[test]
fn a_server_of_this_program_responds_also_by_the_clock() {
    let server = Server::start(&["--mode", "http"]);
    let ended = requests(&server.target(), "/ -n 100 -w 0s --rate 2000");
    assert_eq!(counts(&ended), [100, 0]);
    assert!(median(&cases(&parsed(&ended))[0], "total.corrected_round_trip_p50_ns") > 0.0);
}

/// A server that sends this in response to each request, and closes after so many.
fn responding(response: &'static str, requests: u32) -> String {
    serve(move |stream| {
        let mut buffer = [0; 4096];
        for _ in 0..requests {
            if !stream.read(&mut buffer).is_ok_and(|count| count > 0) || stream.write_all(response.as_bytes()).is_err()
            {
                return;
            }
        }
        let _ = stream.close();
    })
}

#[test]
fn connections_that_end_between_requests_are_made_anew_and_others_are_errors() {
    const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere";
    assert_eq!(counts(&requests(&responding(WHOLE, 1), "/ -n 5 -w 0s")), [5, 4]);
    assert_eq!(counts(&requests(&responding(WHOLE, 3), "/ -n 7 -w 0s")), [7, 2]);
    for (response, told) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "responds with status 404: name a page that is there"),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", "name a page of known length"),
        ("220 mail.example ESMTP\r\n\r\n", "what is no response of HTTP/1.1"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhere", "has closed before its response was whole"),
        ("", "closes the connection instead of responding"),
    ] {
        requests(&responding(response, 1), "/ -n 5 -w 0s").expect(1, &[told]);
    }
}
