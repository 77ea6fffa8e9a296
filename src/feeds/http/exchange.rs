//! One question and its answer, through its redirects, within its limits.

use std::{error::Error as _, io, sync::Arc, time::Duration};

use citytwin_model::Timestamp;
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{
        ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LINK, LOCATION,
    },
    redirect,
};
use tokio::time::{sleep_until, timeout};

use super::{
    body::Body,
    freshness,
    guard::{Guard, NotAllowed},
    hosts::Hosts,
    settings::PollerSettings,
    status::Watch,
};
use crate::{FeedError, payload::excerpt, secrets::Secret, status::Shared};

/// Hops from the address that was asked to the one that answers.
const REDIRECTS: usize = 3;

/// Asks within limits.
pub(super) struct Exchange {
    client: Client,
    guard: Guard,
    hosts: Arc<Hosts>,
    own: Url,
    secrets: Vec<(HeaderName, HeaderValue)>,
    query: Option<(String, Secret)>,
    accept: String,
    most_bytes: usize,
    silence: Duration,
    whole: Duration,
    watch: Shared<Watch>,
}

/// What a later request may refer to.
#[derive(Clone, Default, Debug)]
pub(super) struct Validators {
    etag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// `None`: as it was.
    pub body: Option<Vec<u8>>,
    pub validators: Validators,
    /// How long it holds, where its headers say so.
    pub holds: Option<Duration>,
    /// The next page by the header `Link`.
    pub next: Option<String>,
}

/// Why there is no answer: one line, and when it may be tried again.
#[derive(Debug)]
pub(super) struct Failure {
    pub why: String,
    pub again: Again,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Again {
    /// It may pass soon.
    Soon,
    /// Somebody has to change something.
    InTurn,
    /// The server says when.
    After(Duration),
}

impl Failure {
    pub fn soon(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: Again::Soon }
    }

    pub fn in_turn(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: Again::InTurn }
    }
}

/// What becomes of a response.
enum Step {
    Done(Answer),
    Hop(Url),
}

impl Exchange {
    pub fn new(
        settings: &PollerSettings,
        guard: Guard,
        hosts: Arc<Hosts>,
        watch: Shared<Watch>,
    ) -> Result<Self, FeedError> {
        let client = Client::builder()
            .user_agent(concat!("citytwin/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(settings.tls.clone())
            .dns_resolver(guard.clone())
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(settings.connect_timeout)
            .http1_max_headers(100)
            .build()
            .map_err(|error| FeedError::Http(why(&error.without_url(), settings.silence)))?;
        Ok(Self {
            client,
            guard,
            hosts,
            own: settings.address.clone(),
            secrets: settings.secrets.clone(),
            query: settings.query.clone(),
            accept: settings.asked.accept.clone(),
            most_bytes: settings.most_bytes,
            silence: settings.silence,
            whole: settings.whole,
            watch,
        })
    }

    /// Whether an address that another one led to may be asked at all.
    pub fn check(&self, from: &Url, to: &Url) -> Result<(), Failure> {
        if !matches!(to.scheme(), "http" | "https") || to.host_str().is_none() {
            return Err(Failure::in_turn("leads to an address that is neither http:// nor https://"));
        }
        if from.scheme() == "https" && to.scheme() != "https" {
            return Err(Failure::in_turn(format!("leads from https:// to http:// ({})", host(to))));
        }
        if !to.username().is_empty() || to.password().is_some() {
            return Err(Failure::in_turn(format!("leads to an address with a user or password ({})", host(to))));
        }
        self.guard.check(to).map_err(|refused| Failure::in_turn(refused.to_string()))
    }

    /// Asks for `url`; with validators, for what is new since.
    pub async fn ask(&self, url: &Url, known: &Validators) -> Result<Answer, Failure> {
        self.check(url, url)?;
        let mut at = url.clone();
        for _ in 0..=REDIRECTS {
            sleep_until(self.hosts.turn(host(&at))).await;
            match timeout(self.whole, self.step(&at, known)).await {
                Err(_) => return Err(Failure::soon(format!("no whole answer within {} s", self.whole.as_secs_f64()))),
                Ok(Err(failure)) => return Err(failure),
                Ok(Ok(Step::Done(answer))) => return Ok(answer),
                Ok(Ok(Step::Hop(to))) => {
                    self.check(&at, &to)?;
                    at = to;
                }
            }
        }
        Err(Failure::in_turn(format!("leads on more than {REDIRECTS} times; give the address that it ends at")))
    }

    async fn step(&self, url: &Url, known: &Validators) -> Result<Step, Failure> {
        let mut request = self.client.get(self.sent(url)).header(ACCEPT, &self.accept).header(ACCEPT_ENCODING, "gzip");
        if url.origin() == self.own.origin() {
            for (name, value) in &self.secrets {
                request = request.header(name, value);
            }
        }
        for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.modified)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        self.watch.lock().status.requests += 1;
        let response = match timeout(self.silence, request.send()).await {
            Err(_) => return Err(self.silent()),
            Ok(Err(error)) => return Err(self.broken(error)),
            Ok(Ok(response)) => response,
        };
        let status = response.status();
        self.watch.lock().status.last_status = Some(status.as_u16());
        match status {
            StatusCode::OK => self.read(response).await.map(Step::Done),
            StatusCode::NO_CONTENT => Ok(Step::Done(unchanged(response.headers(), known))),
            StatusCode::NOT_MODIFIED if known.etag.is_some() || known.modified.is_some() => {
                self.watch.lock().status.unchanged += 1;
                Ok(Step::Done(unchanged(response.headers(), known)))
            }
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                let to = response.headers().get(LOCATION).and_then(|to| url.join(to.to_str().ok()?).ok());
                to.map(Step::Hop).ok_or_else(|| Failure::in_turn(format!("answers {status} and does not say where to")))
            }
            _ => Err(refusal(status, response.headers())),
        }
    }

    /// What goes to the server: the secret parameter is in no address that this program keeps. One that the server has
    /// written into an address itself goes back to the own origin alone.
    fn sent(&self, url: &Url) -> Url {
        let mut sent = url.clone();
        let Some((name, secret)) = &self.query else { return sent };
        let mut probe = url.clone();
        let mut others = |part: &&str| {
            probe.set_query(Some(part));
            probe.query_pairs().all(|(known, _)| known != name.as_str())
        };
        let parts = url.query().into_iter().flat_map(|query| query.split('&')).filter(&mut others);
        let mut parts: Vec<String> = parts.map(str::to_owned).collect();
        if url.origin() == self.own.origin() {
            probe.set_query(None);
            probe.query_pairs_mut().append_pair(name, secret.reveal());
            parts.extend(probe.query().map(str::to_owned));
        }
        sent.set_query((!parts.is_empty()).then(|| parts.join("&")).as_deref());
        sent
    }

    async fn read(&self, mut response: Response) -> Result<Answer, Failure> {
        let text = |name: HeaderName| text(response.headers(), &name).to_owned();
        if text(CONTENT_TYPE).to_ascii_lowercase().starts_with("text/html") {
            return Err(Failure::in_turn("answers with a web page (text/html) in place of data; check the address"));
        }
        let too_large = || Failure::in_turn(format!("the answer is larger than {} bytes", self.most_bytes));
        if response.content_length().is_some_and(|length| length > self.most_bytes as u64) {
            return Err(too_large());
        }
        let encoding = text(CONTENT_ENCODING);
        let Some(mut body) = Body::new(&encoding, self.most_bytes) else {
            return Err(Failure::in_turn(format!(
                "the answer is packed as `{}`, which was not asked for",
                excerpt(&encoding)
            )));
        };
        let mut sent = 0;
        loop {
            let piece = match timeout(self.silence, response.chunk()).await {
                Err(_) => return Err(self.silent()),
                Ok(Err(error)) => return Err(self.broken(error)),
                Ok(Ok(None)) => break,
                Ok(Ok(Some(piece))) => piece,
            };
            sent += piece.len();
            self.watch.lock().status.bytes += piece.len() as u64;
            if sent > self.most_bytes {
                return Err(too_large());
            }
            body.take(&piece).map_err(|error| Failure::in_turn(error.to_string()))?;
        }
        let body = body.finish().map_err(|error| Failure::in_turn(error.to_string()))?;
        let headers = response.headers();
        Ok(Answer {
            body: Some(body),
            validators: Validators::of(headers),
            holds: freshness::holds(headers),
            next: next_page(headers),
        })
    }

    fn silent(&self) -> Failure {
        Failure::soon(format!("the server was silent for {} s", self.silence.as_secs_f64()))
    }

    fn broken(&self, error: reqwest::Error) -> Failure {
        match not_allowed(&error) {
            Some(refused) => Failure::in_turn(refused.to_string()),
            None => Failure::soon(why(&error.without_url(), self.silence)),
        }
    }
}

impl Validators {
    fn of(headers: &HeaderMap) -> Self {
        Self { etag: headers.get(ETAG).cloned(), modified: headers.get(LAST_MODIFIED).cloned() }
    }
}

/// A 304 may bring new validators; what it does not bring stays.
fn unchanged(headers: &HeaderMap, known: &Validators) -> Answer {
    let new = Validators::of(headers);
    let validators = Validators {
        etag: new.etag.or_else(|| known.etag.clone()),
        modified: new.modified.or_else(|| known.modified.clone()),
    };
    Answer { body: None, validators, holds: freshness::holds(headers), next: next_page(headers) }
}

/// What the server says besides its code is not told: it may repeat what was sent to it.
fn refusal(status: StatusCode, headers: &HeaderMap) -> Failure {
    let what = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "; check the source's credentials",
        StatusCode::NOT_FOUND | StatusCode::GONE => "; check the source's address",
        _ => "",
    };
    let again = match (freshness::retry_after(headers, Timestamp::now()), status) {
        (Some(wait), _) => Again::After(wait),
        (None, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY) => Again::Soon,
        (None, status) if status.is_server_error() => Again::Soon,
        _ => Again::InTurn,
    };
    Failure { why: format!("answers {status}{what}"), again }
}

/// Whether it was the guard that refused a name.
fn not_allowed(error: &reqwest::Error) -> Option<&NotAllowed> {
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let held = deeper.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(refused) = held.and_then(|held| held.downcast_ref()) {
            return Some(refused);
        }
        cause = deeper.source();
    }
    None
}

/// One line, never with an address: it may hold what the server put into it.
fn why(error: &reqwest::Error, silence: Duration) -> String {
    if error.is_timeout() {
        return if error.is_connect() {
            "the server cannot be reached in time".to_owned()
        } else {
            format!("the server was silent for {} s", silence.as_secs_f64())
        };
    }
    let mut deepest = None;
    let mut cause = error.source();
    while let Some(deeper) = cause {
        deepest = Some(deeper.to_string());
        cause = deeper.source();
    }
    let text = deepest.unwrap_or_else(|| error.to_string());
    match text.split_once("invalid peer certificate: ") {
        Some((_, why)) => format!("TLS: the server's certificate is not accepted: {}", excerpt(why)),
        None => excerpt(&text),
    }
}

/// Of a `Link` header, the address of the next page (RFC 8288): `<…>; rel="next"`.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(LINK).iter().filter_map(|line| line.to_str().ok());
    for line in lines {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once('<') {
            let (target, after) = after.split_once('>')?;
            let parameters = after.split_once(",<").or_else(|| after.split_once(", <")).map_or(after, |(own, _)| own);
            let next = parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
                let names = value.trim().trim_end_matches(',').trim_matches('"');
                name.trim().eq_ignore_ascii_case("rel") && names.split(' ').any(|one| one.eq_ignore_ascii_case("next"))
            });
            if next {
                return Some(target.to_owned());
            }
            rest = after;
        }
    }
    None
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_may_lead_to() {
        let text = "version = 1\n[[source]]\nid = \"a\"\nkind = \"http\"\naddress = \"https://a.example\"\n";
        let sources = crate::mapping::Sources::parse("f", text).unwrap();
        let settings = PollerSettings::of(&sources, 0, "".as_ref(), &crate::Secrets::of_process()).unwrap();
        let watch = Shared::new(Watch::new(Default::default(), Duration::ZERO));
        let exchange = Exchange::new(&settings, Guard::new(false), Arc::new(Hosts::default()), watch).unwrap();
        let rows = [
            ("https://a.example/x", "https://b.example/y", None),
            ("http://a.example/x", "https://a.example/x", None),
            ("https://a.example/x", "http://a.example/x", Some("from https:// to http://")),
            ("https://a.example/x", "https://ann:s3cret@a.example/", Some("with a user or password")),
            ("https://a.example/x", "ftp://a.example/", Some("neither http:// nor https://")),
            ("https://a.example/x", "https://169.254.169.254/latest", Some("metadata")),
            ("https://a.example/x", "https://[fd00::1]/", Some("unique-local")),
        ];
        for (from, to, expected) in rows {
            let refused = exchange.check(&from.parse().unwrap(), &to.parse().unwrap()).err().map(|failure| failure.why);
            assert_eq!(refused.is_some(), expected.is_some(), "{to}: {refused:?}");
            let line = refused.unwrap_or_default();
            assert!(line.contains(expected.unwrap_or_default()) && !line.contains("s3cret"), "{line}");
        }
    }

    #[test]
    fn the_next_page_of_a_link_header() {
        let rows = [
            ("<https://h/e?offset=2>; rel=\"next\"", Some("https://h/e?offset=2")),
            ("</e?offset=2>;rel=next", Some("/e?offset=2")),
            ("<https://h/c>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"", None),
            ("<https://h/0>; rel=\"prev\", <https://h/2>; rel=\"last next\"", Some("https://h/2")),
            ("<https://h/0>;rel=prev,<https://h/2>;rel=next", Some("https://h/2")),
            ("<https://h/0>;rel=next,<https://h/2>;rel=prev", Some("https://h/0")),
            ("<https://h/0", None),
            ("next", None),
        ];
        for (line, expected) in rows {
            let headers = HeaderMap::from_iter([(LINK, line.parse().unwrap())]);
            assert_eq!(next_page(&headers).as_deref(), expected, "{line}");
        }
    }
}
