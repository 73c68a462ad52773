//! Whether it is time for a point release, computed from the cases that one person may see (ALL-01), and no others.

use super::{Answer, Web};
use crate::engine::CaseFile;
use std::collections::BTreeSet;
use tidegate_domain::case::{Actor, Case};
use tidegate_domain::id::Slug;
use tidegate_domain::point_release::{Line, Tally, tally};

/// The release lines of which these cases tell something, as their viewer sees them.
pub(super) async fn tallies(web: &Web, visible: &[(CaseFile, Actor)]) -> Result<Vec<Tally>, Answer> {
    let projects: BTreeSet<&Slug> = visible.iter().map(|(file, _)| &file.project).collect();
    let mut tallies = Vec::new();
    for project in projects {
        let Some(repository) = web.engine.repository(project).await? else { continue };
        let views = visible
            .iter()
            .filter(|(file, _)| file.project == *project)
            .filter_map(|(file, viewer)| file.view(viewer))
            .filter(|view| view.insider);
        let records: Vec<_> = views.filter_map(|view| view.record).collect();
        let cases: Vec<&Case> = records.iter().map(|record| &**record).collect();
        for (release, trees) in &repository.releases {
            let Some(staging) = &trees.staging else { continue };
            let line = Line { release, tag: &trees.tag, staging };
            tallies.extend(tally(line, repository.marks, cases.iter().copied()));
        }
    }
    Ok(tallies)
}
