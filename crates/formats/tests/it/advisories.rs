//! What the crate publishes, it reads back with the same meaning.

use crate::oracles::data_folder;
use crate::sample;
use tidegate_domain::advisory::{AffectedRange, Publication};
use tidegate_domain::verdict::{Affected, Limit, Statement};
use tidegate_formats::advisories::{self, Form};
use tidegate_formats::{csaf, cve, osv};

fn publication() -> Publication {
    let mut publication = sample::first();
    let some = |text: &str| Some(text.to_owned());
    if let Some(second) = publication.draft.affected.get_mut(1) {
        second.ranges = vec![
            AffectedRange { introduced: None, fixed: None, last_affected: some("2.0.0") },
            AffectedRange { introduced: some("3.0.0"), fixed: None, last_affected: None },
        ];
    }
    publication
}

fn read(bytes: &[u8]) -> (Form, Vec<Statement>) {
    let mut found = Vec::new();
    advisories::read(bytes, &mut |one| found.push(one.expect("an advisory")));
    let (form, advisory) = found.pop().expect("an advisory");
    (form, advisory.statements)
}

/// Product, first version, end.
fn bounds(statements: &[Statement]) -> Vec<(String, Option<String>, String)> {
    let of = |statement: &Statement| {
        let Affected::Ranges(ranges) = &statement.affected else {
            panic!("not understood: {}", statement.said)
        };
        let end = |limit: &Limit| match limit {
            Limit::Below(version) => format!("<{version}"),
            Limit::Through(version) => format!("<={version}"),
            Limit::Published | Limit::Never => String::new(),
        };
        let product = statement.product.clone();
        let bound = |range: &tidegate_domain::verdict::Range| {
            (product.clone(), range.from.as_ref().map(ToString::to_string), end(&range.to))
        };
        ranges.iter().map(bound).collect::<Vec<_>>()
    };
    let mut bounds: Vec<_> = statements.iter().flat_map(of).collect();
    bounds.sort();
    bounds
}

#[test]
fn what_is_published_is_read_back() {
    let (publication, context) = (publication(), sample::context());
    let own = |product: &str, from: Option<&str>, to: &str| {
        (product.to_owned(), from.map(str::to_owned), to.to_owned())
    };
    let expected = [
        own("harbourmaster", Some("4.18.0"), "<4.18.7"),
        own("harbourmaster", Some("4.19.0"), "<4.19.2"),
        own("quayside appliance", None, "<=2.0.0"),
        own("quayside appliance", Some("3.0.0"), ""),
    ];
    let cve_id = publication.cves.first().expect("a CVE id");
    for (form, bytes) in [
        (Form::Csaf, csaf::document(&publication, &context)),
        (Form::Osv, osv::record(&publication, &context)),
        (Form::Cve, cve::record(&publication, cve_id, &context)),
    ] {
        let (told, statements) = read(&bytes);
        assert_eq!(told, form);
        assert_eq!(bounds(&statements), expected, "{form:?}");
        assert!(statements.iter().all(|statement| statement.published.is_some()), "{form:?}");
    }
}

/// All of OpenStack's notes and advisories are understood, or named with the reason.
#[test]
fn openstacks_files_are_read_or_named() {
    let Some(folder) = data_folder().map(|folder| folder.join("openstack")).filter(|folder| folder.is_dir())
    else {
        println!("skipped: there is no folder with OpenStack's advisories");
        return;
    };
    for (inner, form, least) in [("ossa", Form::Ossa, 183), ("ossn/security-notes", Form::Ossn, 1)] {
        let (mut good, mut bad) = (0, Vec::new());
        for entry in std::fs::read_dir(folder.join(inner)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let mut heard = 0;
            advisories::read(&std::fs::read(&path).expect("a file"), &mut |one| {
                heard += 1;
                match one {
                    Ok((told, advisory)) if told == form && !advisory.statements.is_empty() => good += 1,
                    Ok((told, _)) => panic!("{}: taken for {told:?}", path.display()),
                    Err(fault) => bad.push(format!("{}: {fault}", path.display())),
                }
            });
            assert!(heard >= 1, "{} was passed over in silence", path.display());
        }
        println!("{inner}: {good} read, not understood: {bad:#?}");
        assert!(good >= least, "{inner}: {good}");
    }
}
