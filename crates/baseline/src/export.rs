//! A recipe as something that git takes: a folder of mails for `git am`, or a bundle with a branch.
//!
//! The git program does the writing, in a repository of its own that borrows the objects: the configuration,
//! hooks and attributes of the repository at hand have no part in it.

use crate::apply::Workshop;
use crate::error::Error;
use crate::recipe::{Recipe, Step, full_id};
use gix_hash::Kind as HashKind;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The branch in a bundle.
pub const BRANCH: &str = "baseline";

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
    let failed = |error| Error::io(folder, error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    if std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        let message = format!("{}: there is something in it already; name a new folder", folder.display());
        return Err(Error::Request(message));
    }
    let room = Room::borrow(shop)?;
    for (number, step) in recipe.steps.iter().enumerate() {
        let mail = room.mail(step, file)?;
        let name = step.apply_commit.as_deref().map_or("file", |commit| commit.get(..12).unwrap_or(commit));
        std::fs::write(folder.join(format!("{:04}-{name}.patch", number + 1)), mail).map_err(failed)?;
    }
    Ok(recipe.steps.len())
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
    room.git(&["read-tree", &recipe.release_commit], b"")?;
    let (mut tip, mut tree) = (recipe.release_commit.clone(), String::new());
    for step in &recipe.steps {
        let mail = room.mail(step, file)?;
        room.git(&["apply", "--cached", "-"], &mail)?;
        tree = room.line(&["write-tree"])?;
        let (author, message) = authorship(shop, step)?;
        let args = ["commit-tree", &tree, "-p", &tip];
        let mut command = room.command(&args);
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
        tip = String::from_utf8_lossy(&room.run(command, &args, &message)?).trim_end().to_owned();
    }
    if tree != recipe.expected_tree {
        return Err(Error::Request(format!(
            "the recipe says that the tree {} comes out; it is {tree}",
            recipe.expected_tree
        )));
    }
    room.git(&["update-ref", &format!("refs/heads/{BRANCH}"), &tip], b"")?;
    let absolute = std::path::absolute(target).map_err(|error| Error::io(target, error))?;
    let target = absolute.display().to_string();
    room.git(
        &["bundle", "create", "--quiet", &target, &format!("{}..{BRANCH}", recipe.release_commit)],
        b"",
    )?;
    Ok(tip)
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
    message.extend_from_slice(format!("\n(cherry picked from commit {id})\n").as_bytes());
    Ok((author, message))
}
