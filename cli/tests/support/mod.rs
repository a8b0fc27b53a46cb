//! What the end-to-end tests share: the built program, run and served, with deadlines.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod endpoint {
    use std::time::Duration;

    /// No program takes longer.
    pub const DEADLINE: Duration = Duration::from_secs(60);
}
pub mod certificate_files;
pub mod client;
pub mod go;
pub mod golden;
pub mod listening;
pub mod measured;
pub mod nss;
#[cfg(target_os = "linux")]
#[path = "../../../engine/tests/support/own_memory.rs"]
pub mod own_memory;
#[path = "../../../engine/tests/support/pki.rs"]
pub mod pki;
#[path = "../../../engine/tests/support/programs.rs"]
pub mod programs;
pub mod results;
pub mod scripted;
#[path = "../../../engine/tests/support/skip.rs"]
pub mod skip;
#[cfg(unix)]
pub mod terminal;

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use programs::{Program, position};
use tempfile::TempDir;

/// The built program, with an environment that says nothing.
pub fn tlsbench<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlsbench"));
    command.args(arguments);
    for name in ["SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_COLOR", "GITHUB_STEP_SUMMARY"] {
        command.env_remove(name);
    }
    command
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Ended {
    /// The number that stands before `words` on standard error.
    pub fn count(&self, words: &str) -> f64 {
        let (before, _) = self.errors.split_once(words).unwrap_or_else(|| panic!("{words} in {self:?}"));
        let digits = before.rsplit(|character: char| !character.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("a number before {words} in {self:?}"))
    }

    /// Fails unless it ended with this code, saying all of this.
    pub fn expect(&self, code: i32, sayings: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for saying in sayings {
            assert!(self.errors.contains(saying), "'{saying}' in {self:?}");
        }
    }
}

/// Runs it to its end, with this standard input.
pub fn run_with(mut command: Command, input: &[u8]) -> Ended {
    let mut program = Program::start(&mut command);
    program.send(input);
    program.close_input();
    let (status, output, errors) = program.wait_end();
    Ended { code: status.code(), output: String::from_utf8_lossy(&output).into_owned(), errors }
}

/// Runs it to its end in a folder, without standard input.
pub fn run_with_in(command: &mut Command, folder: &Path) -> Ended {
    let mut program = Program::start(command.current_dir(folder));
    program.close_input();
    let (status, output, errors) = program.wait_end();
    Ended { code: status.code(), output: String::from_utf8_lossy(&output).into_owned(), errors }
}

/// Runs `tlsbench` to its end, without standard input.
pub fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    run_with(tlsbench(arguments), b"")
}

/// A running `tlsbench serve` on a port of its own.
pub struct Server {
    pub program: Program,
    pub port: u16,
    /// The authority that it wrote.
    pub ca: PathBuf,
    pub directory: TempDir,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_as(tlsbench(["serve", "-v"]), arguments)
    }

    /// The same, by a command of one's own that ends with `serve`.
    pub fn start_as(mut command: Command, arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let ca = directory.path().join("ca.pem");
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if !arguments.contains(&"--cert") {
            command.arg("--ca-out").arg(&ca);
        }
        let program = Program::start(command.args(arguments));
        let output = program.wait_output("the port", |output| port(output).is_some());
        let port = port(&output).expect("it was there");
        Self { program, port, ca, directory }
    }

    pub fn target(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// `tlsbench connect` to it, trusting its authority.
    pub fn connect(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut command = tlsbench(["connect", &self.target(), "--cacert"]);
        command.arg(&self.ca).args(arguments);
        run_with(command, input)
    }

    /// A signal that asks for the end, and what came of it.
    pub fn interrupt(mut self) -> Ended {
        interrupt(&self.program);
        let (status, output, errors) = self.program.wait_end();
        Ended { code: status.code(), output: String::from_utf8_lossy(&output).into_owned(), errors }
    }
}

/// Asks for the end: not as Ctrl-C does, which what runs in the background of a shell is told to ignore.
pub fn interrupt(program: &Program) {
    let pid = rustix::process::Pid::from_raw(program.id() as i32).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it still runs");
}

/// The port of the line `listening ADDR:PORT`.
fn port(output: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().find_map(|line| line.strip_prefix("listening "))?;
    text.contains('\n').then(|| line.rsplit(':').next()?.parse().ok()).flatten()
}

/// A TCP server of one connection that is no TLS server. What `behave` does with the connection is all it does.
pub fn stranger(behave: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            behave(stream);
        }
    });
    port
}

/// A way to `port` that is cut after `bytes` have come back from there.
pub fn cut_after(port: u16, bytes: usize) -> u16 {
    stranger(move |near| {
        let far = TcpStream::connect(("127.0.0.1", port)).expect("a server");
        let (mut from, mut to) = (near.try_clone().expect("a handle"), far.try_clone().expect("a handle"));
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let (mut far, mut near) = (far, near);
        let (mut buffer, mut total) = ([0; 1024], 0);
        while total < bytes {
            let room = buffer.len().min(bytes - total);
            let Ok(count) = far.read(&mut buffer[..room]) else { break };
            if count == 0 || near.write_all(&buffer[..count]).is_err() {
                break;
            }
            total += count;
        }
        // No TLS alert, just the end.
        let _ = near.shutdown(Shutdown::Write);
        let _ = far.shutdown(Shutdown::Both);
    })
}

/// Bytes that do not repeat soon.
pub fn noise(count: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(count as u64);
    (0..count).map(|_| random.u8(..)).collect()
}

pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    position(haystack, needle).is_some()
}
