//! `CLIENT KILL address` and `CLIENT KILL [ID id] [ADDR address] [LADDR address] [TYPE type]
//! [USER username] [SKIPME YES|NO] ...`

use resp::Request;

use super::auth::DEFAULT_USER;
use super::client::{ClientType, client_type, quoting};
use super::number::integer;
use super::{CommandError, Context, Reply, is_name};
use crate::client::Client;

/// Ends what connections the filter lets through. A migration that one of them waits for goes on.
pub(super) fn kill(ctx: &mut Context<'_>, request: &Request) -> Result<Reply, CommandError> {
    let caller = ctx.slot;
    let old_form = request.len() == 3;
    let filter =
        if old_form { Filter::of_address(request.arg(2)) } else { Filter::parse(request)? };
    let mut count = 0;
    for (slot, client) in &mut ctx.state.clients {
        let spared = filter.skip_caller && slot == caller;
        if spared || !filter.lets_through(client) {
            continue;
        }
        count += 1;
        client.closing = true;
        // No key is for it any more.
        ctx.state.blocked.remove(client.id);
        // The caller still gets its answer.
        if slot != caller {
            ctx.state.killed.push((slot, client.id));
        }
    }
    match count {
        0 if old_form => Err(CommandError::err("No such client")),
        _ if old_form => Ok(Reply::OK),
        count => Ok(Reply::Integer(count)),
    }
}

#[derive(Default)]
struct Filter<'a> {
    id: Option<u64>,
    address: Option<&'a [u8]>,
    local_address: Option<&'a [u8]>,
    skip_caller: bool,
    class: Option<ClientType>,
}

impl<'a> Filter<'a> {
    fn of_address(address: &'a [u8]) -> Self {
        Self { address: Some(address), ..Self::default() }
    }

    fn parse(request: &'a Request) -> Result<Self, CommandError> {
        let mut filter = Self { skip_caller: true, ..Self::default() };
        let mut rest = request.iter().skip(2);
        while let Some(option) = rest.next() {
            let value = rest.next().ok_or(CommandError::Syntax)?;
            if is_name("ID", option) {
                let id = integer(value).ok().and_then(|id| u64::try_from(id).ok());
                let id = id.filter(|id| *id > 0);
                filter.id = Some(
                    id.ok_or_else(|| CommandError::err("client-id should be greater than 0"))?,
                );
            } else if is_name("TYPE", option) {
                filter.class = Some(client_type(value)?);
            } else if is_name("ADDR", option) {
                filter.address = Some(value);
            } else if is_name("LADDR", option) {
                filter.local_address = Some(value);
            } else if is_name("USER", option) {
                if value != DEFAULT_USER {
                    return Err(quoting("No such user", value));
                }
            } else if is_name("SKIPME", option) {
                filter.skip_caller = match value {
                    value if is_name("YES", value) => true,
                    value if is_name("NO", value) => false,
                    _ => return Err(CommandError::Syntax),
                };
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(filter)
    }

    fn lets_through(&self, client: &Client) -> bool {
        let is =
            |address: std::net::SocketAddr, text: &[u8]| address.to_string().as_bytes() == text;
        self.class.is_none_or(|class| class.is_of(client))
            && self.id.is_none_or(|id| client.id == id)
            && self.address.is_none_or(|address| is(client.address, address))
            && self.local_address.is_none_or(|address| is(client.local_address, address))
    }
}
