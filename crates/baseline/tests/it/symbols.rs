//! Series that apply as text and would not build, in each language, and series that look like it and would.

use crate::git::Git;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{ReasonKind, Request, Series, check};
use tidegate_baseline::security::Pattern;
use tidegate_baseline::symbols::{Symbols, symbols};

/// A file that is used from, and a file that defines: in one language.
struct Sources {
    user: &'static str,
    /// The user's first text, with `%` where the fix adds a line.
    text: &'static str,
    /// The line of the fix.
    fix: &'static str,
    definer: &'static str,
    /// The definer's first text, with `%` where a commit adds a definition.
    defines: &'static str,
    /// The definition.
    definition: &'static str,
    /// What it defines.
    name: &'static str,
}

const SOURCES: [Sources; 5] = [
    Sources {
        user: "use.c",
        text: "#include \"def.h\"\nint run(int n)\n{\n    int sum = 0;\n    sum += n;\n%    return sum;\n}\n",
        fix: "    if (bounded(n)) sum = known(n);\n",
        definer: "def.h",
        defines: "static inline int known(int n) { return n; }\n%int last;\n",
        definition: "/* New. */\n#define bounded(n) ((n) < 4)\n",
        name: "bounded",
    },
    Sources {
        user: "use.py",
        text: "from tools import known\n\ndef run(n):\n    total = known(n)\n    total += 1\n%    return total\n",
        fix: "    total = tools.bounded(known(total))\n",
        definer: "tools.py",
        defines: "def known(n):\n    return n\n%\nLAST = 1\n",
        definition: "\ndef bounded(n):\n    return min(n, 4)\n",
        name: "bounded",
    },
    Sources {
        user: "Use.java",
        text: "class Use {\n  int run(int n) {\n    int sum = Tools.known(n);\n    sum += 1;\n%    return sum;\n  }\n}\n",
        fix: "    if (sum > Tools.BOUND) sum = Tools.known(0);\n",
        definer: "Tools.java",
        defines: "class Tools {\n  static int known(int n) { return n; }\n%  int last;\n}\n",
        definition: "  static final int BOUND = 4;\n",
        name: "BOUND",
    },
    Sources {
        user: "use.go",
        text: "package p\n\nfunc Run(n int) int {\n\tsum := known(n)\n\tsum++\n%\treturn sum\n}\n",
        fix: "\tvar b Bound = known(sum)\n\tsum = int(b)\n",
        definer: "tools.go",
        defines: "package p\n\nfunc known(n int) int { return n }\n%\nvar last int\n",
        definition: "\ntype Bound int\n",
        name: "Bound",
    },
    Sources {
        user: "use.rs",
        text: "use tools::known;\n\nfn run(n: u32) -> u32 {\n    let sum = known(n);\n    let sum = sum + 1;\n%    sum\n}\n",
        fix: "    let sum = known(sum.bounded());\n",
        definer: "tools.rs",
        defines: "fn known(n: u32) -> u32 { n }\n%\nstatic LAST: u32 = 1;\n",
        definition: "\ntrait Bound {\n    fn bounded(self) -> u32;\n}\n",
        name: "bounded",
    },
];

fn commit(git: &Git, files: &[(&str, String)], message: &str) -> String {
    for (name, text) in files {
        std::fs::write(git.dir.join(name), text).expect("written");
    }
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "-m", message]);
    git.run(&["rev-parse", "HEAD"])
}

/// What is missing after the series is applied to v1; it applies.
fn asked(git: &Git, series: Series) -> Symbols {
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let request = Request { release: "v1".into(), branch: Some("main".into()), series };
    let pattern = Pattern::default();
    let answer = check(&mut shop, &request, &pattern).expect("an answer");
    assert!(answer.applies && answer.prerequisites.is_empty(), "{answer:?}");
    symbols(&mut shop, &request, &answer, &pattern).expect("symbols")
}

#[test]
fn a_name_that_only_a_skipped_commit_introduces_is_missed() {
    for source in &SOURCES {
        let git = Git::init("sha1");
        let (plain, fixed) = (source.text.replace('%', ""), source.text.replace('%', source.fix));
        let (before, after) =
            (source.defines.replace('%', ""), source.defines.replace('%', source.definition));
        commit(&git, &[(source.user, plain), (source.definer, before.clone())], "first");
        git.run(&["tag", "v1"]);
        commit(&git, &[("other.txt", source.name.into())], "speaks of it");
        let introduces = commit(&git, &[(source.definer, after.clone())], "introduces it");
        let longer = format!("{after}\n");
        commit(&git, &[(source.definer, longer)], "changes the same file");
        let fix = commit(&git, &[(source.user, fixed)], "the fix");
        let mailed = Series::Files(vec![("fix.patch".to_owned(), git.patch_of(&fix))]);
        for (name, series) in [(fix.as_str(), Series::Commits(vec![fix.clone()])), ("fix.patch", mailed)] {
            let found = asked(&git, series);
            let [need] = found.needs.as_slice() else { panic!("{}: {found:?}", source.user) };
            assert_eq!((need.name.as_str(), need.hunk), (source.name, 1), "{found:?}");
            assert_eq!(
                (need.reason.commit.as_str(), need.reason.kind),
                (introduces.as_str(), ReasonKind::Symbol)
            );
            assert_eq!(need.reason.needed_by.patch, name);
            assert_eq!(need.reason.needed_by.file, source.user);
            let line = source.text.lines().position(|line| line.starts_with('%')).expect("a place") + 1;
            assert_eq!(need.reason.needed_by.line as usize, line);
            assert_eq!((need.defined_in.as_str(), found.complete), (source.definer, true));
        }
        // With the commit that introduces it, nothing is missing.
        let found = asked(&git, Series::Commits(vec![introduces, fix]));
        assert_eq!(found, Symbols { needs: Vec::new(), complete: true });
    }
}

#[test]
fn a_name_that_the_release_has_elsewhere_is_not_missed() {
    for source in &SOURCES {
        let git = Git::init("sha1");
        let (plain, fixed) = (source.text.replace('%', ""), source.text.replace('%', source.fix));
        let (before, after) =
            (source.defines.replace('%', ""), source.defines.replace('%', source.definition));
        let elsewhere = format!("elsewhere.{}", source.user.rsplit('.').next().expect("an ending"));
        let files =
            [(source.user, plain), (source.definer, before.clone()), (elsewhere.as_str(), after.clone())];
        commit(&git, &files, "first");
        git.run(&["tag", "v1"]);
        commit(&git, &[(source.definer, after), (elsewhere.as_str(), String::new())], "moves it");
        let fix = commit(&git, &[(source.user, fixed)], "the fix");
        let found = asked(&git, Series::Commits(vec![fix]));
        assert_eq!(found, Symbols { needs: Vec::new(), complete: true }, "{}", source.user);
    }
}

#[test]
fn a_series_that_brings_what_it_uses_misses_nothing() {
    for source in &SOURCES {
        let git = Git::init("sha1");
        let (plain, fixed) = (source.text.replace('%', ""), source.text.replace('%', source.fix));
        let (before, after) =
            (source.defines.replace('%', ""), source.defines.replace('%', source.definition));
        // What results is in no repository: in the release, the file begins with another line.
        commit(&git, &[(source.user, format!("\n{plain}")), (source.definer, before)], "first");
        git.run(&["tag", "v1"]);
        commit(&git, &[(source.user, plain)], "one line less");
        let fix = commit(&git, &[(source.user, fixed), (source.definer, after)], "the fix");
        let found = asked(&git, Series::Commits(vec![fix]));
        assert_eq!(found, Symbols { needs: Vec::new(), complete: true }, "{}", source.user);
    }
}
