use clap::{ArgMatches, Command, FromArgMatches};

/// A flag with its value, in the form of a command line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flag {
    /// Its long name, without the dashes.
    pub name: String,
    /// Its value; a flag that takes none has none.
    pub value: Option<String>,
}

/// The flags of a command in the form of a command line, defaults included. It defines no flag; it keeps what the others were
/// given, and has to be the first field: those that follow take their values out.
#[derive(Clone, Debug, Default)]
pub struct Asked(pub Vec<Flag>);

impl clap::Args for Asked {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}

impl FromArgMatches for Asked {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut asked = Self::default();
        asked.update_from_arg_matches(matches)?;
        Ok(asked)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = matches.ids().filter_map(|id| flag(matches, id.as_str())).collect();
        Ok(())
    }
}

fn flag(matches: &ArgMatches, id: &str) -> Option<Flag> {
    let name = id.replace('_', "-");
    if let Ok(Some(is_given)) = matches.try_get_one::<bool>(id) {
        return is_given.then_some(Flag { name, value: None });
    }
    let values = matches.try_get_raw(id).ok().flatten()?;
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    Some(Flag { name, value: Some(values.join(",")) })
}

#[cfg(test)]
mod tests {
    use crate::args::{Args, Command};
    use clap::Parser;

    #[test]
    fn it_keeps_what_was_given_and_what_was_not() {
        let typed = "tlsbench throughput --cipher aes128gcm,aes256gcm --size 1k -k --no-delay";
        let args = Args::try_parse_from(typed.split_whitespace()).expect("flags");
        let Command::Throughput(args) = args.command else { panic!("another command") };
        let value = |name: &str| {
            let mut flags = args.asked.0.iter();
            flags.find(|flag| flag.name == name).map(|flag| flag.value.as_deref())
        };
        assert_eq!(value("cipher"), Some(Some("aes128gcm,aes256gcm")));
        assert_eq!((value("size"), value("no-delay")), (Some(Some("1k")), Some(Some("on"))));
        assert_eq!((value("insecure"), value("ipv4")), (Some(None), None));
        assert_eq!((value("loopback-threads"), value("seed")), (Some(Some("2")), Some(Some("1"))));
    }
}
