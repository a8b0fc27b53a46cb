//! Defines `cfg(defines_malloc)` if this build defines `malloc`: on Linux with glibc, unless a sanitizer defines it,
//! which must see every call.
//!
//! Cargo tells build scripts about the sanitizer; on a stable toolchain, the code itself can't ask.

use std::env;

fn main() {
    let is = |name, value| env::var(name).is_ok_and(|set| set == value);
    let is_glibc = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    println!("cargo::rustc-check-cfg=cfg(sanitized)");
    println!("cargo::rustc-check-cfg=cfg(defines_malloc)");
    if env::var_os("CARGO_CFG_SANITIZE").is_some() {
        println!("cargo::rustc-cfg=sanitized");
    } else if is_glibc {
        println!("cargo::rustc-cfg=defines_malloc");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
