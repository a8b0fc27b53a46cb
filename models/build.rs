//! The sources that this package shares with the engine select loom's atomics by this name. It is set only for this
//! package. If it were set globally, as loom's documentation suggests, every dependency would be rebuilt, including the
//! C code.

fn main() {
    println!("cargo::rustc-cfg=loom");
    println!("cargo::rustc-check-cfg=cfg(loom)");
}
