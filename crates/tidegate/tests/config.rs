//! Configurations as operators get them wrong, and what they are told.

use std::path::Path;
use std::process::{Command, Stdio};

/// A change of the configuration that `init` wrote, and words that must be in the answer.
const WRONG: &[(&str, &str, &[&str])] = &[
    ("listen =", "lisen =", &["line 7", "unknown field `lisen`", "`listen`"]),
    ("database = \"tidegate.db\"", "", &["missing field `database`", "postgresql:// URL"]),
    ("\"127.0.0.1:8008\"", "\"localhost:8008\"", &["line 7", "names are not looked up"]),
    ("\"127.0.0.1:8008\"", "\"0.0.0.0:8008\"", &["0.0.0.0:8008", "set `origin`"]),
    ("[web]\n", "[web]\norigin = \"http://a.example\"\n", &["`http://a.example` must begin with https://"]),
    ("[web]\n", "[web]\nproxies = [\"10.0.0.0/8\"]\n", &["line 7", "networks are not read"]),
    ("[web]\n", "[web]\n[web]\n", &["line 7", "duplicate key"]),
    ("\"info\"", "\"debug\"", &["unknown variant `debug`", "`error`, `warn`, `info`"]),
    ("\"tidegate.db\"", "\"other.db\"", &["other.db: the database is missing or empty", "backup"]),
    ("\"tidegate.db\"", "\"tidegate.toml\"", &["tidegate.toml: file is not a database"]),
    ("\"tidegate.db\"", "\"mysql://host/x\"", &["no databases of the kind `mysql`"]),
    ("\"tidegate.db\"", "\"postgresql://u:geheim@127.0.0.1:1/x\"", &["PostgreSQL", "refused"]),
    ("\"master.key\"", "\"no.key\"", &["the master key", "no.key", "No such file"]),
    ("\"master.key\"", "\"tidegate.toml\"", &["64 hexadecimal digits"]),
    ("file = \"master.key\"", "file = \"master.key\"\ncommand = [\"pass\"]", &["either `file` or `command`"]),
    ("[log]", "[mail.smarthost]\nhost = \"m.example\"\n[log]", &["missing field `tls`", "starttls"]),
    (
        "[log]",
        "[oidc]\nissuer = \"http://a.example\"\nclient_id = \"a\"\nclient_secret_file = \"a\"\n[log]",
        &["oidc.issuer", "`http://a.example` must begin with https://"],
    ),
    ("[log]", "[oidc]\nissuer = \"https://a.example\"\n[log]", &["missing field `client_id`"]),
    (
        "[log]",
        "[mail.smarthost]\nhost = \"m.example\"\ntls = \"tls\"\nport = 99999\n[log]",
        &["line 12", "1 to 65535"],
    ),
];

/// What the program says. Only a server looks at where it is to listen, and does so first.
fn told(dir: &Path) -> String {
    let mut said = String::new();
    for line in [&["fsck"][..], &["serve"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.env_remove("TIDEGATE_DIR").env_remove("TIDEGATE_AS").arg("--dir").arg(dir).args(line);
        let output = command.stdin(Stdio::null()).output().expect("it runs");
        said.push_str(&String::from_utf8(output.stderr).expect("text"));
        if !output.status.success() {
            return said;
        }
    }
    panic!("nothing was wrong: {said}");
}

#[test]
fn a_wrong_configuration_is_told_with_its_place_and_what_to_do() {
    let room = tempfile::tempdir().expect("a folder");
    let dir = room.path().join("instance");
    let made = Command::new(env!("CARGO_BIN_EXE_tidegate")).arg("--dir").arg(&dir).arg("init").output();
    assert!(made.expect("it runs").status.success());
    let file = dir.join("tidegate.toml");
    let good = std::fs::read_to_string(&file).expect("the configuration");
    for (from, to, words) in WRONG {
        assert!(good.contains(from), "{from}");
        std::fs::write(&file, good.replacen(from, to, 1)).expect("written");
        let told = told(&dir);
        for word in *words {
            assert!(told.contains(word), "{to:?}: {told}");
        }
        assert!(!told.contains("geheim"), "{told}");
    }
    std::fs::write(&file, b"# \xe9\n").expect("written");
    assert!(told(&dir).contains("no text in UTF-8"));
}
