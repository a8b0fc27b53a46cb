use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::turns::Answer;
use crate::error::{Error, exit};
use crate::interrupt;
use crate::loader;
use crate::request::Request;

/// No block takes longer: a program that hangs must not take the gate with it.
const BLOCK_MAX: Duration = Duration::from_secs(600);
/// How often Ctrl-C is looked for.
const LOOK: Duration = Duration::from_millis(100);
/// How much of what a program complains about is kept, bytes.
const ERRORS_MAX: u64 = 64 << 10;

/// Lets a program measure, and reads what it found. It is ended where it takes too long, and on Ctrl-C.
pub(super) fn measure(program: &Path, request: &Request) -> Result<Answer, Error> {
    let mut command = Command::new(program);
    command.args(request.arguments()).args(["--format=json", "--quiet", "--color=never"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = command.spawn().map_err(|source| Error::File { action: "run", path: program.to_owned(), source })?;
    let mut running = Running(started);
    let output = reader(running.0.stdout.take(), loader::SIZE_MAX + 1);
    let errors = reader(running.0.stderr.take(), ERRORS_MAX);
    let began = Instant::now();
    let failed = |why: String| Error::Failed(format!("{} {}: {why}", program.display(), request.arguments().join(" ")));
    let text = loop {
        match output.recv_timeout(LOOK) {
            Ok(text) => break text,
            Err(RecvTimeoutError::Timeout) if interrupt::requested() => return Err(Error::Interrupted),
            Err(RecvTimeoutError::Timeout) if began.elapsed() > BLOCK_MAX => {
                return Err(failed(format!("it has not ended after {} s", BLOCK_MAX.as_secs())));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break Vec::new(),
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
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    match status.and_then(|status| status.code()) {
        Some(0) => {}
        Some(code) if code == i32::from(exit::USAGE) => return Ok(Answer::Unknown(said)),
        Some(code) if code == i32::from(exit::INTERRUPTED) => return Err(Error::Interrupted),
        code => {
            let code = code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
            return Err(failed(format!("it ended with {code}: {said}")));
        }
    }
    let document = loader::read(&text).map_err(|refusal| failed(format!("what it wrote is no result: {refusal}")))?;
    Ok(Answer::Results(Box::new(document)))
}

/// A child that does not outlive whoever waits for it.
struct Running(Child);

impl Running {
    fn wait(&mut self, began: Instant) -> Result<Option<std::process::ExitStatus>, Error> {
        while began.elapsed() <= BLOCK_MAX && !interrupt::requested() {
            if let Some(status) = self.0.try_wait().map_err(|error| Error::io("waiting for a program", error))? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(None)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads a stream to its end, or to `limit`, without keeping anybody waiting.
fn reader(stream: Option<impl Read + Send + 'static>, limit: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    if let Some(stream) = stream {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut limited = stream.take(limit);
            if limited.read_to_end(&mut bytes).is_ok() {
                // What is beyond the limit is read, so that the program can end, and not kept.
                let _ = sender.send(bytes);
                let _ = std::io::copy(&mut limited.into_inner(), &mut std::io::sink());
            }
        });
    }
    receiver
}
