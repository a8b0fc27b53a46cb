//! Servers that nobody here wrote say how many handshakes there were, and how many of them resumed a session: as many as are told here.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::support::endpoint::DEADLINE;
use super::support::go::session;
use super::support::listening::{
    Listening, announced_target, find_server, identity, serve_with_apache, serve_with_gnutls, serve_with_nginx,
    serve_with_openssl,
};
use super::support::programs::Program;
use super::support::skip::find;
use super::support::{run_with, tlsbench};
use super::{case, count, handshake};

/// What is measured: the flags, and which share of the handshakes resumes a session, at least. A server that gives two tickets to a full
/// handshake, and none to others, as Node's, can have two thirds of them.
const WORKS: [(&[&str], f64); 3] = [
    (&["--kind", "full", "-n", "40"], 0.0),
    (&["--kind", "resumed", "-n", "60"], 0.6),
    (&["--mix", "full=20,resumed=80", "-n", "50"], 0.6),
];
/// For servers that send their tickets with the first response.
const GET: &[&str] = &["--http-get", "/"];

/// Handshakes, and those among them that resumed a session.
type Counts = (u64, u64);

/// Measures each work, without a warm-up, and holds what is told to what the server has counted by then.
#[track_caller]
fn counts_alike(target: &str, flags: &[&str], servers: impl Fn() -> Counts) {
    let mut before = servers();
    for (work, least) in WORKS {
        let ended = handshake(target, &[work, flags, &["--warmup", "0s", "--connections", "2"]].concat());
        ended.expect(0, &[]);
        let case = case(&ended);
        let [handshakes, resumed] = ["handshakes", "resumed"].map(|fact| count(&case, fact));
        assert_eq!((handshakes.to_string(), count(&case, "failed")), (work[3].to_owned(), 0), "{case}");
        let after = eventually(&servers, |now| now.0 >= before.0 + handshakes);
        assert_eq!((after.0 - before.0, after.1 - before.1), (handshakes, resumed), "{work:?}: {case}");
        assert!(resumed as f64 >= least * handshakes as f64, "{work:?}: {resumed} of {handshakes}");
        assert_eq!(share(&case), resumed as f64 / handshakes as f64);
        before = servers();
    }
}

fn share(case: &Value) -> f64 {
    case["negotiated"]["resumed_share"].as_f64().expect("a share")
}

/// The first counts that are as they should be, as servers count when they are done; or the last.
fn eventually(servers: &impl Fn() -> Counts, is_enough: impl Fn(Counts) -> bool) -> Counts {
    let began = Instant::now();
    loop {
        let counts = servers();
        if is_enough(counts) || began.elapsed() > DEADLINE / 4 {
            return counts;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The answer to a line, on a connection of its own.
fn asked(target: &str, line: &[u8]) -> String {
    let ended = run_with(tlsbench(["connect", target, "-k", "-q"]), line);
    ended.expect(0, &[]);
    ended.output
}

/// The number before `words`.
#[track_caller]
fn number(text: &str, words: &str) -> u64 {
    let (before, _) = text.split_once(words).unwrap_or_else(|| panic!("{words} in {text}"));
    let digits = before.trim_end().rsplit(|character: char| !character.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("a number before {words} in {text}"))
}

#[test]
fn as_openssl_does() {
    let Some(openssl) = find("openssl") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let (_server, target) = serve_with_openssl(&openssl, &identity(folder.path()));
    // Each question is a connection, and counts too.
    let asked_times = std::cell::Cell::new(0);
    counts_alike(&target, &[], || {
        let page = asked(&target, b"GET / HTTP/1.0\r\n\r\n");
        asked_times.set(asked_times.get() + 1);
        (number(&page, " server accepts that finished") - asked_times.get(), number(&page, " session cache hits"))
    });
}

/// Counts handshakes, and says how many there were where it is asked.
const PYTHON: &str = r#"
import socket, ssl, sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
handshakes = resumed = 0
while True:
    plain, _ = listener.accept()
    with context.wrap_socket(plain, server_side=True) as connection:
        if connection.recv(4096).startswith(b"count"):
            connection.sendall(f"{handshakes} handshakes, {resumed} resumed\n".encode())
        else:
            handshakes += 1
            resumed += connection.session_reused
        connection.unwrap().close()
"#;

#[test]
fn as_python_does() {
    let Some(python) = find("python3") else { return };
    counts_of_program(&[], |files| {
        let mut command = Command::new(python);
        command.args(["-c", PYTHON]).args(files);
        command
    });
}

/// The same. It sends its tickets with the first response.
const NODE: &str = r#"
const [cert, key] = process.argv.slice(1).map((path) => require("fs").readFileSync(path));
let handshakes = 0, resumed = 0;
const server = require("tls").createServer({ cert, key, minVersion: "TLSv1.3" }, (socket) => {
    handshakes += 1;
    resumed += socket.isSessionReused();
    socket.once("data", (data) => socket.end(data.toString().startsWith("count") ?
        `${--handshakes} handshakes, ${resumed} resumed\n` : "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"));
    socket.on("error", () => {});
});
server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
"#;

#[test]
fn as_node_does() {
    let Some(node) = find("node") else { return };
    counts_of_program(GET, |files| {
        let mut command = Command::new(node);
        command.args(["-e", NODE]).args(files);
        command
    });
}

#[test]
fn as_go_does() {
    let Some(session) = session() else { return };
    counts_of_program(&[], |files| {
        let mut command = Command::new(session);
        command.arg("server").args(files);
        command
    });
}

/// A server that says `port N`, and answers `count` with its counts.
#[track_caller]
fn counts_of_program(flags: &[&str], command: impl FnOnce(&[std::path::PathBuf; 2]) -> Command) {
    let folder = TempDir::new().expect("a temporary directory");
    let server = Program::start(&mut command(&identity(folder.path())));
    let target = announced_target(&server, "port ");
    counts_alike(&target, flags, || {
        let told = asked(&target, b"count\n");
        (number(&told, " handshakes"), number(&told, " resumed"))
    });
}

#[test]
fn as_gnutls_does() {
    let Some(gnutls) = find_server("gnutls-serv") else { return };
    let server = serve_with_gnutls(&gnutls);
    counts_alike(&format!("localhost:{}", server.port), &[], || {
        let log = server.program.wait_output("anything", |_| true);
        let text = String::from_utf8_lossy(&log);
        // One line for each that has completed; those that only look whether it listens do not.
        let lines = |told: &str| text.lines().filter(|line| line.contains(told)).count() as u64;
        (lines("- Description: (TLS1.3"), lines("This is a resumed session"))
    });
}

/// A log with a word for each request.
fn counts_of_log(folder: &Path, resumed: &str) -> Counts {
    let log = std::fs::read_to_string(folder.join("access.log")).unwrap_or_default();
    (log.lines().count() as u64, log.lines().filter(|line| *line == resumed).count() as u64)
}

#[test]
fn as_nginx_does() {
    let Some(nginx) = find_server("nginx") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let server = serve_with_nginx(&nginx, &identity(folder.path()), "here");
    counts_alike(&format!("localhost:{}", server.port), GET, || counts_of_log(server.folder(), "r"));
}

#[test]
fn as_apache_does() {
    let Some(apache) = find_server("apache2") else { return };
    let server = serve_with_apache(&apache, b"here");
    // A question at the port without a handshake is logged, too.
    let before = counts_of_log(server.folder(), "Initial").0;
    assert_eq!(before, 0, "nothing was asked yet");
    counts_alike(&format!("localhost:{}", server.port), &["--http-get", "/page"], || {
        counts_of_log(server.folder(), "Resumed")
    });
}

const HAPROXY: &str = "
global
    nbthread 1
    stats socket ipv4@127.0.0.1:{stats} level user
defaults
    mode http
    timeout connect 30s
    timeout client 30s
    timeout server 30s
    log-format %[ssl_fc_is_resumed]
frontend front
    bind 127.0.0.1:{port} ssl crt {folder}/both.pem ssl-min-ver TLSv1.3
    log 127.0.0.1:{syslog} local0
    http-request return status 200 content-type text/plain string here
";

/// haproxy logs by UDP.
#[test]
fn as_haproxy_does() {
    let Some(haproxy) = find_server("haproxy") else { return };
    let log = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    log.set_nonblocking(true).expect("a socket");
    let syslog = log.local_addr().expect("an address").port();
    let stats =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let server = Listening::start("haproxy.cfg", |folder, port| {
        let both = identity(Path::new(folder)).map(|file| std::fs::read_to_string(file).expect("a file")).concat();
        std::fs::write(Path::new(folder).join("both.pem"), both).expect("a file");
        let mut command = Command::new(&haproxy);
        command.args(["-db", "-f"]);
        let configuration = HAPROXY.replace("{folder}", folder).replace("{port}", &port.to_string());
        (command, configuration.replace("{stats}", &stats.to_string()).replace("{syslog}", &syslog.to_string()))
    });
    let counts = std::cell::Cell::new((0, 0));
    counts_alike(&format!("localhost:{}", server.port), GET, || {
        let (mut handshakes, mut resumed) = counts.get();
        let mut line = [0; 2048];
        while let Ok(length) = log.recv(&mut line) {
            let text = String::from_utf8_lossy(&line[..length]);
            let word = text.trim().rsplit(' ').next().unwrap_or_default().to_owned();
            handshakes += u64::from(matches!(word.as_str(), "0" | "1"));
            resumed += u64::from(word == "1");
        }
        counts.set((handshakes, resumed));
        counts.get()
    });
    // Its own statistics agree on the sum. It counts the connection, too, that asked whether it listens.
    assert_eq!(cumulated(stats), counts.get().0 + 1);
}

/// The TLS connections that haproxy says it has had.
fn cumulated(port: u16) -> u64 {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("its statistics");
    socket.write_all(b"show info\n").expect("a question");
    let mut told = String::new();
    socket.read_to_string(&mut told).expect("an answer");
    let sum = told.lines().find_map(|line| line.strip_prefix("CumSslConns: ")).expect("a count");
    sum.parse().expect("a number")
}
