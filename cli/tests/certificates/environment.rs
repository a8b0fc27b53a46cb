//! Authorities that variables name.

use std::fs;
use std::path::Path;

use super::support::pki::{KeyKind, Pki};
use super::support::{Ended, Server, run_with_in, tlsbench};
use super::{MARK, UTF_16, utf_16};

/// Variables, the exit code, and what is said of them.
type Row<'a> = (&'a [(&'a str, &'a str)], i32, &'a [&'a str]);

/// `connect` to a port of ours, with these variables that name authorities.
fn connect(folder: &Path, port: u16, variables: &[(&str, &str)]) -> Ended {
    let mut command = tlsbench(["connect", &format!("localhost:{port}"), "--linger", "0s"]);
    run_with_in(command.envs(variables.iter().copied()), folder)
}

#[test]
fn authorities_that_the_environment_names_are_used_or_told() {
    let server = Server::start(&["--mode", "http"]);
    let folder = server.directory.path();
    let authority = fs::read(&server.ca).expect("the authority");
    let key = Pki::shared_identity(KeyKind::EcdsaP256).key_pem.as_bytes();
    for name in ["good", "mixed", "empty", "keys"] {
        fs::create_dir(folder.join(name)).expect("a folder");
    }
    let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content).expect("written");
    write("good/0a1b2c3d.0", &authority);
    write("mixed/0a1b2c3d.0", &authority);
    write("mixed/README", b"what this is");
    write("keys/key.pem", key);
    write("marked.pem", &[MARK, &authority].concat());
    write("wide.pem", &utf_16(&authority));
    write("broken.pem", &[&authority[..], b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"].concat());
    let (file, folders) = ("SSL_CERT_FILE", "SSL_CERT_DIR");
    let table: [Row<'_>; 17] = [
        (&[(file, "ca.pem")], 0, &[]),
        (&[(file, "marked.pem")], 0, &[]),
        (&[(folders, "good")], 0, &[]),
        (&[(folders, "empty:good")], 0, &["SSL_CERT_DIR: empty holds no certificate"]),
        (&[(folders, "mixed")], 0, &["SSL_CERT_DIR: mixed/README: no certificate found: this is not PEM"]),
        (&[(file, "ca.pem"), (folders, "none")], 0, &["SSL_CERT_DIR: can't read none: No such file"]),
        (&[(file, "broken.pem")], 0, &["SSL_CERT_FILE: broken.pem: certificate 2: "]),
        (&[(file, "none.pem")], 2, &["error: SSL_CERT_FILE: can't read none.pem: No such file", "--cacert FILE"]),
        (&[(file, "none.pem"), (folders, "good")], 2, &["error: SSL_CERT_FILE: can't read none.pem"]),
        (&[(file, "")], 2, &["error: SSL_CERT_FILE is set and names no file"]),
        (&[(file, "good")], 2, &["error: SSL_CERT_FILE: can't read good: Is a directory"]),
        (&[(file, "/dev/zero")], 2, &["error: SSL_CERT_FILE: can't read /dev/zero: it is larger than"]),
        (&[(file, "/dev/null")], 2, &["error: SSL_CERT_FILE: /dev/null: no certificate found: the text is empty"]),
        (&[(file, "keys/key.pem")], 2, &["SSL_CERT_FILE: keys/key.pem: no certificate found", "(PRIVATE KEY)"]),
        (&[(file, "wide.pem")], 2, &["SSL_CERT_FILE: wide.pem: ", UTF_16]),
        (&[(folders, "none")], 2, &["error: SSL_CERT_DIR: can't read none: No such file", "or unset the variable"]),
        (
            &[(folders, "keys")],
            2,
            &["error: SSL_CERT_DIR: keys/key.pem: no certificate found", "keys holds no certificate"],
        ),
    ];
    for (variables, code, sayings) in table {
        let ended = connect(folder, server.port, variables);
        eprintln!("{variables:?}: {}", ended.errors);
        ended.expect(code, sayings);
        let complaints = ["SSL_CERT_FILE: ", "SSL_CERT_FILE is set", "SSL_CERT_DIR: "];
        let complains = complaints.iter().any(|complaint| ended.errors.contains(complaint));
        assert_eq!(complains, !sayings.is_empty(), "{variables:?}: {ended:?}");
        let names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
        let trusting = format!("trusting 1 authority of {}\n", names.join(" and "));
        assert_eq!(ended.errors.contains(&trusting), code == 0, "{variables:?}: {ended:?}");
        assert!(!ended.errors.contains("no trusted authority issued it"), "{variables:?}: {ended:?}");
    }
}
