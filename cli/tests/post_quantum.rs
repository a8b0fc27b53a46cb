//! Post-quantum groups with clients and servers that nobody here wrote: Go, and Node 24 with its OpenSSL 3.5. Chromium is in `browser.rs`.

mod support;

use std::process::Command;

use support::go::session;
use support::listening::{announced_target, identity};
use support::programs::Program;
use support::results::kept;
use support::skip::find;
use support::{Server, run_with, tlsbench};
use tempfile::TempDir;

/// As flags and as the standard have them.
const GROUPS: [(&str, &str); 3] = [
    ("x25519mlkem768", "X25519MLKEM768"),
    ("secp256r1mlkem768", "SecP256r1MLKEM768"),
    ("secp384r1mlkem1024", "SecP384r1MLKEM1024"),
];

/// What a client connects to: takes one of the groups, or by default several.
fn serve(groups: Option<&str>) -> Server {
    let flags: Vec<&str> =
        ["--mode", "http"].into_iter().chain(groups.into_iter().flat_map(|list| ["--groups", list])).collect();
    Server::start(&flags)
}

/// A client of a server elsewhere agrees on each of `groups`, and on the first of them unasked.
#[track_caller]
fn our_client_agrees(server: &Program, groups: &[(&str, &str)]) {
    let target = announced_target(server, "port ");
    let unasked = (&[][..], groups[0].1);
    let flags: Vec<[&str; 2]> = groups.iter().map(|(flag, _)| ["--groups", *flag]).collect();
    for (flags, group) in flags.iter().zip(groups).map(|(flags, group)| (&flags[..], group.1)).chain([unasked]) {
        let ended = run_with(tlsbench([&["connect", &target, "-k"], flags].concat()), b"hello\n");
        ended.expect(0, &[&format!("group:     {group}\n")]);
    }
}

#[test]
fn gos_client_agrees() {
    let Some(session) = session() else { return };
    for (group, name) in [(None, GROUPS[0].1)].into_iter().chain(GROUPS.map(|(flag, name)| (Some(flag), name))) {
        let server = serve(group);
        let mut command = Command::new(session);
        command.arg("client").arg(&server.ca).arg(format!("127.0.0.1:{}", server.port));
        run_with(command, b"").expect(0, &[]);
        let ended = server.interrupt();
        assert_eq!(ended.errors.matches(&format!(" {name}")).count(), 3, "{}", ended.errors);
    }
}

#[test]
fn gos_server_agrees() {
    let Some(session) = session() else { return };
    let folder = TempDir::new().expect("a folder");
    let server = Program::start(Command::new(session).arg("server").args(identity(folder.path())));
    our_client_agrees(&server, &GROUPS);
}

const NODE_CLIENT: &str = r#"
const [ca, port, ecdhCurve] = process.argv.slice(1);
const options = { host: "127.0.0.1", port, servername: "localhost", ca: require("fs").readFileSync(ca), minVersion: "TLSv1.3" };
const socket = require("tls").connect(ecdhCurve ? { ...options, ecdhCurve } : options);
let answer = "";
socket.on("secureConnect", () => socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
socket.on("data", (bytes) => answer += bytes);
socket.on("end", () => console.log(answer));
"#;

#[test]
fn nodes_client_agrees() {
    let Some(node) = find("node24") else { return };
    for (group, name) in [(None, GROUPS[0].1)].into_iter().chain(GROUPS.map(|(_, name)| (Some(name), name))) {
        let server = serve(Some("x25519mlkem768,secp256r1mlkem768,secp384r1mlkem1024,x25519"));
        let mut command = Command::new(&node);
        command.args(["-e", NODE_CLIENT]).arg(&server.ca).arg(server.port.to_string()).args(group);
        let ended = run_with(command, b"");
        ended.expect(0, &[]);
        assert!(ended.output.contains(&format!(" {name}")), "{}", ended.output);
    }
}

const NODE_SERVER: &str = r#"
const [cert, key] = process.argv.slice(1).map((path) => require("fs").readFileSync(path));
const ecdhCurve = "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:X25519";
const server = require("tls").createServer({ cert, key, ecdhCurve, minVersion: "TLSv1.3" }, (socket) => {
    socket.once("data", () => socket.end("bye\n"));
});
server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
"#;

#[test]
fn nodes_server_agrees() {
    let Some(node) = find("node24") else { return };
    let folder = TempDir::new().expect("a folder");
    let mut command = Command::new(node);
    let server = Program::start(command.args(["-e", NODE_SERVER]).args(identity(folder.path())));
    our_client_agrees(&server, &GROUPS);
}

/// What the pages say of it: 1.05 times as many of each as rustls, for the same processor time.
#[test]
fn the_run_that_is_kept_shows_that_the_engine_is_ahead_of_rustls() {
    let document = kept("2026-11-30-post-quantum-amd-epyc/handshake.json.gz");
    for groups in ["x25519mlkem768", "x25519mlkem768:x25519"] {
        let per_cpu_s = |library: &str| {
            let id = format!("handshake/memory/aes128gcm/library={library}/groups={groups}");
            document.cases.iter().find(|case| case.id == id).expect("a case").metrics["total.handshakes_per_cpu_s"]
                .median
        };
        let ratio = per_cpu_s("tls-engine") / per_cpu_s("rustls");
        assert!(ratio >= 1.05, "{groups}: {ratio}");
    }
}
