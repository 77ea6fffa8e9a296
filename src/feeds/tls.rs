//! The transport of a connection: plain TCP where that is allowed, or TLS 1.3 with the system's certificate authorities
//! or a given one, and with a client certificate where one is given.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use rumqttc::{TlsConfiguration, Transport};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::{
    config::{Identity, MqttConfig},
    error::FeedError,
};

/// The transport for an address. Reads the files of authorities and identity, so that their faults show before
/// connecting.
pub(crate) fn transport(config: &MqttConfig) -> Result<Transport, FeedError> {
    if config.exposed() {
        return Err(FeedError::PlainText(config.to_string()));
    }
    if !config.encrypted() {
        return Ok(Transport::tcp());
    }
    let client = client(config.authority(), config.identity(), &[&rustls::version::TLS13])?;
    Ok(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(client))))
}

/// What both sides of a connection are held to: authorities of a file or else the system's, and the client's identity.
pub(crate) fn client(
    authority: Option<&Path>,
    identity: Option<&Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, FeedError> {
    let roots = match authority {
        Some(pem) => given_authorities(pem)?,
        None => system_authorities()?,
    };
    trusting(roots, identity, versions)
}

/// The same with authorities that were read already.
pub(crate) fn trusting(
    roots: RootCertStore,
    identity: Option<&Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, FeedError> {
    // The provider is named here, so that no process-wide default has to be installed first.
    let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .map_err(|error| FeedError::Tls(error.to_string()))?
        .with_root_certificates(roots);
    match identity {
        None => Ok(client.with_no_client_auth()),
        Some(identity) => {
            let fail = |error: rustls::Error| unusable(&identity.certificate, error.to_string());
            client.with_client_auth_cert(certificates(identity)?, private_key(identity)?).map_err(fail)
        }
    }
}

fn given_authorities(pem: &Path) -> Result<RootCertStore, FeedError> {
    let fail = |why: String| FeedError::Authority { path: pem.to_owned(), why };
    let text = std::fs::read(pem).map_err(|error| fail(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| fail(format!("not PEM: {error:?}")))?;
        roots.add(certificate).map_err(|error| fail(format!("not a certificate authority: {error}")))?;
    }
    if roots.is_empty() {
        return Err(fail("no certificate in it".to_owned()));
    }
    Ok(roots)
}

fn unusable(path: &Path, why: String) -> FeedError {
    FeedError::Identity { path: path.to_owned(), why }
}

fn certificates(identity: &Identity) -> Result<Vec<CertificateDer<'static>>, FeedError> {
    let fail = |why: String| unusable(&identity.certificate, why);
    let text = std::fs::read(&identity.certificate).map_err(|error| fail(error.to_string()))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(fail("no certificate in it".to_owned())),
        Ok(chain) => Ok(chain),
        Err(error) => Err(fail(format!("not PEM: {error:?}"))),
    }
}

/// Nothing of the key's text goes into the reason.
fn private_key(identity: &Identity) -> Result<PrivateKeyDer<'static>, FeedError> {
    let fail = |why: String| unusable(&identity.key, why);
    let text = std::fs::read(&identity.key).map_err(|error| fail(error.to_string()))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| fail("no private key in PEM in it".to_owned()))
}

/// Read once: some systems take a tenth of a second for it.
fn system_authorities() -> Result<RootCertStore, FeedError> {
    static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();
    if let Some(roots) = SYSTEM.get() {
        return Ok(roots.clone());
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some systems carry old certificates that rustls does not read; the rest serves.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(FeedError::Tls(format!("this system has no certificate authorities{why}; give a PEM file")));
    }
    Ok(SYSTEM.get_or_init(|| roots).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_authority_file_is_one_line_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (name, content) in [("absent", None), ("empty.pem", Some("")), ("broken.pem", Some(broken))] {
            let path = folder.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let config = "mqtts://host".parse::<MqttConfig>().unwrap().with_authority(&path);
            let error = transport(&config).err().unwrap().to_string();
            assert!(error.contains(name) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_bad_identity_is_one_line_with_its_path_and_nothing_of_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("s.key"), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n").unwrap();
        std::fs::write(at("bad.key"), "c2VjcmV0").unwrap();
        std::fs::write(at("s.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        // With system authorities where there are some: the identity is read after them.
        for (certificate, key, named) in
            [("none.pem", "s.key", "none.pem"), ("s.pem", "none.key", "none.key"), ("s.pem", "bad.key", "bad.key")]
        {
            let config = MqttConfig::loopback(1).with_identity(at(certificate), at(key));
            let identity = config.identity().unwrap();
            let error = certificates(identity).and_then(|_| private_key(identity)).unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains('\n') && !error.contains("c2Vj"), "{error}");
        }
    }

    #[test]
    fn plain_text_to_another_machine_is_refused_without_the_word_for_it() {
        let error = transport(&"mqtt://ann:s3cret@10.0.0.7".parse().unwrap()).err().unwrap().to_string();
        assert!(error.contains("mqtt+plaintext") && !error.contains("s3cret"), "{error}");
        assert!(transport(&"mqtt+plaintext://10.0.0.7".parse().unwrap()).is_ok());
    }

    #[test]
    fn plain_addresses_need_no_authority() {
        assert!(matches!(transport(&MqttConfig::loopback(1)), Ok(Transport::Tcp)));
    }
}
