//! How an answer finds its case by the address it goes to: `security+7k3m9xq4b2wd.<mac>@`.

use crate::store::Store;
use tidegate_domain::id::CaseId;

/// Digits of the code that shows that the address was made here.
const CODE_CHARS: usize = 20;

/// The address for answers about `case`: `contact` with a detail that only this instance can make, since a
/// case's id alone is known to whoever had a letter about it.
#[must_use]
pub fn answer_address(store: &Store, contact: &str, separator: char, case: CaseId) -> Option<String> {
    let (mailbox, domain) = contact.rsplit_once('@')?;
    let case_text = case.to_string().replace('-', "");
    let code = store.answer_code(case);
    let code = code.get(..CODE_CHARS)?;
    Some(format!("{mailbox}{separator}{case_text}.{code}@{domain}"))
}

/// The detail with which `address` goes on after `contact`; both in lower case.
#[must_use]
pub fn detail_of<'a>(address: &'a str, contact: &str, separator: char) -> Option<&'a str> {
    let (local, domain) = address.rsplit_once('@')?;
    let (mailbox, own) = contact.rsplit_once('@')?;
    let detail = local.strip_prefix(mailbox)?.strip_prefix(separator)?;
    (domain == own).then_some(detail)
}

/// The case that a detail names, if this instance made it.
#[must_use]
pub fn case_of(store: &Store, detail: &str) -> Option<CaseId> {
    let (case, code) = detail.split_once('.')?;
    let case: CaseId = case.parse().ok()?;
    let expected = store.answer_code(case);
    let expected = expected.get(..CODE_CHARS)?;
    // Without stopping at the first difference, whose place would tell a guesser how far it got.
    let different = expected.bytes().zip(code.bytes()).fold(0, |seen, (one, other)| seen | (one ^ other));
    (code.len() == CODE_CHARS && different == 0).then_some(case)
}
