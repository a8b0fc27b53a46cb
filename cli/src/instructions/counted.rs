//! Runs under callgrind, which counts each call of `counted_step` and writes a profile after it.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;

use rustls_pki_types::ServerName;
use tls_engine::codes::NamedGroup;
use tls_engine::conn::{ClientConfig, Connection, Progress, ServerConfig};
use tls_engine::mem::{BufferPool, InBuf, OutBuf, PoolOptions};
use tls_engine::pki::{CertifiedKey, ServerVerifier};

use super::certificate;
use super::cryptography::{uncounted, without_counting};
use super::seeded::{SEEDED, Stopped};
use super::steps::{ChildReport, Step};
use super::{Job, Work};
use crate::error::Error;
use crate::schema::Side;

/// The number of samples, after an uncounted one that allocates the memory which the others reuse.
const SAMPLES: usize = 3;
/// The number of records in a sample.
const RECORDS: usize = 64;
/// The overhead of a record (RFC 8446 5.2).
const RECORD_OVERHEAD: usize = 5 + 1 + 16;
/// The maximum number of turns in a handshake: with HelloRetryRequest it takes three.
const TURNS_MAX: usize = 8;

/// Does the job, and returns what the parent needs to read the profiles. It is only useful under callgrind.
///
/// It runs in a separate thread, whose stack and heap start at the same addresses whatever the length of paths and
/// environment variables. Addresses affect how data is copied.
pub fn run(job: &Job) -> Result<String, Error> {
    thread::scope(|scope| {
        let ended = scope.spawn(|| work(job)).join();
        ended.unwrap_or_else(|_| Err(Error::Failed("the counted thread has panicked".to_owned())))
    })
}

fn work(job: &Job) -> Result<String, Error> {
    let ends = Ends::new(job)?;
    let mut steps = Steps(Vec::new());
    match job.work {
        Work::Record(size_bytes) => records(&ends, size_bytes, &mut steps)?,
        Work::Handshake => handshakes(&ends, &mut steps)?,
    }
    Ok(ChildReport { steps: steps.0, cpu_class: cpu_class() }.to_text())
}

/// The name of the function that callgrind counts, including everything that it calls. There is only one, because
/// callgrind does not toggle correctly with several functions that it dumps profiles after.
pub(super) const COUNTED: &str = concat!(module_path!(), "::counted_step");

#[inline(never)]
fn counted_step(step: &mut dyn FnMut()) {
    step();
}

/// The processor as seen by this process, which under valgrind is not the real one.
fn cpu_class() -> String {
    #[cfg(target_arch = "x86_64")]
    let features = [
        ("sse4.2", std::is_x86_feature_detected!("sse4.2")),
        ("avx", std::is_x86_feature_detected!("avx")),
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("bmi2", std::is_x86_feature_detected!("bmi2")),
        ("fma", std::is_x86_feature_detected!("fma")),
        ("avx512f", std::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let features: [(&str, bool); 0] = [];
    let present = features.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name);
    [std::env::consts::ARCH].into_iter().chain(present).collect::<Vec<_>>().join("+")
}

/// The configuration of both ends.
struct Ends {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: ServerName<'static>,
    pool: BufferPool,
}

/// One end with its buffers.
struct Endpoint {
    connection: Connection,
    input: InBuf,
    output: OutBuf,
}

/// The steps so far, in order.
struct Steps(Vec<Step>);

impl Steps {
    /// Runs a counted step, and records its side.
    fn count<T>(&mut self, step: Step, mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        self.0.push(step);
        let mut done = None;
        counted_step(&mut || done = Some(work()));
        done.unwrap_or_else(|| Err(Error::Failed("a counted step was not done".to_owned())))
    }
}

impl Ends {
    fn new(job: &Job) -> Result<Self, Error> {
        let provider = if job.with_cryptography { job.setting.provider } else { uncounted()? };
        let switches = job.setting.switches;
        let fixed = certificate::fixed()?;
        let verifier = ServerVerifier::new(&[fixed.root])?;
        let key = CertifiedKey::new(provider, fixed.chain, &fixed.key)?;
        // The provider's own random numbers are not counted if cryptography is not.
        let random = if job.with_cryptography { &SEEDED } else { provider.random };
        // As other measurements of two ends: what is copied of longer shares would hide what changes beside it.
        let groups = [NamedGroup::X25519];
        let client = ClientConfig::builder(provider).suites(&[job.suite]).groups(&groups);
        let client = client.switches(switches).verifier(verifier);
        let server = ServerConfig::builder(provider).suites(&[job.suite]).groups(&groups);
        let server = server.switches(switches).certificate(key);
        Ok(Self {
            client: client.random(random).clock(Arc::new(Stopped)).build()?,
            server: server.random(random).clock(Arc::new(Stopped)).build()?,
            name: ServerName::try_from(certificate::NAME)
                .map_err(|_| Error::Failed("the certificate has no name".into()))?,
            pool: BufferPool::new(switches.buffer_pool, PoolOptions::default()),
        })
    }

    fn end(&self, connection: Connection, output: OutBuf, capacity: usize) -> Endpoint {
        Endpoint { connection, input: InBuf::pooled(&self.pool, capacity), output }
    }
}

/// Sends batches of records from the client to the server.
fn records(ends: &Ends, size_bytes: usize, steps: &mut Steps) -> Result<(), Error> {
    let capacity = RECORDS * (size_bytes + RECORD_OVERHEAD);
    let [mut client, mut server] = shake_hands(ends, capacity, |_, work| work())?;
    let content: Vec<u8> = (0..size_bytes).map(|index| (index * 7 + index / 251) as u8).collect();
    for sample in 0..=SAMPLES {
        let step = |side| Step { side, sample, units: RECORDS };
        let sealed = steps.count(step(Side::Send), || seal(&mut client, &content))?;
        let bytes = carry(&mut client, &mut server);
        let opened = steps.count(step(Side::Receive), || open(&mut server, &content))?;
        let expected = (RECORDS * size_bytes, RECORDS * (size_bytes + RECORD_OVERHEAD), RECORDS);
        if (sealed, bytes, opened) != expected {
            let found = format!("{sealed} bytes sealed in {bytes}, {opened} records opened as they were");
            return Err(Error::Failed(format!("not every record arrived: {found}")));
        }
    }
    Ok(())
}

fn seal(end: &mut Endpoint, content: &[u8]) -> Result<usize, Error> {
    let mut bytes = 0;
    for _ in 0..RECORDS {
        bytes += end.connection.write_tls(&[black_box(content)], &mut end.output)?;
    }
    Ok(bytes)
}

/// Returns the number of records that contained `content`.
fn open(end: &mut Endpoint, content: &[u8]) -> Result<usize, Error> {
    let mut good = 0;
    loop {
        match end.connection.read_tls(&mut end.input, &mut end.output)? {
            Progress::Data(data) => good += usize::from(without_counting(|| data == content)),
            Progress::Advanced => {}
            Progress::NeedInput | Progress::Paused | Progress::Closed => return Ok(good),
        }
    }
}

/// Makes connections one after the other.
fn handshakes(ends: &Ends, steps: &mut Steps) -> Result<(), Error> {
    for sample in 0..=SAMPLES {
        let step = |side| Step { side, sample, units: 1 };
        let [client, server] = shake_hands(ends, 0, |side, work| steps.count(step(side), work))?;
        for (side, end) in [(Side::Client, client), (Side::Server, server)] {
            let mut connection = Some(end.connection);
            steps.count(step(side), || {
                drop(connection.take());
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Two ends that have completed their handshake. `count` runs the work of one side.
fn shake_hands(
    ends: &Ends,
    capacity: usize,
    mut count: impl FnMut(Side, &mut dyn FnMut() -> Result<(), Error>) -> Result<(), Error>,
) -> Result<[Endpoint; 2], Error> {
    let (mut output, mut client, mut server) = (OutBuf::pooled(&ends.pool, capacity), None, None);
    count(Side::Client, &mut || {
        client = Some(Connection::client(&ends.client, ends.name.clone(), &mut output)?);
        Ok(())
    })?;
    count(Side::Server, &mut || {
        server = Some(Connection::server(&ends.server));
        Ok(())
    })?;
    let (Some(client), Some(server)) = (client, server) else { return Err(unending()) };
    let mut client = ends.end(client, output, capacity);
    let mut server = ends.end(server, OutBuf::pooled(&ends.pool, capacity), capacity);
    for _ in 0..TURNS_MAX {
        carry(&mut client, &mut server);
        count(Side::Server, &mut || read(&mut server))?;
        if client.connection.is_ready() && server.connection.is_ready() {
            return Ok([client, server]);
        }
        carry(&mut server, &mut client);
        count(Side::Client, &mut || read(&mut client))?;
    }
    Err(unending())
}

fn unending() -> Error {
    Error::Failed("the handshake does not finish".to_owned())
}

fn read(end: &mut Endpoint) -> Result<(), Error> {
    while end.connection.read_tls(&mut end.input, &mut end.output)? != Progress::NeedInput {}
    Ok(())
}

/// Moves all pending bytes. This counts for neither side.
fn carry(from: &mut Endpoint, to: &mut Endpoint) -> usize {
    let count = to.input.put(from.output.waiting());
    from.output.sent(count);
    count
}
