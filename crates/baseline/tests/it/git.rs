//! The git program, in a room of its own: no configuration of whoever runs the tests, no hooks.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A repository, read and written with the git program.
pub struct Git {
    /// Its folder: a work tree's, or a bare one.
    pub dir: PathBuf,
    room: TempDir,
}

impl Git {
    /// A new repository.
    pub fn init(format: &str) -> Git {
        let room = TempDir::new().expect("a folder");
        let git = Git { dir: room.path().join("repository"), room };
        std::fs::create_dir(&git.dir).expect("a folder");
        git.run(&["init", "--quiet", "--initial-branch=main", &format!("--object-format={format}")]);
        git
    }

    /// One that is there, which stays as it is: objects that git makes go elsewhere.
    pub fn existing(dir: &Path) -> Git {
        let room = TempDir::new().expect("a folder");
        std::fs::create_dir(room.path().join("objects")).expect("a folder");
        Git { dir: dir.to_owned(), room }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(["-C".as_ref(), self.dir.as_os_str()]).args(args).env_clear();
        let path = std::env::vars_os().find(|(key, _)| key == "PATH").map(|(_, path)| path);
        command.env("PATH", path.unwrap_or_default());
        for (key, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "a"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
            ("GIT_COMMITTER_NAME", "a"),
            ("GIT_COMMITTER_EMAIL", "a@example.org"),
            ("LC_ALL", "C"),
        ] {
            command.env(key, value);
        }
        command.env("GIT_INDEX_FILE", self.room.path().join("index"));
        let own_objects = self.room.path().join("objects");
        if own_objects.is_dir() {
            command.env("GIT_OBJECT_DIRECTORY", own_objects);
            command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.dir.join("objects"));
        }
        command
    }

    /// What git says; `None` if it fails.
    pub fn attempt(&self, args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
        let output = self.output(args, input);
        output.status.success().then_some(output.stdout)
    }

    /// Whether git succeeds, and what it tells people.
    pub fn tells(&self, args: &[&str], input: &[u8]) -> (bool, String) {
        let output = self.output(args, input);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Whether git succeeds, and what it answers.
    pub fn answers(&self, args: &[&str]) -> (bool, String) {
        let output = self.output(args, b"");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn output(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("git starts");
        let mut stdin = child.stdin.take().expect("its input");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("git ends");
        let _ = writer.join();
        output
    }

    /// What git says, without the newline.
    pub fn run(&self, args: &[&str]) -> String {
        let output =
            self.attempt(args, b"").unwrap_or_else(|| panic!("git {args:?} failed in {:?}", self.dir));
        String::from_utf8_lossy(&output).trim_end().to_owned()
    }

    /// A commit's patch against its first parent.
    pub fn patch_of(&self, commit: &str) -> Vec<u8> {
        let parent = format!("{commit}^1");
        let args = ["diff-tree", "-p", "--binary", "--full-index", "--no-renames", &parent, commit];
        self.attempt(&args, b"").expect("a patch")
    }

    /// The tree after patches are applied to a release, one after the other; `None` if one does not apply.
    pub fn applied<'a>(&self, release: &str, patches: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
        self.run(&["read-tree", release]);
        for patch in patches {
            if !patch.is_empty() {
                self.attempt(&["apply", "--cached", "-"], patch)?;
            }
        }
        Some(self.run(&["write-tree"]))
    }
}
