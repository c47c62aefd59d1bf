//! What the black-box tests are made of: processes of keyferry and of real servers, a client that
//! shows replies to the byte, targets that misbehave on purpose, and the question that every test
//! of a migration ends with: where is the key now?

mod certificates;
mod client;
mod dice;
mod fake;
mod golden;
mod pair;
mod place;
mod proxy;
mod server;
mod shorten;
mod wait;

pub(crate) use certificates::{Authority, Certified};
pub(crate) use client::{Client, Reply};
pub(crate) use dice::{Dice, chosen_or_random};
pub(crate) use fake::{Answer, Early, FakeTarget, Request, bulk};
pub(crate) use golden::{decoded, golden};
pub(crate) use pair::Pair;
pub(crate) use place::{Where, assert_at, assert_reply_is_true, migrate};
pub(crate) use proxy::{Cut, Proxy, Then};
pub(crate) use server::{Kind, Peer, Server, end_within, free_port, keyferry_command, tool};
pub(crate) use shorten::shorten;
pub(crate) use wait::wait_until;
