use std::ffi::OsString;

use clap::{Command, CommandFactory};

use super::Args;

/// A value that stands after its flag, which takes values only behind an equals sign.
pub struct Detached {
    /// The value.
    pub value: String,
    /// What to write instead.
    pub hint: String,
}

/// The first such value on a command line. It may as well be meant for something else, as in `--json smoke`: it explains an
/// error and is none.
pub fn detached(arguments: &[OsString]) -> Option<Detached> {
    let program = Args::command();
    let words: Vec<_> = arguments.iter().skip(1).map(|argument| argument.to_string_lossy()).collect();
    let command = words.iter().find_map(|word| program.find_subcommand(word.as_ref()))?;
    words.windows(2).find_map(|pair| {
        let [flag, value] = pair else { return None };
        let is_detached = needs_equals(command, flag.strip_prefix("--")?) && !value.starts_with('-');
        is_detached.then(|| Detached { value: value.to_string(), hint: format!("write {flag}={value}") })
    })
}

fn needs_equals(command: &Command, flag: &str) -> bool {
    command.get_arguments().any(|argument| argument.get_long() == Some(flag) && argument.is_require_equals_set())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_without_its_equals_sign_is_found() {
        let hint =
            |line: &str| detached(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).map(|found| found.hint);
        let found = |hint: &str| Some(hint.to_owned());
        assert_eq!(hint("tlsbench throughput --json run.json"), found("write --json=run.json"));
        assert_eq!(hint("tlsbench -q connect a:1 --zero-copy off"), found("write --zero-copy=off"));
        assert_eq!(hint("tlsbench throughput --json=run.json --zero-copy -k"), None);
        assert_eq!(hint("tlsbench throughput --size 64 --buffer-pool off"), None);
        assert_eq!(hint("tlsbench --json x"), None);
    }
}
