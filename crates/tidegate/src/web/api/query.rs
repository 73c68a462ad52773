//! What stands behind the question mark.

use crate::web::Answer;
use std::collections::BTreeMap;

/// What is asked, by name. A name that is not asked for, or comes twice, is a fault: it was meant for something.
pub(super) fn read(
    query: Option<&str>,
    known: &[&'static str],
) -> Result<BTreeMap<&'static str, String>, Answer> {
    let mut asked = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let fault = |what: String| Answer::Faults(vec![what]);
        let takes = || fault(format!("the address takes {} and nothing else", known.join(", ")));
        let name = known.iter().copied().find(|known| *known == name).ok_or_else(takes)?;
        if asked.insert(name, value.into_owned()).is_some() {
            return Err(fault(format!("{name}: is there twice")));
        }
    }
    Ok(asked)
}
