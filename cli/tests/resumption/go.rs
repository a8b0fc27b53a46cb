//! Go's `crypto/tls`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::support::listening::{announced_target, identity};
use super::support::programs::Program;
use super::support::skip::find;
use super::support::{run_with, tlsbench};
use super::{RESUMED, resumes_twice, start};

/// The program `session.go`, which is built once.
fn session() -> Option<&'static Path> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let go = find("go")?;
    Some(BUILT.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-session");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/resumption/session.go");
        let mut command = Command::new(go);
        // From its own sources alone, without C and without other versions of itself.
        command.envs([("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("CGO_ENABLED", "0")]);
        command.args(["build", "-o"]).arg(&program).arg(source);
        // Without a deadline: where Go's standard library is not built yet, that comes first.
        let ended = command.output().expect("go");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        program
    }))
}

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
