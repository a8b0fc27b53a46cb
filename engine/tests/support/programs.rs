//! Programs that nobody here wrote: found, started, listened to, and ended by their own handle.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::endpoint::DEADLINE;

/// A running program. What it writes is collected; it is ended when dropped.
pub struct Program {
    child: Child,
    input: Option<Sender<Vec<u8>>>,
    output: Arc<Collected>,
    errors: Arc<Collected>,
}

#[derive(Default)]
struct Collected {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (sender, receiver) = channel::<Vec<u8>>();
        let mut stdin = child.stdin.take().expect("its input was asked for");
        thread::spawn(move || {
            for bytes in receiver {
                // A program that has ended reads no more; what came of that shows in its output.
                if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
                    return;
                }
            }
        });
        let output = Collected::from(child.stdout.take().expect("its output was asked for"));
        let errors = Collected::from(child.stderr.take().expect("its errors were asked for"));
        Self { child, input: Some(sender), output, errors }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input, without waiting.
    pub fn send(&self, bytes: &[u8]) {
        let input = self.input.as_ref().expect("input that is still open");
        // Fails only when the program has ended, which shows in its output.
        let _ = input.send(bytes.to_vec());
    }

    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Its standard output so far, once `enough` of it.
    pub fn wait_output(&self, what: &str, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        self.output.wait(&enough).unwrap_or_else(|got| {
            panic!(
                "waited for {what}; output:\n{}\nerrors:\n{}",
                text(&got),
                text(&self.errors.wait(&|_| false).unwrap_or_else(|errors| errors))
            )
        })
    }

    /// Its standard output so far, once `needle` is in it.
    pub fn wait_text(&self, needle: &str) -> Vec<u8> {
        self.wait_output(needle, |output| position(output, needle.as_bytes()).is_some())
    }

    /// Its standard error so far, once `needle` is in it.
    pub fn wait_error(&self, needle: &str) -> String {
        let result = self.errors.wait(&|errors| position(errors, needle.as_bytes()).is_some());
        text(&result.unwrap_or_else(|got| panic!("waited for {needle}; errors:\n{}", text(&got))))
    }

    /// Its end, and all it wrote.
    pub fn wait_end(&mut self) -> (ExitStatus, Vec<u8>, String) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the state of a child") {
                return (status, self.output.all(), text(&self.errors.all()));
            }
            let (output, errors) = (text(&self.output.now()), text(&self.errors.now()));
            assert!(started.elapsed() < DEADLINE, "it does not end; output:\n{output}\nerrors:\n{errors}");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Collected {
    fn from(mut source: impl Read + Send + 'static) -> Arc<Self> {
        let collected = Arc::new(Self::default());
        let shared = Arc::clone(&collected);
        thread::spawn(move || {
            let mut bytes = [0; 1 << 14];
            loop {
                let count = source.read(&mut bytes).unwrap_or(0);
                let mut state = shared.state.lock().expect("no thread panics with it");
                state.0.extend_from_slice(&bytes[..count]);
                state.1 = count == 0;
                shared.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        collected
    }

    fn now(&self) -> Vec<u8> {
        self.state.lock().expect("no thread panics with it").0.clone()
    }

    /// What there is, once it is enough; what there is at the end or the deadline is an error.
    fn wait(&self, enough: &dyn Fn(&[u8]) -> bool) -> Result<Vec<u8>, Vec<u8>> {
        let started = Instant::now();
        let mut state = self.state.lock().expect("no thread panics with it");
        while !enough(&state.0) {
            let left = DEADLINE.saturating_sub(started.elapsed());
            if state.1 || left.is_zero() {
                return Err(state.0.clone());
            }
            state = self.changed.wait_timeout(state, left).expect("no thread panics with it").0;
        }
        Ok(state.0.clone())
    }

    fn all(&self) -> Vec<u8> {
        let mut state = self.state.lock().expect("no thread panics with it");
        while !state.1 {
            let (next, timeout) = self.changed.wait_timeout(state, DEADLINE).expect("no thread panics with it");
            assert!(!timeout.timed_out(), "output of a program that has ended does not end");
            state = next;
        }
        state.0.clone()
    }
}

pub fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
