//! What COMMAND INFO and COMMAND DOCS tell of a command. All of it follows from its row.

use super::command::{Begin, Command, KeySpec, flags, usage};
use super::syntax::{self, Argument, Kind};
use super::{Reply, Resolved};

/// The entry of COMMAND INFO: name, arity, flags, first key, last key, step, ACL categories, tips,
/// key specifications and subcommands.
pub(super) fn info(command: Resolved) -> Reply {
    let row = command.row;
    let (first, last, step) = row.key_range();
    Reply::Array(vec![
        Reply::copied(command.full_name()),
        Reply::Integer(row.arity.into()),
        names(row.flags, flags::NAMES),
        Reply::Integer(first.into()),
        Reply::Integer(last.into()),
        Reply::Integer(step.into()),
        Reply::Set(row.acl_categories().map(Reply::Status).collect()),
        Reply::Set(row.tips.iter().copied().map(Reply::text).collect()),
        Reply::Set(row.keys.specs().iter().map(|spec| key_spec(row, spec)).collect()),
        match row.subcommands {
            [] => Reply::Set(Vec::new()),
            _ => command.subcommands().map(info).collect(),
        },
    ])
}

/// The entry of COMMAND DOCS, after the name.
///
/// # Panics
/// If the syntax of the row is not in the notation, which the tests rule out.
pub(super) fn docs(command: Resolved) -> Reply {
    let row = command.row;
    let arguments = syntax::parse(row.docs.syntax).expect("the tests parse the syntax of each row");
    let mut fields = vec![
        (Reply::text("summary"), Reply::text(row.docs.summary)),
        (Reply::text("since"), Reply::text(row.docs.since)),
        (Reply::text("group"), Reply::text(row.docs.group)),
        (Reply::text("complexity"), Reply::text(row.docs.complexity)),
    ];
    // Cluster nodes use these among themselves.
    if row.is(flags::ASKING) {
        let flags = Reply::Set(vec![Reply::Status("syscmd")]);
        fields.push((Reply::text("doc_flags"), flags));
    }
    let history = history(&arguments);
    if !history.is_empty() {
        fields.push((Reply::text("history"), Reply::Set(history)));
    }
    if !arguments.is_empty() {
        let mut key_specs = 0..row.keys.specs().len();
        let shown = arguments.iter().map(|it| argument(it, &mut key_specs)).collect();
        fields.push((Reply::text("arguments"), shown));
    }
    if !row.subcommands.is_empty() {
        let shown = command.subcommands().map(|it| (Reply::copied(it.full_name()), docs(it)));
        fields.push((Reply::text("subcommands"), Reply::Map(shown.collect())));
    }
    Reply::Map(fields)
}

fn names(set: u32, all: &'static [(u32, &'static str)]) -> Reply {
    let set = all.iter().filter(|(flag, _)| set & flag != 0);
    Reply::Set(set.map(|(_, name)| Reply::Status(name)).collect())
}

fn key_spec(row: &Command, spec: &KeySpec) -> Reply {
    let (kind, begin) = match spec.begin {
        Begin::Index(index) => ("index", vec![(Reply::text("index"), Reply::from(index))]),
        Begin::Keyword { word, from } => {
            let from = Reply::Integer(from.into());
            let word = (Reply::text("keyword"), Reply::text(word));
            ("keyword", vec![word, (Reply::text("startfrom"), from)])
        }
        Begin::Count(index) => ("index", vec![(Reply::text("index"), Reply::from(index))]),
        Begin::Unknown => ("unknown", Vec::new()),
    };
    let step_field = (Reply::text("keystep"), Reply::from(spec.step));
    let (find, range) = match spec.begin {
        Begin::Count(_) => {
            let count = (Reply::text("keynumidx"), Reply::Integer(0));
            ("keynum", vec![count, (Reply::text("firstkey"), Reply::Integer(1)), step_field])
        }
        Begin::Unknown => ("unknown", Vec::new()),
        Begin::Index(_) | Begin::Keyword { .. } => {
            let last = (Reply::text("lastkey"), Reply::Integer(spec.last.into()));
            ("range", vec![last, step_field, (Reply::text("limit"), Reply::from(spec.limit))])
        }
    };
    let step = |kind, spec| {
        let kind = (Reply::text("type"), Reply::text(kind));
        Reply::Map(vec![kind, (Reply::text("spec"), Reply::Map(spec))])
    };
    Reply::Map(vec![
        (Reply::text("flags"), names(row.usage(spec), usage::NAMES)),
        (Reply::text("begin_search"), step(kind, begin)),
        (Reply::text("find_keys"), step(find, range)),
    ])
}

/// One argument; the keys among them take the key specifications in turn.
fn argument(shown: &Argument, key_specs: &mut std::ops::Range<usize>) -> Reply {
    let kind = match shown.kind {
        Kind::Value(kind) => kind,
        Kind::PureToken => "pure-token",
        Kind::OneOf(_) => "oneof",
        Kind::Block(_) => "block",
    };
    let mut fields = vec![
        (Reply::text("name"), Reply::copied(&shown.name)),
        (Reply::text("type"), Reply::text(kind)),
    ];
    if let Kind::Value(_) | Kind::PureToken = shown.kind {
        fields.push((Reply::text("display_text"), Reply::copied(&shown.display)));
    }
    if kind == "key"
        && let Some(index) = key_specs.next()
    {
        fields.push((Reply::text("key_spec_index"), Reply::from(index)));
    }
    if let Some(token) = shown.token {
        fields.push((Reply::text("token"), Reply::text(token)));
    }
    if let Some(since) = shown.since {
        fields.push((Reply::text("since"), Reply::text(since)));
    }
    let flags = [
        (shown.optional, "optional"),
        (shown.multiple, "multiple"),
        (shown.multiple_token, "multiple_token"),
    ];
    let flags: Vec<_> =
        flags.iter().filter(|(set, _)| *set).map(|(_, name)| Reply::Status(name)).collect();
    if !flags.is_empty() {
        fields.push((Reply::text("flags"), Reply::Set(flags)));
    }
    if let Kind::OneOf(inner) | Kind::Block(inner) = &shown.kind {
        let inner = inner.iter().map(|it| argument(it, key_specs)).collect();
        fields.push((Reply::text("arguments"), inner));
    }
    Reply::Map(fields)
}

/// Which words came with which version, the oldest first.
fn history(arguments: &[Argument]) -> Vec<Reply> {
    let mut words = Vec::new();
    collect_words(arguments, &mut words);
    words.sort_by_key(|(since, _)| *since);
    let versions = words.chunk_by(|a, b| a.0 == b.0).map(|chunk| {
        let words: Vec<_> = chunk.iter().map(|(_, word)| format!("`{word}`")).collect();
        let plural = if words.len() > 1 { "s" } else { "" };
        let change = format!("Added the {} option{plural}.", words.join(" and "));
        Reply::Array(vec![Reply::text(chunk[0].0), Reply::copied(change)])
    });
    versions.collect()
}

fn collect_words(arguments: &[Argument], words: &mut Vec<(&'static str, &'static str)>) {
    for argument in arguments {
        words.extend(argument.since.zip(argument.token));
        if let Kind::OneOf(inner) | Kind::Block(inner) = &argument.kind {
            collect_words(inner, words);
        }
    }
}
