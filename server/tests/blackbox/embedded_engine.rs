//! The engine without the server: the example of crate migrate, with real targets.

#[path = "../../../migrate/examples/move_keys.rs"]
mod move_keys;

use keyspace::{Keyspace, StringValue};
use migrate::Outcome;
use migrate::driver::Endpoint;

use crate::support::{Kind, Reply, Server};

#[test]
fn keys_of_a_program_move_to_any_server() {
    for kind in Kind::ALL {
        let Some(target) = Server::start(kind, &[]) else { continue };
        let mut keyspace = Keyspace::new(1);
        for number in 0..500 {
            let value = StringValue::Raw(format!("value {number}").into());
            let name = format!("key:{number}");
            keyspace.database_mut(0).insert(name.as_bytes(), value.into(), None);
        }
        let endpoint = Endpoint { host: "127.0.0.1".into(), port: target.port(), tls: None };
        let outcome = move_keys::move_all(&mut keyspace, endpoint).expect("the loop runs");
        assert_eq!(outcome, Outcome::Moved);
        assert_eq!(keyspace.database(0).len(), 0);
        let mut client = target.client();
        assert_eq!(client.cmd(&["DBSIZE"]), Reply::Integer(500));
        assert_eq!(client.cmd(&["GET", "key:42"]), Reply::bulk("value 42"));
    }
}
