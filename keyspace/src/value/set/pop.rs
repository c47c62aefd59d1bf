//! Taking members out at random.

use bytes::Bytes;
use rdb_format::Thresholds;
use rdb_format::packed::ListpackMut;

use super::{Form, Set};

impl Set {
    /// Takes out a member drawn at random, each as likely as any other; `random` gives numbers that
    /// are uniform over `u64`. `None` if there is none.
    pub fn pop(&mut self, random: impl FnMut() -> u64) -> Option<Bytes> {
        let member = Bytes::copy_from_slice(&self.view().random(random)?.as_text());
        self.remove(&member);
        Some(member)
    }

    /// Takes out `count` members drawn at random, or all that there are.
    pub fn pop_many(
        &mut self,
        count: usize,
        mut random: impl FnMut() -> u64,
        thresholds: &Thresholds,
    ) -> Vec<Bytes> {
        let left = self.view().len().saturating_sub(count);
        if left == 0 {
            return std::mem::take(self).into_members();
        }
        if left.saturating_mul(STAYING_FACTOR) > count {
            return std::iter::from_fn(|| self.pop(&mut random)).take(count).collect();
        }
        // Few stay: they are drawn instead, and a set that was a table begins anew as a listpack.
        let mut staying = match self.0 {
            Form::Intset(_) => Self::new(),
            Form::Listpack(_) | Form::Table(_) => Self(Form::Listpack(ListpackMut::new())),
        };
        for _ in 0..left {
            if let Some(member) = self.pop(&mut random) {
                staying.add_new(&member, thresholds);
            }
        }
        std::mem::replace(self, staying).into_members()
    }

    fn into_members(self) -> Vec<Bytes> {
        self.view().iter().map(|member| Bytes::copy_from_slice(&member.as_text())).collect()
    }
}

/// As in Redis: members are taken out one by one while fewer than five times those that stay are
/// wanted.
const STAYING_FACTOR: usize = 5;
