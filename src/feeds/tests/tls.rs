//! TLS against a real broker with certificates made on the spot: the right authority, a wrong one, a wrong name.

mod support;

use std::{path::Path, process::Command};

use citytwin_feeds::{Connection, MqttConfig, MqttFeed};
use citytwin_model::Quantity;
use support::{Mosquitto, becomes_true, clock, free_port, installed, sensor};

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
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names");
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
    let configuration = format!(
        "{}cafile {}\ncertfile {}\nkeyfile {}\n",
        Mosquitto::plain(port),
        at("ca.pem").display(),
        at("server.pem").display(),
        at("server.key").display()
    );
    let _broker = Mosquitto::start(folder.path(), port, &configuration);
    let sensors = [sensor(0, "bridge", Quantity::VehicleFlow)];
    let connect = |host: &str, authority: &str| {
        let config: MqttConfig = format!("mqtts://{host}:{port}").parse().unwrap();
        MqttFeed::connect(config.with_authority(at(authority)), &sensors, "demo", clock()).unwrap()
    };
    let good = connect("127.0.0.1", "ca.pem");
    assert!(becomes_true(|| good.status().connected()), "{:?}", good.status());
    for (host, authority, why) in
        [("127.0.0.1", "other.pem", "UnknownIssuer"), ("localhost", "ca.pem", "not valid for name")]
    {
        let refused = connect(host, authority);
        assert!(becomes_true(|| refused.status().connection == Connection::Waiting));
        let line = refused.status().last_error.unwrap();
        assert!(line.contains(why) && !line.contains('\n'), "{line}");
        assert_eq!(refused.status().connections, 0);
    }
}
