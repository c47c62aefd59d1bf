//! What can be wrong with a configuration. No message holds a value: it may be a password.

use std::io;
use std::path::PathBuf;

/// Why a configuration cannot be loaded, in one line that names the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigError {
    #[error("{}: cannot read: {}", path.display(), describe(error))]
    Read { path: PathBuf, error: io::Error },
    #[error("{}:{line}: {fault}", path.display())]
    Line { path: PathBuf, line: usize, fault: Fault },
    #[error("unknown option --{}", printable(name))]
    UnknownOption { name: Vec<u8> },
    #[error("option --{}: {cause}", printable(name))]
    Option { name: Vec<u8>, cause: Invalid },
    #[error("the first argument is not an option (--NAME VALUE ...)")]
    NotAnOption,
    #[error("replicaof is not allowed with cluster-enabled")]
    ReplicaInCluster,
}

/// What is wrong with a line of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Fault {
    #[error("unbalanced quotes")]
    Quotes,
    #[error("unknown directive '{}'", printable(name))]
    Unknown { name: Vec<u8> },
    #[error("{}: {cause}", printable(name))]
    Directive { name: Vec<u8>, cause: Invalid },
}

/// Why CONFIG SET was refused; displays as the text of the error reply, after `ERR `.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SetError {
    #[error("Unknown option or number of arguments for CONFIG SET - '{name}'")]
    Unknown { name: String },
    #[error("CONFIG SET failed (possibly related to argument '{name}') - {refusal}")]
    Refused { name: String, refusal: Refusal },
}

impl SetError {
    pub(super) fn unknown(name: &[u8]) -> Self {
        Self::Unknown { name: one_line(name) }
    }

    pub(super) fn refused(name: &[u8], refusal: Refusal) -> Self {
        Self::Refused { name: one_line(name), refusal }
    }
}

/// Why a parameter was not set.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Refusal {
    #[error("can't set immutable config")]
    Immutable,
    #[error("can't set protected config")]
    Protected,
    #[error("duplicate parameter")]
    Duplicate,
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// Why a value does not fit its parameter, in the words of Redis 7.2.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Invalid {
    #[error("wrong number of arguments")]
    ArgumentCount,
    #[error("unbalanced quotes")]
    Quotes,
    #[error("argument must be 'yes' or 'no'")]
    Bool,
    #[error("argument couldn't be parsed into an integer")]
    Integer,
    #[error("argument couldn't be parsed as an octal number")]
    Octal,
    #[error("argument must be a memory value")]
    Memory,
    #[error("argument must be a memory or percent value")]
    MemoryOrPercent,
    #[error("percentage argument must be less or equal to 100")]
    Percent,
    #[error("argument must be between {min} and {max} inclusive")]
    Range { min: i128, max: i128 },
    #[error("argument must be between {min:o} and {max:o} inclusive")]
    OctalRange { min: i128, max: i128 },
    #[error("argument(s) must be one of the following: {}", names.join(", "))]
    Choice { names: &'static [&'static str] },
    #[error("shutdown options SAVE and NOSAVE can't be used simultaneously")]
    ShutdownOptions,
    #[error("Invalid save parameters")]
    Save,
    #[error("Wrong number of arguments in buffer limit configuration.")]
    BufferLimitCount,
    #[error("Invalid client class specified in buffer limit configuration.")]
    BufferLimitClass,
    #[error("Error in hard, soft or soft_seconds setting in buffer limit configuration.")]
    BufferLimitNumber,
    #[error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")]
    OomScoreAdjValues,
    #[error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")]
    EventClass,
    #[error("Invalid latency-tracking-info-percentiles parameters")]
    Percentiles,
    #[error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")]
    PercentilesRange,
    #[error("Too many bind addresses specified.")]
    BindCount,
    #[error("Invalid master port")]
    PrimaryPort,
    #[error("{parameter} can't be empty")]
    EmptyName { parameter: &'static str },
    #[error("{parameter} can't be a path, just a {expected}")]
    PathForName { parameter: &'static str, expected: &'static str },
    #[error("Hostnames must be less than 256 characters")]
    HostnameLength,
    #[error("Hostnames may only contain alphanumeric characters, hyphens or dots")]
    HostnameCharacter,
    #[error("Announced human node name contained invalid character")]
    NodenameCharacter,
    #[error("template format is invalid or contains unknown variables")]
    Template,
    #[error("{cause}")]
    Directory { cause: String },
    #[error("files are included more than {levels} levels deep")]
    IncludeDepth { levels: usize },
    #[error("cannot read {}: {cause}", path.display())]
    Include { path: PathBuf, cause: String },
}

/// The system's own words for an error, as `strerror` has them.
pub(super) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// A name from outside for a terminal: escaped, and cut where no name is that long.
fn printable(name: &[u8]) -> String {
    const SHOWN_BYTES_MAX: usize = 64;
    name[..name.len().min(SHOWN_BYTES_MAX)].escape_ascii().to_string()
}

/// A name from outside for an error reply, which is one line.
fn one_line(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace(['\r', '\n'], " ")
}
