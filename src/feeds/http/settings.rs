//! What a poller is told when it starts: from `sources.toml`, with the limits that hold for all.

use std::{path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use rustls::{ClientConfig, RootCertStore};

use crate::{
    FeedError,
    config::Identity,
    decode::MAX_MESSAGE_BYTES,
    mapping::{Asked, SHORTEST_EVERY_S, Source, SourceKind, Sources},
    secrets::{Secret, Secrets},
    tls,
};

/// How often a source is asked that does not say.
const EVERY: Duration = Duration::from_secs(60);

/// What to ask, how often, and where it ends.
pub struct PollerSettings {
    /// Number that its messages carry: the position in `sources.toml`.
    pub source: u16,
    /// From one round to the next, unless the source says that its answer holds longer.
    pub every: Duration,
    /// The shortest time between two rounds, whatever anybody says.
    pub shortest: Duration,
    /// The most bytes of one answer, as sent and as unpacked.
    pub most_bytes: usize,
    /// Pages of one round.
    pub most_pages: usize,
    /// Bytes of answers that may wait to be committed. Beyond it nothing more is asked.
    pub waiting_bytes: usize,
    /// To reach the server.
    pub connect_timeout: Duration,
    /// For the first piece of an answer, and from one piece to the next.
    pub silence: Duration,
    /// For one answer as a whole; a redirect begins anew.
    pub whole: Duration,
    pub(super) address: Url,
    pub(super) allow_private: bool,
    pub(super) asked: Asked,
    /// For the source's own origin alone.
    pub(super) secrets: Vec<(HeaderName, HeaderValue)>,
    /// Also a parameter of the address, which is never part of it here: addresses are shown.
    pub(super) query: Option<(String, Secret)>,
    pub(super) tls: ClientConfig,
}

impl PollerSettings {
    /// Of an HTTP source of a file: asked as often as it says (each minute unless given), never more than once a second.
    /// `folder` is the city's.
    ///
    /// # Errors
    /// A position without an HTTP source, an address that cannot be asked, a variable that is not set, a file that cannot
    /// be used.
    pub fn of(sources: &Sources, source: u16, folder: &Path, secrets: &Secrets) -> Result<Self, FeedError> {
        let stated = sources.sources.get(usize::from(source)).filter(|stated| stated.kind == SourceKind::Http);
        let stated = stated.ok_or_else(|| FeedError::Http(format!("source {source} is none that is asked")))?;
        let address = address(&stated.address)?;
        Ok(Self {
            source,
            every: stated.every_s.and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or(EVERY),
            shortest: Duration::from_secs_f64(SHORTEST_EVERY_S),
            most_bytes: MAX_MESSAGE_BYTES,
            most_pages: 50,
            waiting_bytes: 64 << 20,
            connect_timeout: Duration::from_secs(10),
            silence: Duration::from_secs(20),
            whole: Duration::from_secs(60),
            allow_private: stated.allow_private,
            asked: sources.asked(usize::from(source)),
            secrets: headers(stated, secrets)?,
            query: query(stated, secrets)?,
            tls: encryption(stated, folder, address.scheme() == "https")?,
            address,
        })
    }
}

/// Nothing of the address is repeated: it may hold a secret.
fn address(text: &str) -> Result<Url, FeedError> {
    let fail = |what: &str| Err(FeedError::Http(what.to_owned()));
    let Ok(mut url) = Url::parse(text) else { return fail("it cannot be read; write https://host/path") };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return fail("it is neither http:// nor https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fail("it holds a user or a password; name environment variables with user_env and password_env");
    }
    url.set_fragment(None);
    Ok(url)
}

fn headers(stated: &Source, secrets: &Secrets) -> Result<Vec<(HeaderName, HeaderValue)>, FeedError> {
    let access = &stated.access;
    let mut headers = Vec::new();
    if let Some(name) = &access.token_env {
        let token = secrets.get("token_env", name)?;
        headers.push((AUTHORIZATION, hidden("token_env", name, format!("Bearer {}", token.reveal()))?));
    }
    if let Some(name) = &access.user_env {
        let user = secrets.get("user_env", name)?;
        let password = access.password_env.as_ref().map(|name| secrets.get("password_env", name)).transpose()?;
        let login = format!("{}:{}", user.reveal(), password.as_ref().map_or("", Secret::reveal));
        headers.push((AUTHORIZATION, hidden("user_env", name, format!("Basic {}", STANDARD.encode(login)))?));
    }
    if let Some((header, name)) = &access.header {
        let value = secrets.get("header_env", name)?;
        let header = HeaderName::from_bytes(header.as_bytes())
            .map_err(|_| FeedError::Http(format!("source {}: `header` is no name of a header", stated.id)))?;
        headers.push((header, hidden("header_env", name, value.reveal().to_owned())?));
    }
    Ok(headers)
}

fn query(stated: &Source, secrets: &Secrets) -> Result<Option<(String, Secret)>, FeedError> {
    let Some((parameter, name)) = &stated.access.query else { return Ok(None) };
    Ok(Some((parameter.clone(), secrets.get("query_env", name)?)))
}

fn hidden(field: &'static str, name: &str, value: String) -> Result<HeaderValue, FeedError> {
    let mut value = HeaderValue::try_from(value).map_err(|_| FeedError::Variable {
        field,
        name: name.to_owned(),
        why: "holds what no header may",
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Public servers are not all at TLS 1.3 yet.
fn encryption(stated: &Source, folder: &Path, needed: bool) -> Result<ClientConfig, FeedError> {
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let authority = stated.access.ca.as_ref().map(|ca| folder.join(ca));
    let identity = stated.access.identity.as_ref();
    let identity =
        identity.map(|(certificate, key)| Identity { certificate: folder.join(certificate), key: folder.join(key) });
    match tls::client(authority.as_deref(), identity.as_ref(), &versions) {
        // A system without authorities can still be asked in the clear; a redirect to https then fails.
        Err(FeedError::Tls(_)) if !needed => tls::trusting(RootCertStore::empty(), None, &versions),
        done => done,
    }
}
