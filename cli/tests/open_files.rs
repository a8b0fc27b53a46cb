//! `tlsbench serve --event-loop` and the limit on open files: it is raised as far as it goes, and running into it does no harm.

#![cfg(unix)]

mod support;

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use support::Server;
use support::client::Load;

/// The server under the limits that `ulimit` sets in the shell before.
fn start(limit: &str, arguments: &[&str]) -> Server {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limit}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_tlsbench"), "serve", "-v"]);
    Server::start_as(command, arguments)
}

#[test]
fn the_limit_is_raised_as_far_as_it_goes() {
    let server = start("ulimit -Sn 64; ulimit -Hn 400", &["--event-loop", "--mode", "echo", "-c", "300"]);
    server.program.wait_error("open files: up to 400, at first 64");
    let load = Load::new(&server);
    let mut streams: Vec<_> = (0..200).map(|_| load.connect()).collect();
    for stream in &mut streams {
        load.ping(stream, b"all at once");
    }
    streams.into_iter().for_each(|stream| load.hang_up(stream));
    let ended = server.interrupt();
    ended
        .expect(0, &["200 accepted, 200 handshakes, 200 at once at most, 200 done", " 0 times none could be accepted"]);
    assert!(!ended.errors.contains("ulimit"), "{}", ended.errors);
}

/// More clients than file descriptors: those that are in are served all the time, the rest when places are free, and the loop
/// does not spin meanwhile.
#[test]
fn without_file_descriptors_it_waits_for_some() {
    const CLIENTS: usize = 120;
    for signal in ["off", "eventfd"] {
        let server = start("ulimit -n 48", &["--event-loop", "--mode", "echo", "--signal", signal]);
        server.program.wait_error("some 32 connections at once: 48 files may be open");
        let load = Load::new(&server);
        // The system accepts all of them; the server as many as it can.
        let mut waiting: Vec<_> = (0..CLIENTS).map(|_| load.begin()).collect();
        waiting.reverse();
        let mut inside = Vec::new();
        for _ in 0..20 {
            inside.push(load.finish(waiting.pop().expect("a client")));
        }
        server.program.wait_error("accepting a connection: ");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(1) {
            for stream in &mut inside {
                load.ping(stream, b"still there");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        inside.into_iter().for_each(|stream| load.hang_up(stream));
        // First come, first served.
        while let Some(client) = waiting.pop() {
            let mut stream = load.finish(client);
            load.ping(&mut stream, b"at last");
            load.hang_up(stream);
        }
        let lasted = began.elapsed();
        let ended = server.interrupt();
        ended.expect(0, &["stopped", &format!("{CLIENTS} accepted, {CLIENTS} handshakes")]);
        ended.expect(0, &[&format!("{CLIENTS} done, 0 late, 0 failed, 0 stopped")]);
        let failures = ended.count(" times none could be accepted");
        // It tries ten times a second, and when a connection has ended.
        let tries = (lasted.as_secs_f64() + 5.0) * 10.0 + CLIENTS as f64;
        assert!(failures > 0.0 && failures <= tries, "{failures} failures to accept, at most {tries}: {ended:?}");
        let (rounds, turns) = (ended.count(" rounds"), ended.count(" turns"));
        assert!(rounds <= 2.0 * turns + 2.0 * tries, "{rounds} rounds for {turns} turns: {ended:?}");
    }
}

#[test]
fn a_client_that_gives_up_while_it_waits_takes_no_place() {
    let server = start("ulimit -n 24", &["--event-loop", "--mode", "echo"]);
    let load = Load::new(&server);
    let strangers: Vec<_> =
        (0..40).map(|_| TcpStream::connect(("127.0.0.1", server.port)).expect("a connection")).collect();
    server.program.wait_error("accepting a connection: ");
    drop(strangers);
    let mut stream = load.connect();
    load.ping(&mut stream, b"at last");
    load.hang_up(stream);
    server.interrupt().expect(0, &["1 handshakes", " 1 done"]);
}
