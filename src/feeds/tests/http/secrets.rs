//! Passwords and tokens: they reach their server and nobody else. TLS: only whom the source trusts.

use std::{path::Path, process::Command, sync::Arc};

use citytwin_feeds::{FeedError, PollerSettings, Secrets};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::{
    failure, settings_of, sources, start,
    support::{PATIENCE, installed},
    web::{Reply, Stream, Web},
};

fn secrets() -> Secrets {
    Secrets::given([("USER", "ann"), ("PASSWORD", "s3cret"), ("TOKEN", "s3cret"), ("KEY", "s3cret-key")])
}

#[test]
fn secrets_reach_their_server_and_no_other() {
    let other = Web::serve(|_| Reply::json("{}"));
    let elsewhere = other.address("/y");
    let web = Web::serve(move |request| if request.path == "/x" { Reply::to(&*elsewhere) } else { Reply::status(401) });
    let rows = [
        ("token_env = \"TOKEN\"", "authorization", "Bearer s3cret"),
        // `ann:s3cret`
        ("user_env = \"USER\"\npassword_env = \"PASSWORD\"", "authorization", "Basic YW5uOnMzY3JldA=="),
        ("header = \"X-Api-Key\"\nheader_env = \"KEY\"", "x-api-key", "s3cret-key"),
    ];
    for (fields, header, value) in rows {
        let before = (web.requests().len(), other.requests().len());
        let sources = sources(&web.address("/x"), "json", &format!("allow_private = true\n{fields}"));
        let (poller, deliveries) = start(settings_of(&sources, Path::new("."), &secrets()));
        let delivery = deliveries.recv_timeout(PATIENCE).unwrap();
        assert_eq!(web.requests()[before.0].header(header), Some(value));
        assert_eq!(other.requests()[before.1].header(header), None, "it stays with its own server");
        drop(poller);
        let sources = crate::sources(&web.address("/refused"), "json", &format!("allow_private = true\n{fields}"));
        let (poller, _deliveries) = start(settings_of(&sources, Path::new("."), &secrets()));
        let line = failure(&poller);
        assert!(line.contains("answers 401") && line.contains("credentials"), "{line}");
        let shown = format!("{:?} {delivery:?} {sources:?}", poller.status());
        assert!(!shown.contains("s3cret") && !shown.contains("YW5u"), "{shown}");
    }
}

/// A key after the question mark: it goes with every request to the own server, is taken out of what the server repeats
/// to another, and shows nowhere.
#[test]
fn a_key_of_the_address_reaches_its_server_and_shows_nowhere() {
    let other = Web::serve(|_| Reply::json("{}"));
    let elsewhere = other.address("/y?$a=1&appid=s3cret%2Bkey%26x");
    let web = Web::serve(move |request| match request.path.as_str() {
        path if path.starts_with("/x?") => Reply::to("/z?appid=s3cret%2Bkey%26x&b=2"),
        path if path.starts_with("/z?") => Reply::to(&*elsewhere),
        _ => Reply::status(401),
    });
    let fields = "allow_private = true\nquery = \"appid\"\nquery_env = \"KEY\"";
    let secrets = Secrets::given([("KEY", "s3cret+key&x")]);
    let sources = sources(&web.address("/x?$units=metric"), "json", fields);
    let (poller, deliveries) = start(settings_of(&sources, Path::new("."), &secrets));
    let delivery = deliveries.recv_timeout(PATIENCE).unwrap();
    let paths: Vec<String> = web.requests().iter().take(2).map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/x?$units=metric&appid=s3cret%2Bkey%26x", "/z?b=2&appid=s3cret%2Bkey%26x"]);
    assert_eq!(other.requests()[0].path, "/y?$a=1", "it stays with its own server");
    let shown = format!("{:?} {delivery:?} {sources:?}", poller.status());
    drop(poller);
    let refused = crate::sources(&web.address("/refused"), "json", fields);
    let (poller, _deliveries) = start(settings_of(&refused, Path::new("."), &secrets));
    let line = failure(&poller);
    assert!(line.contains("answers 401"), "{line}");
    let shown = format!("{shown} {line} {:?}", poller.status());
    assert!(!shown.contains("s3cret"), "{shown}");
    let error = PollerSettings::of(&refused, 0, Path::new("."), &Secrets::given([("A", "b")])).err().unwrap();
    assert!(error.to_string().contains("KEY, which `query_env` names, is not set"), "{error}");
}

#[test]
fn a_variable_that_is_not_set_is_one_line() {
    let sources = sources("https://host.example/x", "json", "token_env = \"NOT_THERE\"");
    let error = PollerSettings::of(&sources, 0, Path::new("."), &secrets()).err().unwrap();
    assert!(matches!(error, FeedError::Variable { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the environment variable NOT_THERE, which `token_env` names, is not set; set it before the program is started"
    );
    assert!(PollerSettings::of(&sources, 7, Path::new("."), &secrets()).is_err());
}

#[test]
fn what_speaks_no_tls_is_refused() {
    let web = Web::serve(|_| Reply::json("{}"));
    let address = web.address("/x").replace("http://", "https://");
    let sources = sources(&address, "json", "allow_private = true\ntoken_env = \"TOKEN\"");
    let (poller, deliveries) = start(settings_of(&sources, Path::new("."), &secrets()));
    failure(&poller);
    assert!(deliveries.is_empty() && web.requests().iter().all(|request| request.header("authorization").is_none()));
}

/// A certificate authority and a certificate of it for `127.0.0.1`.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let done = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for name in ["ca", "other"] {
        openssl(&format!("req -x509 {key} -keyout {name}.key -out {name}.pem -days 2 -subj /CN=CityTwin-{name}"));
    }
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=server"));
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let sign = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile names";
    openssl(&format!("x509 -req -in server.csr {sign} -out server.pem -days 2"));
    openssl(&format!("x509 -req -in server.csr {sign} -out expired.pem -days -1"));
}

#[test]
fn only_a_server_that_the_source_trusts_is_asked() {
    if !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let server = |certificate: &str| {
        let chain =
            CertificateDer::pem_file_iter(folder.path().join(certificate)).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(folder.path().join("server.key")).unwrap();
        let provider = rustls::crypto::ring::default_provider().into();
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let config = Arc::new(config);
        let wrap = move |stream| -> Box<dyn Stream> {
            Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream))
        };
        Web::wrapped("https", wrap, |_| Reply::json("{}"))
    };
    let (good, expired) = (server("server.pem"), server("expired.pem"));
    let ask = |address: String, ca: &str| {
        let sources = sources(&address, "json", &format!("allow_private = true\ntoken_env = \"TOKEN\"\n{ca}"));
        start(settings_of(&sources, folder.path(), &secrets()))
    };
    let (poller, deliveries) = ask(good.address("/x"), "ca = \"ca.pem\"");
    deliveries.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{:?}", poller.status()));
    drop(poller);
    let asked = good.requests().len();
    let elsewhere = good.address("/x").replace("127.0.0.1", "localhost");
    let rows = [
        (good.address("/x"), "other.pem", "UnknownIssuer"),
        (elsewhere, "ca.pem", "not valid for name"),
        (expired.address("/x"), "ca.pem", "expired"),
    ];
    for (address, ca, why) in rows {
        let (poller, _deliveries) = ask(address, &format!("ca = \"{ca}\""));
        let line = failure(&poller);
        assert!(line.starts_with("TLS: the server's certificate is not accepted: "), "{line}");
        assert!(line.to_lowercase().contains(&why.to_lowercase()), "{line}");
    }
    assert!(expired.requests().is_empty() && good.requests().len() == asked);
}
