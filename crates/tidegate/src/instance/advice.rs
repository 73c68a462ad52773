//! What to do about a fault in the configuration file, where the reader of the file cannot know it.

/// Words of the reader's, and what to do where they stand in its message.
const ADVICE: [(&str, &str); 7] = [
    (
        "missing field `database`",
        "name a file in this folder, as in database = \"tidegate.db\", or a postgresql:// URL",
    ),
    ("missing field `master_key`", "say where the key is, as in master_key.file = \"master.key\""),
    ("wanted exactly 1 element", "[master_key] has either `file` or `command`, and nothing else"),
    (
        "invalid socket address syntax",
        "an address with a port is needed, as 127.0.0.1:8008 or [::1]:8008; names are not looked up",
    ),
    (
        "invalid IP address syntax",
        "one address each is needed, as \"10.0.0.5\"; names and networks are not read",
    ),
    ("expected u16", "a port is a number from 1 to 65535"),
    ("missing field `tls`", "how the connection is protected must be said: tls, starttls or none"),
];

/// The reader's words, with advice where there is some.
pub(super) fn with_advice(fault: &str) -> String {
    let fault = fault.trim_end();
    match ADVICE.iter().find(|(words, _)| fault.contains(words)) {
        Some((_, advice)) => format!("{fault}\n  {advice}"),
        None => fault.to_owned(),
    }
}
