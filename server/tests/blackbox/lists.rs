//! The commands of lists.

use super::lines::agree;
use crate::support::{Client, Peer, Reply, Server};

#[test]
fn elements_are_pushed_and_popped_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        LPUSHX l a
        RPUSHX l a
        RPUSH l a b c
        LPUSH l d e
        LRANGE l 0 -1
        LPUSHX l 1 2
        RPUSHX l 3
        LLEN l
        LLEN none
        LRANGE l -100 100
        LRANGE l 2 1
        LRANGE l -2 -1
        LRANGE l x 1
        LRANGE none 0 -1
        LINDEX l 0
        LINDEX l -1
        LINDEX l 8
        LINDEX l -9
        LINDEX l x
        LINDEX none x
        LPOP l
        RPOP l
        LPOP l 2
        RPOP l 2
        LPOP l 0
        LPOP l -1
        LPOP l x
        LPOP l 1 2
        LPOP l 100
        LPOP l
        LPOP l 0
        RPOP l 1
        EXISTS l
        ",
    );
}

#[test]
fn elements_are_inserted_replaced_and_removed_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        RPUSH l a b a c a
        LINSERT l BEFORE a x
        LINSERT l after a y
        LINSERT l before none y
        LINSERT none before a y
        LINSERT l beside a y
        LRANGE l 0 -1
        LSET l 0 first
        LSET l -1 last
        LSET l 7 x
        LSET l -8 x
        LSET l x x
        LSET none 0 x
        LSET none x x
        LRANGE l 0 -1
        LREM l 0 none
        LREM l 1 a
        LREM l -1 a
        LREM l x a
        LREM none x a
        LREM none 0 a
        LRANGE l 0 -1
        RPUSH l 1 1 1 1 1
        LREM l -2 1
        LREM l 2 1
        LRANGE l 0 -1
        LTRIM l 1 -2
        LRANGE l 0 -1
        LTRIM l x 1
        LTRIM none 0 1
        LTRIM l 5 1
        EXISTS l
        ",
    );
}

#[test]
fn positions_are_told_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        RPUSH l a b c 1 2 3 c c
        LPOS l c
        LPOS l 1
        LPOS l none
        LPOS l none COUNT 0
        LPOS l c RANK 2
        LPOS l c RANK -1
        LPOS l c RANK -2 COUNT 0
        LPOS l c COUNT 2
        LPOS l c COUNT 0
        LPOS l c COUNT 0 MAXLEN 1
        LPOS l c COUNT 0 MAXLEN 3
        LPOS l c RANK -1 COUNT 0 MAXLEN 2
        LPOS l c MAXLEN 0
        LPOS l c RANK 4
        LPOS l c RANK 0
        LPOS l c RANK x
        LPOS l c COUNT -1
        LPOS l c MAXLEN -1
        LPOS l c NOPE 1
        LPOS l c RANK
        LPOS none c
        LPOS none c COUNT 1
        LPOS none c RANK 0
        ",
    );
}

#[test]
fn elements_are_moved_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        RPUSH a 1 2 3
        LMOVE a b LEFT RIGHT
        LMOVE a b RIGHT LEFT
        LRANGE b 0 -1
        LMOVE a a LEFT RIGHT
        LMOVE a b left left
        EXISTS a
        RPOPLPUSH b b
        LRANGE b 0 -1
        RPOPLPUSH b c
        RPOPLPUSH none c
        LMOVE none c LEFT UP
        SET s x
        RPOPLPUSH none s
        RPOPLPUSH b s
        RPOPLPUSH s b
        LRANGE b 0 -1
        LMPOP 2 none b LEFT
        LMPOP 2 none b RIGHT COUNT 5
        LMPOP 1 c left count 1 count 1
        LMPOP 1 c LEFT COUNT 0
        LMPOP 1 c LEFT COUNT
        LMPOP 0 c LEFT
        LMPOP x c LEFT
        LMPOP 2 c LEFT
        LMPOP 1 c UP
        LMPOP 9223372036854775807 c LEFT
        LMPOP 2 s c LEFT
        LMPOP 1 c LEFT
        LMPOP 1 c LEFT
        ",
    );
}

#[test]
fn other_types_are_refused_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SET s x
        LPUSH s a
        RPUSHX s a
        LPOP s
        LPOP s x
        LLEN s
        LINDEX s 0
        LINDEX s x
        LINSERT s BEFORE a b
        LINSERT s NOPE a b
        LRANGE s 0 1
        LRANGE s x 1
        LREM s 0 a
        LSET s 0 a
        LSET s x a
        LTRIM s 0 1
        LPOS s a
        LPOS s a RANK 0
        LMOVE s l LEFT LEFT
        LMPOP 1 s LEFT
        LPUSH l
        LPOP
        LINSERT l BEFORE a
        LMOVE l l LEFT
        ",
    );
}

/// The commands that Redis 7.0 answers in another way.
#[test]
fn counts_without_an_opposite_are_refused_as_by_redis_8_2() {
    agree(
        Peer::Redis82,
        "
        RPUSH l a b a
        LREM l -9223372036854775808 a
        LREM l -9223372036854775807 a
        RPUSH l a b a
        LPOS l a RANK -9223372036854775808
        LPOS l a RANK -9223372036854775807
        ",
    );
}

/// Pseudorandom numbers below a limit.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

/// Redis 8.2 splits and merges nodes as 7.2 does, and shows in the end whether one is left.
#[test]
fn encodings_change_when_those_of_redis_8_2_do() {
    for (seed, limit) in [(1, "-2"), (2, "-1"), (3, "8"), (4, "1"), (5, "128"), (6, "0")] {
        let arguments = ["--list-max-listpack-size", limit];
        let Some(peer) = Server::peer(Peer::Redis82, &arguments) else { return };
        let keyferry = Server::keyferry(&arguments);
        let (mut ours, mut theirs) = (keyferry.client(), peer.client());
        let mut numbers = Numbers(seed);
        for step in 0..4_000 {
            let command = list_command(&mut numbers);
            let expected = run(&mut theirs, &command);
            let got = run(&mut ours, &command);
            let shown: Vec<_> = command
                .iter()
                .map(|it| it[..it.len().min(20)].escape_ascii().to_string())
                .collect();
            assert_eq!(got, expected, "limit {limit}, step {step}: {shown:?}");
            if step % 50 == 0
                && let Reply::Bulk(payload) = theirs.cmd(&["DUMP", "list"])
            {
                let encoding = |client: &mut Client| {
                    let restore = [&b"RESTORE"[..], b"copy", b"0", &payload, b"REPLACE"];
                    assert_eq!(client.cmd(&restore), Reply::ok());
                    client.cmd(&["OBJECT", "ENCODING", "copy"])
                };
                assert_eq!(encoding(&mut ours), encoding(&mut theirs), "limit {limit}, {step}");
            }
        }
    }
}

fn list_command(numbers: &mut Numbers) -> Vec<Vec<u8>> {
    let number = |numbers: &mut Numbers| (numbers.below(40) as i64 - 20).to_string().into_bytes();
    let element = |numbers: &mut Numbers| match numbers.below(12) {
        0 => vec![b'a' + numbers.below(3) as u8; numbers.below(5_000)],
        1 => vec![b'a' + numbers.below(3) as u8; 8_000 + numbers.below(300)],
        2..=5 => vec![b'a' + numbers.below(3) as u8; numbers.below(300)],
        _ => number(numbers),
    };
    let name: &[u8] = match numbers.below(16) {
        0..=3 => b"RPUSH",
        4..=5 => b"LPUSH",
        6..=8 => b"LINSERT",
        9 | 10 => b"LSET",
        11 => b"LREM",
        12 => b"LPOP",
        13 => b"RPOP",
        14 => b"LTRIM",
        _ => b"LMOVE",
    };
    let mut command = vec![name.to_vec(), b"list".to_vec()];
    match name {
        b"RPUSH" | b"LPUSH" => {
            let count =
                1 + if numbers.below(10) == 0 { numbers.below(100) } else { numbers.below(4) };
            command.extend((0..count).map(|_| element(numbers)));
        }
        b"LINSERT" => {
            let side: &[u8] = if numbers.below(2) == 0 { b"BEFORE" } else { b"AFTER" };
            command.extend([side.to_vec(), number(numbers), element(numbers)]);
        }
        b"LSET" => command.extend([number(numbers), element(numbers)]),
        b"LREM" => command.extend([number(numbers), number(numbers)]),
        b"LPOP" | b"RPOP" => {
            let count = if numbers.below(20) == 0 { 1_000 } else { numbers.below(8) };
            command.push(count.to_string().into_bytes());
        }
        b"LTRIM" => {
            let (start, stop) = (numbers.below(3), numbers.below(60));
            let start = if numbers.below(10) == 0 { start + 20 } else { start };
            command.extend([start.to_string().into_bytes(), format!("-{}", stop + 1).into_bytes()]);
            if numbers.below(3) > 0 {
                command[3] = b"-1".to_vec();
            }
        }
        _ => command.extend([b"list".to_vec(), b"LEFT".to_vec(), b"RIGHT".to_vec()]),
    }
    command
}

/// The reply to a command, and what the list is afterwards.
fn run(client: &mut Client, command: &[Vec<u8>]) -> [Reply; 3] {
    [
        client.cmd(command),
        client.cmd(&["OBJECT", "ENCODING", "list"]),
        client.cmd(&["LLEN", "list"]),
    ]
}
