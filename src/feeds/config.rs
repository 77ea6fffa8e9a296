//! Where a broker is and how to be let in: the address that a person types, taken apart.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use rumqttc::{MqttOptions, Transport};

use crate::{backoff::entropy, error::FeedError, payload::MAX_PAYLOAD_BYTES, tls};

/// Registered ports of MQTT and of MQTT over TLS (IANA).
const PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;
/// A silent broker is noticed after two of these.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// The largest packet taken from a broker, byte. Payloads over [`MAX_PAYLOAD_BYTES`] are counted and passed
/// over; only beyond this does a packet cost the connection.
const MAX_INCOMING_BYTES: usize = 4 << 20;

/// A broker's address with its credentials. Neither `Debug` nor `Display` shows user or password.
#[derive(Clone, PartialEq, Eq)]
pub struct MqttConfig {
    encrypted: bool,
    /// Somebody wrote that readings and password may travel in the clear.
    plain_text: bool,
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
    prefix: Option<String>,
    authority: Option<PathBuf>,
    identity: Option<Identity>,
}

/// The files by which this program proves who it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What a connection of a session that outlives it is opened with.
pub(crate) struct SessionOptions<'a> {
    pub client_id: &'a str,
    pub keep_alive: Duration,
    /// The largest packet that does not cost the connection, byte.
    pub max_packet_bytes: usize,
}

impl MqttConfig {
    /// A broker on this machine without credentials.
    pub fn loopback(port: u16) -> Self {
        Self {
            encrypted: false,
            plain_text: false,
            host: "127.0.0.1".to_owned(),
            port,
            user: None,
            password: None,
            prefix: None,
            authority: None,
            identity: None,
        }
    }

    /// Trusts the certificate authorities of this PEM file alone, in place of the system's.
    pub fn with_authority(mut self, pem: impl Into<PathBuf>) -> Self {
        self.authority = Some(pem.into());
        self
    }

    /// Shows the broker this client certificate (PEM, with what leads to its authority) and proves it with its key.
    pub fn with_identity(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some(Identity { certificate: certificate.into(), key: key.into() });
        self
    }

    /// Logs in with these in place of what the address says.
    pub fn with_credentials(mut self, user: impl Into<String>, password: Option<String>) -> Self {
        (self.user, self.password) = (Some(user.into()), password);
        self
    }

    /// Whether a connection can be tried at all: it is under TLS or may be in the clear, and its files can be read.
    ///
    /// # Errors
    /// Plain text that nobody allowed, a certificate or key that cannot be used.
    pub fn check(&self) -> Result<(), FeedError> {
        tls::transport(self).map(|_| ())
    }

    /// Whether the connection is under TLS.
    pub fn encrypted(&self) -> bool {
        self.encrypted
    }

    /// The topics' common prefix, without slashes at its ends.
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// The address without the topics' prefix, and without user and password.
    pub fn address(&self) -> String {
        Self { prefix: None, ..self.clone() }.to_string()
    }

    pub(crate) fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Whether the address would carry readings and password over a network in the clear without anybody having
    /// written that it may.
    pub(crate) fn exposed(&self) -> bool {
        let loopback =
            self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        !self.encrypted && !self.plain_text && !loopback
    }

    /// Options of a connection of a session that the broker keeps while the program is away: quality of service 1,
    /// acknowledged by hand.
    pub(crate) fn session_options(&self, transport: &Transport, session: &SessionOptions<'_>) -> MqttOptions {
        let mut options = self.options(transport);
        options.set_client_id(session.client_id.to_owned());
        options
            .set_keep_alive(session.keep_alive)
            .set_clean_session(false)
            .set_manual_acks(true)
            .set_max_packet_size(session.max_packet_bytes, 2 * MAX_PAYLOAD_BYTES);
        options
    }

    /// Options of a new connection. Its client id is new, so that no earlier session and no second program
    /// is pushed out; 20 letters and digits, which every broker takes (MQTT 3.1.1, 3.1.3.1).
    pub(crate) fn options(&self, transport: &Transport) -> MqttOptions {
        let id = format!("citytwin{:012x}", entropy() & 0xffff_ffff_ffff);
        // rumqttc joins host and port with a colon; an IPv6 host goes without brackets, which the
        // resolver takes and TLS needs.
        let mut options = MqttOptions::new(id, self.host.clone(), self.port);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_session(true)
            .set_transport(transport.clone())
            .set_max_packet_size(MAX_INCOMING_BYTES, 2 * MAX_PAYLOAD_BYTES);
        if let Some(user) = &self.user {
            options.set_credentials(user.clone(), self.password.clone().unwrap_or_default());
        }
        options
    }
}

impl fmt::Display for MqttConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.encrypted, self.plain_text) {
            (true, _) => "mqtts",
            (false, true) => "mqtt+plaintext",
            (false, false) => "mqtt",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)?;
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)?;
        }
        self.prefix.iter().try_for_each(|prefix| write!(f, "/{prefix}"))
    }
}

impl fmt::Debug for MqttConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttConfig")
            .field("address", &self.to_string())
            .field("credentials", &self.user.as_ref().map(|_| "(hidden)"))
            .field("authority", &self.authority)
            .field("identity", &self.identity)
            .finish()
    }
}

impl FromStr for MqttConfig {
    type Err = FeedError;

    /// Reads `mqtt[s]://[user[:password]@]host[:port][/prefix]`; `%xx` stands for a byte in user, password
    /// and prefix, and an IPv6 host stands in brackets. `mqtt+plaintext://` is `mqtt://` to another machine by
    /// somebody who knows that it is read on the way; without it such a connection is refused.
    fn from_str(text: &str) -> Result<Self, FeedError> {
        let fail = |what| Err(FeedError::Address(what));
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return fail("it holds blanks or control characters");
        }
        let Some((scheme, rest)) = text.split_once("://") else { return fail("it has no mqtt:// or mqtts://") };
        let (encrypted, plain_text) = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" => (false, false),
            "mqtt+plaintext" => (false, true),
            "mqtts" => (true, false),
            _ => return fail("its scheme is neither mqtt nor mqtts"),
        };
        if rest.contains(['?', '#']) {
            return fail("`?` and `#` have no place in it (write %3F and %23 in a password)");
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains('@') {
            return fail("`@` follows a `/` (write %2F in a password)");
        }
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let (user, password) = credentials(login)?;
        let (host, port) = host_and_port(place)?;
        Ok(Self {
            encrypted,
            plain_text,
            host,
            port: port.unwrap_or(if encrypted { TLS_PORT } else { PORT }),
            user,
            password,
            prefix: topic_prefix(path)?,
            authority: None,
            identity: None,
        })
    }
}

fn credentials(login: Option<&str>) -> Result<(Option<String>, Option<String>), FeedError> {
    let Some(login) = login else { return Ok((None, None)) };
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(percent_decoded(password, "the password is not percent-encoded UTF-8")?)),
        None => (login, None),
    };
    let user = percent_decoded(user, "the user is not percent-encoded UTF-8")?;
    if user.is_empty() {
        return Err(FeedError::Address("the user before `@` is empty"));
    }
    Ok((Some(user), password))
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), FeedError> {
    let fail = |what| Err(FeedError::Address(what));
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let Some((host, port)) = rest.split_once(']') else { return fail("`[` without `]`") };
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return fail("no IPv6 address stands between the brackets");
        }
        match port.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if port.is_empty() => (host, None),
            None => return fail("something other than a port follows `]`"),
        }
    } else {
        match place.split_once(':') {
            Some((_, port)) if port.contains(':') => return fail("an IPv6 host stands in brackets"),
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    if host.is_empty() {
        return fail("it has no host");
    }
    match port.map(str::parse::<u16>) {
        None => Ok((host.to_owned(), None)),
        Some(Ok(port)) if port > 0 => Ok((host.to_owned(), Some(port))),
        Some(_) => fail("the port is not a number from 1 to 65535"),
    }
}

fn topic_prefix(path: &str) -> Result<Option<String>, FeedError> {
    let prefix = percent_decoded(path.trim_matches('/'), "the prefix is not percent-encoded UTF-8")?;
    if prefix.contains(['#', '+', '\0']) {
        return Err(FeedError::Address("the prefix holds a wildcard"));
    }
    Ok((!prefix.is_empty()).then_some(prefix))
}

fn percent_decoded(text: &str, what: &'static str) -> Result<String, FeedError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let [high, low, tail @ ..] = tail else { return Err(FeedError::Address(what)) };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return Err(FeedError::Address(what)) };
        bytes.push((high * 16 + low) as u8);
        rest = tail;
    }
    String::from_utf8(bytes).map_err(|_| FeedError::Address(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let rows = [
            ("mqtt://broker.example", "mqtt://broker.example:1883", None, None),
            ("MQTTS://broker.example", "mqtts://broker.example:8883", None, None),
            ("mqtt+plaintext://10.0.0.7", "mqtt+plaintext://10.0.0.7:1883", None, None),
            ("mqtt://10.0.0.7:2883/", "mqtt://10.0.0.7:2883", None, None),
            ("mqtt://[::1]", "mqtt://[::1]:1883", None, None),
            ("mqtts://[fe80::1]:9000/a/b/", "mqtts://[fe80::1]:9000/a/b", None, None),
            ("mqtt://ann@host/x", "mqtt://host:1883/x", Some("ann"), None),
            ("mqtt://ann:s3cret@host", "mqtt://host:1883", Some("ann"), Some("s3cret")),
            ("mqtt://a%40b:p%2F%3a%25%C3%A9@host", "mqtt://host:1883", Some("a@b"), Some("p/:%é")),
            ("mqtt://ann:a:b@c@host", "mqtt://host:1883", Some("ann"), Some("a:b@c")),
            ("mqtt://ann:@host", "mqtt://host:1883", Some("ann"), Some("")),
        ];
        for (text, shown, user, password) in rows {
            let config: MqttConfig = text.parse().unwrap();
            assert_eq!(config.to_string(), shown, "{text}");
            assert!(shown.starts_with(&config.address()) && !config.address().contains("/a/b"), "{text}");
            assert_eq!(config.user.as_deref(), user, "{text}");
            assert_eq!(config.password.as_deref(), password, "{text}");
        }
    }

    #[test]
    fn bad_addresses_are_one_line_that_never_tells_the_password() {
        let rows = [
            "",
            "s3cret",
            "http://ann:s3cret@host",
            "mqtt:/ann:s3cret@host",
            "mqtt://",
            "mqtt://ann:s3cret@",
            "mqtt://:s3cret@host",
            "mqtt://ann:s3cret/x@host",
            "mqtt://ann:12/s3cret@host",
            "mqtt://ann:s3cret#x@host",
            "mqtt://ann:s3cret?x@host",
            "mqtt://ann:s3cret%@host",
            "mqtt://ann:s3cret%zz@host",
            "mqtt://ann:s3cret%ff@host",
            "mqtt://ann:s3 cret@host",
            "mqtt://ann:s3cret@host:0",
            "mqtt://ann:s3cret@host:65536",
            "mqtt://ann:s3cret@host:-1",
            "mqtt://ann:s3cret@host:",
            "mqtt://ann:s3cret@::1",
            "mqtt://ann:s3cret@[::1",
            "mqtt://ann:s3cret@[host]",
            "mqtt://ann:s3cret@[::1]x",
            "mqtt://ann:s3cret@host/a/%23",
            "mqtt://ann:s3cret@host/+/a",
        ];
        for text in rows {
            let error = text.parse::<MqttConfig>().unwrap_err().to_string();
            assert!(!error.contains("s3cret") && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn debug_and_display_hide_the_credentials() {
        let config: MqttConfig = "mqtts://ann:s3cret@host".parse().unwrap();
        let shown = format!("{config:?} {config}");
        assert!(!shown.contains("s3cret") && !shown.contains("ann"), "{shown}");
    }

    #[test]
    fn plain_text_leaves_the_machine_only_where_somebody_wrote_so() {
        let rows = [
            ("mqtt://127.0.0.1", false),
            ("mqtt://127.8.9.1:2000", false),
            ("mqtt://[::1]", false),
            ("mqtt://localhost", false),
            ("mqtt://localhost.example", true),
            ("mqtt://10.0.0.7", true),
            ("mqtt://[fe80::1]", true),
            ("mqtt+plaintext://10.0.0.7", false),
            ("mqtts://10.0.0.7", false),
        ];
        for (text, exposed) in rows {
            assert_eq!(text.parse::<MqttConfig>().unwrap().exposed(), exposed, "{text}");
        }
    }

    /// The resolver must take what rumqttc makes of an IPv6 host.
    #[test]
    fn an_ipv6_host_resolves_without_brackets() {
        use std::net::ToSocketAddrs;
        let config: MqttConfig = "mqtt://[::1]:1883".parse().unwrap();
        let (host, port) = config.options(&Transport::tcp()).broker_address();
        let address = format!("{host}:{port}").to_socket_addrs().unwrap().next().unwrap();
        assert_eq!(address, "[::1]:1883".parse().unwrap());
    }
}
