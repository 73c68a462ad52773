//! Asking the provider, within limits. Nothing else is asked: redirects are not followed, and proxies that the
//! environment names are not used.

use openidconnect::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How long one question to the provider may take, in seconds.
const ANSWER_S: u64 = 10;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Whoever asks. `is_near`: the provider is on this machine, and may do without TLS.
pub(super) fn agent(is_near: bool) -> Agent {
    // Certificates that cannot be read are left out: then a provider that shows one of theirs is not believed.
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots = roots.iter().map(|der| Certificate::from_der(der).to_owned());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder()
        .https_only(!is_near)
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent("tidegate")
        .max_idle_connections(0)
        .timeout_global(Some(Duration::from_secs(ANSWER_S)));
    config.build().new_agent()
}

/// One question. It blocks.
pub(super) fn ask(agent: &Agent, request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let (parts, mut body) = agent.run(request)?.into_parts();
    let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    Ok(HttpResponse::from_parts(parts, bytes))
}
