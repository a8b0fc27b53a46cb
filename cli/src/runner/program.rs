use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, exit};
use crate::interrupt;
use crate::loader;
use crate::request::Request;
use crate::schema::Document;

/// The time limit of a block: a program that hangs must not block the gate.
const BLOCK_MAX: Duration = Duration::from_secs(600);
/// How often to check for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);
/// How long a program may take to end when asked: less than the limit for this program itself.
const END_MAX: Duration = Duration::from_millis(800);
/// How long a program's children may keep its output open.
const GRACE: Duration = Duration::from_secs(2);
/// The part of a program's standard error that is kept, bytes.
const ERRORS_MAX: u64 = 64 << 10;

/// Something that can measure a request.
pub trait Measures {
    /// Measures the request.
    fn measure(&self, request: &Request) -> Result<Response, Error>;
}

/// A program's response to a request.
pub enum Response {
    /// Its results.
    Results(Box<Document>),
    /// It does not support the request; the string is its message.
    Unknown(String),
}

/// A tlsbench executable, by its path.
pub struct Binary(pub PathBuf);

impl Measures for Binary {
    fn measure(&self, request: &Request) -> Result<Response, Error> {
        measure(&self.0, request)
    }
}

/// Runs a program and reads its results. The program is ended if it takes too long, and on Ctrl-C.
fn measure(program: &Path, request: &Request) -> Result<Response, Error> {
    let mut command = Command::new(program);
    command.args(request.arguments()).args(["--format=json", "--quiet", "--color=never"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = command.spawn().map_err(|source| Error::File { action: "run", path: program.to_owned(), source })?;
    let mut running = Running(started);
    let output = reader(running.0.stdout.take(), loader::SIZE_MAX + 1);
    let errors = reader(running.0.stderr.take(), ERRORS_MAX);
    let began = Instant::now();
    let failed = |why: String| Error::Failed(format!("{} {}: {why}", program.display(), request.arguments().join(" ")));
    let mut ended: Option<Instant> = None;
    let text = loop {
        match output.recv_timeout(LOOK) {
            Ok(text) => break text,
            Err(RecvTimeoutError::Disconnected) => break Vec::new(),
            Err(RecvTimeoutError::Timeout) if interrupt::requested() => return Err(Error::Interrupted),
            Err(RecvTimeoutError::Timeout) if began.elapsed() > BLOCK_MAX => {
                return Err(failed(format!("it has not ended after {} s", BLOCK_MAX.as_secs())));
            }
            Err(RecvTimeoutError::Timeout) if ended.is_some_and(|ended| ended.elapsed() > GRACE) => {
                return Err(failed("it has ended, and something that it started holds on to its output".to_owned()));
            }
            Err(RecvTimeoutError::Timeout) => {
                if ended.is_none() && running.status()?.is_some() {
                    ended = Some(Instant::now());
                }
            }
        }
    };
    if text.len() as u64 > loader::SIZE_MAX {
        return Err(failed(format!("it wrote more than {} MiB", loader::SIZE_MAX >> 20)));
    }
    let status = running.wait(began)?;
    if interrupt::requested() {
        return Err(Error::Interrupted);
    }
    let said = errors.recv_timeout(LOOK).unwrap_or_default();
    let said = String::from_utf8_lossy(&said).trim().lines().collect::<Vec<_>>().join("; ");
    match status.and_then(|status| status.code()) {
        Some(0) => {}
        Some(code) if code == i32::from(exit::USAGE) => return Ok(Response::Unknown(said)),
        Some(code) if code == i32::from(exit::INTERRUPTED) => return Err(Error::Interrupted),
        code => {
            let code = code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
            return Err(failed(format!("it ended with {code}: {said}")));
        }
    }
    let document = loader::read(&text)
        .map_err(|refusal| failed(format!("what it wrote is no result ({refusal}): is it a tlsbench?")))?;
    Ok(Response::Results(Box::new(document)))
}

/// A child that is ended when dropped.
struct Running(Child);

impl Running {
    fn wait(&mut self, began: Instant) -> Result<Option<ExitStatus>, Error> {
        while began.elapsed() <= BLOCK_MAX && !interrupt::requested() {
            if let Some(status) = self.status()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(None)
    }

    fn status(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.0.try_wait().map_err(|error| Error::io("waiting for a program", error))
    }

    /// Asks it to end, so that it can end its own children. Not with SIGINT, which it may ignore.
    #[cfg(unix)]
    fn ask_to_end(&mut self) {
        use rustix::process::{Pid, Signal, kill_process};
        if matches!(self.0.try_wait(), Ok(None)) {
            // If it has already ended, there is nothing to ask. Its process id is not reused before it is waited for.
            let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
            let asked = Instant::now();
            while asked.elapsed() < END_MAX && matches!(self.0.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(10));
            }
        }
    }

    #[cfg(not(unix))]
    fn ask_to_end(&mut self) {}
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ask_to_end();
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads a stream to its end in a thread, and keeps up to `limit` bytes.
fn reader(stream: Option<impl Read + Send + 'static>, limit: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    if let Some(stream) = stream {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut limited = stream.take(limit);
            if limited.read_to_end(&mut bytes).is_ok() {
                // The rest is read too, so that the program can end, but not kept.
                let _ = sender.send(bytes);
                let _ = std::io::copy(&mut limited.into_inner(), &mut std::io::sink());
            }
        });
    }
    receiver
}
