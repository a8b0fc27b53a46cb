//! `tlsbench instructions` for those who look for it under `cargo bench`. What follows `--` is handed on: `cargo bench -p
//! tlsbench --bench instructions -- --json`.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let (marks, handed_on): (Vec<_>, Vec<_>) = std::env::args_os().skip(1).partition(|argument| argument == "--bench");
    if marks.is_empty() {
        println!("nothing is counted without --bench");
        return ExitCode::SUCCESS;
    }
    let status = Command::new(env!("CARGO_BIN_EXE_tlsbench")).arg("instructions").args(handed_on).status();
    match status {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("tlsbench does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
