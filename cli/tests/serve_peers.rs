//! `tlsbench serve --mode http` with programs that nobody here wrote: clients, and proxies that speak TLS to the servers behind them.

mod support;

use std::path::Path;
use std::process::Command;

use support::listening::{Listening, find_server, start_nginx};
use support::programs::Program;
use support::skip::find;
use support::{Ended, Server, run_with};

/// What every page says.
const PAGE: &str = "Negotiated: <code>TLSv1.3";
/// Requests through a proxy, and how many of them at once.
const MANY: usize = 200;
const AT_ONCE: &str = "50";

fn start() -> Server {
    Server::start(&["--mode", "http"])
}

fn curl(program: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(program);
    command.args(["-sS", "--noproxy", "*", "--max-time", "60"]).args(arguments);
    run_with(command, b"")
}

#[test]
fn curl_has_all_its_answers_on_one_connection() {
    let Some(program) = find("curl") else { return };
    let server = start();
    let (ca, url) = (server.ca.to_str().expect("UTF-8"), format!("https://localhost:{}/", server.port));
    let told = ["--http1.1", "--cacert", ca, "-w", "%{http_code} %{num_connects}\n"];
    let five = curl(&program, &[&told[..], &[&format!("{url}?page=[1-5]")]].concat());
    five.expect(0, &[]);
    assert_eq!(five.output.matches(PAGE).count(), 5, "{}", five.output);
    let codes: Vec<&str> = five.output.lines().filter(|line| line.starts_with("200 ")).collect();
    assert_eq!(codes, ["200 1", "200 0", "200 0", "200 0", "200 0"]);
    let heads = curl(&program, &[&told[..], &["--head", &url, &format!("{url}nowhere"), &url]].concat());
    heads.expect(0, &[]);
    let codes: Vec<&str> = heads.output.lines().filter(|line| line.ends_with(['0', '1'])).collect();
    assert_eq!(codes, ["200 1", "404 0", "200 0"], "{}", heads.output);
    // Content is not read, and the next request has a connection of its own.
    let posts = curl(&program, &[&told[..], &["--data", "a=b", &url, &url]].concat());
    posts.expect(0, &[]);
    let codes: Vec<&str> = posts.output.lines().filter(|line| line.ends_with(" 1")).collect();
    assert_eq!(codes, ["405 1", "405 1"], "{}", posts.output);
}

#[test]
fn openssl_has_all_its_answers_on_one_connection() {
    let Some(openssl) = find("openssl") else { return };
    let server = start();
    let mut command = Command::new(openssl);
    command.args(["s_client", "-quiet", "-verify_return_error", "-connect", &server.target(), "-CAfile"]);
    expect_two_answers(command.arg(&server.ca));
}

#[test]
fn gnutls_has_all_its_answers_on_one_connection() {
    let Some(gnutls) = find("gnutls-cli") else { return };
    let server = start();
    let mut command = Command::new(gnutls);
    command.args(["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3", "--port", &server.port.to_string(), "localhost"]);
    expect_two_answers(command.arg("--x509cafile").arg(&server.ca));
}

/// A program that sends its standard input to the server, and ends when the server ends the connection.
fn expect_two_answers(command: &mut Command) {
    let mut client = Program::start(command);
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.wait_text(PAGE);
    client.send(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client.wait_text("Connection: close\r\n\r\n");
    let (status, output, errors) = client.wait_end();
    assert!(status.success(), "{status}: {errors}");
    let output = String::from_utf8_lossy(&output);
    assert_eq!(output.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{output}");
    assert_eq!(output.matches(PAGE).count(), 1, "the second answer has no body: {output}");
}

#[test]
fn python_has_all_its_answers_on_one_connection() {
    let Some(python) = find("python3") else { return };
    let script = r#"
import http.client, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.minimum_version = ssl.TLSVersion.TLSv1_3
connection = http.client.HTTPSConnection("localhost", int(sys.argv[2]), context=context, timeout=60)
connection.connect()
socket = connection.sock
for method, path in [("GET", "/"), ("HEAD", "/"), ("GET", "/nowhere"), ("GET", "/?a=b")]:
    connection.request(method, path)
    answer = connection.getresponse()
    print(method, answer.status, len(answer.read()) > 0, connection.sock is socket)
connection.request("POST", "/", body=b"a" * 100_000, headers={"Content-Length": "100000"})
answer = connection.getresponse()
print("POST", answer.status, len(answer.read()) > 0, answer.getheader("Connection"))
"#;
    let server = start();
    let mut command = Command::new(python);
    command.args(["-c", script]).arg(&server.ca).arg(server.port.to_string());
    let ended = run_with(command, b"");
    ended.expect(0, &[]);
    let expected =
        ["GET 200 True True", "HEAD 200 False True", "GET 404 True True", "GET 200 True True", "POST 405 True close"];
    assert_eq!(ended.output.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn nginx_has_it_behind_itself() {
    let (Some(nginx), Some(curl)) = (find_server("nginx"), find("curl")) else { return };
    for keepalive in [true, false] {
        let server = start();
        let proxy = start_nginx(&nginx, |_, front| {
            // Without these two directives it speaks HTTP/1.0, and has a connection for each request.
            let reuse = if keepalive { "proxy_http_version 1.1; proxy_set_header Connection \"\";" } else { "" };
            NGINX
                .replace("{front}", &front.to_string())
                .replace("{back}", &server.port.to_string())
                .replace("{ca}", server.ca.to_str().expect("UTF-8"))
                .replace("{reuse}", reuse)
        });
        expect_pages(&proxy, &curl);
    }
}

#[test]
fn haproxy_has_it_behind_itself() {
    let (Some(haproxy), Some(curl)) = (find_server("haproxy"), find("curl")) else { return };
    for reuse in ["always", "never"] {
        let server = start();
        let proxy = Listening::start("haproxy.cfg", |_, front| {
            let configuration = HAPROXY
                .replace("{front}", &front.to_string())
                .replace("{back}", &server.port.to_string())
                .replace("{ca}", server.ca.to_str().expect("UTF-8"))
                .replace("{reuse}", reuse);
            let mut command = Command::new(&haproxy);
            command.args(["-db", "-f"]);
            (command, configuration)
        });
        expect_pages(&proxy, &curl);
    }
}

const NGINX: &str = "
    access_log off;
    upstream behind {
        server 127.0.0.1:{back};
        keepalive 16;
    }
    server {
        listen 127.0.0.1:{front};
        location / {
            proxy_pass https://behind;
            {reuse}
            proxy_ssl_protocols TLSv1.3;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate {ca};
            proxy_ssl_name localhost;
            proxy_ssl_server_name on;
        }
    }
";

const HAPROXY: &str = "
global
    maxconn 1024
defaults
    mode http
    timeout connect 30s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{front}
    default_backend behind
backend behind
    http-reuse {reuse}
    server one 127.0.0.1:{back} ssl verify required ca-file {ca} verifyhost localhost sni str(localhost) ssl-min-ver TLSv1.3
";

/// Expects a page of `proxy` for one client, and for many at once.
fn expect_pages(proxy: &Listening, program: &Path) {
    let url = format!("http://127.0.0.1:{}/", proxy.port);
    let one = curl(program, &[&url]);
    one.expect(0, &[]);
    assert!(one.output.contains(PAGE) && one.output.contains("name localhost"), "{one:?}");
    let head = curl(program, &["--head", &url]);
    assert!(head.output.starts_with("HTTP/1.1 200"), "{head:?}");
    let code = ["-w", "%{http_code}\n", "-o", "/dev/null"];
    let numbers = format!("{url}?page=[1-{MANY}]");
    let many = curl(program, &[&["--parallel", "--parallel-max", AT_ONCE], &code[..], &[&numbers]].concat());
    many.expect(0, &[]);
    assert_eq!(many.output.lines().filter(|line| *line == "200").count(), MANY, "{}", many.output);
    let other = curl(program, &[&code[..], &[&format!("{url}nowhere")]].concat());
    assert_eq!(other.output, "404\n");
}
