//! Loading: the lines of configuration files, then the options of the command line.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Fault, Invalid, describe};
use super::kind::Value;
use super::table::{PARAMS, index_of};
use super::{Config, line, table};
use crate::glob;

/// How deep files may include files: a file that includes itself has to end somewhere.
const INCLUDE_LEVELS_MAX: usize = 16;

const FILE_ONLY: [&[u8]; 4] = [b"include", b"user", b"loadmodule", b"rename-command"];

/// Redis 7 still reads these, each with one argument, and does nothing with them.
const RETIRED: [&[u8]; 3] =
    [b"list-max-ziplist-entries", b"list-max-ziplist-value", b"lua-replicate-commands"];

pub(super) fn load(file: Option<&Path>, options: &[String]) -> Result<Config, ConfigError> {
    let mut loader = Loader { config: Config::default(), save_seen: false };
    if let Some(path) = file {
        let text =
            fs::read(path).map_err(|error| ConfigError::Read { path: path.to_owned(), error })?;
        loader.take_lines(path, &text, 0)?;
        loader.config.file = std::path::absolute(path).ok();
    }
    loader.take_options(options)?;
    loader.finish()
}

/// A configuration in the making.
struct Loader {
    config: Config,
    /// The first `save` replaces the defaults; later ones add to it.
    save_seen: bool,
}

/// Why a directive was not taken.
enum Refused {
    Unknown,
    Invalid(Invalid),
    /// The fault is in a file that it includes.
    Included(ConfigError),
}

impl From<Invalid> for Refused {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl Loader {
    fn take_lines(&mut self, path: &Path, text: &[u8], level: usize) -> Result<(), ConfigError> {
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let at = |fault| ConfigError::Line { path: path.to_owned(), line: index + 1, fault };
            if line.trim_ascii_start().starts_with(b"#") {
                continue;
            }
            let words = line::split(line).ok_or_else(|| at(Fault::Quotes))?;
            let Some((name, arguments)) = words.split_first() else { continue };
            self.take(name, arguments, level).map_err(|refused| match refused {
                Refused::Unknown => at(Fault::Unknown { name: name.clone() }),
                Refused::Invalid(cause) => at(Fault::Directive { name: name.clone(), cause }),
                Refused::Included(error) => error,
            })?;
        }
        Ok(())
    }

    fn take_options(&mut self, options: &[String]) -> Result<(), ConfigError> {
        let mut options = options.iter().map(String::as_str).peekable();
        while let Some(option) = options.next() {
            let Some(option) = option.strip_prefix("--") else {
                return Err(ConfigError::NotAnOption);
            };
            // One argument may hold name and values: `--port 7000` within quotes.
            let words = line::split(option.as_bytes()).unwrap_or_default();
            let (name, mut arguments) = match words.split_first() {
                Some((name, values)) => (name.clone(), values.to_vec()),
                None => (option.into(), Vec::new()),
            };
            let is_save = name.eq_ignore_ascii_case(b"save");
            // The value of an option may look like an option, a password for example.
            if arguments.is_empty()
                && let Some(value) = options.next_if(|next| !(is_save && next.starts_with("--")))
            {
                arguments.push(value.into());
            }
            while let Some(value) = options.next_if(|next| !next.starts_with("--")) {
                arguments.push(value.into());
            }
            self.take(&name, &arguments, 0).map_err(|refused| match refused {
                Refused::Unknown => ConfigError::UnknownOption { name },
                Refused::Invalid(cause) => ConfigError::Option { name, cause },
                Refused::Included(error) => error,
            })?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Config, ConfigError> {
        if self.config.cluster_enabled() {
            if self.config.replicaof().is_some() {
                return Err(ConfigError::ReplicaInCluster);
            }
            // A cluster has one database, whatever the file says.
            self.config.values[const { index_of("databases") }] = Value::Integer(1);
        }
        Ok(self.config)
    }

    fn take(&mut self, name: &[u8], arguments: &[Vec<u8>], level: usize) -> Result<(), Refused> {
        if let Some(spelling) = table::find(name) {
            return Ok(self.take_parameter(spelling.index, arguments)?);
        }
        let idle = match (name.to_ascii_lowercase().as_slice(), arguments) {
            (b"include", [path]) => return self.include(path, level),
            (b"user", [_, ..]) => "user",
            (b"loadmodule", [_, ..]) => "loadmodule",
            (b"rename-command", [_, _]) => "rename-command",
            (retired, [_]) if RETIRED.contains(&retired) => return Ok(()),
            (known, _) if FILE_ONLY.contains(&known) || RETIRED.contains(&known) => {
                return Err(Invalid::ArgumentCount.into());
            }
            _ => return Err(Refused::Unknown),
        };
        self.config.idle_directives.push(idle);
        Ok(())
    }

    fn take_parameter(&mut self, index: usize, arguments: &[Vec<u8>]) -> Result<(), Invalid> {
        let param = &PARAMS[index];
        let split;
        let words = match arguments {
            [all] if param.takes_words() && !all.is_empty() => {
                split = line::split(all).ok_or(Invalid::Quotes)?;
                &split
            }
            _ => arguments,
        };
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let current = &mut self.config.values[index];
        let mut value = param.parse(&words, current)?;
        if index == const { index_of("save") } {
            let clears = words == [b""];
            if self.save_seen && !clears {
                let all = [current.to_text(), value.to_text()].join(&b' ');
                value = Value::Text(all.trim_ascii().to_vec());
            }
            self.save_seen = true;
        }
        *current = value;
        Ok(())
    }

    /// Reads the files that `pattern` matches, in the order of their names.
    fn include(&mut self, pattern: &[u8], level: usize) -> Result<(), Refused> {
        if level == INCLUDE_LEVELS_MAX {
            return Err(Invalid::IncludeDepth { levels: INCLUDE_LEVELS_MAX }.into());
        }
        let pattern = Path::new(OsStr::from_bytes(pattern));
        for path in expand(&self.config.dir(), pattern) {
            let text = fs::read(&path).map_err(|error| Invalid::Include {
                path: path.clone(),
                cause: describe(&error),
            })?;
            self.take_lines(&path, &text, level + 1).map_err(Refused::Included)?;
        }
        Ok(())
    }
}

/// The paths that `pattern` stands for: itself, or what exists if it has wildcards.
fn expand(base: &Path, pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![base.to_owned()];
    for component in pattern.components() {
        let name = component.as_os_str().as_bytes();
        if !name.iter().any(|byte| b"*?[".contains(byte)) {
            paths.iter_mut().for_each(|path| path.push(component));
            continue;
        }
        paths = paths.iter().flat_map(|path| entries(path, name)).collect();
    }
    paths
}

/// The entries of a directory that match, in order; a hidden one only if the pattern says so.
fn entries(directory: &Path, pattern: &[u8]) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let hidden = name.as_bytes().starts_with(b".") && !pattern.starts_with(b".");
            !hidden && glob::matches(pattern, name.as_bytes())
        })
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}
