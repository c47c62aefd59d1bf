//! Parameters whose values have a form of their own: each function checks a value and returns it
//! as CONFIG GET shows it.
//!
//! Values of several words come as a list, beside the current value, to which some add. Like in
//! Redis, a single empty word stands for no words at all where that means something.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use super::error::{Invalid, describe};
use super::kind::{Normalized, choose};
use super::number::{parse_loose_integer, parse_memory};

/// Any text.
pub(super) fn any(text: &[u8]) -> Normalized {
    Ok(text.to_vec())
}

/// Pairs of seconds (from 1) and changes.
pub(super) fn save(words: &[&[u8]], _current: &[u8]) -> Normalized {
    let words = none_if_empty(words);
    let (pairs, rest) = words.as_chunks::<2>();
    let valid = |[seconds, changes]: &[&[u8]; 2]| {
        parse_loose_integer(seconds).is_some_and(|seconds| seconds >= 1)
            && parse_loose_integer(changes).is_some_and(|changes| changes >= 0)
    };
    if !rest.is_empty() || !pairs.iter().all(valid) {
        return Err(Invalid::Save);
    }
    let numbers: Vec<_> = words.iter().filter_map(|word| parse_loose_integer(word)).collect();
    Ok(spaced(numbers))
}

/// Addresses to listen on; `-` before one makes its absence no error.
pub(super) fn bind(words: &[&[u8]], _current: &[u8]) -> Normalized {
    const ADDRESSES_MAX: usize = 16;
    if words.len() > ADDRESSES_MAX {
        return Err(Invalid::BindCount);
    }
    Ok(none_if_empty(words).join(&b' '))
}

/// Groups of class, hard limit, soft limit and seconds; classes that are not named keep theirs.
pub(super) fn client_output_buffer_limit(words: &[&[u8]], current: &[u8]) -> Normalized {
    const CLASSES: [&[u8]; 3] = [b"normal", b"slave", b"pubsub"];

    let (groups, rest) = words.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Invalid::BufferLimitCount);
    }
    let mut limits = [[0; 3]; CLASSES.len()];
    let known: Vec<_> = current.split(|byte| *byte == b' ').collect();
    for (limits, group) in limits.iter_mut().zip(known.as_chunks::<4>().0) {
        *limits = [group[1], group[2], group[3]].map(|word| parse_memory(word).unwrap_or_default());
    }
    for [class, hard, soft, seconds] in groups {
        let class = if class.eq_ignore_ascii_case(b"replica") { b"slave" } else { *class };
        let class = CLASSES.iter().position(|known| known.eq_ignore_ascii_case(class));
        let limits = &mut limits[class.ok_or(Invalid::BufferLimitClass)?];
        let seconds = parse_loose_integer(seconds).and_then(|number| u64::try_from(number).ok());
        *limits = match (parse_memory(hard), parse_memory(soft), seconds) {
            (Some(hard), Some(soft), Some(seconds)) => [hard, soft, seconds],
            _ => return Err(Invalid::BufferLimitNumber),
        };
    }
    let shown = CLASSES
        .iter()
        .zip(limits)
        .map(|(class, limits)| [class.to_vec(), spaced(limits)].join(&b' '));
    Ok(shown.collect::<Vec<_>>().join(&b' '))
}

/// Three scores from -2000 to 2000: primary, replica, child process.
pub(super) fn oom_score_adj_values(words: &[&[u8]], _current: &[u8]) -> Normalized {
    if words.len() != 3 {
        return Err(Invalid::ArgumentCount);
    }
    let score = |word: &&[u8]| {
        let score = parse_loose_integer(word).filter(|score| (-2000..=2000).contains(score));
        score.ok_or(Invalid::OomScoreAdjValues)
    };
    Ok(spaced(words.iter().map(score).collect::<Result<Vec<_>, _>>()?))
}

/// `no`, `relative` (also called `yes`, which is shown) or `absolute`.
pub(super) fn oom_score_adj(text: &[u8]) -> Normalized {
    Ok(match choose(&["no", "yes", "relative", "absolute"], text)? {
        "relative" => b"yes".to_vec(),
        other => other.into(),
    })
}

/// Ways to shut down, of which `save` and `nosave` exclude each other.
pub(super) fn shutdown_on_signal(words: &[&[u8]], _current: &[u8]) -> Normalized {
    const OPTIONS: &[&str] = &["default", "save", "nosave", "now", "force"];

    let chosen = words.iter().map(|word| choose(OPTIONS, word)).collect::<Result<Vec<_>, _>>()?;
    if chosen.is_empty() {
        return Err(Invalid::Choice { names: OPTIONS });
    }
    if chosen.contains(&"save") && chosen.contains(&"nosave") {
        return Err(Invalid::ShutdownOptions);
    }
    let [default, others @ ..] = OPTIONS else { unreachable!("the list is not empty") };
    let shown: Vec<_> = others.iter().filter(|name| chosen.contains(name)).copied().collect();
    Ok(if shown.is_empty() { (*default).into() } else { shown.join(" ").into() })
}

/// Percentiles from 0 to 100, shown with up to six decimals.
pub(super) fn latency_tracking_info_percentiles(words: &[&[u8]], _current: &[u8]) -> Normalized {
    let mut shown = Vec::new();
    for word in none_if_empty(words) {
        let number: Option<f64> = str::from_utf8(word).ok().and_then(|word| word.parse().ok());
        let number = number.filter(|number| !number.is_nan()).ok_or(Invalid::Percentiles)?;
        if !(0.0..=100.0).contains(&number) {
            return Err(Invalid::PercentilesRange);
        }
        let decimals = format!("{number:.6}");
        shown.push(decimals.trim_end_matches('0').trim_end_matches('.').to_owned());
    }
    Ok(shown.join(" ").into())
}

/// Host and port of a primary, or `no one`, which is shown as nothing.
pub(super) fn replicaof(words: &[&[u8]], _current: &[u8]) -> Normalized {
    let [host, port] = *words else { return Err(Invalid::ArgumentCount) };
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(Vec::new());
    }
    let number = parse_loose_integer(port).and_then(|port| u16::try_from(port).ok());
    let port = number.ok_or(Invalid::PrimaryPort)?.to_string();
    Ok([host, port.as_bytes()].join(&b' '))
}

/// An existing directory, made absolute.
pub(super) fn directory(text: &[u8]) -> Normalized {
    // The dot makes a file an error, and must not make the empty path a directory.
    let inside: &[u8] = if text.is_empty() { b"" } else { b"/." };
    let path = PathBuf::from(OsString::from_vec([text, inside].concat()));
    match path.canonicalize() {
        Ok(path) => Ok(path.into_os_string().into_vec()),
        Err(error) => Err(Invalid::Directory { cause: describe(&error) }),
    }
}

pub(super) fn db_filename(text: &[u8]) -> Normalized {
    file_name("dbfilename", "filename", text)
}

pub(super) fn append_filename(text: &[u8]) -> Normalized {
    not_empty("appendfilename", text)?;
    file_name("appendfilename", "filename", text)
}

pub(super) fn append_dirname(text: &[u8]) -> Normalized {
    not_empty("appenddirname", text)?;
    file_name("appenddirname", "dirname", text)
}

pub(super) fn cluster_announce_hostname(text: &[u8]) -> Normalized {
    const BYTES_MAX: usize = 255;
    if text.len() > BYTES_MAX {
        return Err(Invalid::HostnameLength);
    }
    if !text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte)) {
        return Err(Invalid::HostnameCharacter);
    }
    any(text)
}

/// A text without the bytes that would break a line of the cluster's node file.
pub(super) fn cluster_announce_human_nodename(text: &[u8]) -> Normalized {
    if text.iter().any(|byte| b"!#$%&()*+:;<>?@[]^{|}~".contains(byte)) {
        return Err(Invalid::NodenameCharacter);
    }
    any(text)
}

/// A text with variables in braces, where two opening braces stand for one.
///
/// Redis wants it to come to more than blanks where title and mode are empty.
pub(super) fn proc_title_template(text: &[u8]) -> Normalized {
    const EMPTY: [&[u8]; 2] = [b"title", b"server-mode"];
    const FILLED: [&[u8]; 5] =
        [b"listen-addr", b"port", b"tls-port", b"unixsocket", b"config-file"];

    let mut shows = false;
    let mut rest = text;
    loop {
        rest = match rest {
            [] if shows => return any(text),
            [b'{', b'{', after @ ..] => {
                shows = true;
                after
            }
            [b'{', after @ ..] => {
                let close = after.iter().position(|byte| *byte == b'}');
                let (variable, after) = after.split_at(close.ok_or(Invalid::Template)?);
                if !FILLED.contains(&variable) && !EMPTY.contains(&variable) {
                    return Err(Invalid::Template);
                }
                shows |= FILLED.contains(&variable);
                &after[1..]
            }
            [byte, after @ ..] => {
                shows |= !byte.is_ascii_whitespace();
                after
            }
            [] => return Err(Invalid::Template),
        };
    }
}

fn file_name(parameter: &'static str, expected: &'static str, text: &[u8]) -> Normalized {
    if text.iter().any(|byte| b"/\\".contains(byte)) {
        Err(Invalid::PathForName { parameter, expected })
    } else {
        any(text)
    }
}

fn not_empty(parameter: &'static str, text: &[u8]) -> Result<(), Invalid> {
    if text.is_empty() { Err(Invalid::EmptyName { parameter }) } else { Ok(()) }
}

fn none_if_empty<'a, 'b>(words: &'a [&'b [u8]]) -> &'a [&'b [u8]] {
    if let [b""] = words { &[] } else { words }
}

fn spaced<T: std::fmt::Display>(numbers: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut text = String::new();
    for number in numbers {
        let separator = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{separator}{number}");
    }
    text.into()
}
