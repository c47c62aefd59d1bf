//! `GET key` and `GETDEL key`

use resp::Request;

use super::command::{Command, Docs, KeySpec, Keys, flags, usage};
use super::{CommandError, Context, Reply};

pub(super) static GET: Command = Command {
    name: "get",
    arity: 2,
    flags: flags::READONLY | flags::FAST,
    keys: Keys::FIRST,
    categories: &["string"],
    tips: &[],
    run: Some(get),
    docs: Docs {
        summary: "Returns the string value of a key",
        since: "1.0.0",
        group: "string",
        complexity: "O(1)",
        syntax: "key",
    },
    subcommands: &[],
};

pub(super) static GETDEL: Command = Command {
    name: "getdel",
    flags: flags::WRITE | flags::FAST,
    keys: Keys::Specs(&[KeySpec::at(1).used(usage::RW | usage::ACCESS | usage::DELETE)]),
    run: Some(getdel),
    docs: Docs {
        summary: "Returns the string value of a key and deletes the key",
        since: "6.2.0",
        ..GET.docs
    },
    ..GET
};

fn get(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    ctx.answer_string(request.arg(1))
}

fn getdel(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let key = request.arg(1);
    let reply = ctx.answer_string(key)?;
    ctx.remove(key);
    Ok(reply)
}
