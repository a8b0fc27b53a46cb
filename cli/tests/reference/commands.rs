//! A page for each command, from the definitions that `--help` prints.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};
use tlsbench::args::Args;

use super::escaped;

/// The pages with their names: the list of all commands first.
pub(super) fn pages() -> Vec<(String, String)> {
    let mut program = Args::command();
    program.build();
    let mut pages = vec![("commands.md".to_owned(), list(&program))];
    pages.extend(commands(&program).map(|command| (format!("commands/{}.md", command.get_name()), page(command))));
    pages
}

fn commands(program: &Command) -> impl Iterator<Item = &Command> {
    program.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

/// The list of commands, with the options that all of them have.
fn list(program: &Command) -> String {
    let mut text = "# Commands\n\n".to_owned();
    for command in commands(program) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "- [`tlsbench {0}`](commands/{0}.md): {1}", command.get_name(), escaped(&about));
    }
    text.push_str("\n## Options of every command\n\n");
    for argument in shown(program).filter(|argument| argument.is_global_set()) {
        option(&mut text, argument);
    }
    text.push_str(
        "- **`-h, --help`**: Print help; `-h` prints a summary.\n- **`-V, --version`**: Print the version.\n",
    );
    after(&mut text, program);
    text
}

fn page(command: &Command) -> String {
    let mut text = format!("# tlsbench {}\n\n", command.get_name());
    let about = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(text, "{}\n", escaped(&about));
    let usage = command.clone().render_usage().to_string();
    let _ = writeln!(text, "```text\n{}\n```", usage.trim_start_matches("Usage: "));
    for heading in headings(command) {
        let _ = writeln!(text, "\n## {heading}\n");
        for argument in own(command).filter(|argument| heading_of(argument) == heading) {
            option(&mut text, argument);
        }
    }
    text.push_str("\nThe [options of every command](../commands.md#options-of-every-command) apply too.\n");
    after(&mut text, command);
    text
}

/// What `--help` shows, but for help and version.
fn shown(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_hidden =
        |argument: &&Arg| argument.is_hide_set() || ["help", "version"].contains(&argument.get_id().as_str());
    command.get_arguments().filter(move |argument| !is_hidden(argument))
}

fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    shown(command).filter(|argument| !argument.is_global_set())
}

fn heading_of(argument: &Arg) -> &str {
    let fallback = if argument.is_positional() { "Arguments" } else { "Options" };
    argument.get_help_heading().unwrap_or(fallback)
}

/// The headings of its arguments, in the order of `--help`: those without one of their own come first.
fn headings(command: &Command) -> Vec<&str> {
    let mut headings = Vec::new();
    let plain = ["Arguments", "Options"];
    let is_used = |heading: &&str| own(command).any(|argument| heading_of(argument) == *heading);
    for heading in plain.into_iter().filter(is_used).chain(own(command).map(heading_of)) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    headings
}

/// An argument as an item of a list: its forms, what it does, its default and its values.
fn option(text: &mut String, argument: &Arg) {
    let short = argument.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    let help = argument.get_long_help().or_else(|| argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    // Defaults that are worked out later are part of the text.
    let (help, told) = help.split_once(" [default: ").unwrap_or((&help, ""));
    let _ = write!(text, "- **`{short}{argument}`**: {}", sentence(help));
    let mut defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if argument.is_hide_default_value_set() || !argument.get_action().takes_values() {
        defaults.clear();
    }
    if !told.is_empty() {
        let _ = write!(text, " Default: {}.", escaped(told.trim_end_matches(']')));
    } else if !defaults.is_empty() {
        let _ = write!(text, " Default: `{}`.", defaults.join(","));
    }
    let aliases = argument.get_visible_short_aliases().unwrap_or_default();
    for alias in aliases {
        let _ = write!(text, " Alias: `-{alias}`.");
    }
    text.push('\n');
    if !argument.is_hide_possible_values_set() && argument.get_action().takes_values() {
        for value in argument.get_possible_values().iter().filter(|value| !value.is_hide_set()) {
            let help = value.get_help().map(|help| format!(": {}", sentence(&help.to_string()))).unwrap_or_default();
            let _ = writeln!(text, "  - `{}`{help}", value.get_name());
        }
    }
}

fn sentence(text: &str) -> String {
    let text = escaped(text);
    if text.ends_with('.') || text.is_empty() { text } else { format!("{text}.") }
}

/// What `--help` says at its end. Indented lines are code, and a line that ends with a colon above them is their heading.
fn after(text: &mut String, command: &Command) {
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    let after = after.map(ToString::to_string).unwrap_or_default();
    let mut is_code = false;
    for line in after.lines() {
        if line.starts_with("  ") != is_code {
            text.push_str(if is_code { "```\n" } else { "```text\n" });
            is_code = !is_code;
        }
        let _ = match (line.strip_prefix("  "), line.strip_suffix(':')) {
            (Some(code), _) => writeln!(text, "{code}"),
            (None, Some(heading)) => writeln!(text, "\n## {heading}\n"),
            (None, None) if line.is_empty() => Ok(()),
            (None, None) => writeln!(text, "\n{}", escaped(line)),
        };
    }
    if is_code {
        text.push_str("```\n");
    }
}
