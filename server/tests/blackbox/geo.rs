//! Places: what the random comparison with a reference does not reach.

use crate::script::assert_alike;
use crate::support::{Dice, Peer, Reply, Server, chosen_or_random};

/// Thousands of places, all over the map and in one town, searched in areas of every size: the same
/// members in the same order, at the same distances.
#[test]
fn searches_find_what_those_of_redis_find() {
    let Some(peer) = Server::peer(Peer::Redis70, &[]) else { return };
    let keyferry = Server::keyferry(&[]);
    let (mut ours, mut theirs) = (keyferry.client(), peer.client());
    let (seed, _) = chosen_or_random(1);
    let dice = &mut Dice::new(seed);
    let mut same = |args: &[String]| {
        let (ours, theirs) = (ours.cmd(args), theirs.cmd(args));
        assert_eq!(ours, theirs, "KEYFERRY_SEED={seed}, {:?}", &args[..args.len().min(12)]);
    };
    let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
    let place = |dice: &mut Dice| {
        let mut fraction = || dice.roll() as f64 / u64::MAX as f64 - 0.5;
        let (east, north) = (fraction(), fraction());
        match dice.below(4) {
            0 => (13.4 + east / 2.0, 52.5 + north / 3.0),
            // Near to where one end of the map meets the other, and to a pole.
            1 => (if east < 0.0 { -179.5 + east } else { 179.5 + east }, north * 170.1),
            2 => (east * 360.0, 84.0 + north * 2.0),
            _ => (east * 360.0, north * 170.1),
        }
    };
    for first in 0..20 {
        let mut add = words("GEOADD geo");
        for nth in 0..200 {
            let (longitude, latitude) = place(dice);
            add.extend([longitude.to_string(), latitude.to_string(), format!("{first}:{nth}")]);
        }
        same(&add);
    }
    for _ in 0..400 {
        let (longitude, latitude) = place(dice);
        let size = 10_f64.powf(1.0 + dice.below(650) as f64 / 100.0).round();
        let other = size * [0.01, 0.5, 1.0, 3.0][dice.below(4)];
        let area = if dice.once_in(2) {
            format!("BYRADIUS {size} m")
        } else {
            format!("BYBOX {size} {other} m")
        };
        let options = ["", " ASC", " DESC", " COUNT 5", " COUNT 3 ANY", " COUNT 30 DESC"];
        let options = dice.pick(&options);
        let from = format!("FROMLONLAT {longitude} {latitude} {area}{options}");
        same(&words(&format!("GEOSEARCH geo {from} WITHDIST WITHCOORD WITHHASH")));
        same(&words(&format!("GEOSEARCHSTORE found geo {from}")));
        same(&words("ZRANGE found 0 -1 WITHSCORES"));
    }
}

/// The distances are those of Redis 7.0.15 but for the last digits: another C library may have other
/// functions that they are made of.
#[test]
fn distances_are_stored_in_the_unit_of_the_area() {
    let keyferry = Server::keyferry(&[]);
    let mut client = keyferry.client();
    let add = "GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania";
    client.cmd(&add.split(' ').collect::<Vec<_>>());
    let mut stored = |command: &str| -> Vec<f64> {
        assert_eq!(client.cmd(&command.split(' ').collect::<Vec<_>>()), Reply::Integer(2));
        assert_eq!(
            client.cmd(&["ZRANGE", "to", "0", "-1"]).into_array()[0],
            Reply::bulk("Palermo")
        );
        let score = |name| client.cmd(&["ZSCORE", "to", name]).into_bulk();
        let scores = ["Palermo", "Catania"].map(score).map(String::from_utf8);
        scores.map(|text| text.expect("text").parse().expect("a number")).into()
    };
    for command in [
        "GEOSEARCHSTORE to geo FROMMEMBER Palermo BYRADIUS 200 km STOREDIST",
        "GEORADIUSBYMEMBER geo Palermo 200 km STOREDIST to",
        "GEORADIUSBYMEMBER geo Palermo 200 km STORE other STOREDIST to",
    ] {
        let distances = stored(command);
        assert_eq!(distances[0], 0.0, "{command}");
        assert!((distances[1] - 166.274_151_569_600_32).abs() < 1e-12, "{command}: {distances:?}");
    }
    let hashes = stored("GEORADIUS geo 15 37 200 km STOREDIST other STORE to");
    assert_eq!(hashes, [3_479_099_956_230_698.0, 3_479_447_370_796_909.0]);
}

#[test]
fn what_is_refused_is_refused_in_the_words_of_the_reference() {
    assert_alike(
        "a GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        a SET string x
        a GEOADD geo 200 1e300 x
        a GEOADD geo inf 1 x
        a GEOADD geo nan 1 x
        a GEOADD geo 1 1 a 1
        a GEOADD geo nx nx nx
        a GEOADD geo NX XX 1 1 a
        a GEOADD string 1 1 a
        a GEOADD string 1 x a
        a GEODIST geo Palermo Catania parsec
        a GEODIST geo Palermo Catania KM x
        a GEODIST none a b
        a GEODIST string a b
        a GEOPOS geo
        a GEOPOS none a
        a GEOHASH geo
        a GEOHASH none a
        a GEOSEARCH string x x x x x
        a GEOSEARCH geo FROMMEMBER x BYRADIUS 1 m
        a GEOSEARCH geo FROMMEMBER Palermo ASC ASC ASC
        a geosearch geo BYRADIUS 1 m ASC ASC
        a GeoSearchStore to geo BYRADIUS 1 m ASC ASC
        a GEOSEARCH geo FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 m
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 1 m BYBOX 1 1 m
        a GEOSEARCH geo FROMMEMBER Palermo FROMMEMBER Catania BYRADIUS 1 m BYRADIUS 2 m
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS x m
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS -1 parsec
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 1 parsec
        a GEOSEARCH geo FROMMEMBER Palermo BYBOX x -1 m
        a GEOSEARCH geo FROMMEMBER Palermo BYBOX -1 x m
        a GEOSEARCH geo FROMMEMBER Palermo BYBOX 1 -1 parsec
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 1 m COUNT 0
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 1 m COUNT x
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 1 m COUNT
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 1 m ANY
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 1 m STOREDIST
        a GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 1 m STORE to
        a GEOSEARCH none FROMMEMBER Palermo BYRADIUS 1 m ANY
        a GEOSEARCH none FROMMEMBER Palermo BYRADIUS 1 m
        a SET to x
        a GEOSEARCHSTORE to none FROMMEMBER Palermo BYRADIUS 1 m
        a GEOSEARCHSTORE to none FROMMEMBER Palermo BYRADIUS 1 m
        a GEOSEARCHSTORE to geo FROMMEMBER Palermo BYRADIUS 1 m WITHHASH
        a SET to x
        a GEORADIUS geo 15 37 1 m STORE to
        a EXISTS to
        a GEORADIUS geo 15 37 200 km STORE
        a GEORADIUS geo 15 37 200 km WITHDIST STORE to
        a GEORADIUS geo 200 37 200 km
        a GEORADIUS_RO geo 15 37 200 km STORE to
        a GEORADIUS_RO geo 15 37 200 km WITHDIST WITHCOORD WITHHASH DESC
        a GEORADIUSBYMEMBER none x y z
        a GEORADIUSBYMEMBER none x y z STORE to
        a GEORADIUSBYMEMBER none x y z zz
        a GEORADIUSBYMEMBER geo x 1 m
        a GEORADIUSBYMEMBER_RO geo Palermo 1 km STOREDIST to
        a COMMAND GETKEYS GEORADIUS geo 15 37 200 km STORE to
        a COMMAND GETKEYS GEORADIUS geo 15 37 200 km STORE to STOREDIST other
        a COMMAND GETKEYS GEORADIUS geo STORE STORE STORE STORE STORE to
        a COMMAND GETKEYS GEORADIUSBYMEMBER geo STORE 200 km STOREDIST to STORE
        a COMMAND GETKEYS GEORADIUSBYMEMBER_RO geo STORE 200 km STORE to
        a COMMAND GETKEYS GEOSEARCHSTORE to geo FROMMEMBER Palermo BYRADIUS 1 m",
    );
}

#[test]
fn who_watches_a_key_is_told_what_the_reference_tells() {
    for command in [
        "GEOADD geo 1 1 a",
        "GEOADD geo 1 2 a",
        "GEOADD geo XX 1 2 new",
        "GEOSEARCHSTORE to geo FROMMEMBER a BYRADIUS 1 m",
        "GEOSEARCHSTORE to geo FROMLONLAT 50 50 BYRADIUS 1 m",
        "GEORADIUS geo 1 1 1 km STORE to",
        "GEORADIUSBYMEMBER none a 1 km STORE to",
        "GEORADIUS geo 1 1 1 km",
    ] {
        for key in ["geo", "to"] {
            assert_alike(&format!(
                "b GEOADD geo 1 1 a
                b SET to x
                a WATCH {key}
                b {command}
                a MULTI
                a PING
                a EXEC"
            ));
        }
    }
}
