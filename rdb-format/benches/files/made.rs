//! The file that is measured: 1.4 million keys of every type that Redis 7.0 has but streams.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::redis::{Binaries, Server, command};

/// The file, made if it is not there yet.
pub(crate) fn file(redis: &Binaries) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(NAME);
    if !file.exists() {
        fs::create_dir_all(folder).expect("the target folder is writable");
        let unfinished = "unfinished.rdb";
        let mut maker = Maker {
            server: Server::start(redis, folder, unfinished),
            noise: Noise(0x9E37_79B9_7F4A_7C15),
            requests: Vec::new(),
            answers: 0,
        };
        maker.make();
        maker.flush();
        assert_eq!(maker.server.ask(&[b"SAVE"]), "+OK\r\n");
        maker.server.stop().expect("the server ends");
        fs::rename(folder.join(unfinished), &file).expect("the server has saved it");
    }
    file
}

const NAME: &str = "keys-2.rdb";

struct Maker {
    server: Server,
    noise: Noise,
    requests: Vec<u8>,
    answers: usize,
}

impl Maker {
    fn make(&mut self) {
        for nth in 0..1_000_000 {
            // Every second one compresses, by about a third.
            let value = if nth % 2 == 0 { self.noise.text(100) } else { self.noise.json(nth) };
            self.send("SET", &format!("session:{nth}"), vec![value]);
        }
        for nth in 0..200_000 {
            let fields = (0..8).flat_map(|field| {
                [format!("field-{field}").into_bytes(), self.noise.text(22 + field * 2)]
            });
            let fields = fields.collect();
            self.send("HSET", &format!("user:{nth}"), fields);
        }
        for nth in 0..100_000 {
            let members = self.scored(10);
            self.send("ZADD", &format!("board:{nth}"), members);
        }
        for nth in 0..50_000 {
            let elements = (0..20).map(|_| self.noise.text(20)).collect();
            self.send("RPUSH", &format!("queue:{nth}"), elements);
        }
        for nth in 0..20_000 {
            let members = (0..40).map(|_| self.noise.number(1 << 30)).collect();
            self.send("SADD", &format!("tags:{nth}"), members);
        }
        for _ in 0..400 {
            let fields = (0..2000).map(|nth| self.noise.text(12 + nth % 2 * 8)).collect();
            self.send("HSET", "large:hash", fields);
            let members = (0..1000).map(|_| self.noise.text(14)).collect();
            self.send("SADD", "large:set", members);
            let members = self.scored(1000);
            self.send("ZADD", "large:zset", members);
            let elements = (0..1000).map(|_| self.noise.text(20)).collect();
            self.send("RPUSH", "large:list", elements);
        }
        let value = self.noise.text(16 << 20);
        self.send("SET", "large:string", vec![value]);
    }

    /// Pairs of score and member.
    fn scored(&mut self, members: usize) -> Vec<Vec<u8>> {
        (0..members).flat_map(|_| [self.noise.number(1 << 20), self.noise.text(12)]).collect()
    }

    fn send(&mut self, name: &str, key: &str, values: Vec<Vec<u8>>) {
        let mut arguments = vec![name.as_bytes(), key.as_bytes()];
        arguments.extend(values.iter().map(Vec::as_slice));
        command(&mut self.requests, &arguments);
        self.answers += 1;
        if self.requests.len() > 32 << 10 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.server.send(&self.requests, self.answers);
        self.requests.clear();
        self.answers = 0;
    }
}

/// A fixed sequence (xorshift64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    fn number(&mut self, below: u64) -> Vec<u8> {
        (self.next() % below).to_string().into_bytes()
    }

    /// Text that does not compress.
    fn text(&mut self, len: usize) -> Vec<u8> {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..len).map(|_| LETTERS[self.next() as usize % LETTERS.len()]).collect()
    }

    fn json(&mut self, nth: u64) -> Vec<u8> {
        let token = String::from_utf8(self.text(24)).expect("letters");
        format!(
            r#"{{"id":{nth},"id_parent":{},"token":"{token}","token_parent":"","seen":[0,0,0,0]}}"#,
            nth / 10
        )
        .into_bytes()
    }
}
