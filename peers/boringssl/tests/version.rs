//! The library that runs is BoringSSL, of the crate that is locked.

#[test]
fn it_is_boringssl() {
    assert!(tlsbench_boringssl::text().contains("BoringSSL"), "{}", tlsbench_boringssl::text());
}

#[test]
fn the_version_is_the_one_that_is_locked() {
    let lock = include_str!("../Cargo.lock");
    let (_, package) = lock.split_once("name = \"boring-sys\"\nversion = \"").expect("the package boring-sys");
    let version = package.split('"').next().expect("a version");
    assert_eq!(tlsbench_boringssl::version(), format!("boring-sys {version}"));
}
