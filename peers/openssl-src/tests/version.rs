//! The OpenSSL that runs is the one of `openssl-src`, and not the system's.

#[test]
fn the_version_is_the_one_that_is_locked() {
    let lock = include_str!("../Cargo.lock");
    let (_, package) = lock.split_once("name = \"openssl-src\"\nversion = \"").expect("the package openssl-src");
    let version = package.split('"').next().expect("a version");
    // Its own version, then OpenSSL's: 300.6.1+3.6.3.
    assert_eq!(version.split_once('+').map(|(_, openssl)| openssl), Some(tlsbench_openssl::version()));
}

#[cfg(target_os = "linux")]
#[test]
fn the_systems_library_is_not_loaded() {
    let loaded = std::fs::read_to_string("/proc/self/maps").expect("what this program has loaded");
    assert!(loaded.contains("libc.so"), "this finds no library");
    assert!(!loaded.contains("libssl.so"), "the system's OpenSSL is loaded");
}
