use tls_engine::switches::Switch;

use crate::error::Error;
use crate::setting::{PROVIDER, Setting};

/// One value of a switch, to be compared with that of a plain engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The switch, or `provider`.
    pub name: &'static str,
    /// The value.
    pub value: &'static str,
    /// The value of a plain engine.
    pub plain: &'static str,
}

/// The values of the other switches meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Everything at its best: shows what is lost without the switch.
    Full,
    /// A plain engine: shows what is gained with the switch.
    Empty,
}

/// Two settings that differ in one switch or, to measure the noise, in nothing.
#[derive(Clone, Copy)]
pub struct Comparison {
    /// The difference; `None` to measure the noise.
    pub row: Option<Row>,
    /// The values of the other switches.
    pub base: Base,
    /// The setting with the value.
    pub with: Setting,
    /// The setting with the value of a plain engine.
    pub without: Setting,
}

/// A row for every value of every switch that differs from a plain engine's, and one for the cryptography.
pub fn rows() -> Result<Vec<Row>, Error> {
    let of_switch = |switch: &'static Switch| {
        let plain = switch.values[0];
        let others = switch.values.iter().filter(move |value| **value != plain);
        others.map(move |value| Row { name: switch.name, value, plain })
    };
    let provider = Row { name: PROVIDER, value: Setting::all()?.provider.name, plain: Setting::none()?.provider.name };
    Ok(Switch::ALL.iter().flat_map(of_switch).chain([provider]).collect())
}

impl Base {
    /// Both bases.
    pub const ALL: [Self; 2] = [Self::Full, Self::Empty];

    /// The name in identifiers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Empty => "empty",
        }
    }

    pub(super) fn setting(self) -> Result<Setting, Error> {
        match self {
            Self::Full => Setting::all(),
            Self::Empty => Setting::none(),
        }
    }
}

impl Comparison {
    /// The comparison for a row within a base.
    pub fn of(row: Row, base: Base) -> Result<Self, Error> {
        let (mut with, mut without) = (base.setting()?, base.setting()?);
        with.set(row.name, row.value)?;
        without.set(row.name, row.plain)?;
        Ok(Self { row: Some(row), base, with, without })
    }

    /// A base compared with itself: the noise.
    pub fn of_nothing(base: Base) -> Result<Self, Error> {
        let setting = base.setting()?;
        Ok(Self { row: None, base, with: setting, without: setting })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_engine::switches::Switches;

    #[test]
    fn every_switch_is_compared_with_a_plain_engine_and_nothing_else_differs() {
        let rows = rows().expect("rows");
        for name in crate::setting::names() {
            assert!(rows.iter().any(|row| row.name == name), "{name}");
        }
        for row in rows {
            for base in Base::ALL {
                let Comparison { with, without, .. } = Comparison::of(row, base).expect("a comparison");
                for name in crate::setting::names() {
                    assert_eq!(with.get(name) == without.get(name), name != row.name, "{row:?} {name}");
                }
            }
        }
        for (base, switches) in Base::ALL.into_iter().zip([Switches::all(), Switches::none()]) {
            let nothing = Comparison::of_nothing(base).expect("a comparison");
            assert_eq!((nothing.with.switches, nothing.without.switches), (switches, switches));
        }
    }
}
