//! Go's `crypto/tls`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::skip::find;

/// The program `session.go`, which is built once.
pub fn session() -> Option<&'static Path> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    built("session", &BUILT)
}

/// The program `page.go`, which is built once.
pub fn page() -> Option<&'static Path> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    built("page", &BUILT)
}

fn built(name: &str, once: &'static OnceLock<PathBuf>) -> Option<&'static Path> {
    let go = find("go")?;
    Some(once.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("go-{name}"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/support/{name}.go"));
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
