//! `tidegate advisory ...`.

use super::acting;
use super::case::read_draft;
use crate::engine::Engine;
use crate::hands::render;
use crate::out::{Failure, Out};
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::publication::publication;
use tidegate_formats::draft;

#[derive(Debug, Subcommand)]
pub(super) enum Advisory {
    /// Print an empty draft with the sections that a project's policy wants.
    Template {
        /// The project.
        #[arg(long)]
        project: Slug,
    },
    /// Look a draft over before it is put into a case.
    Lint {
        /// The project whose policy it must fit.
        #[arg(long)]
        project: Slug,
        /// The draft.
        file: PathBuf,
    },
    /// Print the case's current draft, as a file to work on.
    Draft {
        /// The case.
        case: CaseId,
    },
    /// Write every form of the current version into a folder, as it would become public.
    Preview {
        /// The case.
        case: CaseId,
        /// The folder. It will hold confidential text: delete it afterwards.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

impl Advisory {
    pub(super) async fn run(self, engine: &Engine, who: Option<&Slug>, out: &Out) -> Result<(), Failure> {
        match self {
            Advisory::Template { project } => {
                let policy = engine.policy(&project).await?;
                let template = draft::template(&policy.advisory.required);
                out.show(&template, &json!({"project": project.as_str(), "draft": template}))
            }
            Advisory::Lint { project, file } => {
                let policy = engine.policy(&project).await?;
                let draft = read_draft(&file)?;
                let found: Vec<String> =
                    draft::lint(&draft, &policy.advisory.required).iter().map(ToString::to_string).collect();
                let text = if found.is_empty() { "nothing to mend".to_owned() } else { found.join("\n") };
                out.show(&text, &json!(found))
            }
            Advisory::Draft { case } => {
                let (file, viewer) = engine.open_case(case, acting(who)?).await?;
                let view = file.view(&viewer);
                let current = view.as_ref().and_then(|view| view.versions.last());
                let Some(version) = current else {
                    return Err(Failure::plain("there is no draft that you may read"));
                };
                let text = draft::render(&version.draft);
                out.show(&text, &json!({"case": case.to_string(), "version": version.number, "draft": text}))
            }
            Advisory::Preview { case, out: folder } => {
                preview(engine, case, acting(who)?, &folder, out).await
            }
        }
    }
}

async fn preview(
    engine: &Engine,
    id: CaseId,
    who: &Slug,
    folder: &std::path::Path,
    out: &Out,
) -> Result<(), Failure> {
    let (file, viewer) = engine.open_case(id, who).await?;
    let view = file.view(&viewer).filter(|view| view.insider);
    let Some(case) = view.as_ref().and_then(|view| view.record.as_deref()) else {
        return Err(crate::engine::EngineError::NoSuchCase(id).into());
    };
    let at = case.planned().unwrap_or_else(|| engine.clock.now());
    let number = case.versions.last().map_or(1, |version| version.number);
    let Some(publication) = publication(file.policy(), case, number, at) else {
        return Err(Failure::plain(
            "there is nothing to preview: draft the advisory and give it a number first",
        ));
    };
    let files: Vec<crate::export::SiteFile> =
        render::render(&publication, file.project(), Vec::new(), &engine.site)
            .into_iter()
            .map(|document| crate::export::SiteFile { path: document.path, body: document.body })
            .chain(crate::export::looks())
            .collect();
    crate::export::write(&files, folder).map_err(|error| Failure::file(folder, &error))?;
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    out.show(&paths.join("\n"), &json!(paths))
}
