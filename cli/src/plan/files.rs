use std::path::{Path, PathBuf};

use super::baseline;
use crate::args::{self, Command};
use crate::error::Error;
use crate::files::{self, file_id};
use crate::names;
use crate::profile::Profile;
use crate::request::Request;

/// The files that a command names. Inputs must not be overwritten, and outputs must be writable.
#[derive(Default)]
pub(super) struct Files {
    read: Vec<PathBuf>,
    written: Vec<PathBuf>,
    /// Written to folders that are created if needed.
    written_in_new_folders: Vec<PathBuf>,
    /// Appended to.
    appended: Vec<PathBuf>,
}

impl Files {
    /// Those of a command.
    pub(super) fn of(command: &Command) -> Self {
        let mut files = Self::default();
        match command {
            Command::Throughput(args) => files
                .tls(&args.tls)
                .trust(&args.trust)
                .identity(&args.identity)
                .saving(&args.saving)
                .output(&args.output),
            Command::Handshake(args) => files
                .tls(&args.tls)
                .trust(&args.trust)
                .identity(&args.identity)
                .saving(&args.saving)
                .output(&args.output),
            Command::Latency(args) => files
                .tls(&args.tls)
                .trust(&args.trust)
                .identity(&args.identity)
                .saving(&args.saving)
                .output(&args.output),
            Command::Ablate(args) => files.saving(&args.saving).output(&args.output),
            Command::Instructions(args) => files.saving(&args.saving).output(&args.output),
            Command::Run(args) => files.profile(args.profile.as_deref()).saving(&args.saving).output(&args.output),
            Command::Peers(args) => files.saving(&args.saving).output(&args.output),
            Command::Crypto(args) => files.output(&args.output),
            Command::Doctor(args) => files.output(&args.output),
            Command::Ciphers(args) => files.output(&args.output),
            Command::Compare(args) => files
                .kept(Some(&args.baseline))
                .kept(args.candidate.as_ref())
                .writes(&args.results)
                .output(&args.output),
            Command::Gate(args) => {
                files.profile(Some(&args.profile)).kept(args.baseline.as_ref()).reads(&args.against);
                files.writes(&args.results).output(&args.output)
            }
            Command::History(args) => files.reads(&args.files).output(&args.output),
            Command::Report(args) => files.reads(&args.files).writes(&args.output),
            Command::Export(args) => files.reads([&args.file]).export(args),
            Command::Man(args) => {
                files.writes(args.directory.as_ref().map(|folder| folder.join("tlsbench.1")).as_ref())
            }
            Command::Completions(_) => &mut files,
            Command::Serve(args) => files
                .tls(&args.tls)
                .reads(&args.identities.cert)
                .reads(&args.identities.key)
                .reads(&args.client_trust.client_ca)
                .reads(&args.client_trust.client_crl)
                .reads(&args.ticket_key)
                .reads(&args.psk)
                .writes(&args.ca_out),
            Command::Connect(args) => files
                .tls(&args.tls)
                .trust(&args.trust)
                .reads(&args.own_certificate.cert)
                .reads(&args.own_certificate.key)
                .reads(&args.early_data)
                .reads(&args.psk)
                .writes(&args.json),
        };
        files
    }

    /// Refuses to overwrite an input, to write a file twice, and files that can't be written: it is better to know before a
    /// long run than after it.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.check_apart(&self.read)?;
        for (index, path) in self.all_written().enumerate().filter(|(_, path)| files::is_replaced(path)) {
            let place = file_id(path);
            if place.is_some() && self.all_written().take(index).any(|other| file_id(other) == place) {
                return Err(Error::Usage(format!("{} would be written twice", path.display())));
            }
        }
        for path in &self.written {
            files::check(path).map_err(|error| Error::write(path, error))?;
        }
        for path in &self.written_in_new_folders {
            files::check_in_new_folder(path).map_err(|error| Error::write(path, error))?;
        }
        Ok(())
    }

    /// The same for what the cases of a profile read.
    pub(super) fn check_apart_from(&self, profile: &Profile) -> Result<(), Error> {
        self.check_apart_from_requests(profile.entries.iter().map(|entry| &entry.request))
    }

    /// The same for what is asked for again.
    pub(super) fn check_apart_from_requests<'a>(
        &self,
        requests: impl Iterator<Item = &'a Request>,
    ) -> Result<(), Error> {
        for request in requests {
            // What can't be asked for again reads nothing.
            let Ok(args) = request.args() else { continue };
            self.check_apart(&Self::of(&args.command).read)?;
        }
        Ok(())
    }

    fn check_apart(&self, read: &[PathBuf]) -> Result<(), Error> {
        let read: Vec<files::FileId> = read.iter().filter_map(|path| file_id(path)).collect();
        match self.all_written().find(|path| file_id(path).is_some_and(|place| read.contains(&place))) {
            Some(path) => {
                Err(Error::Usage(format!("{} is an input file: choose another file to write to", path.display())))
            }
            None => Ok(()),
        }
    }

    fn all_written(&self) -> impl Iterator<Item = &PathBuf> {
        self.written.iter().chain(&self.written_in_new_folders).chain(&self.appended)
    }

    fn reads<'a>(&mut self, paths: impl IntoIterator<Item = &'a PathBuf>) -> &mut Self {
        self.read.extend(paths.into_iter().cloned());
        self
    }

    /// `-` is standard output.
    fn writes<'a>(&mut self, paths: impl IntoIterator<Item = &'a PathBuf>) -> &mut Self {
        self.written.extend(paths.into_iter().filter(|path| *path != Path::new("-")).cloned());
        self
    }

    fn kept(&mut self, typed: Option<&PathBuf>) -> &mut Self {
        self.read.extend(typed.and_then(|typed| baseline::find(typed)));
        self
    }

    fn profile(&mut self, name: Option<&str>) -> &mut Self {
        self.read.extend(name.and_then(Profile::path).map(Path::to_owned));
        self
    }

    fn tls(&mut self, args: &args::Tls) -> &mut Self {
        self.appended.extend(args.keylog.clone());
        self
    }

    fn trust(&mut self, args: &args::Trust) -> &mut Self {
        self.reads(&args.cacert)
    }

    fn identity(&mut self, args: &args::Identity) -> &mut Self {
        self.reads(&args.cert).reads(&args.key)
    }

    fn saving(&mut self, args: &args::Saving) -> &mut Self {
        self.written_in_new_folders.extend(args.save_baseline.as_deref().map(names::baseline_path));
        self
    }

    fn output(&mut self, args: &args::Output) -> &mut Self {
        self.writes(&args.output).writes(&args.json)
    }

    fn export(&mut self, args: &args::Export) -> &mut Self {
        match &args.output {
            Some(folder) if args.form.is_folder() => {
                self.written_in_new_folders.extend(args.form.file_names().iter().map(|name| folder.join(name)));
                self
            }
            file => self.writes(file),
        }
    }
}
