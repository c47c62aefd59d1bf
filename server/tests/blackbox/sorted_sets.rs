//! The commands of sorted sets.

use super::lines::agree;
use crate::support::Peer;

#[test]
fn members_are_added_asked_for_and_removed_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        ZADD z 1 a 2 b 3 c
        ZADD z 2 a 2 b
        ZADD z CH 5 a 2 b 7 d
        ZADD z NX 1 a 1 e
        ZADD z XX 4 a 1 none
        ZADD z XX CH 3 a
        ZADD z GT CH 1 a 9 b
        ZADD z LT CH 1 a 10 b
        ZADD z INCR 2 a
        ZADD z NX INCR 2 a
        ZADD z XX INCR 2 none
        ZADD none XX 1 a
        ZADD none XX INCR 1 a
        ZADD z GT INCR -1 a
        ZADD z nx gt 1 a
        ZADD z nx xx 1 a
        ZADD z gt lt 1 a
        ZADD z incr 1 a 2 b
        ZADD z 1 a b
        ZADD z ch incr
        ZADD z nx x a
        ZADD z 1 a x b
        ZINCRBY z 2 a
        ZINCRBY z 2 new
        ZINCRBY z x a
        ZINCRBY z nx a
        ZINCRBY none 3 a
        ZADD z inf i
        ZINCRBY z -inf i
        ZADD z INCR -inf i
        ZSCORE z i
        ZSCORE z none
        ZSCORE nokey a
        ZMSCORE z a none i
        ZMSCORE nokey a b
        ZCARD z
        ZCARD nokey
        ZREM z a none a
        ZREM nokey a
        ZRANGE z 0 -1
        ZREM z b c d e i new
        EXISTS z
        ",
    );
}

#[test]
fn scores_are_read_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        ZADD z 0x10 a 0x.8 b 0X1P-3 c -0x10 d
        ZADD z 1. e .5 f +2 g -.25 h
        ZADD z infinity i -INF j +inf k
        ZADD z 1e x
        ZADD z 0x x
        ZADD z nan x
        ZADD z 1e400 x
        ZADD z -1e400 x
        ZADD z 1e-400 x
        ZADD z 1_0 x
        ZADD z '' x
        ZADD z 1x x
        ZADD z 1 y
        ZRANGE z 0 -1 WITHSCORES
        ZCOUNT z 0x1 0x10
        ZCOUNT z (0x1 +inf
        ZCOUNT z '' 1e400
        ZCOUNT z ( 5
        ZCOUNT z nan 5
        ZCOUNT z 1 x
        ZCOUNT z ((1 5
        ",
    );
}

/// Up to where integers end, and where an exponent begins.
#[test]
fn scores_are_printed_as_by_redis_8_2() {
    let numbers = "0 -0 0.1 -0.1 1e5 1e17 1e18 5e18 -5e18 1e19 1e21 1e22 1.5e-7 1e-5 1e-6 1e-7 \
                   0.00123456789 0.000123456789 123456.789 123456789012345678 \
                   9223372036854775808 5e-324 1.7976931348623157e308 4611686018427387904 \
                   4611686018427388928 -4611686018427387904 1234567890123456700000 inf -inf \
                   0.30000000000000004 2.2250738585072014e-308 1.0000000000000002";
    let mut lines = String::new();
    for number in numbers.split_whitespace() {
        // A short name is packed, a long one is not.
        for name in ["a", "a*70"] {
            lines.push_str(&format!("ZADD {name} {number} {name}\n"));
            lines.push_str(&format!("ZSCORE {name} {name}\n"));
            lines.push_str(&format!("ZINCRBY {name} 1 {name}\n"));
            lines.push_str(&format!("ZRANK {name} {name} WITHSCORE\n"));
            lines.push_str(&format!("DEL {name}\n"));
        }
    }
    agree(Peer::Redis82, &lines);
}

#[test]
fn ranges_are_those_of_redis_7_0() {
    let mut lines = String::from(
        "
        ZADD z 1 a 1 b 2 c 3 d 3 e 4 f
        ZADD n 0 a 0 b 0 c 0 d 0 dd 0 e
        ",
    );
    // The same ranges of large ones.
    for number in 0..150 {
        lines.push_str(&format!("ZADD Z {} m{number}\n", number / 3));
        lines.push_str(&format!("ZADD N 0 {}\n", "abcdef"[number % 6..].repeat(number / 6 + 1)));
    }
    for (z, n) in [("z", "n"), ("Z", "N"), ("nokey", "nokey")] {
        lines.push_str(
            &"
            ZRANGE z 0 -1 WITHSCORES
            ZRANGE z 1 3
            ZRANGE z -2 -1 REV WITHSCORES
            ZRANGE z 3 1
            ZRANGE z (1 3 BYSCORE
            ZRANGE z 1 (3 BYSCORE WITHSCORES
            ZRANGE z 3 1 BYSCORE REV
            ZRANGE z 1 3 BYSCORE REV
            ZRANGE z -inf +inf BYSCORE LIMIT 1 2
            ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2
            ZRANGE z -inf +inf BYSCORE LIMIT 1 -1
            ZRANGE z -inf +inf BYSCORE LIMIT -1 2
            ZRANGE z -inf +inf BYSCORE LIMIT 0 0
            ZRANGE z -inf +inf BYSCORE LIMIT 100 2
            ZREVRANGE z 0 1 WITHSCORES
            ZREVRANGE z 0 1 REV
            ZRANGEBYSCORE z 1 2 WITHSCORES LIMIT 1 1
            ZREVRANGEBYSCORE z 3 (1 LIMIT 0 2 WITHSCORES
            ZRANGEBYSCORE z 1 2 REV
            ZRANGE z 0 -1 BYSCORE BYLEX
            ZRANGE z 0 -1 LIMIT 0 1
            ZRANGE z 0 -1 LIMIT 0 -1
            ZRANGE z 0 1 BYSCORE LIMIT 0
            ZRANGE z 0 1 BYSCORE LIMIT 0 x
            ZRANGE z a b
            ZRANGE z a b BYSCORE
            ZRANGE z a b BYLEX
            ZRANGE z - + BYLEX WITHSCORES
            ZCOUNT z 1 3
            ZCOUNT z (1 (3
            ZCOUNT z 3 1
            ZCOUNT z -inf +inf
            ZRANGE n - + BYLEX
            ZRANGE n + - BYLEX REV
            ZRANGE n + - BYLEX
            ZRANGE n [b (d BYLEX
            ZRANGE n (b [d BYLEX LIMIT 1 5
            ZRANGE n [d (b BYLEX REV
            ZRANGEBYLEX n [b [dz LIMIT 0 3
            ZREVRANGEBYLEX n [dz [b
            ZRANGEBYLEX n b d
            ZRANGEBYLEX n -x +
            ZLEXCOUNT n - +
            ZLEXCOUNT n [b (d
            ZLEXCOUNT n (d [b
            ZLEXCOUNT n b d
            ZRANGESTORE to z 1 3
            ZRANGE to 0 -1 WITHSCORES
            ZRANGESTORE to z 3 1 BYSCORE REV LIMIT 0 2
            ZRANGE to 0 -1 WITHSCORES
            ZRANGESTORE to n [b [d BYLEX
            ZRANGE to 0 -1 WITHSCORES
            ZRANGESTORE to z 5 1
            EXISTS to
            ZRANGESTORE to z 0 -1 WITHSCORES
            ZRANK z c
            ZREVRANK z c
            ZRANK z m77
            ZREVRANK z m77
            ZREMRANGEBYRANK z 0 0
            ZREMRANGEBYRANK z -1 -1
            ZREMRANGEBYRANK z 5 1
            ZREMRANGEBYRANK z x 1
            ZREMRANGEBYSCORE z 2 (3
            ZREMRANGEBYSCORE z x 3
            ZREMRANGEBYLEX n [b (d
            ZREMRANGEBYLEX n b d
            ZRANGE z 0 -1 WITHSCORES
            ZRANGE n 0 -1
            ZREMRANGEBYSCORE z -inf +inf
            ZREMRANGEBYLEX n - +
            EXISTS z n
            "
            .replace(" z ", &format!(" {z} "))
            .replace(" n ", &format!(" {n} ")),
        );
    }
    agree(Peer::Redis70, &lines);
}

#[test]
fn members_are_popped_and_drawn_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        ZPOPMIN z
        ZPOPMAX z
        ZPOPMIN z 2
        ZPOPMAX z 0
        ZPOPMIN z -1
        ZPOPMIN z x
        ZPOPMIN z 1 2
        ZPOPMIN nokey
        ZPOPMIN nokey 0
        ZMPOP 2 nokey z MIN
        ZMPOP 1 z max COUNT 10
        ZMPOP 1 z MIN
        ZMPOP 0 z MIN
        ZMPOP 2 z MIN
        ZMPOP 1 z UP
        ZMPOP 1 z MIN COUNT 0
        ZMPOP 1 z MIN COUNT 1 COUNT 1
        ZADD z 1 a
        ZRANDMEMBER z
        ZRANDMEMBER z 5
        ZRANDMEMBER z -3
        ZRANDMEMBER z -2 WITHSCORES
        ZRANDMEMBER z 0
        ZRANDMEMBER z x
        ZRANDMEMBER z 1 NOPE
        ZRANDMEMBER z 1 WITHSCORES x
        ZRANDMEMBER z -9223372036854775808
        ZRANDMEMBER z -4611686018427387905 WITHSCORES
        ZRANDMEMBER nokey
        ZRANDMEMBER nokey 1
        ZSCAN z 0
        ZSCAN z 0 MATCH b* COUNT 5
        ZSCAN z 0 MATCH a
        ZSCAN z 0 COUNT 0
        ZSCAN z x
        ZSCAN z 0 NOVALUES
        ZSCAN nokey 0 NOPE
        ",
    );
}

#[test]
fn sorted_sets_are_combined_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        ZADD a 1 x 2 y 3 z
        ZADD b 10 y 20 z 30 w
        ZADD i inf x -inf y
        ZADD j -inf x inf y 1 z
        SADD s x w 5
        SET string 1
        ZUNION 2 a b WITHSCORES
        ZUNION 3 a b s WITHSCORES
        ZUNION 2 a b WEIGHTS 2 0.5 WITHSCORES
        ZUNION 2 a b AGGREGATE MIN WITHSCORES
        ZUNION 2 a b AGGREGATE max WITHSCORES WEIGHTS -1 1
        ZUNION 2 i j WITHSCORES
        ZUNION 1 i WEIGHTS 0 WITHSCORES
        ZINTER 2 a b
        ZINTER 2 a b WITHSCORES WEIGHTS 3 -1
        ZINTER 2 i j WITHSCORES
        ZINTER 2 i j WITHSCORES AGGREGATE MIN WEIGHTS 0 1
        ZINTER 3 a a s WITHSCORES
        ZINTER 2 a nokey
        ZDIFF 2 a b WITHSCORES
        ZDIFF 2 a nokey WITHSCORES
        ZDIFF 2 nokey a
        ZDIFF 2 s a
        ZDIFF 1 a WEIGHTS 1
        ZUNIONSTORE to 2 a b
        ZRANGE to 0 -1 WITHSCORES
        ZINTERSTORE to 2 a b AGGREGATE MAX
        ZRANGE to 0 -1 WITHSCORES
        ZDIFFSTORE to 2 a b
        ZRANGE to 0 -1 WITHSCORES
        ZDIFFSTORE to 2 a a
        EXISTS to
        ZUNIONSTORE string 2 a b WEIGHTS 1 2
        TYPE string
        ZUNIONSTORE a 2 a a
        ZRANGE a 0 -1 WITHSCORES
        ZINTERCARD 2 a b
        ZINTERCARD 2 a b LIMIT 1
        ZINTERCARD 2 a b LIMIT 0
        ZINTERCARD 2 a b LIMIT -1
        ZINTERCARD 2 a b LIMIT
        ZINTERCARD 0 a
        ZINTERCARD x a
        ZINTERCARD 2 a nokey
        SET string 1
        ZUNION 2 a string
        ZUNIONSTORE to 1 string
        ZUNION 0 a
        ZUNION x a
        ZUNION 3 a b
        ZUNION 1 a NOPE
        ZUNION 1 a WEIGHTS
        ZUNION 1 a WEIGHTS x
        ZUNION 1 a WEIGHTS nan
        ZUNION 1 a WEIGHTS 1 2
        ZUNION 1 a AGGREGATE
        ZUNION 1 a AGGREGATE AVG
        ZUNIONSTORE to 0 a
        ZUNIONSTORE to 1 a WITHSCORES
        ZDIFFSTORE to 1 a AGGREGATE SUM
        ",
    );
}

#[test]
fn other_types_are_refused_as_by_redis_7_0() {
    agree(
        Peer::Redis70,
        "
        SET s x
        ZADD s 1 a
        ZADD s x a
        ZADD s XX 1 a
        ZINCRBY s 1 a
        ZREM s a
        ZSCORE s a
        ZMSCORE s a
        ZCARD s
        ZCOUNT s 1 2
        ZCOUNT s x 2
        ZLEXCOUNT s - +
        ZRANK s a
        ZREVRANK s a
        ZRANGE s 0 1
        ZRANGE s x 1
        ZRANGEBYSCORE s 0 1
        ZRANGEBYLEX s - +
        ZRANGESTORE to s 0 1
        ZREMRANGEBYRANK s 0 1
        ZREMRANGEBYSCORE s 0 1
        ZREMRANGEBYLEX s - +
        ZPOPMIN s
        ZPOPMAX s 0
        ZMPOP 2 s none MIN
        ZRANDMEMBER s
        ZRANDMEMBER s 0
        ZSCAN s 0
        ZADD z 1
        ZSCORE z
        ZRANK z
        ZRANGE z 0
        ZUNION 1
        ZPOPMIN
        ",
    );
}

#[test]
fn ranks_with_scores_are_those_of_redis_8_2() {
    agree(
        Peer::Redis82,
        "
        ZADD z 1 a 2.5 b 3 c
        ZRANK z b WITHSCORE
        ZREVRANK z b withscore
        ZRANK z none WITHSCORE
        ZRANK nokey b WITHSCORE
        ZRANK z b NOPE
        ZRANK z b WITHSCORE x
        ZREVRANK z b WITHSCORE x
        ",
    );
}

#[test]
fn encodings_are_those_of_redis_8_2() {
    let pairs = |range: std::ops::Range<u32>| {
        range.map(|number| format!(" {number} m{number}")).collect::<String>()
    };
    let lines = format!(
        "
        ZADD small{}
        OBJECT ENCODING small
        ZADD small 0 m0
        OBJECT ENCODING small
        ZADD small XX 5 none
        OBJECT ENCODING small
        ZADD small 0 m128
        OBJECT ENCODING small
        ZREM small m128 m0 m1
        OBJECT ENCODING small
        ZADD same{}
        OBJECT ENCODING same
        ZADD long 1 x*64
        OBJECT ENCODING long
        ZADD long 1 x*65
        OBJECT ENCODING long
        ZADD mixed 1 a 2 x*65
        OBJECT ENCODING mixed
        ZADD first 1 x*65
        OBJECT ENCODING first
        ZADD near{}
        ZADD near 1 m1 2 m2
        OBJECT ENCODING near
        ZINCRBY inc 1 x*65
        OBJECT ENCODING inc
        ZUNIONSTORE to 1 small
        OBJECT ENCODING to
        ZUNIONSTORE to 2 long near
        OBJECT ENCODING to
        ZUNIONSTORE to 2 small near
        OBJECT ENCODING to
        ZRANGESTORE to same 0 -1
        OBJECT ENCODING to
        ZRANGESTORE to small 0 5
        OBJECT ENCODING to
        ZRANGESTORE to long -inf +inf BYSCORE
        OBJECT ENCODING to
        ZDIFFSTORE to 2 small near
        OBJECT ENCODING to
        ",
        pairs(0..128),
        " 1 a".repeat(200),
        pairs(0..127),
    );
    agree(Peer::Redis82, &lines);
}
