use tls_engine::codes::CipherSuite;

use super::mix_of;
use crate::args;
use crate::error::Error;
use crate::library::HandshakeKind;
use crate::names;
use crate::plan::remote::{self, Elsewhere, Flags, RemoteCase, Work};
use crate::plan::sweep::Sweep;
use crate::plan::throughput::{limit, limited};
use crate::request::Request;
use crate::workload::handshake::Mix;

/// The cases of every suite and combination of the sweeps with a server elsewhere.
pub(super) fn cases(args: &args::Handshake, address: &str, sweep: &Sweep) -> Result<Vec<RemoteCase>, Error> {
    let args::Remote { clients, rate, http_get, family, .. } = &args.remote;
    let elsewhere = Elsewhere::new(&Flags {
        address,
        clients,
        notes: &sweep.notes,
        family,
        trust: &args.trust,
        sockets: &args.sockets,
        threads: args.threads,
        rate: rate.map(|rate| rate.0),
    })?;
    let request = http_get.as_deref().map(|path| remote::get(path, &elsewhere.target, false)).transpose()?;
    let limit = limit(args.count, args.duration)?;
    let mut cases = Vec::new();
    for suite in &sweep.suites {
        for combination in sweep.of_suite(*suite) {
            let mix = mix_of(args.mix.as_ref(), &combination.tls)?;
            mix.kinds().try_for_each(|kind| check_kind(kind, request.is_some()))?;
            let mut asked = limited(Request::new("handshake", &args.asked), limit);
            if let Some(mix) = &args.mix {
                asked = asked.with("mix", mix);
            }
            let work = Work {
                suite: *suite,
                combination,
                asked,
                mix,
                request: request.clone(),
                limit,
                warmup: args.warmup,
                seed: args.seed,
            };
            cases.push(elsewhere.case(&id(*suite, args.mix.as_ref()), args.label.as_deref(), work)?);
        }
    }
    Ok(cases)
}

fn id(suite: CipherSuite, mix: Option<&Mix>) -> String {
    let id = format!("handshake/remote/{}", names::short_suite(suite));
    mix.map_or_else(|| id.clone(), |mix| format!("{id}/mix={}", mix.to_string().replace('=', ":").replace(',', "+")))
}

fn check_kind(kind: HandshakeKind, has_request: bool) -> Result<(), Error> {
    match kind {
        HandshakeKind::Psk => Err(Error::Usage(
            "external pre-shared keys are measured in this process alone; leave out psk or --connect".to_owned(),
        )),
        HandshakeKind::EarlyData if !has_request => {
            Err(Error::Usage("early data has to be a request: name a page with --http-get PATH".to_owned()))
        }
        _ => Ok(()),
    }
}
