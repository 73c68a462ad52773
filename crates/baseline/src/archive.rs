//! The files of a release with what an answer applies to it, as a tar archive. No file is written: what is tried may
//! be secret still, and a work tree is made where it is built.

use crate::apply::{Held, State, Workshop};
use crate::check::{Answer, Request, Series};
use crate::error::Error;
use crate::tree;
use gix_hash::ObjectId;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tar::{Builder, EntryType, Header};
use tidegate_domain::patch::Mode;

/// Largest archive that is made, in bytes of contents.
pub const ARCHIVE_BYTES_MAX: usize = 2 << 30;

/// Writes the tree that an answer leads to. Submodules are empty folders, as git leaves them; everything is of the
/// release's date, so that the same answer gives the same bytes.
///
/// # Errors
/// Something cannot be read, the answer leads to no tree or another one, or it is larger than [`ARCHIVE_BYTES_MAX`].
pub fn archive(shop: &mut Workshop, request: &Request, answer: &Answer) -> Result<Vec<u8>, Error> {
    let release = shop.resolve(&request.release)?;
    let release = shop.commit(&release)?;
    let mut state = State::new(release.tree);
    for name in &answer.order {
        let patch = match &request.series {
            Series::Files(files) => files.iter().find(|(file, _)| file == name),
            Series::Commits(_) => None,
        };
        let patch = match patch {
            Some((name, text)) => shop.patch_of_text(name, text)?,
            None => {
                let id = shop.resolve(name)?;
                shop.patch_of_commit(&id)?
            }
        };
        if state.apply(shop, &patch)?.is_err() {
            return Err(Error::Request(format!("{name} does not apply any more")));
        }
    }
    let tree = state.tree(shop)?.to_string();
    if answer.tree.as_ref() != Some(&tree) {
        return Err(Error::Request(format!("the tree {tree} comes out, which is not the answer's")));
    }
    write(shop, &state, u64::try_from(release.committed_s).unwrap_or(0))
}

fn write(shop: &mut Workshop, state: &State, modified_s: u64) -> Result<Vec<u8>, Error> {
    let failed = |error| Error::io(Path::new("an archive"), error);
    let mut tar = Builder::new(Vec::new());
    let mut bytes_used = 0;
    for (path, held) in files(shop, state)? {
        let bytes = if held.mode.same_type(Mode::SUBMODULE) {
            Vec::new()
        } else {
            shop.contents.bytes(&mut shop.store, held.content)?
        };
        bytes_used += bytes.len();
        if bytes_used > ARCHIVE_BYTES_MAX {
            let limit = format!("{ARCHIVE_BYTES_MAX} bytes");
            return Err(Error::TooLarge { what: "the tree as a work tree".into(), limit });
        }
        let name = Path::new(OsStr::from_bytes(&path));
        let mut header = Header::new_gnu();
        header.set_mtime(modified_s);
        header.set_mode(if held.mode == Mode::EXECUTABLE { 0o755 } else { 0o644 });
        header.set_size(0);
        if held.mode.same_type(Mode::LINK) {
            header.set_entry_type(EntryType::Symlink);
            let target = Path::new(OsStr::from_bytes(&bytes));
            tar.append_link(&mut header, name, target).map_err(failed)?;
        } else if held.mode.same_type(Mode::SUBMODULE) {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            tar.append_data(&mut header, name, std::io::empty()).map_err(failed)?;
        } else {
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, bytes.as_slice()).map_err(failed)?;
        }
    }
    tar.into_inner().map_err(failed)
}

/// All files of a state, in the order of their paths.
fn files(shop: &mut Workshop, state: &State) -> Result<BTreeMap<tree::Path, Held>, Error> {
    let empty = ObjectId::empty_tree(shop.store.hash_kind());
    let all = shop.trees.differences(&mut shop.store, &empty, &state.root)?;
    let mut files = BTreeMap::new();
    for (path, _, file) in all {
        if let Some(file) = file {
            let content = shop.contents.of_object(file.id, file.mode);
            files.insert(path, Held { mode: file.mode, content });
        }
    }
    for (path, held) in &state.over {
        match held {
            Some(held) => files.insert(tree::Path::clone(path), *held),
            None => files.remove(path),
        };
    }
    Ok(files)
}
