//! Keys, values and expiry of one database.

use bytes::Bytes;
use keyspace::{Keyspace, StringValue, Value};

fn text(text: &'static str) -> Value {
    Value::String(StringValue::parse(Bytes::from_static(text.as_bytes())))
}

#[test]
fn a_hundred_thousand_keys_come_and_go() {
    let mut keyspace = Keyspace::new(1);
    let database = keyspace.database_mut(0);
    let keys: Vec<String> = (0..100_000).map(|number| format!("key:{number}")).collect();
    for key in &keys {
        database.insert(key.as_bytes(), text("value"), None);
    }
    assert_eq!(database.len(), keys.len());

    let mut seen = 0;
    let mut cursor = 0;
    loop {
        cursor = database.scan(cursor, 10, 0, |_, _| seen += 1);
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen, keys.len());

    for key in &keys {
        assert!(database.read(key.as_bytes(), 0).is_some());
        assert!(database.remove(key.as_bytes(), 0));
        assert!(database.peek(key.as_bytes(), 0).is_none());
    }
    assert!(database.is_empty());
}
