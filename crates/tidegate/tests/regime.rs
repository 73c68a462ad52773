//! `tidegate regime check` from the outside.

use std::path::Path;
use std::process::{Command, Output};

fn check(file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(["regime", "check"]).arg(file).output().expect("the program runs")
}

#[test]
fn a_shipped_regime_is_sound_and_a_holed_one_is_not() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regimes/scs-0124-v1.toml");
    let output = check(&shipped);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("neither gaps nor overlaps"));

    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(&shipped).expect("a file").replace("\"3.9\"", "\"4.5\"");
    let holed = folder.path().join("holed.toml");
    std::fs::write(&holed, text.replace("\"10.0\"", "\"9.9\"")).expect("a file");
    let output = check(&holed);
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("both mid and low cover 4.0 to 4.5"), "{said}");
    assert!(said.contains("no band covers 10.0 to 10.0"), "{said}");
}
