//! `tidegate person bind-identity` and `unbind-identity`.

use crate::engine::Engine;
use crate::out::{Failure, Kind, Out};
use serde_json::json;
use tidegate_domain::id::Slug;

pub(super) async fn bind(engine: &Engine, name: &Slug, subject: &str, out: &Out) -> Result<(), Failure> {
    let Some(oidc) = &engine.oidc else {
        let why = "the configuration names no identity provider\n  it is named in the section [oidc]";
        return Err(Failure::plain(why));
    };
    let identity = oidc.identity(subject);
    engine.bind_identity(name, &identity).await?;
    let said = format!("whoever signs in as {identity} is let in as {name}");
    out.show(&said, &json!({"person": name.as_str(), "issuer": identity.issuer, "subject": identity.subject}))
}

pub(super) async fn unbind(engine: &Engine, name: &Slug, out: &Out) -> Result<(), Failure> {
    if !engine.unbind_identity(name).await? {
        return Err(Failure::of(Kind::NotFound, format!("no identity is bound to {name}")));
    }
    let said = format!("no identity is bound to {name} any more; their sessions, links and API tokens ended");
    out.show(&said, &json!({"person": name.as_str(), "identity": null}))
}
