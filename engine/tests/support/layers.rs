//! The layers of a crate, read from its sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A crate's sources and the layers of its modules.
pub(crate) struct Layers {
    /// The folder of its sources.
    pub(crate) root: &'static str,
    /// The modules of each layer, lowest first.
    pub(crate) layers: &'static [&'static [&'static str]],
}

impl Layers {
    /// Fails on an import that does not go down, and tells how many imports it saw.
    pub(crate) fn check_imports(&self) -> usize {
        let mut imports = 0;
        for (path, text) in self.sources() {
            let Some(module) = module(&path) else { continue };
            for (number, line) in text.lines().enumerate() {
                for name in crate_paths(line).into_iter().filter(|name| *name != module) {
                    imports += 1;
                    let goes_down = self.layer(&name) < self.layer(&module);
                    assert!(goes_down, "{path}:{}: {module} imports {name}, which is not below it", number + 1);
                }
            }
        }
        imports
    }

    /// Fails on a module without a layer, and on a layer's module that is gone.
    pub(crate) fn check_modules(&self) {
        let modules: BTreeSet<String> = self.sources().iter().filter_map(|(path, _)| module(path)).collect();
        let listed: BTreeSet<String> = self.layers.iter().copied().flatten().map(|name| (*name).to_owned()).collect();
        assert_eq!(modules, listed);
    }

    /// Fails unless the file has the layers in a line of its own.
    pub(crate) fn check_listed_in(&self, file: &str) {
        let layer =
            |modules: &&[&str]| modules.iter().map(|module| format!("`{module}`")).collect::<Vec<_>>().join(" ");
        let line = self.layers.iter().map(layer).collect::<Vec<_>>().join(" < ");
        let text = fs::read_to_string(file).expect("the file with the layers");
        assert!(text.lines().any(|known| known == line), "{file} lists other layers than:\n{line}");
    }

    /// Fails where a word is named outside of its homes, or no longer in each of them.
    #[allow(dead_code, reason = "not every crate has such words")]
    pub(crate) fn check_belongings(&self, belongings: &[(&str, &str)]) {
        for (word, home) in belongings {
            let all = self.sources().into_iter();
            let named: Vec<String> = all.filter(|(_, text)| text.contains(word)).map(|(path, _)| path).collect();
            for home in home.split(' ') {
                assert!(named.iter().any(|path| path.starts_with(home)), "{word} is not in {home} any more: {named:?}");
            }
            let is_home = |path: &String| home.split(' ').any(|home| path.starts_with(home));
            assert!(named.iter().all(is_home), "{word} belongs in {home}: {named:?}");
        }
    }

    fn layer(&self, module: &str) -> usize {
        self.layers
            .iter()
            .position(|modules| modules.contains(&module))
            .unwrap_or_else(|| panic!("{module} has no layer"))
    }

    /// All sources, by their path below the root.
    pub(crate) fn sources(&self) -> Vec<(String, String)> {
        let root = Path::new(self.root);
        let (mut folders, mut files): (Vec<PathBuf>, Vec<_>) = (vec![root.to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder of the sources") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(root).expect("below the root").to_str().expect("UTF-8");
                    files.push((name.replace('\\', "/"), fs::read_to_string(&path).expect("a source")));
                }
            }
        }
        assert!(files.len() > 10, "these are not all sources");
        files
    }
}

/// The modules that a line names by `crate::`. A list in braces would hide some.
fn crate_paths(line: &str) -> Vec<String> {
    assert!(!line.contains("crate::{"), "one `use` per module: {line}");
    line.match_indices("crate::")
        .map(|(at, word)| {
            line[at + word.len()..].chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
        })
        // Names that the root of the crate re-exports.
        .filter(|name: &String| name.starts_with(char::is_lowercase))
        .collect()
}

/// The module of a file: the first part of its path. The roots of the crate are above all.
fn module(path: &str) -> Option<String> {
    let first = path.split('/').next()?;
    (!["lib.rs", "main.rs"].contains(&first)).then(|| first.trim_end_matches(".rs").to_owned())
}
