//! NSS, by the programs of its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::skip::find;
use super::{Server, run_with};

/// The client `tstclnt`, and databases of certificates.
pub struct Nss {
    pub client: PathBuf,
    pub server: PathBuf,
    certutil: PathBuf,
}

impl Nss {
    pub fn find() -> Option<Self> {
        Some(Self { client: find("tstclnt")?, server: find("selfserv")?, certutil: find("certutil")? })
    }

    fn certutil(&self, database: &str, arguments: &[&str]) {
        let mut command = Command::new(&self.certutil);
        command.args(["-d", database]).args(arguments);
        run_with(command, b"").expect(0, &[]);
    }

    /// A client that trusts the authority of `server`, connects twice, and sends the request of a file in the folder.
    pub fn client_of(&self, server: &Server, folder: &Path, request: &[u8]) -> Command {
        let database = self.new_database(folder);
        self.certutil(&database, &["-A", "-n", "authority", "-t", "C,,", "-i", server.ca.to_str().expect("UTF-8")]);
        let file = folder.join("request");
        std::fs::write(&file, request).expect("a file");
        let mut command = Command::new(&self.client);
        command.args(["-4", "-v", "-h", "localhost", "-p", &server.port.to_string(), "-d", &database]);
        command.args(["-V", "tls1.3:tls1.3", "-L", "2", "-A"]).arg(file);
        command
    }

    /// A server with a certificate for localhost, signed by itself, and with tickets. It tells its counts of each handshake.
    pub fn server_at(&self, port: u16, folder: &Path) -> Command {
        let database = self.new_database(folder);
        // Not secret: a seed, without which it asks for keys to be pressed.
        let noise = folder.join("noise");
        std::fs::write(&noise, [7; 64]).expect("a file");
        let noise = noise.to_str().expect("UTF-8");
        let leaf = ["-S", "-n", "localhost", "-s", "CN=localhost", "-8", "localhost", "-x", "-t", "C,,"];
        self.certutil(&database, &[&leaf[..], &["-k", "ec", "-q", "nistp256", "-z", noise]].concat());
        let mut command = Command::new(&self.server);
        command.args(["-d", &database, "-e", "localhost", "-p", &port.to_string(), "-V", "tls1.3:tls1.3", "-u", "-v"]);
        command
    }

    fn new_database(&self, folder: &Path) -> String {
        let database = format!("sql:{}", folder.to_str().expect("UTF-8"));
        self.certutil(&database, &["-N", "--empty-password"]);
        database
    }
}
