//! Input meant to harm: it ends in an error, and until then takes no more memory than it paid for.

#![allow(unsafe_code, reason = "a global allocator, which is unsafe to write, counts the bytes")]

mod util;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use bytes::BytesMut;
use resp::{
    ReplyDecoder, ReplyErrorKind, ReplyLimits, Request, RequestDecoder, RequestErrorKind,
    RequestLimits, encode,
};

struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        unsafe { System.dealloc(block, layout) }
    }
}

fn count(bytes: usize) {
    HELD.set(HELD.get().wrapping_add(bytes));
    PEAK.set(PEAK.get().max(HELD.get()));
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that `job` held at once, in bytes, and how often it allocated.
fn measure<T>(job: impl FnOnce() -> T) -> (T, usize, usize) {
    let (held, allocations) = (HELD.get(), ALLOCATIONS.get());
    PEAK.set(held);
    let result = job();
    (result, PEAK.get() - held, ALLOCATIONS.get() - allocations)
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Input that never ends: `head`, then `tail` over and over.
struct Endless<'a> {
    head: &'a [u8],
    tail: &'a [u8],
    at: usize,
}

impl<'a> Endless<'a> {
    fn new(head: &'a [u8], tail: &'a [u8]) -> Self {
        Self { head, tail, at: 0 }
    }

    /// Fills `space`, or what there is if `tail` is empty.
    fn fill(&mut self, space: &mut [u8]) -> usize {
        let mut n = 0;
        while n < space.len() {
            let part = match self.head.get(self.at..) {
                Some(head) if !head.is_empty() => head,
                _ if self.tail.is_empty() => break,
                _ => &self.tail[(self.at - self.head.len()) % self.tail.len()..],
            };
            let len = part.len().min(space.len() - n);
            space[n..n + len].copy_from_slice(&part[..len]);
            (n, self.at) = (n + len, self.at + len);
        }
        n
    }
}

/// How the input of a client ended: with an error, or with no more than this many bytes.
fn end_of_requests(mut input: Endless<'_>, bytes_max: usize) -> Option<RequestErrorKind> {
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut request = Request::default();
    while input.at < bytes_max {
        let n = input.fill(decoder.read_space());
        if n == 0 {
            return None;
        }
        decoder.commit(n);
        loop {
            match decoder.decode(&mut request) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Some(error.kind),
            }
        }
    }
    None
}

fn end_of_replies(mut input: Endless<'_>, bytes_max: usize) -> Option<ReplyErrorKind> {
    let mut decoder = ReplyDecoder::new(ReplyLimits {
        bulk_bytes_max: MIB as u64,
        elements_max: 100_000,
        total_bytes_max: 2 * MIB as u64,
        ..ReplyLimits::default()
    });
    while input.at < bytes_max {
        let n = input.fill(decoder.read_space());
        if n == 0 {
            return None;
        }
        decoder.commit(n);
        loop {
            match decoder.decode() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Some(error.kind),
            }
        }
    }
    None
}

/// Head and tail of the input, how it ends, and how many bytes it may make us hold.
type Case<Kind> = (&'static [u8], &'static [u8], Option<Kind>, usize);

#[test]
fn requests() {
    use RequestErrorKind as Kind;
    let cases: &[Case<Kind>] = &[
        (b"*2147483647\r\n", b"", None, 20 * KIB),
        (b"*1\r\n$536870912\r\n", b"", None, 90 * KIB),
        (b"*1\r\n$536870912\r\nabc", b"", None, 90 * KIB),
        (b"*9223372036854775808\r\n", b"", Some(Kind::InvalidCount), 20 * KIB),
        (b"*1\r\n$9223372036854775807\r\n", b"", Some(Kind::InvalidLength), 20 * KIB),
        (b"*1\r\n$18446744073709551617\r\n", b"", Some(Kind::InvalidLength), 20 * KIB),
        (b"*1\r\n$-9223372036854775808\r\n", b"", Some(Kind::InvalidLength), 20 * KIB),
        (b"*", b"1", Some(Kind::CountTooLong), 400 * KIB),
        (b"*1\r\n$", b"1", Some(Kind::LengthTooLong), 400 * KIB),
        (b"", b"a", Some(Kind::InlineTooBig), 400 * KIB),
        (b"", b"\0", Some(Kind::InlineTooBig), 400 * KIB),
        (b"", b"a ", Some(Kind::InlineTooBig), 400 * KIB),
        (b"\"", b"\\", Some(Kind::InlineTooBig), 400 * KIB),
        (b"", b"\"a\" \n\"", Some(Kind::UnbalancedQuotes), 90 * KIB),
        (b"", b"*1\r\n", Some(Kind::ExpectedBulk { found: b'*' }), 20 * KIB),
        // What is skipped, for ever.
        (b"", b"*0\r\n", None, 90 * KIB),
        (b"", b"\r\n", None, 90 * KIB),
        // Empty arguments, the worst: 16 bytes of memory for 6 on the wire, and growing doubles it.
        (b"*2147483647\r\n", b"$0\r\n\r\n", None, 40 * MIB),
    ];
    for (head, tail, expected, bytes_max) in cases {
        let input = Endless::new(head, tail);
        let (end, peak, _) = measure(|| end_of_requests(input, 3 * MIB));
        let shown = [*head, *tail].concat().escape_ascii().to_string();
        assert_eq!(end, *expected, "{shown}");
        assert!(peak <= *bytes_max, "{shown}: {peak} bytes");
    }
}

#[test]
fn replies() {
    use ReplyErrorKind as Kind;
    let cases: &[Case<Kind>] = &[
        (b"", b"*1\r\n", Some(Kind::TooDeep { limit: 128 }), 40 * KIB),
        (b"", b"%1\r\n", Some(Kind::TooDeep { limit: 128 }), 40 * KIB),
        (b"", b"|0\r\n", Some(Kind::TooDeep { limit: 128 }), 40 * KIB),
        (b"", b"*?\r\n", Some(Kind::TooDeep { limit: 128 }), 40 * KIB),
        (b"*100000\r\n", b"", None, 20 * KIB),
        (b"*100001\r\n", b"", Some(Kind::TooManyElements { limit: 100_000 }), 20 * KIB),
        (b"*2\r\n", b"*60000\r\n", Some(Kind::TooManyElements { limit: 100_000 }), 20 * KIB),
        (
            b"*9223372036854775807\r\n",
            b"",
            Some(Kind::TooManyElements { limit: 100_000 }),
            20 * KIB,
        ),
        (b"*18446744073709551616\r\n", b"", Some(Kind::InvalidLength), 20 * KIB),
        (b"*?\r\n", b"_\r\n", Some(Kind::TooManyElements { limit: 100_000 }), 10 * MIB),
        (b"$1048576\r\n", b"", None, 90 * KIB),
        (b"$1048576\r\nabc", b"", None, 90 * KIB),
        (b"$?\r\n", b";1\r\na\r\n", Some(Kind::ReplyTooLong { limit: 2 << 20 }), 9 * MIB),
        (b"*9\r\n", b"$900000\r\n", Some(Kind::ExpectedCrlf), 8 * MIB),
        (b"+", b"a", Some(Kind::LineTooLong { limit: 65_536 }), 400 * KIB),
        (b":", b"1", Some(Kind::LineTooLong { limit: 65_536 }), 400 * KIB),
        (b"$-9223372036854775808\r\n", b"", Some(Kind::InvalidLength), 20 * KIB),
        (b"", b"|0\r\n_\r\n", None, 90 * KIB),
    ];
    for (head, tail, expected, bytes_max) in cases {
        let input = Endless::new(head, tail);
        let (end, peak, _) = measure(|| end_of_replies(input, 10 * MIB));
        let shown = [*head, *tail].concat().escape_ascii().to_string();
        assert_eq!(end, *expected, "{shown}");
        assert!(peak <= *bytes_max, "{shown}: {peak} bytes");
    }
}

/// A bulk string is held once, and what is reserved for it is at most four times what came until
/// 1 MiB of it has.
#[test]
fn a_big_bulk_is_held_once() {
    let head = b"*1\r\n$67108864\r\n";
    for (came, held_max) in [(40_000, 256 * KIB), (300_000, 2 * MIB), (1 << 26, 66 * MIB)] {
        let (_, peak, _) = measure(|| end_of_requests(Endless::new(head, b"a"), came));
        assert!(peak <= held_max, "{peak} bytes after {came}");
    }
}

/// Bytes without any sense, and requests and replies with one bit turned.
#[test]
fn noise() {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let valid = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\nbb\r\n%1\r\n+a\r\n,1.5\r\n*?\r\n:12\r\n.\r\n";
    for _ in 0..20_000 {
        let mut input = valid.to_vec();
        for _ in 0..random() % 4 {
            let at = random() as usize % input.len();
            input[at] = random() as u8;
        }
        let start = random() as usize % input.len();
        let pieces = [1 + random() as usize % 9, 1 + random() as usize % 9];
        util::requests(&input[start..], RequestLimits::default(), &pieces);
        util::replies(&input[start..], ReplyLimits::default(), &pieces);
    }
}

/// One small allocation for each block of the pipeline, none for its requests.
#[test]
fn a_pipeline_allocates_nothing_per_request() {
    let mut input = BytesMut::new();
    for _ in 0..10_000 {
        encode::request(&mut input, &[&b"SET"[..], b"key:000000000000", &[b'x'; 100]]);
    }
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut request = Request::default();
    let mut decode = || {
        let (mut rest, mut reads) = (&input[..], 0);
        while !rest.is_empty() {
            let n = util::fill(decoder.read_space(), rest, usize::MAX);
            decoder.commit(n);
            rest = &rest[n..];
            reads += 1;
            while decoder.decode(&mut request).unwrap() {}
        }
        reads
    };
    // Twice, so that the storage of a request and that of the decoder have grown.
    decode();
    decode();
    let (reads, _, allocations) = measure(decode);
    assert!(reads < 40 && allocations <= reads, "{allocations} allocations in {reads} reads");
}

#[test]
fn request_and_reply_in_turn_allocate_nothing() {
    let mut decoder = RequestDecoder::new(RequestLimits::default());
    let mut request = Request::default();
    let mut replies = ReplyDecoder::new(ReplyLimits::default());
    let mut turn = || {
        let n = util::fill(decoder.read_space(), b"*1\r\n$4\r\nPING\r\n", usize::MAX);
        decoder.commit(n);
        assert!(decoder.decode(&mut request).unwrap());
        assert!(!decoder.decode(&mut request).unwrap());
        let n = util::fill(replies.read_space(), b"*2\r\n+PONG\r\n:1\r\n", usize::MAX);
        replies.commit(n);
        assert!(replies.decode_frame().unwrap().is_some());
        assert!(replies.decode_frame().unwrap().is_none());
    };
    // Two turns: the request and the decoder swap their storage.
    turn();
    turn();
    let ((), _, allocations) = measure(|| (0..1000).for_each(|_| turn()));
    assert_eq!(allocations, 0);
}
