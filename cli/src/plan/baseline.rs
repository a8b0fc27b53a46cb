use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::loader;
use crate::names;
use crate::schema::Document;

/// Saved results: a file, or the name they were saved under.
pub(super) fn load(typed: &Path) -> Result<Document, Error> {
    find(typed).map_or_else(|| Err(missing(typed)), |path| loader::load(&path))
}

/// The file of a path, or of the name that results were saved under.
pub(super) fn find(typed: &Path) -> Option<PathBuf> {
    if typed.exists() && !typed.is_dir() {
        return Some(typed.to_owned());
    }
    let name = typed.to_str().and_then(|name| names::parse_label(name).ok());
    let kept = name.map(|name| names::baseline_path(&name)).filter(|path| path.exists());
    kept.or_else(|| typed.is_dir().then(|| typed.to_owned()))
}

fn missing(typed: &Path) -> Error {
    let known = kept();
    let typed = typed.display().to_string();
    let hint = match names::nearest(&typed, known.iter().map(String::as_str)) {
        Some(name) => format!("did you mean '{name}'?"),
        None if known.is_empty() => "`tlsbench run PROFILE --save-baseline NAME` saves results".to_owned(),
        None => format!("saved baselines are: {}", known.join(", ")),
    };
    Error::Baseline {
        name: typed,
        problem: "there is no such file, and no baseline of that name".to_owned(),
        hint: Some(hint),
    }
}

/// The names of the baselines saved here.
fn kept() -> Vec<String> {
    let folder = names::baseline_path("x");
    let entries = folder.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let name = |path: &Path| Some(path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned());
    let mut names: Vec<String> = entries.filter_map(|entry| name(&entry.path())).collect();
    names.sort_unstable();
    names
}
