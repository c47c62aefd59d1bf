//! The file that a tool writes.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

/// A file that is seen under its name once it is complete. Until then, and if it never is, there
/// is only a temporary one beside it, removed when this is dropped.
pub(super) struct Output {
    file: NamedTempFile,
    path: PathBuf,
    replace: bool,
}

impl Output {
    /// Begins a file at `path`, made from `source`.
    ///
    /// # Errors
    /// There is one already and `replace` is not set, or it is `source`, or none can be made.
    pub(super) fn create(path: &Path, source: &Path, replace: bool) -> anyhow::Result<Self> {
        let shown = path.display();
        if let Some(present) = metadata(path).with_context(|| format!("cannot look at {shown}"))? {
            let from = metadata(source)
                .with_context(|| format!("cannot open {}", source.display()))?
                .map(|source| (source.dev(), source.ino()));
            let is_source = from == Some((present.dev(), present.ino()));
            anyhow::ensure!(present.is_file(), "{shown} is no file");
            anyhow::ensure!(!is_source, "{shown} is the file to be read");
            anyhow::ensure!(replace, "{shown} exists; --force replaces it");
        }
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        // As any new file, less what the umask takes.
        builder.prefix(".keyferry-").permissions(Permissions::from_mode(0o666));
        let file = builder
            .tempfile_in(folder)
            .with_context(|| format!("cannot write to {}", folder.display()))?;
        Ok(Self { file, path: path.to_owned(), replace })
    }

    /// What is written goes here.
    pub(super) fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Puts the file in its place, once it is on the disk.
    ///
    /// # Errors
    /// That cannot be done, or another file has come to be there and `replace` is not set.
    pub(super) fn commit(self) -> anyhow::Result<()> {
        let Self { file, path, replace } = self;
        let committed = file.as_file().sync_all().and_then(|()| {
            let persisted =
                if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
            persisted.map_err(|error| error.error)
        });
        committed.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}

/// What is at `path`, if anything is.
fn metadata(path: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}
