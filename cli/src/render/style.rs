use std::io::{IsTerminal, Write};

use clap::ValueEnum;

use crate::error::Error;
use crate::names;
use crate::schema::Warning;

/// When colors are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// At a terminal, unless NO_COLOR is set or the terminal can't.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether text that goes to `stream` is colored.
    pub fn applies_to(self, stream: &impl IsTerminal) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                // An empty NO_COLOR counts as unset (no-color.org).
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
                stream.is_terminal() && !no_color && !dumb
            }
        }
    }
}

/// What is said on standard error, line by line.
#[derive(Clone, Copy, Debug)]
pub struct Messages {
    quiet: bool,
    verbose: u8,
    color: bool,
}

impl Messages {
    /// Speaks as the flags say.
    pub fn new(quiet: bool, verbose: u8, color: Color) -> Self {
        Self { quiet, verbose, color: color.applies_to(&std::io::stderr()) }
    }

    /// Whether only errors are said.
    pub const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// What ended the command, and the step that helps.
    pub fn error(&self, error: &Error) {
        self.say("error", "\x1b[1;31m", &error.to_string());
        if let Some(hint) = error.hint() {
            self.say("hint", "\x1b[1;36m", &hint);
        }
    }

    /// A fact that makes results worth less.
    pub fn warning(&self, warning: &Warning) {
        if !self.quiet {
            self.say("warning", "\x1b[1;33m", &format!("{}; {}", warning.message, warning.advice));
        }
    }

    /// Something that went wrong and does not end the command. Also said where quiet was asked for.
    pub fn complaint(&self, text: &str) {
        line("", text);
    }

    /// A file that could not be written while the command goes on measuring: said the first time.
    pub fn not_saved(&self, saved: Result<(), Error>, is_told: &mut bool) {
        if let Err(error) = saved
            && !std::mem::replace(is_told, true)
        {
            self.complaint(&format!("{error}; measuring goes on"));
        }
    }

    /// Something that is good to know.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            line("", text);
        }
    }

    /// Files that hold what others hold too, with these.
    pub fn doubles(&self, doubles: &[[String; 2]]) {
        for [name, other] in doubles {
            self.note(&format!("{name} holds the same as {other}, and is counted once"));
        }
    }

    /// Something that is of interest with `-v` only.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            line("", text);
        }
    }

    fn say(&self, what: &str, color: &str, text: &str) {
        if self.color {
            line(&format!("{color}{what}:\x1b[0m "), text);
        } else {
            line(&format!("{what}: "), text);
        }
    }
}

/// One line in one write, so that the lines of several threads do not mix. What would do something to a terminal is shown, not
/// sent to it, and so are line breaks: some of the text is a peer's, who could write a line of ours with them.
fn line(prefix: &str, text: &str) {
    let text = format!("{prefix}{}\n", names::shown(text));
    // Standard error that can't be written leaves nobody to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
