//! Servers that fail: each is told by name, in bounded time, with the exit code that scripts go by.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::support::endpoint::DEADLINE;
use super::support::listening::{announced_target, identity};
use super::support::programs::Program;
use super::support::scripted::{answering, strangers};
use super::support::skip::{find, skip};
use super::support::{Server, interrupt, tlsbench};
use super::{case, count, handshake};

const FEW: [&str; 8] = ["--connections", "2", "--duration", "500ms", "--warmup", "0s", "--timeout", "300ms"];

/// Ends a connection by RST.
fn reset(socket: TcpStream) {
    socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).expect("a socket");
    drop(socket);
}

/// Fails with this code in bounded time, saying all of this.
#[track_caller]
fn fails(target: &str, flags: &[&str], code: i32, told: &[&str]) {
    let began = Instant::now();
    let ended = handshake(target, &[&FEW, flags].concat());
    ended.expect(code, told);
    assert!(began.elapsed() < DEADLINE / 3, "bounded in time: {:?}", began.elapsed());
    assert_eq!(ended.output, "", "there is nothing to tell");
}

#[test]
fn nobody_there() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port");
    fails(&closed.to_string(), &[], 6, &["can't reach", "refused", "nothing is listening there"]);
    fails("localhost:9", &["-6"], 6, &["can't reach localhost:9"]);
    fails("no-such-host.invalid", &[], 6, &["can't reach no-such-host.invalid:443"]);
}

#[test]
fn silent() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let target = listener.local_addr().expect("an address").to_string();
    fails(&target, &[], 1, &["did not respond in time", "--timeout"]);
}

#[test]
fn reset_in_each_state() {
    // At once, where it depends on how fast the client is whether TCP has connected; then after the ClientHello.
    let ended = handshake(&strangers(reset), &FEW);
    assert!(matches!(ended.code, Some(1 | 6)) && ended.errors.contains("reset by peer"), "{ended:?}");
    let after_hello = |mut socket: TcpStream| {
        let _ = socket.read(&mut [0; 2048]);
        reset(socket);
    };
    fails(&strangers(after_hello), &[], 1, &["reset"]);
    let page = format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{}", "x".repeat(100_000));
    let server = answering(page.leak());
    let port: u16 = server.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    // Within the ServerHello, within the certificate, and within the response.
    for (bytes, flags) in [(50, &[][..]), (400, &[]), (20_000, &["--http-get", "/"])] {
        let target = strangers(move |mut near| {
            let mut far = TcpStream::connect(("127.0.0.1", port)).expect("a server");
            let (mut from, mut to) = (near.try_clone().expect("a handle"), far.try_clone().expect("a handle"));
            let copying = thread::spawn(move || std::io::copy(&mut from, &mut to));
            let mut left = bytes;
            let mut piece = [0; 2048];
            while left > 0 {
                let room = left.min(piece.len());
                let Ok(count @ 1..) = far.read(&mut piece[..room]) else { break };
                let _ = near.write_all(&piece[..count]);
                left -= count;
            }
            // So that the client reads it before it hears of the reset.
            thread::sleep(Duration::from_millis(20));
            let _ = far.shutdown(Shutdown::Both);
            // The other handle has to go first.
            let _ = near.shutdown(Shutdown::Read);
            let _ = copying.join();
            reset(near);
        });
        fails(&target, flags, 1, &["reset"]);
    }
}

#[test]
fn not_who_it_should_be() {
    let server = Server::start(&["--mode", "http"]);
    let ca = server.ca.to_str().expect("UTF-8");
    let mut command = tlsbench(["handshake", "--connect", &server.target(), "--cacert", ca, "--sni", "other.example"]);
    let ended = super::run_with(
        {
            command.args(FEW);
            command
        },
        b"",
    );
    ended.expect(1, &["other.example", "--sni NAME"]);
}

#[test]
fn no_tls_1_3() {
    let Some(openssl) = find("openssl") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let [certificate, key] = identity(folder.path());
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-cert"]).arg(&certificate);
    let server = Program::start(command.arg("-key").arg(&key));
    let target = announced_target(&server, "ACCEPT 127.0.0.1:");
    fails(&target, &[], 1, &["protocol_version", "does not support TLS 1.3"]);
}

#[test]
fn no_tls_at_all() {
    let target = strangers(|mut socket| {
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    fails(&target, &[], 1, &["expect TLS from the first byte"]);
}

#[test]
fn too_little_too_much_or_something_else() {
    for (response, told) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfour", "before the end of its response"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfour", "before the end of its response"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour and more\r\n\r\n", "no HTTP/1.1 response, or more than one"),
        ("220 mail.example ESMTP\r\n\r\n", "no HTTP/1.1 response, or more than one"),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "with the status 503"),
    ] {
        fails(&answering(response), &["--http-get", "/"], 1, &[told]);
    }
    // These are whole.
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end",
    ] {
        let ended =
            handshake(&answering(response), &["--http-get", "/", "--connections", "2", "-n", "10", "--warmup", "0s"]);
        ended.expect(0, &[]);
        assert_eq!(count(&case(&ended), "handshakes"), 10, "{response}");
    }
}

#[test]
fn gone_half_way_and_what_was_measured_is_kept() {
    let mut server = Server::start(&["--mode", "sink"]);
    let mut command = tlsbench(["handshake", "--connect", &server.target(), "-k", "--json"]);
    let mut client =
        Program::start(command.args(["--connections", "2", "--duration", "60s", "--warmup", "0s", "--timeout", "1s"]));
    thread::sleep(Duration::from_millis(1500));
    interrupt(&server.program);
    server.program.wait_end();
    let (status, output, errors) = client.wait_end();
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(errors.contains("connections failed in the end") && errors.contains("refused"), "{errors}");
    let document: Value = serde_json::from_slice(&output).expect("a document");
    assert_eq!(document["partial"], true);
    let case = &document["cases"][0];
    assert!(count(case, "handshakes") > 0 && count(case, "failed") > 0, "{case}");
    assert!(case["achieved"]["failures"].as_str().is_some_and(|told| told.contains("refused")), "{case}");
}

#[test]
fn more_connections_than_files() {
    let server = Server::start(&["--mode", "sink"]);
    let program = env!("CARGO_BIN_EXE_tlsbench");
    let script =
        format!("ulimit -n 64 && exec {program} handshake --connect {} -k --connections 100 -n 100", server.target());
    let mut command = Command::new("sh");
    command.args(["-c", &script]);
    super::run_with(command, b"").expect(1, &["100 connections at once need more open files than the 64", "ulimit -n"]);
}

/// Makes a network with five local ports and a server that never answers, and runs the command there.
const FIVE_PORTS: &str = r#"
import fcntl, os, socket, struct, subprocess, sys

loopback = socket.socket()
fcntl.ioctl(loopback, 0x8914, struct.pack("16sh14x", b"lo", 1))
with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as file:
    file.write("40000 40004")
silent = socket.create_server(("127.0.0.1", 4433))
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"#;

#[test]
fn local_ports_run_out() {
    let (Some(unshare), Some(python)) = (find("unshare"), find("python3")) else { return };
    let run = |more: &[&str]| {
        let mut command = Command::new(&unshare);
        command.args(["--net", "--map-root-user"]).arg(&python).args(["-c", FIVE_PORTS]);
        command.args([env!("CARGO_BIN_EXE_tlsbench"), "handshake", "--connect", "127.0.0.1:4433", "-k"]);
        super::run_with(
            {
                command.args(["--connections", "10", "-n", "10", "--warmup", "0s", "--timeout", "500ms"]).args(more);
                command
            },
            b"",
        )
    };
    let ended = run(&[]);
    if ended.errors.contains("unshare failed") {
        return skip("this system lets nobody make a network of one's own");
    }
    ended.expect(
        6,
        &["local ports may run out", "there are 5, and 10 are needed", "--bind", "Cannot assign requested address"],
    );
    // Linux has an even number of them for each address that is bound.
    let ended = run(&["--bind", "127.0.0.1,127.0.0.2,127.0.0.3"]);
    ended.expect(1, &["did not respond in time"]);
    assert!(!ended.errors.contains("ports may run out"), "{ended:?}");
}
