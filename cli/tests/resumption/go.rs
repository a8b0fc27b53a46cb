//! Go's `crypto/tls`.

use std::process::Command;

use tempfile::TempDir;

use super::support::go::session;
use super::support::listening::{announced_target, identity};
use super::support::programs::Program;
use super::support::{run_with, tlsbench};
use super::{RESUMED, resumes_twice, start};

#[test]
fn its_client_resumes() {
    let Some(session) = session() else { return };
    let server = start(&[]);
    let mut command = Command::new(session);
    command.arg("client").arg(&server.ca).arg(format!("127.0.0.1:{}", server.port));
    resumes_twice(command, ["false false", "true true", "true true"]);
}

#[test]
fn its_server_says_that_it_has_resumed() {
    let Some(session) = session() else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let server = Program::start(Command::new(session).arg("server").args(identity(folder.path())));
    let target = announced_target(&server, "port ");
    for (flags, said) in [(&["--resume"][..], "resumed: true\n"), (&[], "resumed: false\n")] {
        let ended = run_with(tlsbench([&["connect", &target, "-k"], flags].concat()), b"hello\n");
        ended.expect(0, &[]);
        assert_eq!((&*ended.output, ended.errors.contains(RESUMED)), (said, !flags.is_empty()), "{}", ended.errors);
    }
}
