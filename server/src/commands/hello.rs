//! `HELLO [2 | 3 [AUTH username password] [SETNAME name]]`

use resp::{Protocol, Request};

use super::command::{Command, Docs, Keys};
use super::number::integer;
use super::{CommandError, Context, Reply, auth, client, is_name};
use crate::REDIS_VERSION;

pub(super) static HELLO: Command = Command {
    name: "hello",
    arity: -1,
    flags: auth::AUTH.flags,
    keys: Keys::None,
    categories: &["connection"],
    tips: &[],
    run: Some(hello),
    docs: Docs {
        summary: "Agrees on the protocol and tells about the server",
        since: "6.0.0",
        group: "connection",
        complexity: "O(1)",
        syntax: "arguments=[protover:integer auth=[AUTH <username password>] \
                 [SETNAME clientname]]",
    },
    subcommands: &[],
};

fn hello(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let mut protocol = ctx.protocol();
    if let Some(version) = request.get(1) {
        let version = integer(version)
            .map_err(|_| CommandError::err("Protocol version is not an integer or out of range"))?;
        protocol = match version {
            2 => Protocol::Resp2,
            3 => Protocol::Resp3,
            _ => return Err(CommandError::Line(b"NOPROTO unsupported protocol version".to_vec())),
        };
    }
    let options = Options::parse(request)?;
    if let Some((username, password)) = options.login {
        auth::log_in(ctx, username, password)?;
    }
    if ctx.needs_login() {
        return Err(CommandError::Line(
            b"NOAUTH HELLO must be called with the client already authenticated, otherwise the \
              HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
              select the RESP protocol version at the same time"
                .to_vec(),
        ));
    }
    if let Some(name) = options.name {
        ctx.client().name = name;
    }
    ctx.client().protocol = protocol;
    let id = ctx.client().id;
    Ok(Reply::Map(vec![
        (Reply::text("server"), Reply::text("redis")),
        (Reply::text("version"), Reply::text(REDIS_VERSION)),
        (Reply::text("proto"), Reply::Integer(protocol.version().into())),
        (Reply::text("id"), Reply::Integer(id as i64)),
        (Reply::text("mode"), Reply::text("standalone")),
        (Reply::text("role"), Reply::text("master")),
        (Reply::text("modules"), Reply::Array(Vec::new())),
    ]))
}

#[derive(Default)]
struct Options<'a> {
    login: Option<(&'a [u8], &'a [u8])>,
    name: Option<bytes::Bytes>,
}

impl<'a> Options<'a> {
    fn parse(request: &'a Request) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut rest = request.iter().skip(2);
        while let Some(word) = rest.next() {
            match (word, rest.len()) {
                (word, 2..) if is_name("AUTH", word) => {
                    options.login = rest.next().zip(rest.next())
                }
                (word, 1..) if is_name("SETNAME", word) => {
                    options.name = rest.next().map(client::connection_name).transpose()?;
                }
                _ => return Err(client::quoting("Syntax error in HELLO option", word)),
            }
        }
        Ok(options)
    }
}
