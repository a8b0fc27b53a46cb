//! What a page finds where it is run: a folder of its own, `tlsbench` on the path, and a server for each one it names. Three things
//! are not what a reader has:
//!
//! - `tlsbench` measures for a moment where no duration is given, and `ablate` has few connections, as `handshake` has of another server.
//! - `server.example` is a `tlsbench serve` on this machine: port 4433 takes data, port 443 speaks HTTP.
//!   Port 4433 of `echo.example` echoes.
//! - `cargo build` finds the program built, and `bencher` takes any JSON.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::markdown::Document;
use super::support::Server;

/// No page takes longer, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

const PROGRAM: &str = env!("CARGO_BIN_EXE_tlsbench");

/// `tlsbench` as the pages call it.
const TLSBENCH: &str = r#"#!/bin/sh
has() { case " $all " in *" $1"*) true ;; *) false ;; esac }
all=$*
case $1 in
handshake) if has --connect; then set -- "$@" --count 20; fi ;;
throughput) if has --http-get; then set -- "$@" --count 2000; fi ;;
esac
all=$*
case $1 in
throughput | handshake | latency | ablate | crypto | doctor)
    has --duration || has "-d " || has --count || set -- "$@" --duration 40ms ;;
peers) has --list || set -- "$@" --duration 20ms ;;
esac
case $1 in
throughput | handshake | latency) has --warmup || set -- "$@" --warmup 5ms ;;
ablate) has --connections || set -- "$@" --connections 20 ;;
gate) if has --against; then set -- "$@" --blocks 8; fi ;;
serve) exec "$PROGRAM" "$@" >"$SERVER_OUTPUT" ;;
esac
exec "$PROGRAM" "$@"
"#;

/// The only thing that the pages build.
const CARGO: &str = r#"#!/bin/sh
case "$*" in
"build --release --manifest-path "*"/Cargo.toml -p tlsbench") ;;
*) echo "cargo $*: only builds of tlsbench are foreseen" >&2; exit 1 ;;
esac
folder=${4%/Cargo.toml}/target/release
mkdir -p "$folder"
ln -sf "$SHIM" "$folder/tlsbench"
"#;

const BENCHER: &str = "#!/bin/sh\nexec grep -q '\"value\"'\n";

pub(super) struct Surroundings {
    directory: TempDir,
    sink: Server,
    http: Server,
    echo: Server,
}

impl Surroundings {
    /// Those of a page with this name.
    pub(super) fn new(page: &str) -> Self {
        let directory = tempfile::Builder::new().prefix(page).tempdir().expect("a folder");
        let surroundings = Self {
            sink: Server::start(&["--mode", "sink"]),
            echo: Server::start(&["--mode", "echo"]),
            http: Server::start(&["--mode", "http", "--early-data", "16k"]),
            directory,
        };
        for folder in ["bin", "work", "base/target/release"] {
            fs::create_dir_all(surroundings.path(folder)).expect("a folder");
        }
        for (name, text) in [("tlsbench", TLSBENCH), ("cargo", CARGO), ("bencher", BENCHER)] {
            let path = surroundings.path("bin").join(name);
            fs::write(&path, text).expect("a script");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
        }
        // A checkout of the base branch beside this one, already built; and in a workflow this one has a name too.
        symlink(PROGRAM, surroundings.path("base/target/release/tlsbench")).expect("a link");
        symlink(".", surroundings.path("work/this")).expect("a link");
        fs::copy(&surroundings.sink.ca, surroundings.path("work/ca.pem")).expect("a copy");
        fs::copy(&surroundings.echo.ca, surroundings.path("work/echo.pem")).expect("a copy");
        surroundings
    }

    /// Runs the script of a page to its end, and fails where one of its commands does.
    pub(super) fn run(&self, page: &Document, script: &str) {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", &self.substituted(script)]);
        command.current_dir(self.path("work")).process_group(0).stdin(Stdio::null());
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.path("bin").display()));
        command.env("PROGRAM", PROGRAM).env("SHIM", self.path("bin/tlsbench"));
        command.env("SERVER_OUTPUT", self.path("server-output")).env("SSL_CERT_FILE", &self.http.ca);
        for name in ["SSL_CERT_DIR", "SSLKEYLOGFILE", "GITHUB_STEP_SUMMARY"] {
            command.env_remove(name);
        }
        let output = self.path("output");
        let file = File::create(&output).expect("a file");
        command.stderr(file.try_clone().expect("a handle")).stdout(file);
        let status = wait(command.spawn().expect("bash runs"));
        let output = fs::read_to_string(output).unwrap_or_default();
        match status {
            Some(status) => assert!(status.success(), "{}: {status}\n{output}", page.path.display()),
            None => panic!("{} took longer than {DEADLINE:?}\n{output}", page.path.display()),
        }
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// With servers that are here, and ports that are free.
    fn substituted(&self, script: &str) -> String {
        let script = script.replace("server.example:4433", &self.sink.target());
        let script = script.replace("echo.example:4433", &self.echo.target());
        let script = script.replace("server.example:443", &self.http.target());
        let script = script.replace("Host: server.example", "Host: localhost");
        [":4433", ":9433"].iter().fold(script, |script, port| script.replace(port, &format!(":{}", free_port())))
    }
}

/// Its end, or nothing where it has none in time. What it has left behind is ended with it.
fn wait(mut child: Child) -> Option<ExitStatus> {
    let group = Pid::from_raw(child.id() as i32).expect("a process");
    let began = Instant::now();
    let status = loop {
        match child.try_wait().expect("a child of this process") {
            None if began.elapsed() < DEADLINE => std::thread::sleep(Duration::from_millis(20)),
            status => break status,
        }
    };
    // Nobody may be left in it.
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
    status
}

/// A port that nobody listened on a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
