//! TLS against a real broker with certificates made on the spot: the right authority, a wrong one, a wrong name, an
//! expired certificate, and a broker that asks for the client's.

mod support;

use std::{path::Path, process::Command};

use citytwin_feeds::{Connection, MqttConfig, Subscription, SubscriptionSettings, client_id};
use support::{Mosquitto, becomes_true, clock, free_port, installed};

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
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=broker"));
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let sign = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile names";
    openssl(&format!("x509 -req -in server.csr {sign} -out server.pem -days 2"));
    openssl(&format!("x509 -req -in server.csr {sign} -out expired.pem -days -1"));
    openssl(&format!("req {key} -keyout client.key -out client.csr -subj /CN=citytwin"));
    openssl(&format!("x509 -req -in client.csr {sign} -out client.pem -days 2"));
}

/// A broker under TLS with one of the certificates.
fn broker(folder: &Path, port: u16, certificate: &str, more: &str) -> Mosquitto {
    let at = |name: &str| folder.join(name).display().to_string();
    let configuration = format!(
        "{}cafile {}\ncertfile {}\nkeyfile {}\n{more}",
        Mosquitto::plain(port),
        at("ca.pem"),
        at(certificate),
        at("server.key")
    );
    Mosquitto::start(folder, port, &configuration)
}

fn subscribe(config: MqttConfig) -> Subscription {
    let settings = SubscriptionSettings::new(client_id("demo", "one", "test"), vec!["t".to_owned()], 0);
    let (into, _deliveries) = crossbeam_channel::unbounded();
    Subscription::start(config, settings, into, clock()).unwrap()
}

/// The line that a refused connection leaves.
fn refusal(config: MqttConfig) -> String {
    let refused = subscribe(config);
    assert!(becomes_true(|| refused.status().last_error.is_some()), "{:?}", refused.status());
    let status = refused.status();
    assert_eq!((status.connections, status.connection), (0, Connection::Waiting));
    let line = status.last_error.unwrap();
    assert!(!line.contains('\n') && !line.contains("s3cret"), "{line}");
    line
}

#[test]
fn only_the_right_authority_and_name_are_let_in() {
    if !installed("mosquitto") || !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let port = free_port();
    let at = |name: &str| folder.path().join(name);
    let _broker = broker(folder.path(), port, "server.pem", "");
    let config = |host: &str, authority: &str| {
        let config: MqttConfig = format!("mqtts://{host}:{port}").parse().unwrap();
        config.with_authority(at(authority))
    };
    let good = subscribe(config("127.0.0.1", "ca.pem"));
    assert!(becomes_true(|| good.connected()), "{:?}", good.status());
    for (host, authority, why) in
        [("127.0.0.1", "other.pem", "UnknownIssuer"), ("localhost", "ca.pem", "not valid for name")]
    {
        let line = refusal(config(host, authority));
        assert!(line.contains(why), "{line}");
    }
}

#[test]
fn an_expired_certificate_is_refused() {
    if !installed("mosquitto") || !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let port = free_port();
    let _broker = broker(folder.path(), port, "expired.pem", "");
    let config: MqttConfig = format!("mqtts://ann:s3cret@127.0.0.1:{port}").parse().unwrap();
    let line = refusal(config.with_authority(folder.path().join("ca.pem")));
    assert!(line.contains("the broker's certificate is not accepted: Expired"), "{line}");
}

#[test]
fn a_broker_that_asks_for_it_gets_the_clients_certificate() {
    if !installed("mosquitto") || !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let port = free_port();
    let _broker = broker(folder.path(), port, "server.pem", "require_certificate true\n");
    let at = |name: &str| folder.path().join(name);
    let config = |identity: Option<&str>| {
        let config: MqttConfig = format!("mqtts://ann:s3cret@127.0.0.1:{port}").parse().unwrap();
        let config = config.with_authority(at("ca.pem"));
        match identity {
            Some(name) => config.with_identity(at(&format!("{name}.pem")), at(&format!("{name}.key"))),
            None => config,
        }
    };
    // None, and one that nobody signed whom the broker trusts.
    for identity in [None, Some("other")] {
        let line = refusal(config(identity));
        assert!(line.contains("does not accept this client's certificate"), "{line}");
    }
    let let_in = subscribe(config(Some("client")));
    assert!(becomes_true(|| let_in.connected()), "{:?}", let_in.status());
}
