//! A folder in which the program and others' run, as somebody at a desk would run them.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The folder.
pub struct Desk(TempDir);

impl Desk {
    /// An empty one.
    pub fn empty() -> Desk {
        Desk(tempfile::tempdir().expect("a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file")
    }

    /// Runs `tidegate` with these words.
    pub fn run(&self, line: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.current_dir(self.path()).args(line).output().expect("the program runs")
    }

    /// Runs another program in the folder; none where it isn't installed.
    pub fn other(&self, program: &str, line: &[&str], input: Option<&str>) -> Option<Output> {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env("GNUPGHOME", self.path().join("gnupg")).args(line);
        match input {
            Some(name) => command.stdin(std::fs::File::open(self.path().join(name)).expect("a file")),
            None => command.stdin(Stdio::null()),
        };
        command.output().ok()
    }
}

/// What was printed by something that went well.
pub fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What was printed by something that ended with this code and said why.
pub fn refused(output: &Output, code: i32, why: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(why), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
