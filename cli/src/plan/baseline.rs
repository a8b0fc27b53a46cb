use std::path::Path;

use crate::error::Error;
use crate::loader;
use crate::names;
use crate::schema::Document;

/// Results that are kept: a file, or the name that they were kept under.
pub(super) fn load(typed: &Path) -> Result<Document, Error> {
    if typed.exists() && !typed.is_dir() {
        return loader::load(typed);
    }
    let name = typed.to_str().and_then(|name| names::parse_label(name).ok());
    let kept = name.map(|name| names::baseline_path(&name));
    match kept {
        Some(path) if path.exists() => loader::load(&path),
        _ if typed.is_dir() => loader::load(typed),
        _ => Err(missing(typed)),
    }
}

fn missing(typed: &Path) -> Error {
    let known = kept();
    let typed = typed.display().to_string();
    let hint = match names::nearest(&typed, known.iter().map(String::as_str)) {
        Some(name) => format!("did you mean '{name}'?"),
        None if known.is_empty() => "`tlsbench run PROFILE --save-baseline NAME` keeps results".to_owned(),
        None => format!("kept under a name are: {}", known.join(", ")),
    };
    Error::Baseline {
        name: typed,
        problem: "there is no such file, and no baseline of that name".to_owned(),
        hint: Some(hint),
    }
}

/// The names that results are kept under here.
fn kept() -> Vec<String> {
    let folder = names::baseline_path("x");
    let entries = folder.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let name = |path: &Path| Some(path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned());
    let mut names: Vec<String> = entries.filter_map(|entry| name(&entry.path())).collect();
    names.sort_unstable();
    names
}
