//! OpenSSL's `s_client` and `s_server`.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::support::listening::{identity, serve_with_openssl};
use super::support::skip::find;
use super::support::{run_with, tlsbench};
use super::{REQUEST, RESUMED, start};

/// `s_client` with a request, and what it says: `New` or `Reused`.
fn s_client(openssl: &Path, port: u16, session: [&str; 2]) -> String {
    let mut command = Command::new(openssl);
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", "localhost", "-ign_eof"]);
    let ended = run_with(
        {
            command.args(session);
            command
        },
        REQUEST,
    );
    ended.expect(0, &[]);
    assert!(ended.output.contains("200 OK"), "{}", ended.output);
    ended.output
}

#[test]
fn openssls_client_resumes_also_after_a_restart_with_the_same_secret() {
    let Some(openssl) = find("openssl") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let [key, session] = ["ticket.key", "session.pem"].map(|name| folder.path().join(name));
    std::fs::write(&key, [9; 48]).expect("a file");
    let (key, session) = (key.to_str().expect("UTF-8"), session.to_str().expect("UTF-8"));
    let server = start(&["--ticket-key", key]);
    let first = s_client(&openssl, server.port, ["-sess_out", session]);
    assert!(first.contains("New, TLSv1.3"), "{first}");
    let again = s_client(&openssl, server.port, ["-sess_in", session]);
    assert!(again.contains("Reused, TLSv1.3") && again.contains(" resumed,"), "{again}");
    drop(server);
    let restarted = s_client(&openssl, start(&["--ticket-key", key]).port, ["-sess_in", session]);
    assert!(restarted.contains("Reused, TLSv1.3"), "{restarted}");
    let other = s_client(&openssl, start(&[]).port, ["-sess_in", session]);
    assert!(other.contains("New, TLSv1.3"), "{other}");
}

#[test]
fn openssls_server_counts_the_session_as_reused() {
    let Some(openssl) = find("openssl") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let (_server, target) = serve_with_openssl(&openssl, &identity(folder.path()));
    let ended = run_with(tlsbench(["connect", &target, "-k", "--resume"]), b"GET / HTTP/1.0\r\n\r\n");
    ended.expect(0, &[RESUMED]);
    let hits = ended.output.lines().find_map(|line| line.trim().strip_suffix(" session cache hits"));
    assert_eq!(hits.map(str::trim), Some("1"), "{}", ended.output);
    assert!(ended.output.contains("Reused, TLSv1.3"), "{}", ended.output);
}
