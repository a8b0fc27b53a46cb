use std::sync::Arc;

use crate::args;
use crate::error::Error;
use crate::measure::Pattern;
use crate::names;
use crate::plan::once;
use crate::plan::remote::{self, Elsewhere, Flags, RemoteCase, Work};
use crate::plan::sweep::Sweep;
use crate::plan::throughput::{check_size, limit, limited};
use crate::request::Request;
use crate::units::Bytes;
use crate::workload::handshake::Mix;
use crate::workload::remote::HttpRequest;

/// What is asked for over and over.
enum Method<'a> {
    /// This page.
    Get(&'a str),
    /// That content of each size is taken by this page.
    Post(&'a str),
}

/// The cases of requests to a server of HTTP elsewhere; `None` where data is moved without HTTP.
pub(super) fn cases(args: &args::Throughput, sweep: &Sweep) -> Result<Option<Vec<RemoteCase>>, Error> {
    let args::Http { http_get, http_post, clients } = &args.http;
    let method = match (http_get, http_post) {
        (Some(path), _) => Method::Get(path),
        (None, Some(path)) => Method::Post(path),
        (None, None) if clients.is_default() => return Ok(None),
        (None, None) => {
            return Err(Error::Usage(
                "--connections, --ramp-up, --timeout and --bind are for requests: name a page with --http-get or --http-post"
                    .to_owned(),
            ));
        }
    };
    let elsewhere = Elsewhere::new(&Flags {
        address: args.connect.as_deref().unwrap_or_default(),
        clients,
        notes: &sweep.notes,
        family: &args.family,
        trust: &args.trust,
        sockets: &args.sockets,
        threads: args.threads,
        rate: None,
    })?;
    let requests = requests(args, &method, &elsewhere)?;
    let mut cases = Vec::new();
    for suite in &sweep.suites {
        for combination in sweep.of_suite(*suite) {
            for (size, request) in &requests {
                let request = HttpRequest { verify: args.verify, ..request.clone() };
                let limit = limit(args.count, args.duration)?;
                let mut asked = limited(Request::new("throughput", &args.asked), limit)
                    .without("direction")
                    .without("loopback-threads")
                    .without("buffer")
                    .without("size");
                let suite_name = names::short_suite(*suite);
                let id = match size {
                    Some(bytes) => {
                        asked = asked.with("size", bytes);
                        format!("throughput/remote/send/{suite_name}/{bytes}/http-post")
                    }
                    None => format!("throughput/remote/receive/{suite_name}/http-get"),
                };
                let work = Work {
                    suite: *suite,
                    combination,
                    asked,
                    mix: Mix::only(combination.tls.kind),
                    request: Some(request),
                    limit,
                    warmup: args.warmup,
                    seed: args.seed,
                };
                cases.push(elsewhere.case(&id, args.label.as_deref(), work)?);
            }
        }
    }
    Ok(Some(cases))
}

/// The requests, with the sizes of their contents.
fn requests(
    args: &args::Throughput,
    method: &Method<'_>,
    elsewhere: &Elsewhere,
) -> Result<Vec<(Option<usize>, HttpRequest)>, Error> {
    match method {
        Method::Get(path) => Ok(vec![(None, remote::get(path, &elsewhere.target, true)?)]),
        Method::Post(path) => {
            let sizes = args.size.iter().map(|size: &Bytes| check_size(*size)).collect::<Result<Vec<_>, _>>()?;
            let post = |bytes: usize| {
                let pattern = Pattern::new(args.seed, bytes);
                let content: Arc<[u8]> = Arc::from(pattern.at(0, bytes));
                Ok((Some(bytes), remote::post(path, &elsewhere.target, content)?))
            };
            once(sizes).into_iter().map(post).collect()
        }
    }
}
