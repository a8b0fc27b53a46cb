//! Node's `tls`, over an OpenSSL of its own.

use std::process::Command;

use tempfile::TempDir;

use super::support::listening::{announced_target, identity};
use super::support::programs::Program;
use super::support::skip::find;
use super::support::{run_with, tlsbench};
use super::{RESUMED, resumes_twice, start};

const CLIENT: &str = r#"
const [ca, port] = process.argv.slice(1);
const options = { host: "127.0.0.1", port, servername: "localhost", ca: require("fs").readFileSync(ca), minVersion: "TLSv1.3" };

function connect(times, session) {
    const socket = require("tls").connect({ ...options, session });
    let answer = "", next;
    socket.on("secureConnect", () => socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    socket.on("session", (session) => next = session);
    socket.on("data", (bytes) => answer += bytes);
    socket.on("end", () => {
        console.log(socket.isSessionReused(), answer.includes(" resumed, "));
        if (times > 1) connect(times - 1, next);
    });
}
connect(3);
"#;

#[test]
fn its_client_resumes() {
    let Some(node) = find("node") else { return };
    let server = start(&[]);
    let mut command = Command::new(node);
    command.args(["-e", CLIENT]).arg(&server.ca).arg(server.port.to_string());
    resumes_twice(command, ["false false", "true true", "true true"]);
}

/// It ends where a connection is reset.
const SERVER: &str = r#"
const [cert, key] = process.argv.slice(1).map((path) => require("fs").readFileSync(path));
const server = require("tls").createServer({ cert, key, minVersion: "TLSv1.3" }, (socket) => {
    socket.once("data", () => socket.end(`reused: ${socket.isSessionReused()}\n`));
});
server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
"#;

#[test]
fn its_server_says_that_the_session_is_reused() {
    let Some(node) = find("node") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let mut command = Command::new(node);
    let server = Program::start(command.args(["-e", SERVER]).args(identity(folder.path())));
    let target = announced_target(&server, "port ");
    for (flags, said) in [(&["--resume"][..], "reused: true\n"), (&[], "reused: false\n")] {
        let ended = run_with(tlsbench([&["connect", &target, "-k"], flags].concat()), b"hello\n");
        ended.expect(0, &[]);
        assert_eq!((&*ended.output, ended.errors.contains(RESUMED)), (said, !flags.is_empty()), "{}", ended.errors);
    }
}
