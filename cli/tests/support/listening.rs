//! Servers that nobody here wrote, which are told by a file what to do.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::endpoint::DEADLINE;
use super::programs::Program;
use super::skip::{on_path, skip};

/// A server on a port of its own. Its process ends, and its folder goes, with it.
pub struct Listening {
    pub program: Program,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl Listening {
    /// Starts what `configure` tells, given a folder and a port: a command that wants its configuration's file as last argument.
    pub fn start(name: &str, configure: impl FnOnce(&str, u16) -> (Command, String)) -> Self {
        Self::start_with(|folder, port| {
            let (mut command, configuration) = configure(folder, port);
            let file = Path::new(folder).join(name);
            std::fs::write(&file, configuration).expect("written");
            command.arg(&file);
            command
        })
    }

    /// Starts the command that `configure` makes, given a folder and a port.
    pub fn start_with(configure: impl FnOnce(&str, u16) -> Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Free now, and soon taken again: the system hands such ports out in turns.
        let port =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port();
        let program = Program::start(&mut configure(folder.path().to_str().expect("UTF-8"), port));
        let mut server = Self { program, port, folder };
        server.wait_until_it_listens();
        server
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn wait_until_it_listens(&mut self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if began.elapsed() > DEADLINE / 2 {
                // It should have said why.
                panic!("it does not listen: {:?}", self.program.wait_end());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Where a server is, which on many systems only the administrator has on the search path.
pub fn find_server(program: &str) -> Option<PathBuf> {
    let beside = ["/usr/sbin", "/usr/local/sbin"].map(|folder| Path::new(folder).join(program));
    let found = on_path(program).or_else(|| beside.into_iter().find(|path| path.is_file()));
    if found.is_none() {
        skip(&format!("{program} is missing"));
    }
    found
}

/// A certificate for localhost, signed by itself, and its key, in files.
pub fn identity(folder: &Path) -> [PathBuf; 2] {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.join(name));
    std::fs::write(&certificate, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    [certificate, key]
}

/// How to reach a server that has taken any port: it says so on its output, behind `before`.
pub fn announced_target(server: &Program, before: &str) -> String {
    let port = |output: &[u8]| {
        let text = String::from_utf8_lossy(output).into_owned();
        Some(text.split_once(before)?.1.split_once('\n')?.0.trim().to_owned())
    };
    let output = server.wait_output(before, |output| port(output).is_some());
    format!("localhost:{}", port(&output).expect("it was there"))
}

/// OpenSSL's `s_server`, which answers every request with its statistics, and how to reach it.
pub fn serve_with_openssl(openssl: &Path, [certificate, key]: &[PathBuf; 2]) -> (Program, String) {
    let mut command = Command::new(openssl);
    command.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-tls1_3", "-cert"]).arg(certificate);
    let server = Program::start(command.arg("-key").arg(key));
    let target = announced_target(&server, "ACCEPT 127.0.0.1:");
    (server, target)
}

/// GnuTLS's server with a certificate of its own, whose page says what was asked for, and with which session.
pub fn serve_with_gnutls(gnutls: &Path) -> Listening {
    Listening::start_with(|folder, port| {
        let [certificate, key] = identity(Path::new(folder));
        let mut command = Command::new(gnutls);
        command.args(["--http", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3", "--port", &port.to_string()]);
        command.arg("--x509certfile").arg(certificate).arg("--x509keyfile").arg(key);
        command
    })
}

/// nginx with a certificate chain and its key, which answers every request with `answer`, takes early data, and logs of each request whether
/// its session was resumed: `r`, or `.`.
pub fn serve_with_nginx(nginx: &Path, [chain, key]: &[PathBuf; 2], answer: &str) -> Listening {
    start_nginx(nginx, |_, port| {
        ANSWERS
            .replace("{port}", &port.to_string())
            .replace("{certificate}", chain.to_str().expect("UTF-8"))
            .replace("{key}", key.to_str().expect("UTF-8"))
            .replace("{answer}", answer)
    })
}

const ANSWERS: &str = "
    log_format reused '$ssl_session_reused';
    access_log {folder}/access.log reused;
    server {
        listen 127.0.0.1:{port} ssl;
        ssl_protocols TLSv1.3;
        ssl_early_data on;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location / { return 200 '{answer}'; }
    }
";

/// nginx with what `configure` puts into its block `http`, given the folder, which is `{folder}` in it, and a port.
pub fn start_nginx(nginx: &Path, configure: impl FnOnce(&Path, u16) -> String) -> Listening {
    Listening::start("nginx.conf", |folder, port| {
        let http = configure(Path::new(folder), port);
        let mut command = Command::new(nginx);
        command.args(["-p", folder, "-e", "stderr", "-c"]);
        (command, NGINX.replace("{http}", &http).replace("{folder}", folder))
    })
}

/// One process in the foreground, which writes nowhere but below its folder.
const NGINX: &str = "
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
}
";

/// Apache with a certificate of its own, which answers `/page` with this page, and logs of each request whether its session was resumed:
/// `Resumed`, or `Initial`.
pub fn serve_with_apache(apache: &Path, page: &[u8]) -> Listening {
    const MODULES: &str = "/usr/lib/apache2/modules";
    Listening::start("apache.conf", |folder, port| {
        identity(Path::new(folder));
        readable_page(Path::new(folder), page);
        let mut command = Command::new(apache);
        command.args(["-X", "-f"]);
        let configuration = APACHE.replace("{folder}", folder).replace("{port}", &port.to_string());
        (command, configuration.replace("{modules}", MODULES))
    })
}

const APACHE: &str = "
ServerName localhost
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
User nobody
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
LogFormat \"%{SSL_SESSION_RESUMED}x\" resumed
CustomLog {folder}/access.log resumed
DocumentRoot {folder}/pages
SSLEngine on
SSLProtocol -all +TLSv1.3
SSLSessionCache none
SSLCertificateFile {folder}/cert.pem
SSLCertificateKeyFile {folder}/key.pem
";

/// A page that a server can read which is another user by then.
fn readable_page(folder: &Path, page: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    let pages = folder.join("pages");
    std::fs::create_dir(&pages).expect("a folder");
    std::fs::write(pages.join("page"), page).expect("a page");
    for folder in [folder, &pages] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("a folder of our own");
    }
}
