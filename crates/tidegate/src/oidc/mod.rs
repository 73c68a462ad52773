//! Signing in at an identity provider: OpenID Connect Core 1.0, authorization code flow (section 3.1) with PKCE
//! (RFC 7636). What is here talks to the provider and believes it or not; it knows no store and no person.

mod config;
mod http;

pub use config::OidcConfig;

use crate::account::identity::{Identity, Vouched};
use crate::chance::Chance;
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
    CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthenticationContextClass, AuthenticationFlow, AuthorizationCode,
    ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, IdTokenFields, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, StandardErrorResponse,
    StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tidegate_domain::time::Instant;
use tokio::sync::Semaphore;

/// Signatures that only the provider can make; with HMAC, whoever knows the client's secret could.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// So many sign-ins ask the provider at a time; whoever comes then is asked to come again.
const ASKING_MAX: usize = 16;
/// The longest code that a browser may come back with, in bytes.
const CODE_BYTES_MAX: usize = 4_096;

/// An identity provider, as the configuration names it.
#[derive(Debug)]
pub struct Oidc {
    /// What people call it.
    pub name: String,
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: ClientSecret,
    claim: String,
    second_factor_acr: Vec<String>,
    second_factor_amr: Vec<String>,
    http: ureq::Agent,
    room: Arc<Semaphore>,
}

/// What is kept, here alone, of a sign-in while the browser is at the provider. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// What the browser must come back with.
    state: String,
    /// What the ID token must hold.
    nonce: String,
    /// What shows the provider that whoever redeems the code is who asked for it (RFC 7636).
    verifier: String,
}

/// What a browser comes back with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// What it was sent away with.
    pub state: String,
    /// What is redeemed for an ID token; empty where the provider refused.
    pub code: String,
    /// Which provider it was at, where that says so (RFC 9207).
    pub issuer: Option<String>,
}

/// Why nobody is vouched for. The text is for the log: it holds no name, code or token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OidcError {
    /// The provider does not answer, or not as it should.
    Down(String),
    /// What came back is not believed.
    NotBelieved(&'static str),
}

impl fmt::Display for OidcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OidcError::Down(why) => write!(f, "the identity provider cannot be used: {why}"),
            OidcError::NotBelieved(why) => {
                write!(f, "a sign-in at the identity provider is not believed: {why}")
            }
        }
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begun")
    }
}

impl Begun {
    /// A fresh one.
    #[must_use]
    pub fn draw(chance: &Chance) -> Begun {
        let draw = || Secret::draw(chance).to_string();
        // RFC 7636, section 4.1, demands 43 characters or more.
        Begun { state: draw(), nonce: draw(), verifier: draw() + &draw() }
    }
}

impl Oidc {
    /// Who is called `subject` at this provider.
    #[must_use]
    pub fn identity(&self, subject: &str) -> Identity {
        Identity { issuer: self.issuer.to_string(), subject: subject.to_owned() }
    }

    /// Whether a second factor that was shown there can count here.
    #[must_use]
    pub fn counts_second_factors(&self) -> bool {
        !self.second_factor_acr.is_empty() || !self.second_factor_amr.is_empty()
    }

    /// Where the browser signs in. `back`: where it comes back to.
    ///
    /// # Errors
    /// [`OidcError::Down`].
    pub async fn way_there(self: &Arc<Self>, begun: &Begun, back: &str) -> Result<String, OidcError> {
        let (begun, back) = (begun.clone(), back.to_owned());
        self.blocking(move |oidc| {
            let metadata = oidc.discover()?;
            let client = oidc.client(&metadata, back)?;
            let (state, nonce) = (begun.state, begun.nonce);
            let verifier = PkceCodeVerifier::new(begun.verifier);
            let request = client.authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            );
            let acr = oidc.second_factor_acr.iter().cloned().map(AuthenticationContextClass::new);
            let request = acr.fold(request, |request, value| request.add_auth_context_value(value));
            let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
            Ok(request.set_pkce_challenge(challenge).url().0.to_string())
        })
        .await
    }

    /// Whom the provider vouches for, now that the browser is back.
    ///
    /// # Errors
    /// Where the provider does not answer, or what came back is not believed.
    pub async fn vouched(
        self: &Arc<Self>,
        begun: &Begun,
        came: Back,
        back: &str,
        now: Instant,
    ) -> Result<Vouched, OidcError> {
        if came.state != begun.state {
            return Err(OidcError::NotBelieved("it came back with another state"));
        }
        if came.issuer.is_some_and(|issuer| issuer != *self.issuer) {
            return Err(OidcError::NotBelieved("it came back from another provider"));
        }
        if came.code.is_empty() || came.code.len() > CODE_BYTES_MAX {
            return Err(OidcError::NotBelieved("it came back without a code"));
        }
        let (begun, back) = (begun.clone(), back.to_owned());
        self.blocking(move |oidc| oidc.redeem(begun, came.code, back, now)).await
    }

    fn redeem(&self, begun: Begun, code: String, back: String, now: Instant) -> Result<Vouched, OidcError> {
        // Read anew: a provider may have changed its keys while the browser was there.
        let metadata = self.discover()?;
        let client = self.client(&metadata, back)?;
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| OidcError::Down("its configuration names no token endpoint".to_owned()))?;
        let verifier = PkceCodeVerifier::new(begun.verifier);
        let answer = request.set_pkce_verifier(verifier).request(&|request| self.ask(request));
        let tokens: Tokens = answer.map_err(exchange_failed)?;
        let token = tokens.id_token().ok_or(OidcError::NotBelieved("there is no ID token"))?;
        let is = micros(now);
        let trusted = client.id_token_verifier().set_allowed_algs(SIGNATURES).set_time_fn(move || is);
        let claims = token.claims(&trusted, &Nonce::new(begun.nonce)).map_err(|why| not_believed(&why))?;
        let claims = serde_json::to_value(claims).unwrap_or_default();
        self.read(&claims)
            .ok_or(OidcError::NotBelieved("the claim that names the person is missing or too long"))
    }

    /// What the claims, which are believed, say.
    fn read(&self, claims: &Value) -> Option<Vouched> {
        let subject = claims.get(&self.claim)?.as_str()?;
        if !Identity::is_subject(subject) {
            return None;
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let acr = claims.get("acr").and_then(text);
        let amr = claims.get("amr").and_then(Value::as_array).into_iter().flatten().filter_map(text);
        let by_second_factor = acr.is_some_and(|acr| self.second_factor_acr.contains(&acr))
            || amr.into_iter().any(|method| self.second_factor_amr.contains(&method));
        Some(Vouched { identity: self.identity(subject), by_second_factor })
    }

    fn discover(&self) -> Result<CoreProviderMetadata, OidcError> {
        let found = CoreProviderMetadata::discover(&self.issuer, &|request: HttpRequest| self.ask(request));
        let metadata = found.map_err(discovery_failed)?;
        if self.http.config().https_only() && metadata.authorization_endpoint().url().scheme() != "https" {
            return Err(OidcError::Down("it would have people sign in without TLS".to_owned()));
        }
        Ok(metadata)
    }

    fn client(&self, metadata: &CoreProviderMetadata, back: String) -> Result<Client, OidcError> {
        let unfit = || OidcError::Down("our own address cannot be come back to".to_owned());
        let secret = Some(self.secret.clone());
        let client = Client::from_provider_metadata(metadata.clone(), self.client_id.clone(), secret);
        // Basic is what a provider takes that does not say (OpenID Connect Discovery 1.0, section 3).
        let takes = metadata.token_endpoint_auth_methods_supported();
        let takes_basic = takes.is_none_or(|takes| takes.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let auth = if takes_basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        Ok(client.set_auth_type(auth).set_redirect_uri(RedirectUrl::new(back).map_err(|_| unfit())?))
    }

    fn ask(&self, request: HttpRequest) -> Result<openidconnect::HttpResponse, ureq::Error> {
        http::ask(&self.http, request)
    }

    /// Asks the provider on a thread that may wait.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Oidc) -> Result<T, OidcError> + Send + 'static,
    ) -> Result<T, OidcError> {
        let (oidc, room) = (Arc::clone(self), Arc::clone(&self.room).try_acquire_owned());
        let room = room.map_err(|_| OidcError::Down("too many sign-ins wait for it at once".to_owned()))?;
        let asked = tokio::task::spawn_blocking(move || {
            let asked = ask(&oidc);
            drop(room);
            asked
        })
        .await;
        asked.unwrap_or_else(|_| Err(OidcError::Down("the question was broken off".to_owned())))
    }
}

/// Claims beyond the standard's own, as they stand in the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Claims(BTreeMap<String, Value>);

impl AdditionalClaims for Claims {}

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Client = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

fn micros(at: Instant) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.micros()).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn discovery_failed(error: DiscoveryError<ureq::Error>) -> OidcError {
    OidcError::Down(match error {
        DiscoveryError::Request(why) => why.to_string(),
        DiscoveryError::Response(status, ..) => format!("it answers {status}"),
        DiscoveryError::Parse(_) => "its configuration or its keys cannot be read".to_owned(),
        DiscoveryError::Validation(_) => "it names itself otherwise than `issuer` does".to_owned(),
        _ => "its configuration cannot be had".to_owned(),
    })
}

fn exchange_failed(
    error: RequestTokenError<ureq::Error, StandardErrorResponse<CoreErrorResponseType>>,
) -> OidcError {
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            CoreErrorResponseType::InvalidGrant => {
                OidcError::NotBelieved("the code is not good, or not any more")
            }
            CoreErrorResponseType::InvalidClient => {
                OidcError::Down("it does not know our client_id, or not with this secret".to_owned())
            }
            _ => OidcError::Down("it refuses to redeem codes".to_owned()),
        },
        RequestTokenError::Request(why) => OidcError::Down(why.to_string()),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            OidcError::Down("its answer to a code cannot be read".to_owned())
        }
    }
}

fn not_believed(why: &ClaimsVerificationError) -> OidcError {
    OidcError::NotBelieved(match why {
        ClaimsVerificationError::Expired(_) => "the ID token has expired",
        ClaimsVerificationError::InvalidAudience(_) => "the ID token is for somebody else",
        ClaimsVerificationError::InvalidIssuer(_) => "the ID token is of another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "the ID token is of another sign-in",
        ClaimsVerificationError::SignatureVerification(_) => "the ID token is not signed by the provider",
        _ => "the ID token is not in order",
    })
}
