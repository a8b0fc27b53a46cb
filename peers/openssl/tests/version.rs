//! The OpenSSL that runs is the system's.

use std::process::Command;

#[test]
fn the_version_is_that_of_the_systems_program() {
    let output = Command::new("openssl").arg("version").output().expect("the program openssl");
    let text = String::from_utf8(output.stdout).expect("text");
    // The program tells the version of its headers, and behind that the one of the library.
    let (_, library) = text.split_once("(Library: OpenSSL ").expect("the version of the library");
    assert_eq!(library.split_whitespace().next(), Some(tlsbench_openssl::version()));
}
