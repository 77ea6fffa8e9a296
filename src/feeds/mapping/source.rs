//! One `[[source]]` of a `sources.toml`: where data come from, and how the program is let in there. It names where secrets
//! are and never holds one.

use std::path::Path;

use citytwin_model::time::TimeZone;
use reqwest::Url;

use super::fields::Fields;
use crate::{FeedError, MqttConfig, payload::excerpt, secrets::Secrets};

/// The shortest and the longest time between two requests of one source, second.
pub const SHORTEST_EVERY_S: f64 = 1.0;
const LONGEST_EVERY_S: f64 = 86_400.0;

/// How a source is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceKind {
    Mqtt,
    Http,
    File,
}

/// One `[[source]]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Source {
    pub id: String,
    pub kind: SourceKind,
    /// Of a broker, an address of HTTP, or a file relative to the city's folder.
    pub address: String,
    /// Of stamps without zone.
    pub timezone: TimeZone,
    /// How often an HTTP source is asked, second: 1 to 86,400.
    pub every_s: Option<f64>,
    /// An HTTP source may lie in a network that the world cannot see.
    pub allow_private: bool,
    pub access: Access,
}

/// How the program is let in: names of environment variables, and files relative to the city's folder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Access {
    pub user_env: Option<String>,
    pub password_env: Option<String>,
    /// Of a token that is sent as `Authorization: Bearer …`.
    pub token_env: Option<String>,
    /// A header of the source's own, and the variable with its value.
    pub header: Option<(String, String)>,
    /// A parameter after the address's question mark, and the variable with its value.
    pub query: Option<(String, String)>,
    /// Certificate authorities (PEM) that are trusted in place of the system's.
    pub ca: Option<String>,
    /// The client's certificate and its key (PEM).
    pub identity: Option<(String, String)>,
}

impl Access {
    /// Whether a secret goes with each request.
    pub(crate) fn secret(&self) -> bool {
        self.user_env.is_some() || self.token_env.is_some() || self.header.is_some() || self.query.is_some()
    }
}

impl Source {
    /// The environment variables that it names, with the fields that name them.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Access { user_env, password_env, token_env, header, query, .. } = &self.access;
        let [header, query] = [header, query].map(|pair| pair.as_ref().map(|(_, name)| name));
        let named = [
            ("user_env", user_env.as_ref()),
            ("password_env", password_env.as_ref()),
            ("token_env", token_env.as_ref()),
            ("header_env", header),
            ("query_env", query),
        ];
        named.into_iter().filter_map(|(field, name)| name.map(|name| (field, name.as_str())))
    }

    /// The address and the credentials of a broker. `folder` is the city's.
    ///
    /// # Errors
    /// An address that cannot be read, a variable that is not set.
    pub fn broker(&self, folder: &Path, secrets: &Secrets) -> Result<MqttConfig, FeedError> {
        let mut config: MqttConfig = self.address.parse()?;
        if let Some(user) = &self.access.user_env {
            let user = secrets.get("user_env", user)?;
            let password =
                self.access.password_env.as_ref().map(|name| secrets.get("password_env", name)).transpose()?;
            config = config.with_credentials(user.reveal(), password.map(|password| password.reveal().to_owned()));
        }
        if let Some(ca) = &self.access.ca {
            config = config.with_authority(folder.join(ca));
        }
        if let Some((certificate, key)) = &self.access.identity {
            config = config.with_identity(folder.join(certificate), folder.join(key));
        }
        Ok(config)
    }
}

/// Fields that people put secrets in; none of them is read.
const SECRETS: [&str; 14] = [
    "user",
    "username",
    "password",
    "passwd",
    "token",
    "access_token",
    "bearer",
    "authorization",
    "secret",
    "client_secret",
    "api_key",
    "apikey",
    "credentials",
    "auth",
];
/// Beside these, names under which addresses carry secrets after a question mark.
const IN_QUERIES: [&str; 9] =
    ["api-key", "appid", "app_key", "app_id", "pwd", "sig", "signature", "subscription-key", "auth_token"];

pub(super) fn source(fields: &mut Fields<'_, '_>) -> Option<Source> {
    let id = fields.required_text("id");
    let kind = match fields.required_text("kind") {
        Some("mqtt") => Some(SourceKind::Mqtt),
        Some("http") => Some(SourceKind::Http),
        Some("file") => Some(SourceKind::File),
        Some(other) => {
            fields.fault("kind", format!("`{}` is not known; give mqtt, http or file", excerpt(other)));
            None
        }
        None => None,
    };
    let address = fields.required_text("address");
    let told = fields.faults.list.len();
    if let (Some(kind), Some(address)) = (kind, address) {
        check_address(kind, address, fields);
    }
    // Of a kind or an address with a fault of its own nothing more can be said.
    let address_read = address.filter(|_| kind.is_some() && fields.faults.list.len() == told);
    let timezone = timezone(fields);
    let every_s = every(kind, fields);
    let allow_private = fields.flag("allow_private").unwrap_or(false);
    if allow_private && kind.is_some_and(|kind| kind != SourceKind::Http) {
        fields.fault("allow_private", "is for sources that are asked (http); take it out");
    }
    let access = access(kind, address_read, fields);
    Some(Source {
        id: id?.to_owned(),
        kind: kind?,
        address: address?.to_owned(),
        timezone,
        every_s,
        allow_private,
        access,
    })
}

fn every(kind: Option<SourceKind>, fields: &mut Fields<'_, '_>) -> Option<f64> {
    let every_s = fields.positive("every_s")?;
    if kind.is_some_and(|kind| kind != SourceKind::Http) {
        fields.fault("every_s", "is for sources that are asked (http); take it out");
    } else if !(SHORTEST_EVERY_S..=LONGEST_EVERY_S).contains(&every_s) {
        fields.fault("every_s", format!("is {every_s}; give {SHORTEST_EVERY_S} to {LONGEST_EVERY_S} seconds"));
    }
    Some(every_s)
}

/// Nothing of an address is repeated in a fault: it may hold a secret.
fn check_address(kind: SourceKind, address: &str, fields: &mut Fields<'_, '_>) {
    let schemes: &[&str] = match kind {
        SourceKind::Mqtt => &["mqtts://", "mqtt://", "mqtt+plaintext://"],
        SourceKind::Http => &["https://", "http://"],
        SourceKind::File => return check_path("address", address, fields),
    };
    let Some(rest) = schemes.iter().find_map(|scheme| address.strip_prefix(scheme)) else {
        return fields.fault("address", format!("has no scheme that is known; begin with {}", schemes.join(" or ")));
    };
    if rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
        return fields.fault("address", "holds a user or password; secrets stay out of the city's files, see user_env");
    }
    if kind != SourceKind::Http {
        return;
    }
    match Url::parse(address) {
        Ok(url) => {
            let secret = |name: &str| SECRETS.iter().chain(&IN_QUERIES).any(|word| name.eq_ignore_ascii_case(word));
            if let Some((name, _)) = url.query_pairs().find(|(name, _)| secret(name)) {
                let what =
                    "secrets stay out of the city's files, see query and query_env, token_env, header and header_env";
                fields.fault("address", format!("holds a secret (`{}`); {what}", excerpt(&name)));
            }
        }
        Err(error) => fields.fault("address", format!("cannot be read: {error}")),
    }
}

/// A path below the city's folder.
fn check_path(field: &str, path: &str, fields: &mut Fields<'_, '_>) {
    let outside = path.starts_with(['/', '\\']) || path.contains(':');
    if outside || path.split(['/', '\\']).any(|part| part == "..") {
        fields.fault(field, "leaves the city's folder; give a path below it");
    }
}

fn access(kind: Option<SourceKind>, address: Option<&str>, fields: &mut Fields<'_, '_>) -> Access {
    for word in SECRETS {
        if fields.has(word) {
            let what = "would be a secret in the city's files; name an environment variable that holds it: user_env, \
                        password_env, token_env, header and header_env, or query and query_env";
            fields.refuse(word, what);
        }
    }
    let user_env = variable("user_env", fields);
    let password_env = variable("password_env", fields);
    let token_env = variable("token_env", fields);
    let header = header(fields);
    let query = query(address, fields);
    let ca = path("ca", fields);
    let (certificate, key) = (path("certificate", fields), path("key", fields));
    if password_env.is_some() && !fields.has("user_env") {
        fields.fault("password_env", "goes with `user_env`; give both");
    }
    if token_env.is_some() && user_env.is_some() {
        fields.fault("token_env", "stands beside `user_env`; keep one of the two");
    }
    if fields.has("certificate") != fields.has("key") {
        fields.fault("certificate", "and `key` go together; give both");
    }
    let access = Access { user_env, password_env, token_env, header, query, ca, identity: certificate.zip(key) };
    if let Some((kind, address)) = kind.zip(address) {
        fits(kind, address, &access, fields);
    }
    access
}

/// What of the access this kind of source knows.
fn fits(kind: SourceKind, address: &str, access: &Access, fields: &mut Fields<'_, '_>) {
    let encrypted = address.starts_with("https://") || address.starts_with("mqtts://");
    let files = [("ca", access.ca.is_some()), ("certificate", access.identity.is_some())];
    for (field, _) in files.into_iter().filter(|(_, given)| *given && !encrypted) {
        fields.fault(field, "is for mqtts:// and https://; take it out");
    }
    let http = [
        ("token_env", access.token_env.is_some()),
        ("header", access.header.is_some()),
        ("query", access.query.is_some()),
    ];
    for (field, _) in http.into_iter().filter(|(_, given)| *given && kind != SourceKind::Http) {
        fields.fault(field, "is for sources that are asked (http); take it out");
    }
    if access.user_env.is_some() && kind == SourceKind::File {
        fields.fault("user_env", "is for mqtt and http; take it out");
    }
    if kind == SourceKind::Http && access.secret() && !encrypted && !on_this_machine(address) {
        fields.fault("address", "would carry a secret in the clear; give https://");
    }
}

fn on_this_machine(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    })
}

/// The name of an environment variable. What is none may be the secret itself, so it is not repeated.
pub(super) fn variable(field: &'static str, fields: &mut Fields<'_, '_>) -> Option<String> {
    let name = fields.text(field)?;
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.len() <= 128 && name.chars().all(letters) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(name.to_owned());
    }
    fields.fault(
        field,
        "is no name of an environment variable (letters, digits, _); the secret itself stays out of here",
    );
    None
}

fn header(fields: &mut Fields<'_, '_>) -> Option<(String, String)> {
    let (name, value) = (fields.text("header"), variable("header_env", fields));
    if fields.has("header") != fields.has("header_env") {
        fields.fault("header", "and `header_env` go together; give both");
    }
    let name = name?;
    let known = reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_ok();
    if !known || ["host", "content-length", "transfer-encoding", "connection"].contains(&&*name.to_ascii_lowercase()) {
        fields.fault(
            "header",
            "is no name of a header that can be given; write one such as X-Api-Key, without its value",
        );
        return None;
    }
    Some((name.to_owned(), value?))
}

/// The name of a parameter stands in the file, its value never.
fn query(address: Option<&str>, fields: &mut Fields<'_, '_>) -> Option<(String, String)> {
    let (name, value) = (fields.text("query"), variable("query_env", fields));
    if fields.has("query") != fields.has("query_env") {
        fields.fault("query", "and `query_env` go together; give both");
    }
    let name = name?;
    let letters = |c: char| c.is_ascii_alphanumeric() || "_-.$~".contains(c);
    if name.len() > 128 || !name.chars().all(letters) {
        fields.fault("query", "is no name of a parameter; write one such as appid, without its value");
        return None;
    }
    let stated = address.and_then(|address| Url::parse(address).ok());
    if stated.is_some_and(|url| url.query_pairs().any(|(known, _)| known == name)) {
        fields.fault("query", "stands in `address` as well; take it out there");
        return None;
    }
    Some((name.to_owned(), value?))
}

fn path(field: &'static str, fields: &mut Fields<'_, '_>) -> Option<String> {
    let path = fields.text(field)?;
    check_path(field, path, fields);
    Some(path.to_owned())
}

fn timezone(fields: &mut Fields<'_, '_>) -> TimeZone {
    match fields.text("timezone") {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).unwrap_or_else(|_| {
            let what = format!("`{}` is no zone; give an IANA name such as Europe/Lisbon", excerpt(name));
            fields.fault("timezone", what);
            TimeZone::UTC
        }),
    }
}
