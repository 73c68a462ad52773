//! Advisories in whatever form they come, read into the one that verdicts are given on.
//!
//! The form is told from the content. A statement whose versions can't be understood is kept, and judged as
//! unknown; a document that can't be used is a fault with its reason. Nothing is skipped in silence.

mod csaf;
mod cve;
mod osv;
mod spans;
mod text;

use crate::ossa::{self, Ossa};
use serde::de::IgnoredAny;
use serde_json::Value;
use tidegate_domain::fault::Fault;

/// Largest document, in bytes; a stream of JSON documents may be larger.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A form that advisories come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// OSSA: YAML.
    Ossa,
    /// An OpenStack security note: text.
    Ossn,
    /// An advisory of the Xen project: text.
    Xsa,
    /// CSAF 2.0: JSON.
    Csaf,
    /// A CVE record, version 5: JSON.
    Cve,
    /// OSV: JSON.
    Osv,
}

/// An advisory that was read, or what is wrong with its document.
pub type Reading = Result<(Form, Ossa), Fault>;

/// Reads the advisories of one file, which may hold several JSON documents after each other, and hands over
/// each of them, or what is wrong with it.
pub fn read(bytes: &[u8], take: &mut dyn FnMut(Reading)) {
    read_each(bytes, &mut |_, read| take(read));
}

/// Reads the advisories of one file, and hands over each with the bytes of its document.
pub fn read_each(bytes: &[u8], take: &mut dyn FnMut(&[u8], Reading)) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{') => stream(bytes, take),
        Some(_) => take(bytes, prose(bytes)),
        None => take(bytes, Err(Fault::nowhere("it is empty", "hand in an advisory"))),
    }
}

/// JSON documents, each read and let go before the next.
fn stream(bytes: &[u8], take: &mut dyn FnMut(&[u8], Reading)) {
    let mut documents = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    let mut start = 0;
    while let Some(document) = documents.next() {
        let end = documents.byte_offset();
        match document {
            Ok(IgnoredAny) => {
                let document = bytes.get(start..end).unwrap_or_default();
                take(document, json(document));
            }
            Err(error) => return take(bytes, Err(no_json(&error))),
        }
        start = end;
    }
}

fn no_json(error: &serde_json::Error) -> Fault {
    let advice = "hand in the document as it was published".to_owned();
    Fault { line: error.line(), column: error.column(), what: format!("not JSON: {error}"), advice }
}

fn too_large() -> Fault {
    Fault::nowhere(format!("it has more than {DOCUMENT_BYTES_MAX} bytes"), "no advisory is that long")
}

fn json(bytes: &[u8]) -> Result<(Form, Ossa), Fault> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(too_large());
    }
    let document: Value = serde_json::from_slice(bytes).map_err(|error| no_json(&error))?;
    if document.pointer("/document/csaf_version").is_some() {
        Ok((Form::Csaf, csaf::read(&document)?))
    } else if document.get("cveMetadata").is_some() || document.get("dataType").is_some() {
        Ok((Form::Cve, cve::read(document)?))
    } else if document.get("id").is_some() && document.get("modified").is_some() {
        Ok((Form::Osv, osv::read(document)?))
    } else {
        Err(Fault::nowhere("it is JSON, but neither CSAF, OSV nor a CVE record", "hand in one of these"))
    }
}

fn prose(bytes: &[u8]) -> Result<(Form, Ossa), Fault> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(too_large());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Fault::nowhere(format!("byte {} is not UTF-8", error.valid_up_to()), "write it as UTF-8")
    })?;
    if let Some(note) = text::ossn(text) {
        return Ok((Form::Ossn, note));
    } else if let Some(advisory) = text::xsa(text) {
        return Ok((Form::Xsa, advisory));
    }
    let looks_like_ossa =
        text.lines().any(|line| line.starts_with("id:") || line.starts_with("affected-products:"));
    match ossa::parse(text) {
        Ok(ossa) => Ok((Form::Ossa, ossa)),
        Err(fault) if looks_like_ossa => Err(fault),
        Err(_) => Err(Fault::nowhere(
            "it is no advisory in a form that is known",
            "known are OSSA, OSSN, XSA, CSAF 2.0, OSV and CVE records",
        )),
    }
}

#[cfg(test)]
mod tests;
