//! The configuration: what a file, the command line and CONFIG SET may say, and what it means.
//!
//! Every directive and parameter of Redis 7.2 is known, checked and kept, those without an effect
//! here included, so that existing files and clients work unchanged. The [table] is the one place
//! that tells names, types, ranges and defaults.
//!
//! Where Redis is loose or leaves it to modules, this is strict:
//!
//! - a size whose unit takes it beyond 64 bits is refused, where Redis wraps around;
//! - an empty word in `save` is no zero, a percentile is decimal, and a list in one argument has
//!   balanced quotes;
//! - `sentinel` and the parameters of modules (`name.parameter`) are unknown;
//! - a file that includes itself is an error, after 16 levels.
//!
//! CONFIG GET shows names in lower case, also where it was asked in another. Any name of a locale
//! is a valid `locale-collate`.

mod accessors;
mod error;
mod file;
mod kind;
mod line;
mod number;
mod special;
mod table;
#[cfg(test)]
mod tests;
mod tls;

use std::path::{Path, PathBuf};

use self::error::Refusal;
pub(crate) use self::error::{ConfigError, SetError};
use self::kind::Value;
pub(crate) use self::number::parse_memory;
use self::table::{Access, PARAMS, Spelling};
pub(crate) use self::tls::{TlsAuthClients, TlsDirectives};
use crate::glob;

/// The parameters of one server, each with a valid value.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// As long as [`PARAMS`], in its order.
    values: Vec<Value>,
    /// Directives of the file that are not parameters and have no effect yet, in order.
    idle_directives: Vec<&'static str>,
    file: Option<PathBuf>,
}

impl Config {
    /// The defaults, overridden by the directives of `file`, overridden by `options`.
    ///
    /// Options are read as redis-server does: `--name` and everything up to the next `--name`. The
    /// first argument after a name is its value even if it starts with `--`, except for `--save`.
    ///
    /// # Errors
    ///
    /// The first directive or option that is unknown or has an invalid value, and files that
    /// cannot be read.
    pub(crate) fn load(file: Option<&Path>, options: &[String]) -> Result<Self, ConfigError> {
        file::load(file, options)
    }

    /// The parameters that any of `patterns` names, as CONFIG GET lists them.
    ///
    /// A pattern without a wildcard also finds hidden parameters. An alias is listed beside its
    /// parameter, under its own name.
    pub(crate) fn matching<P: AsRef<[u8]>>(&self, patterns: &[P]) -> Vec<(&'static str, Vec<u8>)> {
        let listed = |name: &str, hidden: bool| {
            patterns.iter().any(|pattern| {
                let pattern = pattern.as_ref();
                if pattern.iter().any(|byte| b"*?[".contains(byte)) {
                    !hidden && glob::matches_ignore_case(pattern, name.as_bytes())
                } else {
                    pattern.eq_ignore_ascii_case(name.as_bytes())
                }
            })
        };
        PARAMS
            .iter()
            .zip(&self.values)
            .flat_map(|(param, value)| param.spellings().map(move |name| (param, name, value)))
            .filter(|(param, name, _)| listed(name, param.hidden))
            .map(|(_, name, value)| (name, value.to_text()))
            .collect()
    }

    /// Sets all of `pairs` (name and value) or, if one is refused, none of them.
    ///
    /// Returns the parameters that have a new value by it, and those of `pairs` that stand for what
    /// is in a file. Protected parameters are refused unless `enable-protected-configs` is `yes`;
    /// see [`set_from_loopback`](Self::set_from_loopback).
    ///
    /// # Errors
    ///
    /// The first pair that is unknown, may not be set or has an invalid value.
    pub(crate) fn set(&mut self, pairs: &[(&[u8], &[u8])]) -> Result<Vec<&'static str>, SetError> {
        self.set_with(pairs, self.protected_settable_by() == "yes")
    }

    /// [`set`](Self::set) for a client of this machine, for whom `enable-protected-configs` may
    /// also be `local`.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub(crate) fn set_from_loopback(
        &mut self,
        pairs: &[(&[u8], &[u8])],
    ) -> Result<Vec<&'static str>, SetError> {
        self.set_with(pairs, self.protected_settable_by() != "no")
    }

    /// The file the configuration came from, as an absolute path.
    pub(crate) fn config_file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The `user`, `loadmodule` and `rename-command` directives of the file, in order. They say who
    /// may do what, and have no effect yet: whoever starts the server has to be told.
    pub(crate) fn idle_directives(&self) -> &[&'static str] {
        &self.idle_directives
    }

    fn set_with(
        &mut self,
        pairs: &[(&[u8], &[u8])],
        protected_settable: bool,
    ) -> Result<Vec<&'static str>, SetError> {
        // The first fault of a name is told before any fault of a value.
        let mut spellings: Vec<Spelling> = Vec::with_capacity(pairs.len());
        for (name, _) in pairs {
            let spelling = table::find(name).ok_or_else(|| SetError::unknown(name))?;
            let refusal = match PARAMS[spelling.index].access {
                Access::Immutable => Some(Refusal::Immutable),
                Access::Protected if !protected_settable => Some(Refusal::Protected),
                // A name and its alias are not the same; the later one wins.
                _ if spellings.contains(&spelling) => Some(Refusal::Duplicate),
                _ => None,
            };
            if let Some(refusal) = refusal {
                return Err(SetError::refused(name, refusal));
            }
            spellings.push(spelling);
        }

        let mut values = self.values.clone();
        for (&Spelling { index, name }, (_, text)) in spellings.iter().zip(pairs) {
            let param = &PARAMS[index];
            values[index] = param
                .parse(&param.split(text), &values[index])
                .map_err(|cause| SetError::refused(name.as_bytes(), cause.into()))?;
        }
        let is_set = |index| spellings.iter().any(|spelling| spelling.index == index);
        let changed = (0..PARAMS.len()).filter(|&index| {
            values[index] != self.values[index] || (PARAMS[index].volatile && is_set(index))
        });
        let changed = changed.map(|index| PARAMS[index].name).collect();
        self.values = values;
        Ok(changed)
    }
}

impl Default for Config {
    fn default() -> Self {
        let values = PARAMS.iter().map(table::Param::default_value).collect();
        Self { values, idle_directives: Vec::new(), file: None }
    }
}
