//! One question over HTTP, its answer into a file. Knows Overpass's ways of saying no by status.

use std::{
    error::Error as _,
    fs::File,
    io::{self, Read, Write},
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use flate2::read::MultiGzDecoder;
use reqwest::{
    StatusCode, Url,
    blocking::{Client, Response},
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER},
    redirect,
};

use super::error::{FetchError, excerpt};

/// Longest time to reach the server at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Of an error page, byte.
const PAGE_BYTES: u64 = 64 * 1024;
/// Bytes per write to the file.
const BUFFER: usize = 64 * 1024;
const REDIRECTS: usize = 3;

/// What to ask, and where to put the answer.
pub(super) struct Order {
    pub endpoint: Url,
    pub query: String,
    pub to: PathBuf,
    pub timeout: Duration,
    pub max_bytes: u64,
}

/// A running transfer, seen from outside.
#[derive(Default)]
pub(super) struct State {
    bytes: AtomicU64,
    stopped: AtomicBool,
}

impl State {
    /// Unpacked bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Ends the transfer at its next piece.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// Reads an endpoint's address. User and password are refused: the address goes into SOURCES.md.
pub(super) fn endpoint(text: &str) -> Result<Url, FetchError> {
    let fail = |what: &str| Err(FetchError::Endpoint(what.to_owned()));
    let Ok(url) = Url::parse(text.trim()) else { return fail("it is no address") };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return fail("it is neither http:// nor https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fail("it holds a user or a password");
    }
    Ok(url)
}

/// Asks and writes; returns the number of unpacked bytes.
pub(super) fn run(order: &Order, state: &State) -> Result<u64, FetchError> {
    let response = ask(order)?;
    let response = refuse_by_status(response, order.timeout)?;
    if header(&response, &CONTENT_TYPE).contains("html") {
        return Err(FetchError::NotMapData(page(response)));
    }
    let packed = header(&response, &CONTENT_ENCODING) == "gzip";
    let mut body: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(response)) } else { Box::new(response) };
    let write_failed = |source| FetchError::Write { path: order.to.clone(), source };
    let mut file = File::create(&order.to).map_err(write_failed)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = body.read(&mut buffer).map_err(|error| broken(&error, order.timeout))?;
        if count == 0 {
            break;
        }
        let bytes = state.bytes.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        if bytes > order.max_bytes {
            return Err(FetchError::TooLarge(order.max_bytes));
        }
        if state.stopped.load(Ordering::Relaxed) {
            return Err(FetchError::Cancelled);
        }
        file.write_all(&buffer[..count]).map_err(write_failed)?;
    }
    Ok(state.bytes())
}

fn ask(order: &Order) -> Result<Response, FetchError> {
    // Fails when the process has a provider already, which then serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = order.endpoint.host_str().unwrap_or_default();
    let unreachable = |why: String| FetchError::Unreachable { host: host.to_owned(), why };
    let mut client = Client::builder()
        .user_agent(concat!("citytwin/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT.min(order.timeout))
        .timeout(order.timeout)
        .redirect(redirect::Policy::limited(REDIRECTS));
    if matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        client = client.no_proxy();
    }
    let client = client.build().map_err(|error| unreachable(chain(&error)))?;
    let sent = client
        .post(order.endpoint.clone())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT_ENCODING, "gzip")
        .body(format!("data={}", form_encoded(&order.query)))
        .send();
    sent.map_err(|error| {
        if error.is_timeout() { FetchError::Timeout(order.timeout) } else { unreachable(chain(&error.without_url())) }
    })
}

fn refuse_by_status(response: Response, timeout: Duration) -> Result<Response, FetchError> {
    let status = response.status();
    match status {
        StatusCode::OK => Ok(response),
        StatusCode::TOO_MANY_REQUESTS => {
            Err(FetchError::RateLimited(header(&response, &RETRY_AFTER).trim().parse().ok()))
        }
        StatusCode::GATEWAY_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY => {
            Err(FetchError::Busy(status.as_u16()))
        }
        StatusCode::REQUEST_TIMEOUT => Err(FetchError::Timeout(timeout)),
        _ => Err(FetchError::Refused { status: status.as_u16(), said: page(response) }),
    }
}

fn header(response: &Response, name: &reqwest::header::HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

/// What an error page says, without its markup.
fn page(response: Response) -> String {
    let packed = header(&response, &CONTENT_ENCODING) == "gzip";
    let body: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(response)) } else { Box::new(response) };
    let mut bytes = Vec::new();
    // What came before an error is said as well.
    let _ = body.take(PAGE_BYTES).read_to_end(&mut bytes);
    said(&String::from_utf8_lossy(&bytes))
}

fn said(page: &str) -> String {
    // Overpass marks its reason: `<strong …>Error</strong>: line 1: parse error: …`.
    let body = match (page.find("Error</strong>"), page.find("<body")) {
        (Some(at), _) => &page[at..],
        (None, Some(at)) => &page[at..],
        (None, None) => page,
    };
    let mut text = String::new();
    let mut inside_tag = false;
    for c in body.chars() {
        match c {
            '<' => inside_tag = true,
            '>' if inside_tag => {
                inside_tag = false;
                text.push(' ');
            }
            c if !inside_tag => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let line = excerpt(&text);
    if line.is_empty() { "it says nothing more".to_owned() } else { line }
}

/// A body that ended before its end.
fn broken(error: &io::Error, timeout: Duration) -> FetchError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
    if error.kind() == io::ErrorKind::TimedOut || inner.is_some_and(reqwest::Error::is_timeout) {
        return FetchError::Timeout(timeout);
    }
    FetchError::Broken(inner.map_or_else(|| excerpt(&error.to_string()), chain))
}

/// An error with its causes on one line, without the address (which may be long).
fn chain(error: &reqwest::Error) -> String {
    let mut last = None;
    let mut cause = error.source();
    while let Some(deeper) = cause {
        last = Some(deeper.to_string());
        cause = deeper.source();
    }
    excerpt(&last.unwrap_or_else(|| error.to_string()))
}

/// `application/x-www-form-urlencoded` (WHATWG URL, 5.2), for text without blanks kept as `+`.
fn form_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(2 * text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_servers() {
        assert!(endpoint("https://overpass-api.de/api/interpreter").is_ok());
        for text in ["", "overpass-api.de", "ftp://host/x", "file:///etc/passwd", "http://", "https://ann:s3cret@host/"]
        {
            let line = endpoint(text).unwrap_err().to_string();
            assert!(!line.contains("s3cret") && !line.contains('\n'), "{text}: {line}");
        }
    }

    #[test]
    fn error_pages_lose_their_markup() {
        let page = "<html><head><title>OSM3S</title></head><body>\n<p><strong style=\"color:#FF0000\">Error</strong>: \
                    line 1: parse error: Unknown type &quot;nod&quot; </p>\n</body></html>";
        assert_eq!(said(page), "Error : line 1: parse error: Unknown type \"nod\"");
        assert_eq!(said("<html><body><h1>It works!</h1></body></html>"), "It works!");
        assert_eq!(said("plain\nwords"), "plain words");
        assert_eq!(said(""), "it says nothing more");
        assert!(said(&"x".repeat(100_000)).chars().count() <= 161);
    }

    #[test]
    fn a_query_survives_the_form() {
        assert_eq!(form_encoded("node(1,2);\n\"~é"), "node%281%2C2%29%3B%0A%22%7E%C3%A9");
    }
}
