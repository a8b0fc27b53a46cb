use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, FromArgMatches};
use tls_engine::switches::Switch;

use crate::setting::is_on_off;

/// The optimizations: one flag for each in the engine's list, and a base that they change.
#[derive(Clone, Debug, Default)]
pub struct SwitchFlags {
    /// Of `--switches`.
    pub base: Option<String>,
    /// Of the single flags that were given: name and value.
    pub changes: Vec<(&'static str, String)>,
}

const HEADING: &str = "Optimizations";
const BASE: &str = "switches";

impl clap::Args for SwitchFlags {
    fn augment_args(command: Command) -> Command {
        let base = Arg::new(BASE)
            .long(BASE)
            .value_name("all|none|LIST")
            .help(
                "The optimizations that are on unless their own flag says otherwise: all, none (which also selects the provider \
                 rustcrypto), or changes such as zero-copy=off,arena=on [default: all]",
            )
            .help_heading(HEADING);
        Switch::ALL.iter().fold(command.arg(base), |command, switch| command.arg(flag(switch)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SwitchFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let value = |name: &str| matches.get_one::<String>(name).cloned();
        self.base = value(BASE);
        self.changes = Switch::ALL.iter().filter_map(|switch| Some((switch.name, value(switch.name)?))).collect();
        Ok(())
    }
}

/// What the command line adds to the engine's description of a switch.
fn remark(switch: &Switch) -> &'static str {
    match switch.name {
        "signal" => ". Only affects `serve`",
        _ => "",
    }
}

fn flag(switch: &'static Switch) -> Arg {
    let flag = Arg::new(switch.name)
        .long(switch.name)
        .value_name(if is_on_off(switch) { "on|off" } else { "NAME" })
        .value_parser(PossibleValuesParser::new(switch.values))
        .hide_possible_values(is_on_off(switch))
        .help(format!("{}{} [default: {}]", switch.help, remark(switch), switch.default_value()))
        .help_heading(HEADING);
    if is_on_off(switch) { flag.num_args(0..=1).require_equals(true).default_missing_value("on") } else { flag }
}
