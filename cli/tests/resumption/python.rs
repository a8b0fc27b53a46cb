//! Python's `ssl`, over the OpenSSL that it was built with.

use std::process::Command;

use tempfile::TempDir;

use super::support::listening::{announced_target, identity};
use super::support::programs::Program;
use super::support::skip::find;
use super::support::{run_with, tlsbench};
use super::{RESUMED, resumes_twice, start};

const CLIENT: &str = r#"
import socket, ssl, sys

context = ssl.create_default_context(cafile=sys.argv[1])
context.minimum_version = ssl.TLSVersion.TLSv1_3
session = None
for _ in range(3):
    plain = socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=60)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
        session = connection.session
        print(connection.session_reused, b" resumed, " in answer)
"#;

#[test]
fn its_client_resumes() {
    let Some(python) = find("python3") else { return };
    let server = start(&[]);
    let mut command = Command::new(python);
    command.args(["-c", CLIENT]).arg(&server.ca).arg(server.port.to_string());
    resumes_twice(command, ["False False", "True True", "True True"]);
}

/// Answers with its count of handshakes and of resumed ones among them. It ends where a connection is reset.
const SERVER: &str = r#"
import socket, ssl, sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
while True:
    plain, _ = listener.accept()
    with context.wrap_socket(plain, server_side=True) as connection:
        if connection.recv(4096):
            stats = context.session_stats()
            connection.sendall(f"{stats['accept_good']} handshakes, {stats['hits']} hits\n".encode())
            connection.unwrap().close()
"#;

#[test]
fn its_server_counts_hits() {
    let Some(python) = find("python3") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let mut command = Command::new(python);
    let server = Program::start(command.args(["-c", SERVER]).args(identity(folder.path())));
    let target = announced_target(&server, "port ");
    // With --resume there is a connection before, which leaves the ticket.
    for (flags, counted) in [(&["--resume"][..], "2 handshakes, 1 hits\n"), (&[], "3 handshakes, 1 hits\n")] {
        let ended = run_with(tlsbench([&["connect", &target, "-k"], flags].concat()), b"hello\n");
        ended.expect(0, &[]);
        assert_eq!((&*ended.output, ended.errors.contains(RESUMED)), (counted, !flags.is_empty()), "{}", ended.errors);
    }
}
