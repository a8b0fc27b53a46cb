//! NSS, the library of Firefox.

use tempfile::TempDir;

use super::support::listening::Listening;
use super::support::nss::Nss;
use super::support::{run_with, tlsbench};
use super::{REQUEST, RESUMED, start};

/// The counts that both of its programs tell.
const ONE_HIT: &str = "1 cache hits; ";
const ONE_TICKET: &str = "1 stateless resumes";

#[test]
fn its_client_resumes() {
    let Some(nss) = Nss::find() else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let server = start(&[]);
    let ended = run_with(nss.client_of(&server, folder.path(), REQUEST), b"");
    ended.expect(0, &["0 stateless resumes", ONE_HIT, ONE_TICKET]);
    let negotiated: Vec<_> = ended.output.lines().filter(|line| line.contains("Negotiated")).collect();
    assert_eq!(negotiated.len(), 2, "{}", ended.output);
    assert!(!negotiated[0].contains(" resumed, ") && negotiated[1].contains(" resumed, "), "{}", ended.output);
}

#[test]
fn its_server_counts_hits() {
    let Some(nss) = Nss::find() else { return };
    let server = Listening::start_with(|folder, port| nss.server_at(port, folder.as_ref()));
    let target = format!("localhost:{}", server.port);
    // It ends the connection, and resets it where something comes after that.
    let ended = run_with(tlsbench(["connect", &target, "-k", "--resume", "--linger", "10s"]), REQUEST);
    ended.expect(0, &[RESUMED]);
    assert!(ended.output.contains("200 OK"), "{}", ended.output);
    let told = String::from_utf8_lossy(&server.program.wait_text(ONE_TICKET)).into_owned();
    assert!(told.contains(ONE_HIT), "{told}");
}
