//! A glance at the requests that wait.

use crate::header::{self, Short};

/// See [`RequestDecoder::upcoming`](crate::RequestDecoder::upcoming).
#[derive(Clone, Debug)]
pub struct Upcoming<'a> {
    rest: &'a [u8],
}

impl<'a> Upcoming<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// Goes past a request and returns its second argument, empty if it has none.
    fn request(&mut self) -> Option<&'a [u8]> {
        let count = self.header(b'*').filter(|count| (1..=ARGUMENTS_MAX).contains(count))?;
        let mut second = &[][..];
        for argument in 0..count {
            let len = self.header(b'$')?;
            let (bytes, rest) = self.rest.split_at_checked(len + 2)?;
            if !bytes.ends_with(b"\r\n") {
                return None;
            }
            if argument == 1 {
                second = &bytes[..len];
            }
            self.rest = rest;
        }
        Some(second)
    }

    fn header(&mut self, expected: u8) -> Option<usize> {
        let Short { kind, number, line } = header::short(self.rest)?;
        self.rest = &self.rest[line..];
        (kind == expected).then_some(number)
    }
}

impl<'a> Iterator for Upcoming<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let second = self.request();
        if second.is_none() {
            self.rest = &[];
        }
        second
    }
}

/// A request with more arguments takes longer than what preparing for those behind it is worth.
const ARGUMENTS_MAX: usize = 8;
