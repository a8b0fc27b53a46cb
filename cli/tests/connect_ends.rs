//! `tlsbench connect`: how conversations end with servers that are not ours and do not end them as they should. What was cut is told
//! from what is whole, and what the server said last from what the socket says of it.

mod support;

use std::path::Path;
use std::process::Command;

use support::pki::{KeyKind, Pki};
use support::programs::Program;
use support::skip::find;
use support::{Ended, run_with, tlsbench};

/// A TLS server of one connection: it reads a request's head, sends the answer that its standard input holds, and closes the
/// connection without close_notify, as Python's and Java's servers do; with `reset`, not even orderly; with `late`, it answers only
/// some time after close_notify.
const ABRUPT: &str = r#"
import socket, ssl, struct, sys, time
chain, key, ending = sys.argv[1:]
answer = sys.stdin.buffer.read()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
accepted = listener.accept()[0]
# A reset takes back what was not sent yet.
accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
connection = context.wrap_socket(accepted, server_side=True)
received = b""
while b"\n\n" not in received and b"\r\n\r\n" not in received:
    received += connection.recv(65536) or b"\n\n"
if ending == "late":
    while connection.recv(65536):
        pass
    time.sleep(0.3)
connection.sendall(answer)
if ending == "reset":
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
connection.close()
"#;

/// A TLS server that demands a certificate of every client, for as long as it runs.
const DEMANDING: &str = r#"
import socket, ssl, sys
chain, key, root = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)
context.load_verify_locations(root)
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
while True:
    connection = listener.accept()[0]
    try:
        context.wrap_socket(connection, server_side=True).recv(1)
    except OSError:
        pass
    connection.close()
"#;

/// Certificate chain, key and root of a server, as files.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let identity = Pki::shared_identity(KeyKind::EcdsaP256);
        std::fs::write(directory.path().join("chain.pem"), &identity.chain_pem).expect("written");
        std::fs::write(directory.path().join("key.pem"), &identity.key_pem).expect("written");
        let root = Pki::shared(KeyKind::EcdsaP256).write_root(directory.path());
        std::fs::rename(root, directory.path().join("root.pem")).expect("renamed");
        Self { directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// `tlsbench connect` to this port.
    fn connect(&self, port: u16, linger: &str, input: &[u8]) -> Ended {
        let mut command = tlsbench(["connect", &format!("localhost:{port}"), "--linger", linger, "--cacert"]);
        command.arg(self.path("root.pem"));
        run_with(command, input)
    }

    /// A server in Python; its port comes on standard output.
    fn serve(&self, python: &Path, script: &str, last: &str, input: &[u8]) -> (Program, u16) {
        let mut command = Command::new(python);
        command.args(["-c", script]).arg(self.path("chain.pem")).arg(self.path("key.pem")).arg(last);
        let mut program = Program::start(&mut command);
        program.send(input);
        program.close_input();
        let output = program.wait_output("its port", |output| output.ends_with(b"\n"));
        let port = String::from_utf8_lossy(&output).trim().rsplit(' ').next().and_then(|port| port.parse().ok());
        (program, port.expect("a port"))
    }
}

/// What comes of `request` where the server sends `answer` and is gone.
fn ask(python: &Path, files: &Files, request: &str, answer: &str, ending: &str) -> Ended {
    let (_server, port) = files.serve(python, ABRUPT, ending, answer.as_bytes());
    let linger = if ending == "late" { "0s" } else { "10s" };
    let ended = files.connect(port, linger, request.as_bytes());
    assert!(ended.output == answer, "{} of {} bytes are printed: {}", ended.output.len(), answer.len(), ended.errors);
    ended
}

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour";

#[test]
fn a_whole_answer_without_close_notify_is_a_warning() {
    let Some(python) = find("python3") else { return };
    let files = Files::new();
    let head = "HEAD / HTTP/1.0\r\n\r\n";
    for (request, answer, ending) in [
        (GET, WHOLE, "close"),
        (GET, WHOLE, "reset"),
        (GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n", "close"),
        (GET, "HTTP/1.1 204 No Content\r\n\r\n", "close"),
        (head, "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n", "close"),
    ] {
        let ended = ask(&python, &files, request, answer, ending);
        ended.expect(0, &["warning: localhost:", "without close_notify", "its HTTP response is complete"]);
        assert!(!ended.errors.contains("error"), "{ended:?}");
    }
}

#[test]
fn an_answer_to_close_notify_is_waited_for() {
    let Some(python) = find("python3") else { return };
    ask(&python, &Files::new(), GET, WHOLE, "late").expect(0, &[]);
}

#[test]
fn an_answer_that_may_be_cut_short_is_an_error() {
    let Some(python) = find("python3") else { return };
    let files = Files::new();
    let two = [GET, GET].concat();
    for (request, answer) in [
        (GET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour"),
        (GET, "HTTP/1.1 200 OK\r\n\r\nfour"),
        (GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n"),
        (GET, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"),
        (GET, ""),
        ("hello\n\n", "hello\n"),
        (&two, WHOLE),
    ] {
        let ended = ask(&python, &files, request, answer, "close");
        ended.expect(1, &["error: localhost:", "without close_notify"]);
    }
    ask(&python, &files, GET, "HTTP/1.1 200 OK\r\n\r\nfour", "reset").expect(1, &["error: talking to localhost:"]);
}

#[test]
fn what_came_before_a_write_failed_is_printed() {
    let Some(python) = find("python3") else { return };
    let files = Files::new();
    // The server reads only the beginning of it, so that the rest makes the system reset the connection.
    let request =
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n{}", "a".repeat(9_000_000));
    // No more than the client's socket takes at once: what was not sent yet is lost with the reset.
    let body = "b".repeat(40_000);
    for _ in 0..10 {
        let answer = format!("HTTP/1.1 413 Content Too Large\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        ask(&python, &files, &request, &answer, "close").expect(0, &["warning: localhost:", "without close_notify"]);
        let answer = format!("HTTP/1.1 413 Content Too Large\r\n\r\n{body}");
        // Whether the system says that the peer has left or that it has reset the connection is a matter of luck.
        let ended = ask(&python, &files, &request, &answer, "close");
        ended.expect(1, &["error: ", "localhost:"]);
    }
}

#[test]
fn openssls_demand_for_a_certificate_is_told_by_name() {
    let Some(openssl) = find("openssl") else { return };
    let files = Files::new();
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-Verify", "1", "-cert"]);
    command.arg(files.path("chain.pem")).arg("-cert_chain").arg(files.path("chain.pem"));
    command.arg("-key").arg(files.path("key.pem"));
    let server = Program::start(&mut command);
    let accepts = |output: &[u8]| {
        let text = String::from_utf8_lossy(output);
        let line = text.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
        text.contains('\n').then(|| line.rsplit(':').next()?.trim().parse().ok()).flatten()
    };
    let output = server.wait_output("its port", |output| accepts(output).is_some());
    expect_alert(&files, accepts(&output).expect("it was there"));
}

#[test]
fn pythons_demand_for_a_certificate_is_told_by_name() {
    let Some(python) = find("python3") else { return };
    let files = Files::new();
    let root = files.path("root.pem");
    let (_server, port) = files.serve(&python, DEMANDING, root.to_str().expect("UTF-8"), b"");
    expect_alert(&files, port);
}

/// Whether the alert comes before or after what is sent is a matter of luck, and what is said of it must not be.
fn expect_alert(files: &Files, port: u16) {
    for round in 0..40 {
        // More than the socket takes, mostly; a little, and nothing.
        let input = b"hello\n".repeat([0, 1, 100_000, 200_000][round % 4]);
        let ended = files.connect(port, "10s", &input);
        ended.expect(1, &[&format!("error: localhost:{port}: the peer sent the alert certificate_required")]);
        ended.expect(1, &["asked for a certificate, and has none", "shows one with --cert FILE and --key FILE"]);
    }
    for round in 0..10 {
        let direction = ["send", "receive"][round % 2];
        let mut command = tlsbench(["throughput", "--connect", &format!("localhost:{port}"), "--direction", direction]);
        command.args(["--duration", "1s", "--warmup", "0s", "--cacert"]).arg(files.path("root.pem"));
        let ended = run_with(command, b"");
        ended.expect(1, &[&format!("error: localhost:{port}: the peer sent the alert certificate_required")]);
    }
}
