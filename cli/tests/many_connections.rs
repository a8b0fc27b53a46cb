//! Ten thousand connections on the loops of one server, all alive at once. Server and load are processes of their own: each has a file
//! descriptor per connection, and often no more than 20,000 to spend.

#![cfg(unix)]

mod support;

use std::thread;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::client::Load;
use support::skip::unable;
use support::{Server, tlsbench};

const CONNECTIONS: usize = 10_000;
/// Both processors are kept busy while one of the clients waits.
const THREADS: usize = 4;
/// What the load and each program have open besides connections, at most.
const OTHERS: u64 = 100;
/// Where 10,000 idle connections have buffers of two records each, it is 660 MB; what is left is state, keys and names.
#[cfg(target_os = "linux")]
const SERVER_BYTES_MAX: u64 = 80 << 20;

#[test]
fn ten_thousand_connections_are_all_served() {
    let limit = getrlimit(Resource::Nofile).maximum;
    if limit.is_some_and(|limit| limit < CONNECTIONS as u64 + OTHERS) {
        return unable(&format!("only {limit:?} files may be open"));
    }
    // Where there is no limit, the system has one of its own that it takes.
    let enough = Rlimit { current: Some(CONNECTIONS as u64 + OTHERS), maximum: limit };
    setrlimit(Resource::Nofile, enough).expect("no more than is allowed");
    let server = Server::start_as(tlsbench(["serve"]), &["--mode", "echo", "--timeout", "60s"]);
    let load = Load::new(&server);
    let text = |number: usize| format!("connection {number}").into_bytes();
    let begun = Instant::now();
    let mut clients = in_threads((0..CONNECTIONS).collect(), |number| {
        let mut client = load.connect();
        load.ping(&mut client, &text(number));
        (number, client)
    });
    println!("all are up after {:?}", begun.elapsed());
    clients = in_threads(clients, |(number, mut client)| {
        load.ping(&mut client, &text(number).repeat(2));
        (number, client)
    });
    println!("all were served once more after {:?}", begun.elapsed());
    #[cfg(target_os = "linux")]
    {
        let bytes = peak_bytes(server.program.id());
        println!("{} bytes of the server's memory per connection", bytes / CONNECTIONS as u64);
        assert!(bytes < SERVER_BYTES_MAX, "{bytes} bytes for {CONNECTIONS} connections");
    }
    in_threads(clients, |(_, client)| load.hang_up(client));
    let ended = server.interrupt();
    let counts =
        "10000 accepted, 10000 handshakes, 10000 at once at most, 10000 done, 0 late, 0 failed, 0 stopped, 0 evicted";
    ended.expect(0, &[counts, " 0 times none could be accepted"]);
    println!("{}", ended.errors);
}

/// Does `work` with all `items`, in as many threads as keep the processors busy.
fn in_threads<T: Send, R: Send>(mut items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(THREADS);
    let mut shares = Vec::new();
    while !items.is_empty() {
        shares.push(items.split_off(items.len().saturating_sub(share)));
    }
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(move || share.into_iter().map(work).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread that does not panic")).collect()
    })
}

/// The most memory that the process has had at once.
#[cfg(target_os = "linux")]
fn peak_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process that runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number") << 10
}
