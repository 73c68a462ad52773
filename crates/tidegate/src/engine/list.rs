//! The predisclosure list: reading applications and members, and performing what is asked of them. The only place that
//! writes a stream.

use super::{Engine, EngineError};
use crate::post::{instant, system_time};
use crate::store::{Commit, StoreError, StreamChange, StreamHistory};
use std::sync::Arc;
use tidegate_domain::admission::Application as Form;
use tidegate_domain::id::{Slug, StreamId};
use tidegate_domain::list::application::{self, Application, Event, submit};
use tidegate_domain::list::member::{self, Member, join};
use tidegate_domain::list::{Actor, Entry, Refusal, Stream, entries, replay};
use tidegate_domain::policy::Policy;
use tidegate_domain::time::Instant;
use tidegate_envelope::{Certificate as OpenPgp, Standing};

/// How often a decision is taken again because somebody else was faster.
const ATTEMPTS_MAX: u32 = 8;

/// Whoever asks something of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A person of this instance.
    Person(Slug),
    /// The organisation that the stream is about: whoever holds its link.
    Organisation,
    /// A person of this instance who enters what the organisation asked for.
    Behalf(Slug),
    /// The clock.
    Clock,
}

/// An application or a member, as the engine has it in hand.
#[derive(Clone, Debug)]
pub struct Kept<S: Stream> {
    /// Its name.
    pub id: StreamId,
    /// What it is now.
    pub now: S,
    /// What happened to it.
    pub entries: Vec<Entry<S::Event>>,
}

impl Engine {
    /// Takes an application to the list of `project` in, which finds by itself whether it is complete (XEN-17).
    ///
    /// # Errors
    /// [`EngineError::Refused`] where the project has no list, or the form is too long to be kept.
    pub async fn submit_application(
        &self,
        project: &Slug,
        form: Form,
    ) -> Result<Kept<Application>, EngineError> {
        let policy = self.policy(project).await?;
        let now = self.clock.now();
        let id = self.draw_stream();
        let lines = submit(&policy, project, form, now).map_err(refused)?;
        let application = replay(&lines).ok_or(unreadable(id, 1))?;
        let change = change::<Application>(id, project, 0, &lines);
        self.store.commit(Commit { streams: vec![change], ..Commit::at(now) }).await?;
        Ok(Kept { id, now: application, entries: lines })
    }

    /// An application.
    ///
    /// # Errors
    /// [`EngineError::NoSuchStream`].
    pub async fn application(&self, id: StreamId) -> Result<Kept<Application>, EngineError> {
        Ok(self.kept(id).await?.1)
    }

    /// A member.
    ///
    /// # Errors
    /// [`EngineError::NoSuchStream`].
    pub async fn member(&self, id: StreamId) -> Result<Kept<Member>, EngineError> {
        Ok(self.kept(id).await?.1)
    }

    /// All applications to the list of `project`, the oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn applications(&self, project: &Slug) -> Result<Vec<Kept<Application>>, EngineError> {
        let mut all = self.all_kept::<Application>(project).await?;
        all.sort_by_key(|kept| (kept.now.submitted, kept.id));
        Ok(all)
    }

    /// All members of the list of `project`, former ones too, by name.
    ///
    /// # Errors
    /// The store's.
    pub async fn members(&self, project: &Slug) -> Result<Vec<Kept<Member>>, EngineError> {
        let mut all = self.all_kept::<Member>(project).await?;
        all.sort_by_key(|kept| (kept.now.form.organisation.to_lowercase(), kept.id));
        Ok(all)
    }

    /// Lets somebody do `action` to an application. With the decision that accepts it, the member begins in the same
    /// commit.
    ///
    /// # Errors
    /// [`EngineError::Refused`] with the rule that refuses, which is logged where it matters (ALL-04);
    /// [`EngineError::NoSuchStream`].
    pub async fn on_application(
        &self,
        id: StreamId,
        asker: &Asker,
        action: &application::Action,
    ) -> Result<Kept<Application>, EngineError> {
        self.perform_on(id, asker, action, |application, lines| {
            let begins = |line: &Entry<Event>| match &line.event {
                Event::Accepted { member } => {
                    let joined = join(id, application, line.by.clone(), line.at);
                    Some(change::<Member>(*member, &application.project, 0, &[joined]))
                }
                _ => None,
            };
            lines.iter().filter_map(begins).collect()
        })
        .await
    }

    /// Lets somebody do `action` to a member.
    ///
    /// # Errors
    /// As for [`Engine::on_application`].
    pub async fn on_member(
        &self,
        id: StreamId,
        asker: &Asker,
        action: &member::Action,
    ) -> Result<Kept<Member>, EngineError> {
        self.perform_on(id, asker, action, |_, _| Vec::new()).await
    }

    /// The action that adds an OpenPGP certificate to a member: it is read, and judged, here.
    ///
    /// # Errors
    /// [`EngineError::Refused`] where it is none, or cannot be encrypted to.
    pub fn key_to_add(&self, bytes: &[u8]) -> Result<member::Action, EngineError> {
        let unfit = |why: String| refused(Refusal::Unfit { why });
        let certificate = OpenPgp::read(bytes).map_err(|error| unfit(error.to_string()))?;
        let expires = match certificate.standing(system_time(self.clock.now())) {
            Standing::Usable { until } => until.and_then(instant),
            standing => return Err(unfit(format!("the key cannot be encrypted to: {standing}"))),
        };
        let armored = certificate.armoured().map_err(|error| unfit(error.to_string()))?;
        Ok(member::Action::AddKey {
            certificate: member::Certificate {
                fingerprint: certificate.fingerprint(),
                expires,
                armored: String::from_utf8_lossy(&armored).into_owned(),
            },
        })
    }

    /// A name for a stream that is to begin.
    pub fn draw_stream(&self) -> StreamId {
        StreamId::from_bits(self.chance.u64())
    }

    /// Destroys the key of an application or a member for ever. The log says that `name` did, and when.
    ///
    /// # Errors
    /// [`EngineError::Refused`] where `name` does not decide about the list; [`EngineError::NoSuchStream`].
    pub async fn shred_stream(&self, id: StreamId, name: &Slug) -> Result<(), EngineError> {
        let project = self.store.stream(id).await.map_err(missing(id))?.row.project;
        let policy = self.policy(&project).await?;
        let roles = self.people().await?.roles(&project, &policy, name);
        let rules = policy.list.as_ref().filter(|rules| roles.meets(rules.by));
        if rules.is_none() {
            let who = policy.list.as_ref().map(|rules| policy.titles(rules.by)).unwrap_or_default();
            let clause = policy.list.as_ref().map(|rules| rules.clause.clone()).unwrap_or_default();
            return Err(refused(Refusal::NotPermitted { act: "shred", who, clause }));
        }
        Ok(self.store.shred_stream(id, self.clock.now(), name.as_str()).await?)
    }

    /// Reads, decides and commits, again where somebody else was faster. `follows` are the changes to other streams
    /// that come with the new lines.
    async fn perform_on<S: Stream>(
        &self,
        id: StreamId,
        asker: &Asker,
        action: &S::Action,
        follows: impl Fn(&S, &[Entry<S::Event>]) -> Vec<StreamChange>,
    ) -> Result<Kept<S>, EngineError> {
        for _ in 0..ATTEMPTS_MAX {
            let _turn = self.turns.at(id.owner()).await;
            let (project, kept) = self.kept::<S>(id).await?;
            let policy = self.policy(&project).await?;
            let actor = self.actor(&project, &policy, asker).await?;
            let now = self.clock.now();
            let (events, told) = match kept.now.decide(&policy, &actor, action, now) {
                Ok(events) => (events, None),
                Err(refusal) => {
                    let explanation = refusal.explain();
                    let logged = refusal.matters().then(|| S::refused(action, explanation));
                    (logged.into_iter().collect(), Some(refused(refusal)))
                }
            };
            let lines = entries(&actor, now, events);
            match self.append(&project, kept, lines, now, &follows).await {
                Err(EngineError::Store(StoreError::Conflict { .. })) => {}
                Ok(kept) => return told.map_or(Ok(kept), Err),
                Err(other) => return Err(other),
            }
        }
        Err(StoreError::Conflict { case: id.owner() }.into())
    }

    async fn append<S: Stream>(
        &self,
        project: &Slug,
        mut kept: Kept<S>,
        lines: Vec<Entry<S::Event>>,
        now: Instant,
        follows: impl Fn(&S, &[Entry<S::Event>]) -> Vec<StreamChange>,
    ) -> Result<Kept<S>, EngineError> {
        if lines.is_empty() {
            return Ok(kept);
        }
        let seen = kept.entries.len() as u64;
        let mut streams = vec![change::<S>(kept.id, project, seen, &lines)];
        streams.extend(follows(&kept.now, &lines));
        self.store.commit(Commit { streams, ..Commit::at(now) }).await?;
        lines.iter().for_each(|line| kept.now.apply(line));
        kept.entries.extend(lines);
        Ok(kept)
    }

    async fn actor(&self, project: &Slug, policy: &Arc<Policy>, asker: &Asker) -> Result<Actor, EngineError> {
        let people = self.people().await?;
        let roles = |name: &Slug| people.roles(project, policy, name);
        Ok(match asker {
            Asker::Person(name) => Actor::Person { name: name.clone(), roles: roles(name) },
            Asker::Behalf(name) => Actor::Behalf { name: name.clone(), roles: roles(name) },
            Asker::Organisation => Actor::Organisation,
            Asker::Clock => Actor::Clock,
        })
    }

    async fn kept<S: Stream>(&self, id: StreamId) -> Result<(Slug, Kept<S>), EngineError> {
        let history = self.store.stream(id).await.map_err(missing(id))?;
        if history.row.kind != S::KIND {
            return Err(EngineError::NoSuchStream(id));
        }
        let project = history.row.project.clone();
        Ok((project, read(history)?))
    }

    async fn all_kept<S: Stream>(&self, project: &Slug) -> Result<Vec<Kept<S>>, EngineError> {
        self.store.streams(project, S::KIND).await?.into_iter().map(read).collect()
    }
}

/// What was shredded is gone for everybody, and looks as if it had never been.
fn missing(id: StreamId) -> impl Fn(StoreError) -> EngineError {
    move |error| match error {
        StoreError::NotFound { .. } | StoreError::Shredded { .. } => EngineError::NoSuchStream(id),
        other => EngineError::Store(other),
    }
}

fn refused(refusal: Refusal) -> EngineError {
    EngineError::Refused(Box::new(refusal.explain()))
}

fn unreadable(id: StreamId, n: u64) -> EngineError {
    EngineError::Unreadable { case: id.owner(), n }
}

fn read<S: Stream>(history: StreamHistory) -> Result<Kept<S>, EngineError> {
    let id = history.row.stream;
    let bodies = history.events.iter().map(|event| (event.n, event.body.as_slice()));
    let entries = read_lines::<S>(id, bodies)?;
    let now = replay(&entries).ok_or(unreadable(id, 1))?;
    Ok(Kept { id, now, entries })
}

/// Reads stored events, which are JSON so that they outlive this program.
pub(super) fn read_lines<'a, S: Stream>(
    id: StreamId,
    bodies: impl Iterator<Item = (u64, &'a [u8])>,
) -> Result<Vec<Entry<S::Event>>, EngineError> {
    bodies.map(|(n, body)| serde_json::from_slice(body).map_err(|_| unreadable(id, n))).collect()
}

fn change<S: Stream>(
    id: StreamId,
    project: &Slug,
    expected_n: u64,
    lines: &[Entry<S::Event>],
) -> StreamChange {
    let encode = |line: &Entry<S::Event>| {
        serde_json::to_vec(line).unwrap_or_else(|_| unreachable!("a log line has no map with odd keys"))
    };
    let events = lines.iter().map(encode).collect();
    StreamChange { stream: id, kind: S::KIND, project: project.clone(), expected_n, events }
}
