//! `tidegate token ...`: what programs come with in place of a person.

use crate::engine::Engine;
use crate::engine::api_tokens::{ApiToken, Scope, TOKEN_DAYS, Wanted};
use crate::out::{Failure, Kind, Out, table};
use clap::Subcommand;
use serde_json::{Value, json};
use tidegate_domain::id::Slug;

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token and print it, once.
    Create {
        /// The person whom it stands for.
        name: Slug,
        /// What it is good for; repeat it for each.
        #[arg(long = "scope", value_enum, required = true)]
        scopes: Vec<Scope>,
        /// For how many days, at most 366.
        #[arg(long, default_value_t = TOKEN_DAYS)]
        days: u32,
        /// What it is for.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List a person's tokens, without their secrets.
    List {
        /// The person.
        name: Slug,
    },
    /// End a token at once.
    Revoke {
        /// The person.
        name: Slug,
        /// Which, as `token list` names it.
        id: String,
    },
}

impl Token {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        match self {
            Token::Create { name, scopes, days, note } => {
                let wanted = Wanted { note, scopes: scopes.into_iter().collect(), days };
                let bearer = engine.make_api_token(&name, wanted, None).await?.to_string();
                out.show(&bearer, &json!({"person": name.as_str(), "token": bearer}))
            }
            Token::List { name } => {
                engine.known(&name).await?;
                let tokens = engine.api_tokens(&name).await?;
                let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
                let text = if rows.is_empty() {
                    "no tokens".to_owned()
                } else {
                    table(&["token", "for", "scopes", "made", "expires"], &rows)
                };
                out.show(&text, &json!(tokens.iter().map(value).collect::<Vec<_>>()))
            }
            Token::Revoke { name, id } => {
                engine.known(&name).await?;
                if !engine.end_api_token(&name, &id).await? {
                    let said = format!("{name} has no token {id}; `tidegate token list {name}` shows them");
                    return Err(Failure::of(Kind::NotFound, said));
                }
                out.show(&format!("token {id} is ended"), &json!({"person": name.as_str(), "ended": id}))
            }
        }
    }
}

fn scopes(token: &ApiToken) -> Vec<&'static str> {
    token.scopes.iter().map(|scope| scope.name()).collect()
}

fn row(token: &ApiToken) -> Vec<String> {
    let (made, expires) = (token.made.readable(), token.expires.readable());
    vec![token.id.clone(), token.note.clone(), scopes(token).join(" "), made, expires]
}

fn value(token: &ApiToken) -> Value {
    json!({
        "id": token.id, "note": token.note, "scopes": scopes(token),
        "made": token.made.to_string(), "expires": token.expires.to_string(),
    })
}
