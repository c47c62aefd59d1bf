//! The notation in which the rows of the table tell the arguments of a command, and the tree that
//! it stands for, which COMMAND DOCS shows.
//!
//! | notation | argument |
//! |---|---|
//! | `name` | a string, or a key if that is its name |
//! | `name:integer` | of a type: `integer`, `double`, `key`, `pattern`, `string` or `unix-time` |
//! | `WORD` | a word that stands for itself |
//! | `WORD name`, `WORD <...>` | a value, or several, that are announced by a word |
//! | `WORD@7.2.0` | a word that came with this version |
//! | `""`, `"~"` | the empty word, or one that is a sign |
//! | `[...]` | optional |
//! | `<...>` | belongs together |
//! | `A \| B` | one of several, within brackets of either kind |
//! | `...` | the argument before may be repeated; after a bracket, its word is repeated too |
//! | `name=[...]`, `name=<...>` | a name for what is in the brackets, which else takes its first |

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, multispace0};
use nom::combinator::{all_consuming, map, map_opt, opt, success, verify};
use nom::multi::{many0, many1, separated_list1};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

/// One argument of a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Argument {
    pub(crate) name: String,
    /// What stands for it where its use is shown.
    pub(crate) display: String,
    pub(crate) kind: Kind,
    /// The word that announces it, or that it is.
    pub(crate) token: Option<&'static str>,
    /// The version that it came with, if not with the command.
    pub(crate) since: Option<&'static str>,
    pub(crate) optional: bool,
    pub(crate) multiple: bool,
    /// When repeated, the word is repeated too.
    pub(crate) multiple_token: bool,
}

/// What an argument is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A value of this type.
    Value(&'static str),
    /// A word that stands for itself.
    PureToken,
    /// One of these.
    OneOf(Vec<Argument>),
    /// All of these, in this order.
    Block(Vec<Argument>),
}

/// The text is not in the notation.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("argument syntax is not understood from here on: {rest}")]
pub(crate) struct SyntaxError {
    rest: &'static str,
}

/// The arguments that `text` stands for.
///
/// # Errors
/// The text is not in the notation.
pub(crate) fn parse(text: &'static str) -> Result<Vec<Argument>, SyntaxError> {
    match all_consuming(preceded(multispace0, many0(item))).parse(text) {
        Ok((_, arguments)) => Ok(arguments),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => {
            Err(SyntaxError { rest: error.input })
        }
        Err(nom::Err::Incomplete(_)) => unreachable!("the parsers are of the complete kind"),
    }
}

type Parsed<T> = IResult<&'static str, T>;

fn item(input: &'static str) -> Parsed<Argument> {
    alt((repeated_group, repeated_word)).parse(input)
}

fn repeated_group(input: &'static str) -> Parsed<Argument> {
    let (rest, (mut argument, repeated)) = (group, ellipsis).parse(input)?;
    argument.multiple |= repeated;
    argument.multiple_token |= repeated && argument.token.is_some();
    Ok((rest, argument))
}

fn repeated_word(input: &'static str) -> Parsed<Argument> {
    let (rest, (mut argument, repeated)) = (alt((announced, value)), ellipsis).parse(input)?;
    argument.multiple = repeated;
    Ok((rest, argument))
}

/// `[...]` or `<...>`, with or without a name.
fn group(input: &'static str) -> Parsed<Argument> {
    let name = opt(terminated(lower_word, char('=')));
    let optional = delimited(symbol("["), alternatives, symbol("]"));
    let required = delimited(symbol("<"), alternatives, symbol(">"));
    let brackets =
        alt((map(optional, |argument| Argument { optional: true, ..argument }), required));
    map((name, brackets), |(name, argument)| match name {
        Some(name) => Argument { name: name.into(), ..argument },
        None => argument,
    })
    .parse(input)
}

fn alternatives(input: &'static str) -> Parsed<Argument> {
    let sequence = map(many1(item), |items| joined(items, Kind::Block));
    map(separated_list1(symbol("|"), sequence), |all| joined(all, Kind::OneOf)).parse(input)
}

/// One argument as it is, several as one, which is called like the first.
fn joined(mut arguments: Vec<Argument>, kind: impl Fn(Vec<Argument>) -> Kind) -> Argument {
    match arguments.len() {
        1 => arguments.remove(0),
        _ => Argument::new(arguments[0].name.clone(), kind(arguments)),
    }
}

/// A word, with its value if one follows.
fn announced(input: &'static str) -> Parsed<Argument> {
    let announced_value = alt((map(group, Some), map(value, Some), success(None)));
    let required = verify(announced_value, |value: &Option<Argument>| {
        value.as_ref().is_none_or(|value| !value.optional)
    });
    let (rest, ((token, since), value)) = (token, alt((required, success(None)))).parse(input)?;
    let mut argument = value.unwrap_or_else(|| {
        let name = if token.is_empty() { "empty-string" } else { token };
        Argument::new(name.to_ascii_lowercase(), Kind::PureToken)
    });
    if let Kind::Block(_) = argument.kind {
        argument = Argument::new(token.to_ascii_lowercase(), argument.kind);
    }
    argument.token = Some(token);
    argument.since = since;
    Ok((rest, argument))
}

fn token(input: &'static str) -> Parsed<(&'static str, Option<&'static str>)> {
    let version = preceded(char('@'), take_while1(|c: char| c.is_ascii_digit() || c == '.'));
    let word = verify(word, |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase()));
    let sign =
        delimited(char('"'), take_while(|c: char| c.is_ascii_punctuation() && c != '"'), char('"'));
    terminated((alt((word, sign)), opt(version)), multispace0).parse(input)
}

fn value(input: &'static str) -> Parsed<Argument> {
    let kind = opt(preceded(char(':'), map_opt(word, |word| TYPES.iter().find(|&&it| it == word))));
    let (rest, (name, kind)) = terminated((lower_word, kind), multispace0).parse(input)?;
    let default = if name == "key" { "key" } else { "string" };
    Ok((rest, Argument::new(name.into(), Kind::Value(kind.copied().unwrap_or(default)))))
}

fn ellipsis(input: &'static str) -> Parsed<bool> {
    map(opt(symbol("...")), |dots| dots.is_some()).parse(input)
}

fn symbol(text: &'static str) -> impl Parser<&'static str, Output = &'static str, Error = Error> {
    terminated(tag(text), multispace0)
}

fn lower_word(input: &'static str) -> Parsed<&'static str> {
    verify(word, |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase())).parse(input)
}

fn word(input: &'static str) -> Parsed<&'static str> {
    take_while1(|c: char| c.is_ascii_alphanumeric() || c == '-').parse(input)
}

type Error = nom::error::Error<&'static str>;

const TYPES: &[&str] = &["integer", "double", "key", "pattern", "string", "unix-time"];

impl Argument {
    fn new(name: String, kind: Kind) -> Self {
        Self {
            display: name.clone(),
            name,
            kind,
            token: None,
            since: None,
            optional: false,
            multiple: false,
            multiple_token: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(name: &str) -> Argument {
        Argument::new(name.into(), Kind::Value("string"))
    }

    fn key() -> Argument {
        Argument::new("key".into(), Kind::Value("key"))
    }

    fn word(token: &'static str) -> Argument {
        let argument = Argument::new(token.to_ascii_lowercase(), Kind::PureToken);
        Argument { token: Some(token), ..argument }
    }

    fn group(name: &str, kind: Kind) -> Argument {
        Argument::new(name.into(), kind)
    }

    #[test]
    fn values_have_types() {
        let typed = |kind| Argument::new("n".into(), Kind::Value(kind));
        let kinds = ["integer", "double", "key", "pattern", "string", "unix-time"];
        assert_eq!(
            parse("n:integer n:double n:key n:pattern n:string n:unix-time"),
            Ok(kinds.map(typed).to_vec())
        );
        assert_eq!(parse("key name"), Ok(vec![key(), string("name")]));
        assert_eq!(parse(""), Ok(vec![]));
    }

    #[test]
    fn words_announce_what_follows_them_directly() {
        let announced = Argument { token: Some("MATCH"), ..string("what") };
        assert_eq!(parse("NOW MATCH what"), Ok(vec![word("NOW"), announced.clone()]));
        assert_eq!(
            parse("MATCH what [more]"),
            Ok(vec![announced, Argument { optional: true, ..string("more") }])
        );
        assert_eq!(
            parse("NOW [more]"),
            Ok(vec![word("NOW"), Argument { optional: true, ..string("more") }])
        );
        let block = group("auth2", Kind::Block(vec![string("username"), string("password")]));
        let block = Argument { token: Some("AUTH2"), since: Some("6.0.0"), ..block };
        assert_eq!(parse("AUTH2@6.0.0 <username password>"), Ok(vec![block]));
    }

    #[test]
    fn alternatives_group_and_take_names() {
        let empty = Argument { token: Some(""), ..group("empty-string", Kind::PureToken) };
        let one = group("key", Kind::OneOf(vec![key(), empty]));
        let one = Argument { name: "key-selector".into(), ..one };
        assert_eq!(parse("key-selector=<key | \"\">"), Ok(vec![one]));

        let two = group("key", Kind::Block(vec![key(), string("value")]));
        let optional = group("nx", Kind::OneOf(vec![word("NX"), two]));
        assert_eq!(parse("[NX | key value]"), Ok(vec![Argument { optional: true, ..optional }]));
    }

    #[test]
    fn dots_repeat_the_argument_and_after_brackets_its_word() {
        let keys = Argument { multiple: true, ..key() };
        assert_eq!(parse("key ..."), Ok(vec![keys.clone()]));
        let keys = Argument { token: Some("KEYS"), optional: true, ..keys };
        assert_eq!(parse("[KEYS key ...]"), Ok(vec![keys.clone()]));
        let repeated = Argument { multiple_token: true, ..keys };
        assert_eq!(parse("[KEYS key] ..."), Ok(vec![repeated]));
        let pairs = group("key", Kind::Block(vec![key(), string("value")]));
        assert_eq!(parse("<key value> ..."), Ok(vec![Argument { multiple: true, ..pairs }]));
    }

    #[test]
    fn what_is_no_notation_is_refused() {
        for text in ["[key", "key]", "<>", "[]", "a | b", "a:number", "...", "=<a>", "[a |]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
