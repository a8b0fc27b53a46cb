//! Every command that writes a file does so in one way, whatever stands at its path, and tries it before it measures.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use support::programs::Program;
use support::skip::unable;
use support::{Ended, run_with, run_with_in, tlsbench};
use tempfile::TempDir;

const PROFILE: &str = "description = 'for a test'\n[[case]]\ncommand = 'throughput'\ntransport = 'memory'\ncount = 3\n\
                       warmup = '0s'\n[[threshold]]\nmetric = 'send.copied_bytes_per_byte'\nmax_increase = 0\n";
/// Commands that write to the path FILE, most of them after measuring.
const COMMANDS: [&str; 14] = [
    "throughput --transport memory -n 3 -w 0s --json=FILE",
    "throughput --transport memory -n 3 -w 0s -o FILE",
    "handshake -n 2 -w 0s --json=FILE",
    "ablate --workload bulk --switch inline -d 20ms --json=FILE",
    "crypto --algorithm sha256 --size 64 -d 1ms --json=FILE",
    "doctor -d 0s --json=FILE",
    "ciphers --json=FILE",
    "run ./profile.toml --json=FILE",
    "compare base.json base.json --json=FILE",
    "compare base.json --results FILE",
    "gate --profile ./profile.toml --baseline base.json --counts-only --results FILE",
    "history base.json --json=FILE",
    "report base.json -o FILE",
    "export base.json --for bencher -o FILE",
];

/// A folder with what the commands read, and a place for what they write.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("profile.toml"), PROFILE).expect("a file");
        fs::create_dir(folder.path().join("out")).expect("a folder");
        let bench = Self { folder };
        bench.run("run ./profile.toml --json=base.json").expect(0, &[]);
        bench
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join("out").join(name)
    }

    fn command(&self, line: &str, file: &Path) -> Command {
        let arguments = line.split(' ').map(|word| word.replace("FILE", file.to_str().expect("text")));
        let mut command = tlsbench(arguments);
        command.current_dir(self.folder.path());
        command
    }

    fn run(&self, line: &str) -> Ended {
        run_with_in(&mut tlsbench(line.split(' ')), self.folder.path())
    }

    fn each(&self, check: impl Fn(&str, &dyn Fn(&Path) -> Ended)) {
        for line in COMMANDS {
            check(line, &|path| run_with(self.command(line, path), b""));
        }
    }

    /// Nothing else is left beside what was asked for.
    fn check_tidy(&self, names: &[&str]) {
        let mut found: Vec<String> = fs::read_dir(self.out("."))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        found.sort_unstable();
        assert_eq!(found, names);
    }
}

fn has_results(text: &str) -> bool {
    text.contains(['{', '<']) || text.contains("throughput")
}

fn is_written(path: &Path, line: &str) {
    let text = fs::read_to_string(path).expect(line);
    assert!(has_results(&text), "{line}: {text}");
    assert!(!text.contains("old content"), "{line}: {text}");
}

#[test]
fn a_new_file_has_the_mode_of_all_new_files() {
    let bench = Bench::new();
    bench.each(|line, run| {
        let path = bench.out("new");
        run(&path).expect(0, &[]);
        is_written(&path, line);
        let usual = bench.out("usual");
        File::create(&usual).expect("a file");
        assert_eq!(path.metadata().expect("it").mode(), usual.metadata().expect("it").mode(), "{line}");
        fs::remove_file(usual).expect("it goes");
        bench.check_tidy(&["new"]);
        fs::remove_file(path).expect("it goes");
    });
}

#[test]
fn a_file_that_is_there_is_replaced_and_keeps_its_mode_and_a_link_to_it_stays_one() {
    let bench = Bench::new();
    let (old, link, far) = (bench.out("old"), bench.out("link"), bench.out("far"));
    symlink("link", &far).expect("a link");
    symlink("old", &link).expect("a link");
    bench.each(|line, run| {
        fs::write(&old, "old content".repeat(10_000)).expect("a file");
        fs::set_permissions(&old, Permissions::from_mode(0o640)).expect("a mode");
        let mut held = File::open(&old).expect("it");
        run(&far).expect(0, &[]);
        is_written(&old, line);
        let after = old.metadata().expect("it");
        assert_eq!(after.mode() & 0o7777, 0o640, "{line}");
        let mut text = String::new();
        held.read_to_string(&mut text).expect("text");
        assert_eq!(text, "old content".repeat(10_000), "{line}: whoever reads it has all of what there was");
        assert!(link.is_symlink() && far.is_symlink(), "{line}");
        fs::remove_file(&old).expect("it goes");
        run(&far).expect(0, &[]);
        is_written(&old, line);
        bench.check_tidy(&["far", "link", "old"]);
    });
}

#[test]
fn a_file_with_two_names_keeps_both() {
    let bench = Bench::new();
    bench.each(|line, run| {
        let (one, other) = (bench.out("one"), bench.out("other"));
        fs::write(&one, "old content".repeat(10_000)).expect("a file");
        fs::hard_link(&one, &other).expect("a second name");
        run(&one).expect(0, &[]);
        is_written(&other, line);
        bench.check_tidy(&["one", "other"]);
        fs::remove_file(other).expect("it goes");
    });
}

#[test]
fn what_can_not_be_written_is_said_before_anything_is_measured() {
    let bench = Bench::new();
    let folder = bench.out("folder");
    fs::create_dir(&folder).expect("a folder");
    let socket = bench.out("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    bench.each(|line, run| {
        for (path, why) in [
            (folder.clone(), "directory"),
            (bench.out("no/such"), "No such file"),
            (bench.out("new/"), "directory"),
            (socket.clone(), "it is a socket"),
            (bench.out(&"x".repeat(300)), "name too long"),
            (PathBuf::from("/proc/no-such"), "can't write"),
        ] {
            let ended = run(&path);
            ended.expect(2, &["can't write", why]);
            assert!(ended.output.is_empty() && !ended.errors.contains("[1/"), "{line}: {ended:?}");
        }
        bench.check_tidy(&["folder", "socket"]);
    });
}

#[test]
fn devices_and_pipes_are_written_to_and_a_full_one_loses_no_table() {
    let bench = Bench::new();
    let pipe = bench.out("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    bench.each(|line, run| {
        run(Path::new("/dev/null")).expect(0, &[]);
        let full = run(Path::new("/dev/full"));
        full.expect(2, &["can't write /dev/full", "No space left on device"]);
        assert!(
            !full.output.is_empty() || line.starts_with("report") || line.starts_with("export"),
            "{line}: {full:?}"
        );

        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).expect("text")
        });
        run(&pipe).expect(0, &[]);
        let text = reader.join().expect("it was read");
        assert!(has_results(&text), "{line}: {text}");
        assert!(pipe.metadata().expect("it").file_type().is_fifo(), "{line}");
        bench.check_tidy(&["pipe"]);
    });
    assert!(Path::new("/dev/null").metadata().expect("it").file_type().is_char_device());
}

#[test]
fn what_the_shell_has_open_is_written_to_where_it_stands() {
    let bench = Bench::new();
    let quoted = |line: &str, file: &str| format!("{} {}", env!("CARGO_BIN_EXE_tlsbench"), line.replace("FILE", file));
    let shell = |script: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-c", script]);
        run_with_in(&mut bash, bench.folder.path())
    };
    bench.each(|line, _| {
        let substituted = format!("{} | cat; wait", quoted(line, ">(cat > out/cat)"));
        shell(&substituted).expect(0, &[]);
        is_written(&bench.out("cat"), line);
        fs::remove_file(bench.out("cat")).expect("it goes");
        shell(&format!("{{ echo first; {}; echo last; }} > out/all", quoted(line, "/dev/stdout"))).expect(0, &[]);
        let all = fs::read_to_string(bench.out("all")).expect("text");
        assert!(all.starts_with("first\n") && all.ends_with("last\n") && has_results(&all), "{line}: {all}");
        shell(&format!("echo kept > out/three; {} 3>> out/three", quoted(line, "/dev/fd/3"))).expect(0, &[]);
        let three = fs::read_to_string(bench.out("three")).expect("text");
        assert!(three.starts_with("kept\n") && has_results(&three), "{line}: {three}");
        fs::write(bench.out("none"), "").expect("a file");
        shell(&format!("{} 3< out/none", quoted(line, "/dev/fd/3"))).expect(2, &["it is open for reading only"]);
    });
}

/// Runs a script in a mount namespace of its own, where that is allowed.
fn mounted(bench: &Bench, script: &str) -> Option<Ended> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-ec", script]);
        run_with_in(&mut command, bench.folder.path())
    };
    if unshare("mount -t tmpfs none out").code != Some(0) {
        unable("this process may not mount anything");
        return None;
    }
    Some(unshare(script))
}

#[test]
fn mounts_are_written_to_in_place_or_refused_with_the_reason() {
    let bench = Bench::new();
    bench.each(|line, _| {
        let program = env!("CARGO_BIN_EXE_tlsbench");
        let to = |file: &str| format!("{program} {}", line.replace("FILE", file));
        // A file that something is mounted on, in a folder where no other file can be made.
        let script = format!(
            "mount -t tmpfs none out; touch out/file; echo old content > behind; mount --bind behind out/file; \
             mount -o remount,bind,ro out; {}; cat behind >&2",
            to("out/file")
        );
        let Some(ended) = mounted(&bench, &script) else { return };
        ended.expect(0, &[]);
        assert!(has_results(&ended.errors) && !ended.errors.contains("old content"), "{line}: {ended:?}");
        let read_only = format!("mount -t tmpfs -o ro none out; {}", to("out/file"));
        let ended = mounted(&bench, &read_only).expect("as before");
        ended.expect(2, &["can't write out/file: read-only file"]);
        assert!(ended.output.is_empty() && !ended.errors.contains("[1/"), "{line}: {ended:?}");
        // One block of 4 KiB is free for a while.
        let full = format!(
            "mount -t tmpfs -o size=8k none out; echo old content > out/file; head -c 4096 /dev/zero > out/fill; \
             {} || code=$?; cat out/file >&2; ls -A out >&2; exit $code",
            to("out/file")
        );
        let ended = mounted(&bench, &full).expect("as before");
        ended.expect(2, &["can't write out/file", "old content\n", "file\nfill\n"]);
        assert!(
            !ended.output.is_empty() || line.starts_with("report") || line.starts_with("export"),
            "{line}: {ended:?}"
        );
        let removed = format!("mkdir out/gone; cd out/gone; rmdir ../gone; {}", to("file"));
        let ended = mounted(&bench, &removed).expect("as before");
        ended.expect(2, &["file"]);
        assert!(!ended.errors.contains("[1/"), "{line}: {ended:?}");
    });
}

#[test]
fn a_name_for_results_is_tried_before_they_are_measured() {
    let bench = Bench::new();
    let keep = "throughput --transport memory -n 3 -w 0s --save-baseline main";
    bench.run(keep).expect(0, &["kept as .tlsbench/main.json"]);
    bench.run(keep).expect(0, &[]);
    let kept = bench.folder.path().join(".tlsbench");
    fs::remove_dir_all(&kept).expect("it goes");
    fs::write(&kept, "").expect("a file");
    let ended = bench.run(keep);
    ended.expect(2, &["can't write .tlsbench/main.json"]);
    assert!(!ended.errors.contains("[1/"), "{ended:?}");
}

#[test]
fn pages_authorities_and_exports_of_two_files_are_written_in_the_same_way() {
    let bench = Bench::new();
    let (page, old) = (bench.out("tlsbench-serve.1"), bench.out("old"));
    fs::write(&old, "old content").expect("a file");
    symlink("old", &page).expect("a link");
    bench.run("man --directory out").expect(0, &[]);
    assert!(page.is_symlink() && fs::read_to_string(&old).expect("text").contains(".TH"));
    bench.run("man --directory base.json").expect(2, &["can't write base.json"]);

    bench.run("export base.json --for github-action-benchmark -o out/new/folder").expect(0, &[]);
    is_written(&bench.out("new/folder/customBiggerIsBetter.json"), "export");
    bench.run("export base.json --for github-action-benchmark -o base.json").expect(2, &["can't write base.json"]);

    let refused = bench.run("serve --listen 127.0.0.1:0 --ca-out out");
    refused.expect(2, &["can't write out"]);
    assert!(!refused.output.contains("listening"), "{refused:?}");
    let linked = bench.out("ca.pem");
    symlink("old", &linked).expect("a link");
    let mut serve = tlsbench(["serve", "--listen", "127.0.0.1:0", "--ca-out"]);
    let server = Program::start(serve.arg(&linked));
    server.wait_output("its port", |output| output.ends_with(b"\n"));
    let ca = fs::read_to_string(&old).expect("text");
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----") && linked.is_symlink(), "{ca}");
}
