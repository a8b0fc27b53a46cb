//! The sources that this package shares with the engine choose loom's atomics by this name. It is set for this package
//! alone: set for all, as loom's documentation has it, it would build every dependency anew, the C code included.

fn main() {
    println!("cargo::rustc-cfg=loom");
    println!("cargo::rustc-check-cfg=cfg(loom)");
}
