//! The optimizations and the cryptography, which are selected in the same way. The names are those of the engine's
//! list, and `provider`.

use serde_json::Value;
use tls_engine::crypto::Provider;
use tls_engine::switches::{Switch, SwitchError, Switches};

use crate::error::Error;
use crate::schema::Facts;

/// The name for selecting the cryptography.
pub const PROVIDER: &str = "provider";
/// The cryptography of the full set, and of the empty one.
const PROVIDERS: [&str; 2] = ["auto", "rustcrypto"];

/// A value for everything that can be switched.
#[derive(Clone, Copy)]
pub struct Setting {
    /// The optimizations.
    pub switches: Switches,
    /// The cryptography.
    pub provider: &'static Provider,
}

impl Setting {
    /// Everything at its best: the default.
    pub fn all() -> Result<Self, Error> {
        Ok(Self { switches: Switches::all(), provider: find_provider(PROVIDERS[0])? })
    }

    /// A plain engine, with plain cryptography.
    pub fn none() -> Result<Self, Error> {
        Ok(Self { switches: Switches::none(), provider: find_provider(PROVIDERS[1])? })
    }

    /// Parses `all`, `none`, or changes such as `zero-copy=off,arena=on`. Changes apply to the full set unless the list
    /// begins with one of the two words.
    pub fn parse(list: &str) -> Result<Self, Error> {
        let mut setting = Self::all()?;
        for (index, item) in list.split(',').map(str::trim).enumerate() {
            match (item, item.split_once('=')) {
                ("all", _) if index == 0 => {}
                ("none", _) if index == 0 => setting = Self::none()?,
                (_, Some((name, value))) => setting.set(name.trim(), value.trim())?,
                (name, None) => setting.set(name, "on")?,
            }
        }
        Ok(setting)
    }

    /// Sets one switch, or the provider.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        if name == PROVIDER {
            self.provider = find_provider(value)?;
            return Ok(());
        }
        self.switches.set(name, value).map_err(|error| match &error {
            SwitchError::UnknownSwitch { name } => Error::unknown("switch", name, names()),
            SwitchError::UnknownValue { .. } => Error::Usage(error.to_string()),
        })
    }

    /// The value of a switch, or the provider's name.
    pub fn get(&self, name: &str) -> Option<&'static str> {
        if name == PROVIDER { Some(self.provider.name) } else { self.switches.get(name) }
    }

    /// The facts in a result: `true` and `false` for what is on or off, otherwise the name of the value.
    pub fn facts(&self) -> Facts {
        let value = |text: &str| match text {
            "on" => Value::Bool(true),
            "off" => Value::Bool(false),
            name => name.into(),
        };
        let all = names().filter_map(|name| Some((name.replace('-', "_"), self.get(name)?, name)));
        all.map(|(key, text, name)| {
            let is_on_off = Switch::by_name(name).is_some_and(is_on_off);
            (key, if is_on_off { value(text) } else { text.into() })
        })
        .collect()
    }
}

/// All names: those of the engine's list, and `provider`.
pub fn names() -> impl Iterator<Item = &'static str> {
    Switch::ALL.iter().map(|switch| switch.name).chain([PROVIDER])
}

/// Whether a switch can only be on or off.
pub fn is_on_off(switch: &Switch) -> bool {
    switch.values == ["off", "on"]
}

/// The provider with this name.
pub fn find_provider(name: &str) -> Result<&'static Provider, Error> {
    Provider::by_name(name)
        .ok_or_else(|| Error::unknown("provider", name, Provider::all().iter().map(|provider| provider.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &str) -> Setting {
        Setting::parse(list).unwrap_or_else(|error| panic!("{list}: {error}"))
    }

    #[test]
    fn a_list_changes_the_full_set_or_the_empty_one() {
        assert_eq!(parse("all").switches, Switches::all());
        assert_eq!((parse("none").switches, parse("none").provider.name), (Switches::none(), "rustcrypto"));
        let setting = parse("none, arena,buffer-pool=shared,provider=auto");
        assert!(setting.switches.arena && !setting.switches.zero_copy);
        assert_eq!((setting.get("buffer-pool"), setting.get("provider")), (Some("shared"), Some("auto")));
        let setting = parse("zero-copy=off");
        assert_eq!(setting.switches, Switches { zero_copy: false, ..Switches::all() });
    }

    #[test]
    fn what_does_not_exist_is_refused_with_what_does() {
        let refused = |list: &str| Setting::parse(list).map(drop).expect_err(list);
        for list in ["zero-coffee", "arena=on,none", ""] {
            let text = refused(list).to_string();
            assert!(names().all(|name| text.contains(name)), "{text}");
        }
        assert!(refused("buffer-pool").to_string().contains("off, shared, thread-local"));
        assert!(matches!(refused("provider=nss"), Error::Unknown { .. }));
    }

    #[test]
    fn facts_name_every_switch_once() {
        let facts = parse("arena=off").facts();
        assert_eq!(facts.len(), names().count());
        assert_eq!((&facts["arena"], &facts["zero_copy"]), (&Value::Bool(false), &Value::Bool(true)));
        assert_eq!((&facts["buffer_pool"], &facts["provider"]), (&"thread-local".into(), &"auto".into()));
        assert_eq!(parse("buffer-pool=off").facts()["buffer_pool"], "off", "a value among names stays one");
    }
}
