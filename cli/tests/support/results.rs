//! Result files as commands write them, and the page that is drawn of them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tlsbench::schema::quantity::{self, Quantity};
use tlsbench::schema::{Case, Document, Host, Negotiated, Side};

use super::run;

/// A packed file of a reference run, `FOLDER/NAME` under `results/`.
pub fn kept(file: &str) -> Document {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results").join(file);
    let packed = fs::File::open(path).expect("a file");
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut text).expect("it is packed");
    tlsbench::loader::read(&text).unwrap_or_else(|refusal| panic!("{file}: {refusal}"))
}

pub fn begin(started_at: &str) -> Document {
    let host = Host { cpu_model: Some("Example 9000".into()), cpu_flags: vec!["aes".into()], ..Host::default() };
    let mut document = Document::begin(host);
    document.tool.git_commit = Some("0123456789ab".into());
    document.tool.version = "1.2.3".into();
    started_at.clone_into(&mut document.started_at);
    started_at.clone_into(&mut document.finished_at);
    document
}

/// Moves data with two suites at these sizes.
pub fn throughput(started_at: &str, sizes: &[u64]) -> Document {
    let mut document = begin(started_at);
    for (suite, factor) in [("aes128gcm", 1.0), ("aegis128l", 1.5)] {
        for size in sizes {
            let mut case = Case::new(format!("throughput/memory/send/{suite}/{size}"));
            case.requested.insert("size_bytes".into(), (*size).into());
            case.requested.insert("duration_ns".into(), 1_000_000_000_u64.into());
            case.switches.insert("zero_copy".into(), true.into());
            case.negotiated = Negotiated { version: Some("TLSv1.3".into()), ..Negotiated::default() };
            let speed = factor * (*size as f64) * 1e6;
            case.record(Side::Send, &quantity::EFFICIENCY, &[0.90, 0.95, 0.97], 1);
            case.record(Side::Send, &quantity::ENGINE_BYTES_PER_S, &[speed * 0.9, speed, speed * 1.1], 1);
            case.record(Side::Send, &quantity::RAW_AEAD_BYTES_PER_S, &[speed * 1.2], 1);
            document.cases.push(case);
        }
    }
    document
}

/// Both bases of a switch that helps, one that hurts, and one that does neither.
pub fn ablation(started_at: &str) -> Document {
    let mut document = begin(started_at);
    for (switch, change, verdict) in
        [("zero-copy", -0.18, "helps"), ("counters", 0.02, "hurts"), ("inline", 0.001, "inside the noise")]
    {
        for base in ["full", "empty"] {
            let mut case = Case::new(format!("ablate/bulk/{switch}=on/{base}"));
            for (name, value) in
                [("workload", "bulk"), ("base", base), ("switch", switch), ("value", "on"), ("against", "off")]
            {
                case.requested.insert(name.into(), value.into());
            }
            case.achieved.insert("send_cpu_ns_per_byte_verdict".into(), verdict.into());
            case.achieved.insert("send_cpu_ns_per_byte_smallest_effect".into(), 0.01.into());
            case.record(Side::Send, &quantity::CPU_NS_PER_BYTE, &[0.2, 0.21], 1);
            let ratio = Quantity { name: "cpu_ns_per_byte_effect", unit: "ratio", ..quantity::CPU_NS_PER_BYTE };
            case.record(Side::Send, &ratio, &[change, change * 1.1, change * 0.9], 1);
            document.cases.push(case);
        }
    }
    document
}

/// Two providers of an AEAD, of which `auto` takes the first, and a signature.
pub fn crypto(started_at: &str) -> Document {
    let mut document = begin(started_at);
    for (provider, speed, is_auto) in [("aws-lc-rs", 2e9, true), ("rustcrypto", 1e9, false)] {
        for (kind, algorithm, operation, size) in [
            ("aead", "aes128gcm", "seal-in-place", Some(64_u64)),
            ("aead", "aes128gcm", "seal-in-place", Some(1024)),
            ("signature", "ed25519", "sign", None),
        ] {
            let last = size.map(|size| format!("/{size}")).unwrap_or_default();
            let mut case = Case::new(format!("crypto/{kind}/{algorithm}/{provider}/{operation}{last}"));
            for (name, value) in
                [("kind", kind), ("algorithm", algorithm), ("provider", provider), ("operation", operation)]
            {
                case.requested.insert(name.into(), value.into());
            }
            case.achieved.insert("taken_by_auto".into(), is_auto.into());
            if let Some(size) = size {
                case.requested.insert("size_bytes".into(), size.into());
                case.record(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S, &[speed, speed * 1.01], 1);
            } else {
                case.record(Side::Total, &quantity::OPERATIONS_PER_S, &[speed / 1e5], 1);
            }
            if !is_auto {
                case.record(Side::Total, &quantity::SHARE_OF_AUTO, &[0.5], 1);
            }
            document.cases.push(case);
        }
    }
    document
}

/// Files in a directory of their own.
pub struct Drawn {
    pub directory: TempDir,
    pub files: Vec<PathBuf>,
}

impl Drawn {
    pub fn of(documents: &[(&str, Document)]) -> Self {
        let directory = TempDir::new().expect("a directory");
        let mut files = Vec::new();
        for (name, document) in documents {
            let path = directory.path().join(name);
            fs::write(&path, serde_json::to_string(document).expect("it serializes")).expect("a file");
            files.push(path);
        }
        Self { directory, files }
    }

    /// The page of all of them.
    pub fn page(&self) -> String {
        let ended = run([Path::new("report")].into_iter().chain(self.files.iter().map(PathBuf::as_path)));
        ended.expect(0, &[]);
        assert_eq!(ended.errors, "");
        ended.output
    }
}

pub fn page(documents: &[(&str, Document)]) -> String {
    Drawn::of(documents).page()
}

/// Runs of one case, a day apart: the first half of them faster than the second.
pub fn series(runs: usize) -> Vec<(String, Document)> {
    let run = |index: usize| {
        let mut document = begin(&format!("2026-03-{:02}T00:00:00Z", index + 1));
        let mut case = Case::new("throughput/memory/send/aes128gcm/16384");
        case.requested.insert("size_bytes".into(), 16_384.into());
        let level = if index * 2 < runs { 0.97 } else { 0.91 } + (index % 3) as f64 * 0.002;
        case.record(Side::Send, &quantity::EFFICIENCY, &[level - 0.003, level, level + 0.003], 1);
        document.cases.push(case);
        (format!("run-{index:02}.json"), document)
    };
    (0..runs).map(run).collect()
}
