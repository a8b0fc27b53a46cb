//! haproxy, as a client of the server behind it and as a server.

use std::process::Command;

use tempfile::TempDir;

use super::support::listening::{Listening, find_server, identity};
use super::support::skip::find;
use super::support::{run_with, tlsbench};
use super::{REQUEST, RESUMED, start};

/// One thread, as each has sessions of its own.
const COMMON: &str = "
global
    nbthread 1
defaults
    mode http
    timeout connect 30s
    timeout client 30s
    timeout server 30s
";

const CLIENT: &str = "
frontend front
    bind 127.0.0.1:{port}
    default_backend behind
backend behind
    http-reuse never
    http-response set-header resumed %[ssl_bc_is_resumed]
    server one 127.0.0.1:{back} ssl verify required ca-file {ca} verifyhost localhost sni str(localhost) ssl-min-ver TLSv1.3
";

#[test]
fn as_a_client_it_resumes() {
    let (Some(haproxy), Some(curl)) = (find_server("haproxy"), find("curl")) else { return };
    let server = start(&[]);
    let proxy = Listening::start("haproxy.cfg", |_, port| {
        let configuration = CLIENT
            .replace("{port}", &port.to_string())
            .replace("{back}", &server.port.to_string())
            .replace("{ca}", server.ca.to_str().expect("UTF-8"));
        let mut command = Command::new(&haproxy);
        command.args(["-db", "-f"]);
        (command, format!("{COMMON}{configuration}"))
    });
    for resumed in [false, true, true] {
        let mut command = Command::new(&curl);
        command.args(["-sSi", "--noproxy", "*", "--max-time", "60", &format!("http://127.0.0.1:{}/", proxy.port)]);
        let ended = run_with(command, b"");
        ended.expect(0, &[]);
        let told = format!("resumed: {}\r\n", u8::from(resumed));
        assert!(ended.output.contains(&told), "{told} in {}", ended.output);
        assert_eq!(ended.output.contains(" resumed, "), resumed, "{}", ended.output);
    }
}

const SERVER: &str = "
frontend front
    bind 127.0.0.1:{port} ssl crt {identity} ssl-min-ver TLSv1.3
    http-request return status 200 content-type text/plain lf-string \"resumed: %[ssl_fc_is_resumed]\"
";

#[test]
fn as_a_server_it_says_that_it_has_resumed() {
    let Some(haproxy) = find_server("haproxy") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let both = identity(folder.path()).map(|file| std::fs::read_to_string(file).expect("a file")).concat();
    let file = folder.path().join("both.pem");
    std::fs::write(&file, both).expect("a file");
    let server = Listening::start("haproxy.cfg", |_, port| {
        let configuration =
            SERVER.replace("{port}", &port.to_string()).replace("{identity}", file.to_str().expect("UTF-8"));
        let mut command = Command::new(&haproxy);
        command.args(["-db", "-f"]);
        (command, format!("{COMMON}{configuration}"))
    });
    let target = format!("localhost:{}", server.port);
    for (flags, said) in [(&["--resume"][..], "resumed: 1"), (&[], "resumed: 0")] {
        let ended = run_with(tlsbench([&["connect", &target, "-k"], flags].concat()), REQUEST);
        ended.expect(0, &[]);
        assert!(ended.output.ends_with(said), "{}", ended.output);
        assert_eq!(ended.errors.contains(RESUMED), !flags.is_empty(), "{}", ended.errors);
    }
}
