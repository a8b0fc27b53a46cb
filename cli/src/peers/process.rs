use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::messages::{Hello, Order, PROTOCOL, Reply};
use crate::error::Error;
use crate::interrupt;
use crate::library::Description;

/// How long a program may take to say what it is, and to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a wait looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);
/// The longest line that is read: a round of many handshakes has a number for each of them.
const LINE_MAX: u64 = 16 << 20;
/// How much of what a program says on its standard error is kept, lines and bytes of a line.
const LAST_WORDS: (usize, u64) = (5, 400);

/// A running program. It ends when this is dropped.
pub(super) struct Process {
    name: String,
    child: Child,
    /// To the thread that writes them: a program that reads nothing must not stop this one.
    orders: Option<Sender<Zeroizing<Vec<u8>>>>,
    replies: Receiver<io::Result<String>>,
    last_words: Receiver<VecDeque<String>>,
}

impl Process {
    /// Starts the program at `path`, and returns what it says that it is.
    pub(super) fn start(path: &Path) -> Result<(Self, Description), Error> {
        let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string());
        let starting = |error| Error::io(format!("starting {}", path.display()), error);
        // In a process group of its own, because Ctrl-C is for this program, which then ends the other.
        let mut command = Command::new(path);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(starting)?;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (orders, written) = channel();
        let (reply, replies) = sync_channel(1);
        let (say, last_words) = sync_channel(1);
        thread::spawn(move || write_lines(input, &written));
        thread::spawn(move || read_lines(output, &reply));
        thread::spawn(move || say.send(read_last_words(errors)));
        let mut process = Self { name, child, orders: Some(orders), replies, last_words };
        let line = process.line(PATIENCE)?;
        let hello: Hello = serde_json::from_str(&line)
            .map_err(|_| Error::Usage(format!("{} is not a program that tlsbench can drive", path.display())))?;
        if hello.protocol != PROTOCOL {
            let message = format!("{} is of another version of tlsbench: build it again", path.display());
            return Err(Error::Usage(message));
        }
        Ok((process, hello.library))
    }

    /// Sends an order, and waits for the reply.
    pub(super) fn ask(&mut self, order: &Order, patience: Duration) -> Result<Reply, Error> {
        // It may hold a private key.
        let mut line = Zeroizing::new(serde_json::to_vec(order).map_err(|error| self.failed(&error))?);
        line.push(b'\n');
        let is_sent = self.orders.as_ref().is_some_and(|orders| orders.send(line).is_ok());
        if !is_sent {
            return Err(self.dead());
        }
        let reply = self.line(patience)?;
        match serde_json::from_str(&reply).map_err(|error| self.failed(&error))? {
            Reply::Failed(message) => Err(self.failed(&message)),
            Reply::Unsupported(message) => Err(Error::Usage(message)),
            reply => Ok(reply),
        }
    }

    /// The error for a reply to another order.
    pub(super) fn confused(&self) -> Error {
        self.failed(&"its reply does not match the order")
    }

    /// The next line, which must come in time.
    fn line(&mut self, patience: Duration) -> Result<String, Error> {
        let until = Instant::now() + patience;
        loop {
            match self.replies.recv_timeout(LOOK) {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(error)) => return Err(self.failed(&error)),
                Err(RecvTimeoutError::Disconnected) => return Err(self.dead()),
                Err(RecvTimeoutError::Timeout) => interrupt::check()?,
            }
            if Instant::now() > until {
                return Err(self.failed(&format!("no reply for {} s: it hangs", patience.as_secs())));
            }
        }
    }

    /// Waits for the end of the program for a moment, and then kills it.
    fn wait(&mut self) -> Option<ExitStatus> {
        let until = Instant::now() + PATIENCE / 10;
        loop {
            match self.child.try_wait() {
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(2)),
                Ok(None) => {
                    let _ = self.child.kill();
                    return self.child.wait().ok();
                }
                ended => return ended.ok().flatten(),
            }
        }
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Error {
        Error::Failed(format!("{}: {why}", self.name))
    }

    /// The error for a program that has ended, with what it said last.
    fn dead(&mut self) -> Error {
        self.orders = None;
        // One that has only closed its pipes says nothing more either.
        let status = self.wait().map_or_else(String::new, |status| format!(" ({status})"));
        let words: Vec<String> = self.last_words.recv_timeout(PATIENCE / 10).unwrap_or_default().into();
        let said = if words.is_empty() { String::new() } else { format!(": {}", words.join("; ")) };
        self.failed(&format!("it ended too early{status}{said}"))
    }
}

impl Drop for Process {
    /// A program ends when its standard input does.
    fn drop(&mut self) {
        self.orders = None;
        self.wait();
    }
}

/// Writes orders until there are no more, or nobody reads them.
fn write_lines(input: Option<ChildStdin>, orders: &Receiver<Zeroizing<Vec<u8>>>) {
    let Some(mut input) = input else { return };
    for line in orders {
        if input.write_all(&line).and_then(|()| input.flush()).is_err() {
            return;
        }
    }
}

/// Passes the lines on. The first error is the last of them.
fn read_lines(output: Option<ChildStdout>, lines: &SyncSender<io::Result<String>>) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output);
    loop {
        let mut line = String::new();
        let read = output.by_ref().take(LINE_MAX).read_line(&mut line);
        let line = match read {
            Ok(0) => return,
            Ok(_) if line.ends_with('\n') => Ok(line),
            Ok(_) => Err(io::Error::other("a line that is too long, or has no end")),
            Err(error) => Err(error),
        };
        let is_last = line.is_err();
        if lines.send(line).is_err() || is_last {
            return;
        }
    }
}

/// Reads to the end, and returns the last lines.
fn read_last_words(errors: Option<ChildStderr>) -> VecDeque<String> {
    let (lines_max, line_max) = LAST_WORDS;
    let mut last = VecDeque::new();
    let Some(errors) = errors else { return last };
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    while matches!(errors.by_ref().take(line_max).read_until(b'\n', &mut line), Ok(count) if count > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().chars().filter(|letter| !letter.is_control()).collect();
        line.clear();
        if last.len() == lines_max {
            last.pop_front();
        }
        last.push_back(text);
    }
    last
}
