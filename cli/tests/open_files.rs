//! `tlsbench serve` and the limit on open files: it is raised as far as it goes, and running into it does no harm.

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
    let server = start("ulimit -Sn 64; ulimit -Hn 400", &["--mode", "echo", "--max-connections", "300"]);
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

/// More clients than file descriptors: those that are in are served all the time, the rest when places are free, and the loops
/// do not spin meanwhile.
#[test]
fn it_takes_no_more_connections_than_it_may_have_open() {
    const CLIENTS: usize = 120;
    for signal in ["off", "eventfd"] {
        // So that none of those who wait for their turn here is evicted, however slow this machine is.
        let patient = ["--handshake-timeout", "30s", "--threads", "1", "--signal", signal];
        let server = start("ulimit -n 48", &[&["--mode", "echo"], &patient[..]].concat());
        server.program.wait_error("30 connections at once: 48 files may be open");
        let load = Load::new(&server);
        let mut inside: Vec<_> = (0..30).map(|_| load.connect()).collect();
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 30..CLIENTS {
                scope.spawn(|| {
                    let mut stream = load.connect();
                    load.ping(&mut stream, b"at last");
                    load.hang_up(stream);
                });
            }
            while began.elapsed() < Duration::from_secs(1) {
                for stream in &mut inside {
                    load.ping(stream, b"still there");
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            inside.drain(..).for_each(|stream| load.hang_up(stream));
        });
        let lasted = began.elapsed();
        let ended = server.interrupt();
        ended.expect(0, &["stopped", &format!("{CLIENTS} accepted, {CLIENTS} handshakes, 30 at once at most")]);
        ended.expect(0, &[&format!("{CLIENTS} done, 0 late, 0 failed, 0 stopped, 0 evicted, 0 times none")]);
        // It looks some times a second, and when a connection has ended.
        let tries = (lasted.as_secs_f64() + 5.0) * 10.0 + CLIENTS as f64;
        let (rounds, turns) = (ended.count(" rounds"), ended.count(" turns"));
        assert!(rounds <= 2.0 * turns + 2.0 * tries, "{rounds} rounds for {turns} turns: {ended:?}");
    }
}

#[test]
fn without_file_descriptors_for_a_connection_it_does_not_begin() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 16; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_tlsbench"), "serve", "--listen"]);
    command.arg("127.0.0.1:0");
    let ended = support::run_with(command, b"");
    ended.expect(1, &["no connection could be accepted: 16 files may be open", "ulimit -n"]);
    assert_eq!(ended.output, "", "it does not say that it listens");
}

/// File descriptors that others took: the oldest unfinished handshake gives its own up, and there is one complaint.
#[cfg(target_os = "linux")]
#[test]
fn when_file_descriptors_are_gone_handshakes_give_way() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let server = start("ulimit -n 200", &["--mode", "echo"]);
    let load = Load::new(&server);
    let mut inside = load.connect();
    let pid = Pid::from_raw(server.program.id() as i32).expect("a process");
    let taken = open_files_of(server.program.id());
    let few = Rlimit { current: Some(taken + 4), maximum: Some(taken + 4) };
    prlimit(Some(pid), Resource::Nofile, few).expect("a limit that goes down");
    let crowd: Vec<_> =
        (0..12).map(|_| TcpStream::connect(("127.0.0.1", server.port)).expect("a connection")).collect();
    server.program.wait_error("accepting a connection: ");
    let began = Instant::now();
    let mut stream = load.connect();
    load.ping(&mut stream, b"at last");
    assert!(began.elapsed() < Duration::from_secs(9), "as long as a handshake may take: {:?}", began.elapsed());
    load.ping(&mut inside, b"still there");
    load.hang_up(inside);
    load.hang_up(stream);
    drop(crowd);
    let ended = server.interrupt();
    ended.expect(0, &["2 handshakes", " 2 done", "closed in favor of a new connection"]);
    let complaints = ended.errors.matches("accepting a connection: ").count();
    let accepted = ended.count(" accepted") as usize;
    assert!(complaints <= accepted, "{complaints} complaints, with {accepted} accepted: {ended:?}");
}

/// How many files a process has open, once that stays the same: on a busy machine the last of its threads begins late.
fn open_files_of(process: u32) -> u64 {
    let count = || std::fs::read_dir(format!("/proc/{process}/fd")).expect("its files").count() as u64;
    let mut last = count();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = count();
        if now == last {
            return now;
        }
        last = now;
    }
}

#[test]
fn a_client_that_gives_up_while_it_waits_takes_no_place() {
    let server = start("ulimit -n 24", &["--mode", "echo", "--threads", "1", "--handshake-timeout", "30s"]);
    let load = Load::new(&server);
    let strangers: Vec<_> =
        (0..40).map(|_| TcpStream::connect(("127.0.0.1", server.port)).expect("a connection")).collect();
    drop(strangers);
    let mut stream = load.connect();
    load.ping(&mut stream, b"at last");
    load.hang_up(stream);
    server.interrupt().expect(0, &["1 handshakes", " 1 done"]);
}
