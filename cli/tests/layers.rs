//! The layers of the command hold: modules import from layers below only.

#[path = "../../engine/tests/support/layers.rs"]
mod layers;

use layers::Layers;

/// The layers, lowest first. The same list is in ARCHITECTURE.md.
const LAYERS: Layers = Layers {
    root: concat!(env!("CARGO_MANIFEST_DIR"), "/src"),
    layers: &[
        &["clock"],
        &["files", "measure", "memory", "names", "stats", "units"],
        &["error", "schema"],
        &["host", "identity", "interrupt", "loader", "series", "setting"],
        &["comparison", "library", "net", "ranking"],
        &["instructions", "primitives", "render", "workload"],
        &["args", "peers"],
        &["request"],
        &["profile"],
        &["plan"],
        &["runner"],
        &["cmd"],
    ],
};

#[test]
fn imports_go_down_only() {
    assert!(LAYERS.check_imports() > 50, "few imports were found: does this test still read them?");
}

#[test]
fn every_module_has_its_layer() {
    LAYERS.check_modules();
}

#[test]
fn architecture_lists_the_same_layers() {
    LAYERS.check_listed_in(concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md"));
}

#[test]
fn a_command_imports_no_other_command() {
    let commands: Vec<String> = LAYERS
        .sources()
        .iter()
        .filter_map(|(path, _)| {
            path.strip_prefix("cmd/").map(|rest| rest.split(['/', '.']).next().unwrap_or(rest).into())
        })
        .filter(|name| name != "mod")
        .collect();
    assert!(!commands.is_empty());
    for (path, text) in LAYERS.sources() {
        for other in commands.iter().filter(|name| !path.starts_with(&format!("cmd/{name}"))) {
            let imports = text.contains(&format!("cmd::{other}")) || text.contains(&format!("super::{other}"));
            assert!(
                !path.starts_with("cmd/") || path == "cmd/mod.rs" || !imports,
                "{path} imports the command {other}"
            );
        }
    }
}
