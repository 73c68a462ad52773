//! A recipe as something that git takes: a folder of mails for `git am`, or a bundle with a branch.
//!
//! The git program does the writing, in a repository of its own that borrows the objects: the configuration,
//! hooks and attributes of the repository at hand have no part in it.

use crate::apply::Workshop;
use crate::branch::Plan;
use crate::error::Error;
use crate::folder::fill;
use crate::recipe::{Recipe, Step, full_id};
use gix_hash::{Kind as HashKind, ObjectId};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The branch in a bundle.
pub const BRANCH: &str = "baseline";
/// How the message of a commit that was picked ends, with the id and a parenthesis: as `git cherry-pick -x` does.
const PICKED: &str = "(cherry picked from commit ";

/// A repository that borrows another one's objects.
struct Room {
    folder: TempDir,
}

impl Room {
    fn borrow(shop: &Workshop) -> Result<Room, Error> {
        let folder = TempDir::new().map_err(|error| Error::io(Path::new("a temporary folder"), error))?;
        let room = Room { folder };
        let format = if shop.store.hash_kind() == HashKind::Sha1 { "sha1" } else { "sha256" };
        room.git(
            &["init", "--quiet", "--bare", "--template=", &format!("--object-format={format}"), "."],
            b"",
        )?;
        let alternates = room.folder.path().join("objects/info/alternates");
        let failed = |error| Error::io(&alternates, error);
        if let Some(folder) = alternates.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut text = String::new();
        for objects in shop.store.folders() {
            let objects = objects.canonicalize().map_err(failed)?;
            text.push_str(&objects.display().to_string());
            text.push('\n');
        }
        std::fs::write(&alternates, text).map_err(failed)?;
        Ok(room)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "core.attributesFile=/dev/null"]).args(args);
        command.current_dir(self.folder.path()).env("GIT_DIR", self.folder.path());
        for variable in [
            "GIT_WORK_TREE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_CONFIG_PARAMETERS",
        ] {
            command.env_remove(variable);
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
        command.env("GIT_INDEX_FILE", self.folder.path().join("index"));
        command
    }

    fn git(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        self.run(self.command(args), args, input)
    }

    fn run(&self, mut command: Command, args: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |error| Error::io(Path::new("git"), error);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // Git may end before it has read everything; its exit code says whether that is a failure.
                stdin.map(|mut stdin| stdin.write_all(input))
            });
            child.wait_with_output()
        });
        let output = output.map_err(failed)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let what = args.first().copied().unwrap_or_default();
            return Err(Error::Request(format!("git {what} failed: {said}")));
        }
        Ok(output.stdout)
    }

    fn line(&self, args: &[&str]) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.git(args, b"")?).trim_end().to_owned())
    }

    /// Puts a commit for each step on `base`; the last one, and its tree.
    fn commits(
        &self,
        shop: &mut Workshop,
        base: &ObjectId,
        steps: &[Step],
        date_s: i64,
        file: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
    ) -> Result<(String, String), Error> {
        let mut tip = base.to_string();
        self.git(&["read-tree", &tip], b"")?;
        let mut tree = shop.commit(base)?.tree.to_string();
        for step in steps {
            let patch = self.patch(shop, step, file)?;
            if !patch.is_empty() {
                self.git(&["apply", "--cached", "-"], &patch)?;
            }
            tree = self.line(&["write-tree"])?;
            let (author, message) = authorship(shop, step)?;
            let args = ["commit-tree", &tree, "-p", &tip];
            let mut command = self.command(&args);
            for (key, value) in [
                ("GIT_AUTHOR_NAME", author.name.as_str()),
                ("GIT_AUTHOR_EMAIL", author.email.as_str()),
                ("GIT_AUTHOR_DATE", author.date.as_str()),
                ("GIT_COMMITTER_NAME", "tidegate"),
                ("GIT_COMMITTER_EMAIL", "tidegate@localhost"),
                ("GIT_COMMITTER_DATE", &format!("{date_s} +0000")),
            ] {
                command.env(key, value);
            }
            tip = String::from_utf8_lossy(&self.run(command, &args, &message)?).trim_end().to_owned();
        }
        Ok((tip, tree))
    }

    /// What a step changes: of a merge, against its first parent.
    fn patch(
        &self,
        shop: &mut Workshop,
        step: &Step,
        file: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Error> {
        let Some(commit) = &step.apply_commit else {
            return file(step.apply_file.as_deref().unwrap_or_default());
        };
        let parents = &shop.commit(&full_id(commit)?)?.parents;
        let before = parents.first().copied().unwrap_or_else(|| ObjectId::empty_tree(shop.store.hash_kind()));
        let args =
            ["diff-tree", "-p", "--binary", "--full-index", "--no-renames", &before.to_string(), commit];
        self.git(&args, b"")
    }

    /// Writes a bundle with the branch [`BRANCH`].
    fn bundle(&self, release: &str, tip: &str, target: &Path) -> Result<(), Error> {
        self.git(&["update-ref", &format!("refs/heads/{BRANCH}"), tip], b"")?;
        let absolute = std::path::absolute(target).map_err(|error| Error::io(target, error))?;
        let target = absolute.display().to_string();
        self.git(&["bundle", "create", "--quiet", &target, &format!("{release}..{BRANCH}")], b"")?;
        Ok(())
    }

    /// A step as a mail, or as the file that it is.
    fn mail(
        &self,
        step: &Step,
        file: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Error> {
        match (&step.apply_commit, &step.apply_file) {
            (Some(commit), _) => {
                let commit = full_id(commit)?.to_string();
                let args =
                    ["format-patch", "--stdout", "--binary", "--full-index", "--no-renames", "-1", &commit];
                self.git(&args, b"")
            }
            (None, name) => file(name.as_deref().unwrap_or_default()),
        }
    }
}

/// Writes a recipe's steps as numbered mails into a folder that is new or empty. `git am FOLDER/*` applies them.
///
/// # Errors
/// The folder holds something, or cannot be written; git is missing or fails.
pub fn mails(
    shop: &Workshop,
    recipe: &Recipe,
    folder: &Path,
    file: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
) -> Result<usize, Error> {
    let mails = texts(shop, recipe, file)?;
    let names: Vec<String> =
        recipe.steps.iter().enumerate().map(|(at, step)| patch_name(at + 1, step)).collect();
    let files: Vec<(&[u8], &[u8])> =
        names.iter().zip(&mails).map(|(name, mail)| (name.as_bytes(), mail.as_slice())).collect();
    fill(folder, &files)?;
    Ok(files.len())
}

/// What the file of a step is called: `0001-` and the beginning of its commit's id.
pub(crate) fn patch_name(number: usize, step: &Step) -> String {
    let what = step.apply_commit.as_deref().map_or("file", |commit| commit.get(..12).unwrap_or(commit));
    format!("{number:04}-{what}.patch")
}

/// Each step of a recipe as a mail, or as its patch file.
pub(crate) fn texts(
    shop: &Workshop,
    recipe: &Recipe,
    file: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
) -> Result<Vec<Vec<u8>>, Error> {
    let room = Room::borrow(shop)?;
    recipe.steps.iter().map(|step| room.mail(step, file)).collect()
}

/// Writes a bundle: the branch [`BRANCH`], with a commit for each step, on top of the release, which whoever
/// takes it must have. The same recipe gives the same commits, always.
///
/// # Errors
/// A step does not apply, or leads to another tree; git is missing or fails.
pub fn bundle(
    shop: &mut Workshop,
    recipe: &Recipe,
    target: &Path,
    file: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
) -> Result<String, Error> {
    let room = Room::borrow(shop)?;
    let release = full_id(&recipe.release_commit)?;
    let date_s = shop.commit(&release)?.committed_s;
    let (tip, tree) = room.commits(shop, &release, &recipe.steps, date_s, file)?;
    if tree != recipe.expected_tree {
        return Err(Error::Request(format!(
            "the recipe says that the tree {} comes out; it is {tree}",
            recipe.expected_tree
        )));
    }
    room.bundle(&recipe.release_commit, &tip, target)?;
    Ok(tip)
}

/// The branch that a plan leads to, as a bundle on top of the release. The commits are those that
/// [`update`] makes.
///
/// # Errors
/// There is nothing on the branch; git is missing or fails.
pub fn security_bundle(shop: &mut Workshop, plan: &Plan, target: &Path) -> Result<ObjectId, Error> {
    if plan.recipe.is_none() {
        return Err(Error::Request("the branch is the release itself: there is nothing to bundle".into()));
    }
    let (room, tip) = security_branch(shop, plan)?;
    room.bundle(&plan.release_commit.to_string(), &tip.to_string(), target)?;
    Ok(tip)
}

/// A reference of a repository, which is to be moved.
pub struct Reference<'a> {
    /// The folder of git's own files: of a bare repository, or `.git`.
    pub git_dir: &'a Path,
    /// The full name, `refs/heads/...`.
    pub name: &'a str,
    /// What it stands for now.
    pub before: Option<ObjectId>,
}

/// Puts the branch that a plan leads to into a repository: objects, and the reference if it is still what it was.
/// No work tree is touched, and no hook is run.
///
/// # Errors
/// The reference is no branch, is checked out, or was moved meanwhile; git is missing or fails.
pub fn update(shop: &mut Workshop, plan: &Plan, reference: &Reference<'_>) -> Result<ObjectId, Error> {
    let name = reference.name;
    let (room, tip) = security_branch(shop, plan)?;
    // Git runs in the room, from where a relative path would lead elsewhere.
    let git_dir = reference.git_dir.canonicalize().map_err(|error| Error::io(reference.git_dir, error))?;
    let there = |args: &[&str], input: &[u8]| {
        let mut command = room.command(args);
        command.env("GIT_DIR", &git_dir);
        room.run(command, args, input)
    };
    if !name.starts_with("refs/heads/") {
        return Err(Error::Request(format!("{name} is no branch: give its full name, refs/heads/...")));
    }
    there(&["check-ref-format", name], b"")?;
    let used = there(&["for-each-ref", "--format=%(worktreepath)", name], b"")?;
    if !used.trim_ascii().is_empty() {
        return Err(Error::Request(format!(
            "{name} is checked out in a work tree, which would not follow it"
        )));
    }
    let release = plan.release_commit.to_string();
    there(&["cat-file", "-e", &format!("{release}^{{commit}}")], b"")
        .map_err(|_| Error::Request(format!("the repository for {name} lacks the release {release}")))?;
    let range = format!("{tip}\n^{release}\n");
    let pack = room.git(&["pack-objects", "--revs", "--stdout", "--quiet"], range.as_bytes())?;
    there(&["unpack-objects", "-q"], &pack)?;
    let before = reference.before.unwrap_or_else(|| ObjectId::null(shop.store.hash_kind()));
    there(&["update-ref", name, &tip.to_string(), &before.to_string()], b"")?;
    Ok(tip)
}

/// Makes the commits that a plan adds, in a room of their own. Nothing is picked twice: what was there is the base.
fn security_branch(shop: &mut Workshop, plan: &Plan) -> Result<(Room, ObjectId), Error> {
    let room = Room::borrow(shop)?;
    let date_s = shop.commit(&plan.release_commit)?.committed_s;
    let steps = plan.recipe.as_ref().map(|recipe| recipe.steps.as_slice()).unwrap_or_default();
    let added = steps.get(steps.len().saturating_sub(plan.added)..).unwrap_or_default();
    let mut no_file = |name: &str| Err(Error::Request(format!("{name} is no commit")));
    let (tip, tree) = room.commits(shop, &plan.base, added, date_s, &mut no_file)?;
    if tree != plan.tree {
        return Err(Error::Request(format!("git gets the tree {tree}, and not {}", plan.tree)));
    }
    Ok((room, full_id(&tip)?))
}

/// The commit that one of ours was picked from.
pub(crate) fn picked_from(message: &[u8]) -> Option<ObjectId> {
    let last = message.trim_ascii_end().rsplit(|&byte| byte == b'\n').next()?;
    let digits = last.strip_prefix(PICKED.as_bytes())?.strip_suffix(b")")?;
    ObjectId::from_hex(digits).ok()
}

struct Author {
    name: String,
    email: String,
    date: String,
}

/// Who wrote a step, and what they said.
fn authorship(shop: &mut Workshop, step: &Step) -> Result<(Author, Vec<u8>), Error> {
    let nobody =
        || Author { name: "unknown".into(), email: "unknown@localhost".into(), date: "0 +0000".into() };
    let Some(id) = step.apply_commit.as_deref() else {
        let name = step.apply_file.as_deref().unwrap_or_default();
        return Ok((nobody(), format!("{name}\n\nSHA-256: {}\n", step.sha256).into_bytes()));
    };
    let commit = shop.commit(&full_id(id)?)?;
    let author = commit.author().map_or_else(nobody, |(name, email, date)| Author { name, email, date });
    let mut message = commit.message().to_vec();
    message.extend_from_slice(format!("\n{PICKED}{id})\n").as_bytes());
    Ok((author, message))
}
