//! What is received from servers that nobody here wrote is what curl receives, byte for byte, and they receive what is sent.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::support::go::page;
use super::support::listening::{
    Listening, announced_target, find_server, identity, serve_with_apache, serve_with_gnutls, start_nginx,
};
use super::support::noise;
use super::support::programs::Program;
use super::support::skip::find;
use super::{case, count, run_with, throughput};

/// More than a record, and no multiple of one.
const PAGE_BYTES: usize = 100_003;
const REQUESTS: u64 = 30;

fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What curl receives.
#[track_caller]
fn curl(curl: &Path, target: &str, path: &str) -> Vec<u8> {
    let mut command = Command::new(curl);
    command.args(["-sSk", "--fail", "--http1.1", "--noproxy", "*", &format!("https://{target}{path}")]);
    let output = command.output().expect("curl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The page, with curl, and with every response on connections that stay open or not.
#[track_caller]
fn receives_as_curl_does(target: &str, path: &str, connections: u64) {
    let Some(program) = find("curl") else { return };
    let expected = curl(&program, target, path);
    assert_eq!(expected, noise(PAGE_BYTES), "what the server was given");
    let requests = REQUESTS.to_string();
    let flags = ["--http-get", path, "-n", &requests, "--connections", "2", "--warmup", "0s", "--verify", "all"];
    let ended = throughput(target, &flags);
    ended.expect(0, &[]);
    let case = case(&ended);
    assert_eq!(case["achieved"]["response_content_sha256"], sha256(&expected), "{case}");
    let facts = ["requests", "responses_compared", "responses_different", "failed"];
    assert_eq!(facts.map(|fact| count(&case, fact)), [REQUESTS, REQUESTS, 0, 0], "{case}");
    assert_eq!(count(&case, "content_bytes"), REQUESTS * expected.len() as u64, "{case}");
    // Two that are closed at once may both be replaced, though one would do for what is left.
    let begun = count(&case, "connections_begun");
    assert!((connections..=connections + 1).contains(&begun), "{begun}: {case}");
}

fn page_file(folder: &Path) -> PathBuf {
    let file = folder.join("page");
    std::fs::write(&file, noise(PAGE_BYTES)).expect("a file");
    file
}

const NGINX: &str = "
    access_log off;
    keepalive_requests 10;
    server {
        listen 127.0.0.1:{port} ssl;
        ssl_protocols TLSv1.3;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        root {folder};
    }
";

/// It closes each connection after ten requests, and says so.
#[test]
fn from_nginx() {
    let Some(nginx) = find_server("nginx") else { return };
    let server = start_nginx(&nginx, |folder, port| {
        identity(folder);
        page_file(folder);
        NGINX.replace("{port}", &port.to_string())
    });
    receives_as_curl_does(&format!("localhost:{}", server.port), "/page", REQUESTS.div_ceil(10));
}

#[test]
fn from_apache() {
    let Some(apache) = find_server("apache2") else { return };
    let server = serve_with_apache(&apache, &noise(PAGE_BYTES));
    receives_as_curl_does(&format!("localhost:{}", server.port), "/page", 2);
}

const HAPROXY: &str = "
global
    nbthread 1
    tune.bufsize 262144
defaults
    mode http
    timeout connect 30s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{port} ssl crt {folder}/both.pem ssl-min-ver TLSv1.3
    http-request return status 200 content-type application/octet-stream file {folder}/page
";

#[test]
fn from_haproxy() {
    let Some(haproxy) = find_server("haproxy") else { return };
    let server = Listening::start("haproxy.cfg", |folder, port| {
        let both = identity(Path::new(folder)).map(|file| std::fs::read_to_string(file).expect("a file")).concat();
        std::fs::write(Path::new(folder).join("both.pem"), both).expect("a file");
        page_file(Path::new(folder));
        let mut command = Command::new(&haproxy);
        command.args(["-db", "-f"]);
        (command, HAPROXY.replace("{folder}", folder).replace("{port}", &port.to_string()))
    });
    receives_as_curl_does(&format!("localhost:{}", server.port), "/page", 2);
}

/// It tells no length, and closes the connection after each response.
#[test]
fn from_openssl() {
    let Some(openssl) = find("openssl") else { return };
    let folder = TempDir::new().expect("a temporary directory");
    let [certificate, key] = identity(folder.path());
    page_file(folder.path());
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-WWW", "-tls1_3", "-cert"]).arg(certificate);
    let server = Program::start(command.arg("-key").arg(key).current_dir(folder.path()));
    receives_as_curl_does(&announced_target(&server, "ACCEPT 127.0.0.1:"), "/page", REQUESTS);
}

/// Its page says what was asked for, and with which session: no two are alike, but the ends of all are there.
#[test]
fn from_gnutls() {
    let Some(gnutls) = find_server("gnutls-serv") else { return };
    let server = serve_with_gnutls(&gnutls);
    let target = format!("localhost:{}", server.port);
    let ended = throughput(&target, &["--http-get", "/", "-n", "20", "--connections", "2", "--warmup", "0s"]);
    ended.expect(0, &[]);
    let case = case(&ended);
    assert_eq!(["requests", "failed"].map(|fact| count(&case, fact)), [20, 0], "{case}");
    assert!(count(&case, "content_bytes") > 20 * 500, "{case}");
}

const PYTHON: &str = r#"
import http.server, ssl, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print("port", server.server_address[1], flush=True)
server.serve_forever()
"#;

#[test]
fn from_python() {
    let Some(python) = find("python3") else { return };
    let (_folder, _server, target) = program(|files, folder| {
        let mut command = Command::new(python);
        command.args(["-c", PYTHON]).args(files).current_dir(folder);
        command
    });
    receives_as_curl_does(&target, "/page", 2);
}

/// In chunks of its own choice; what is posted is counted.
const NODE: &str = r#"
const { readFileSync, createReadStream } = require("fs");
const [cert, key, page] = process.argv.slice(1);
let posted = 0;
const options = { cert: readFileSync(cert), key: readFileSync(key), minVersion: "TLSv1.3" };
const server = require("https").createServer(options, (request, response) => {
    if (request.method === "GET") return createReadStream(page).pipe(response);
    request.on("data", (data) => { posted += data.length; });
    request.on("end", () => response.end(`${posted} posted\n`));
});
server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
"#;

#[test]
fn from_node_and_to_it() {
    let Some(node) = find("node") else { return };
    let (_folder, _server, target) = program(|files, folder| {
        let mut command = Command::new(node);
        command.args(["-e", NODE]).args(files).arg(folder.join("page"));
        command
    });
    receives_as_curl_does(&target, "/page", 2);
    receives_what_is_sent(&target);
}

#[test]
fn from_go_and_to_it() {
    let Some(go) = page() else { return };
    let (_folder, _server, target) = program(|files, folder| {
        let mut command = Command::new(go);
        command.args(files).arg(folder.join("page"));
        command
    });
    receives_as_curl_does(&target, "/page", 2);
    receives_as_curl_does(&target, "/chunks", 2);
    receives_what_is_sent(&target);
}

/// A server that says `port N`, in a folder with the page.
fn program(command: impl FnOnce(&[PathBuf; 2], &Path) -> Command) -> (TempDir, Program, String) {
    let folder = TempDir::new().expect("a temporary directory");
    page_file(folder.path());
    let server = Program::start(&mut command(&identity(folder.path()), folder.path()));
    let target = announced_target(&server, "port ");
    (folder, server, target)
}

/// The server counts what is posted.
#[track_caller]
fn receives_what_is_sent(target: &str) {
    let flags = ["--http-post", "/", "--size", "1,100k", "-n", "20", "--connections", "2", "--warmup", "0s"];
    let ended = throughput(target, &flags);
    ended.expect(0, &[]);
    let document: serde_json::Value = serde_json::from_str(&ended.output).expect("a document");
    for case in document["cases"].as_array().expect("cases") {
        assert_eq!(["requests", "failed"].map(|fact| count(case, fact)), [20, 0], "{case}");
    }
    let mut command = super::tlsbench(["connect", target, "-k", "-q"]);
    command.args(["--linger", "10s"]);
    let request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let told = run_with(command, request);
    told.expect(0, &[]);
    let posted = 20 * (1 + (100 << 10));
    assert!(told.output.contains(&format!("{posted} posted")), "{posted}: {}", told.output);
}
