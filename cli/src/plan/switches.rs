use crate::args;
use crate::error::Error;
use crate::setting::Setting;

/// The setting that flags mean: the base, the provider where one was named, and the single switches.
pub(super) fn setting(flags: &args::SwitchFlags, provider: Option<&str>) -> Result<Setting, Error> {
    let mut setting = flags.base.as_deref().map_or_else(Setting::all, Setting::parse)?;
    if let Some(name) = provider {
        setting.provider = crate::setting::find_provider(name)?;
    }
    for (name, value) in &flags.changes {
        setting.set(name, value)?;
    }
    Ok(setting)
}
