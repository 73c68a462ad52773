//! An identity provider of a test's own, on loopback: it signs what the test wants it to.

use super::World;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use openidconnect::core::{CoreHmacKey, CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tidegate::oidc::{Oidc, OidcConfig};

/// Made for these tests; it protects nothing.
const KEY: &str = include_str!("provider.pem");
const CLIENT: &str = "tidegate";
pub const SECRET: &str = "a-secret-of-the-client";
const BACK: &str = "http://127.0.0.1:8008/sign-in/oidc/callback";

/// How an ID token is signed.
#[derive(Clone, Copy, Debug)]
pub enum Signature {
    Good,
    /// By the right key, of something else.
    OfAnother,
    /// With the client's secret, which is not the provider's alone.
    Hmac,
    None,
}

/// A code that was handed out.
struct Code {
    challenge: String,
    token: String,
}

struct Inner {
    issuer: String,
    codes: Mutex<HashMap<String, Code>>,
}

pub struct Provider {
    inner: Arc<Inner>,
    server: tokio::task::JoinHandle<()>,
}

fn key() -> CoreRsaPrivateSigningKey {
    let id = Some(JsonWebKeyId::new("one".to_owned()));
    CoreRsaPrivateSigningKey::from_pem(KEY, id).expect("a key")
}

impl Provider {
    pub async fn start() -> Provider {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::new(Inner { issuer, codes: Mutex::default() });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .route("/token", post(redeem))
            .with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Provider { inner, server }
    }

    /// From here on nobody answers.
    pub async fn stop(self) {
        self.server.abort();
        drop(self.server.await);
    }

    /// The provider as a configuration file names it.
    pub fn configured(&self, more: &str) -> Arc<Oidc> {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("secret");
        std::fs::write(&file, SECRET).expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let text = format!(
            "issuer = '{}'\nclient_id = '{CLIENT}'\nclient_secret_file = 'secret'\nname = 'Example ID'\n{more}",
            self.inner.issuer
        );
        let config: OidcConfig = toml::from_str(&text).expect("a section");
        Arc::new(config.check(dir.path()).expect("good"))
    }

    /// What an ID token for `subject` holds that is in order in `world`, for a sign-in that began at `address`.
    pub fn claims(&self, world: &World, address: &str, subject: &str) -> Value {
        let now = world.web.engine.clock.now().micros() / 1_000_000;
        json!({"iss": self.inner.issuer, "aud": CLIENT, "sub": subject, "nonce": asked(address, "nonce"),
            "iat": now, "exp": now + 300})
    }

    /// Signs in whoever was sent to `address`; answers with the path that their browser comes back to.
    pub fn sign(&self, address: &str, claims: &Value, signature: Signature) -> String {
        assert!(address.starts_with(&format!("{}/authorize?", self.inner.issuer)), "{address}");
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", BACK),
            ("scope", "openid"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked(address, name), value, "{address}");
        }
        let code = Code { challenge: asked(address, "code_challenge"), token: token(claims, signature) };
        let mut codes = self.inner.codes.lock().expect("no test panicked here");
        let name = format!("code-{}", codes.len());
        codes.insert(name.clone(), code);
        format!("/sign-in/oidc/callback?code={name}&state={}", asked(address, "state"))
    }

    /// As [`Provider::sign`], with everything in order.
    pub fn sign_in(&self, world: &World, address: &str, subject: &str) -> String {
        self.sign(address, &self.claims(world, address, subject), Signature::Good)
    }
}

/// What an address asks for.
pub fn asked(address: &str, name: &str) -> String {
    let (_, query) = address.split_once('?').expect("a query");
    let found = form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn token(claims: &Value, signature: Signature) -> String {
    let algorithm = match signature {
        Signature::Good | Signature::OfAnother => "RS256",
        Signature::Hmac => "HS256",
        Signature::None => "none",
    };
    let header = json!({"alg": algorithm, "kid": "one", "typ": "JWT"}).to_string();
    let text = format!("{}.{}", base64(header), base64(claims.to_string()));
    let rsa = |text: &str| key().sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, text.as_bytes());
    let signed = match signature {
        Signature::Good => rsa(&text).expect("signed"),
        Signature::OfAnother => rsa(&format!("{text}x")).expect("signed"),
        Signature::Hmac => {
            let key = CoreHmacKey::new(SECRET);
            key.sign(&CoreJwsSigningAlgorithm::HmacSha256, text.as_bytes()).expect("signed")
        }
        Signature::None => Vec::new(),
    };
    format!("{text}.{}", base64(signed))
}

fn told(status: StatusCode, what: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], what.to_string()).into_response()
}

async fn configuration(State(provider): State<Arc<Inner>>) -> Response {
    let issuer = &provider.issuer;
    told(
        StatusCode::OK,
        &json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}),
    )
}

async fn keys() -> Response {
    told(StatusCode::OK, &json!({"keys": [key().as_verification_key()]}))
}

/// Each code once, for whoever knows the client's secret and what the code was asked for with.
async fn redeem(State(provider): State<Arc<Inner>>, headers: HeaderMap, form: String) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    if given != Some(&basic) {
        return told(StatusCode::UNAUTHORIZED, &json!({"error": "invalid_client"}));
    }
    let form: HashMap<String, String> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    let code = provider.codes.lock().expect("no test panicked here").get_mut(&text("code")).map(|code| {
        let fits = base64(Sha256::digest(text("code_verifier"))) == code.challenge;
        (fits && text("redirect_uri") == BACK).then(|| std::mem::take(&mut code.token))
    });
    match code.flatten().filter(|token| !token.is_empty()) {
        Some(token) => {
            told(StatusCode::OK, &json!({"access_token": "a", "token_type": "Bearer", "id_token": token}))
        }
        None => told(StatusCode::BAD_REQUEST, &json!({"error": "invalid_grant"})),
    }
}
