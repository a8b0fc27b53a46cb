//! Completions and manual pages have every command and flag that `--help` has.

#[path = "support/mod.rs"]
mod support;

use std::process::Command;

use clap::{Arg, CommandFactory};
use support::skip::find;
use support::{run, run_with};
use tlsbench::args::Args;

/// Each command with its long flags.
fn commands() -> Vec<(String, Vec<String>)> {
    let mut program = Args::command();
    program.build();
    let flags = |command: &clap::Command| {
        let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
        shown.filter_map(Arg::get_long).map(str::to_owned).collect()
    };
    let commands = program.get_subcommands().filter(|command| command.get_name() != "help");
    commands.map(|command| (command.get_name().to_owned(), flags(command))).collect()
}

#[test]
fn every_shell_gets_every_command_and_flag() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run(["completions", shell]);
        ended.expect(0, &[]);
        for (command, flags) in commands() {
            assert!(ended.output.contains(&command), "{shell}: {command}");
            for flag in flags {
                // Fish names a long flag without its two lines.
                let name = if shell == "fish" { format!("-l {flag}") } else { format!("--{flag}") };
                assert!(ended.output.contains(&name), "{shell}: {command} {name}");
            }
        }
    }
    run(["completions", "cmd.exe"]).expect(2, &["bash"]);
}

#[test]
fn bash_takes_the_script_and_completes_with_it() {
    if find("bash").is_none() {
        return;
    }
    let script = run(["completions", "bash"]).output;
    let mut check = Command::new("bash");
    check.arg("-n");
    run_with(check, script.as_bytes()).expect(0, &[]);
    let mut complete = Command::new("bash");
    complete.arg("--norc");
    let asking =
        "COMP_WORDS=(tlsbench through)\nCOMP_CWORD=1\n_tlsbench tlsbench through tlsbench\necho \"${COMPREPLY[@]}\"\n";
    let ended = run_with(complete, format!("{script}\n{asking}").as_bytes());
    assert_eq!((ended.code, ended.output.trim()), (Some(0), "throughput"), "{ended:?}");
}

#[test]
fn every_command_has_a_page_with_all_of_its_flags() {
    let folder = tempfile::tempdir().expect("a folder");
    run(["man", "--directory", folder.path().to_str().expect("text")]).expect(0, &[]);
    let top = run(["man"]).output;
    for (command, flags) in commands() {
        assert!(top.contains(&format!("tlsbench\\-{command}(1)")), "{command} in\n{top}");
        let path = folder.path().join(format!("tlsbench-{command}.1"));
        let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let printed = run(["man", &command]);
        printed.expect(0, &[]);
        for flag in flags {
            let name = format!("\\-\\-{}", flag.replace('-', "\\-"));
            assert!(page.contains(&name) && printed.output.contains(&name), "{command}: {flag}");
        }
        assert!(printed.output.contains(&format!("tlsbench\\-{command}")), "{command}");
    }
    run(["man", "thruput"]).expect(2, &["did you mean 'throughput'?"]);
    run(["man", "--directory", "/nonexistent"]).expect(2, &["/nonexistent"]);
}

#[test]
fn groff_has_nothing_to_complain_about() {
    if find("groff").is_none() {
        return;
    }
    for (command, _) in commands() {
        let page = run(["man", &command]).output;
        let mut groff = Command::new("groff");
        groff.args(["-man", "-Tutf8", "-ww", "-z"]);
        let ended = run_with(groff, page.as_bytes());
        assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""), "{command}");
    }
}
