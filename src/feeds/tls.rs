//! The transport of a connection: plain TCP, or TLS with the system's certificate authorities or a given one.

use std::{path::Path, sync::Arc};

use rumqttc::{TlsConfiguration, Transport};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{config::MqttConfig, error::FeedError};

/// The transport for an address. Reads the file of authorities, so that its faults show before connecting.
pub(crate) fn transport(config: &MqttConfig) -> Result<Transport, FeedError> {
    if !config.encrypted() {
        return Ok(Transport::tcp());
    }
    let roots = match config.authority() {
        Some(pem) => given_authorities(pem)?,
        None => system_authorities()?,
    };
    // The provider is named here, so that no process-wide default has to be installed first.
    let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| FeedError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(client))))
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

fn system_authorities() -> Result<RootCertStore, FeedError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some systems carry old certificates that rustls does not read; the rest serves.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(FeedError::Tls(format!("this system has no certificate authorities{why}; give a PEM file")));
    }
    Ok(roots)
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
    fn plain_addresses_need_no_authority() {
        assert!(matches!(transport(&MqttConfig::loopback(1)), Ok(Transport::Tcp)));
    }
}
