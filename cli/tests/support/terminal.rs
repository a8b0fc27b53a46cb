//! A terminal that nobody sits at: what a program draws there is read from its other end.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Ended;

/// Runs a program to its end with its standard error at a terminal. Nothing else is: its standard output is a pipe.
pub fn run_with_errors_at_a_terminal(mut command: Command) -> Ended {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("its other end");
    tcsetwinsize(&ours, Winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).expect("its size");
    let name = ptsname(&ours, Vec::new()).expect("a name");
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let theirs = OpenOptions::new().read(true).write(true).open(path).expect("its other end");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(theirs).env("TERM", "xterm").spawn();
    let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // It holds their end open too, and the end of what is drawn is when nobody does.
    drop(command);
    let drawn = thread::spawn(move || all_of(File::from(ours)));
    let output = child.wait_with_output().expect("its output");
    Ended {
        code: output.status.code(),
        output: String::from_utf8(output.stdout).expect("text"),
        errors: String::from_utf8_lossy(&drawn.join().expect("a reader")).into_owned(),
    }
}

/// A terminal without a program ends in an error on some systems.
fn all_of(mut terminal: File) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = terminal.read(&mut buffer) {
        all.extend_from_slice(&buffer[..count]);
    }
    all
}
