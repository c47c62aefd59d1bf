use std::fmt;

use bytes::{Bytes, BytesMut};

/// One request of a client: its arguments, the command's name first.
///
/// The arguments lie in the buffer that was read into, but for long ones and quoted words of an
/// inline command, which may have a buffer of their own. A `Request` that is passed to
/// [`RequestDecoder::decode`](crate::RequestDecoder::decode) again and again reuses its storage.
#[derive(Clone, Default)]
pub struct Request {
    /// The block that holds the arguments.
    pub(crate) frame: Bytes,
    /// Where in it the request starts.
    pub(crate) base: usize,
    pub(crate) arguments: Arguments,
}

impl Request {
    /// A request of these arguments, for tests and tools.
    pub fn from_args(args: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut frame = BytesMut::new();
        let args = args.into_iter().map(|arg| {
            let start = frame.len();
            frame.extend_from_slice(arg.as_ref());
            Arg::in_frame(start, frame.len())
        });
        let arguments = Arguments { args: args.collect(), own: Vec::new() };
        Self { frame: frame.freeze(), base: 0, arguments }
    }

    /// Number of arguments, the command's name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// Whether there is no argument; a decoded request has at least one.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// Argument `i`, if there are as many.
    #[inline]
    pub fn get(&self, i: usize) -> Option<&[u8]> {
        let arg = self.arguments.args.get(i)?;
        Some(self.arguments.resolve(*arg, self.data()))
    }

    /// Argument `i`.
    ///
    /// # Panics
    /// If there are not as many arguments.
    #[inline]
    pub fn arg(&self, i: usize) -> &[u8] {
        self.arguments.resolve(self.arguments.args[i], self.data())
    }

    /// Argument `i`, sharing the buffer it lies in, which it keeps alive.
    ///
    /// # Panics
    /// If there are not as many arguments.
    pub fn bytes(&self, i: usize) -> Bytes {
        match self.arguments.args[i] {
            Arg { start: Arg::OWN, end } => self.arguments.own[end].clone(),
            Arg { start, end } => self.frame.slice(self.base + start..self.base + end),
        }
    }

    /// Argument `i` for keeping: shared if it has a buffer of its own, else copied, so that it
    /// keeps nothing else alive.
    ///
    /// # Panics
    /// If there are not as many arguments.
    pub fn owned_bytes(&self, i: usize) -> Bytes {
        match self.arguments.args[i] {
            Arg { start: Arg::OWN, end } => self.arguments.own[end].clone(),
            _ => Bytes::copy_from_slice(self.arg(i)),
        }
    }

    /// The same request for keeping: its short arguments are copied, so that it keeps alive nothing
    /// else of what was received with it.
    pub fn detached(&self) -> Self {
        let is_own = |arg: &Arg| arg.start == Arg::OWN;
        let short = self.arguments.args.iter().filter(|arg| !is_own(arg));
        let mut frame = BytesMut::with_capacity(short.map(|arg| arg.end - arg.start).sum());
        let place = |(i, arg): (usize, &Arg)| {
            if is_own(arg) {
                return *arg;
            }
            let start = frame.len();
            frame.extend_from_slice(self.arg(i));
            Arg::in_frame(start, frame.len())
        };
        let args = self.arguments.args.iter().enumerate().map(place).collect();
        let arguments = Arguments { args, own: self.arguments.own.clone() };
        Self { frame: frame.freeze(), base: 0, arguments }
    }

    /// The arguments in order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.arguments.iter(self.data())
    }

    #[inline]
    fn data(&self) -> &[u8] {
        &self.frame[self.base..]
    }
}

/// Shows the lengths of the arguments and none of their bytes.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request")?;
        f.debug_list().entries(self.iter().map(<[u8]>::len)).finish()
    }
}

/// Where the arguments of a request are.
#[derive(Clone, Default)]
pub(crate) struct Arguments {
    args: Vec<Arg>,
    /// Those that have a buffer of their own.
    own: Vec<Bytes>,
}

/// Where an argument is: at `start..end` of the request, or the `end`th of those that have a
/// buffer of their own.
#[derive(Clone, Copy)]
pub(crate) struct Arg {
    start: usize,
    end: usize,
}

impl Arg {
    const OWN: usize = usize::MAX;

    #[inline]
    pub(crate) fn in_frame(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl Arguments {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.args.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.args.is_empty()
    }

    #[inline]
    pub(crate) fn push(&mut self, arg: Arg) {
        self.args.push(arg);
    }

    pub(crate) fn push_own(&mut self, bytes: Bytes) {
        self.args.push(Arg { start: Arg::OWN, end: self.own.len() });
        self.own.push(bytes);
    }

    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        // There is no more room in `own` than in `args`.
        if self.args.capacity() > ARGS_KEPT {
            *self = Self::default();
        }
        self.args.clear();
        if !self.own.is_empty() {
            self.own.clear();
        }
    }

    /// Bytes of the arguments that have a buffer of their own.
    pub(crate) fn own_bytes(&self) -> usize {
        self.own.iter().map(Bytes::len).sum()
    }

    #[inline]
    pub(crate) fn iter<'a>(
        &'a self,
        frame: &'a [u8],
    ) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        self.args.iter().map(move |arg| self.resolve(*arg, frame))
    }

    #[inline]
    fn resolve<'a>(&'a self, arg: Arg, frame: &'a [u8]) -> &'a [u8] {
        match arg {
            Arg { start: Arg::OWN, end } => &self.own[end],
            Arg { start, end } => &frame[start..end],
        }
    }
}

/// Storage for more arguments than these is not kept for the next request.
const ARGS_KEPT: usize = 1024;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{ARGS_KEPT, Arg, Arguments, Request};

    /// A queue of commands has the size of its commands, whatever they were received with.
    #[test]
    fn a_detached_request_keeps_nothing_else_alive() {
        let (received, long) = (Bytes::from(vec![b'x'; 1000]), Bytes::from(vec![b'y'; 100]));
        let mut arguments = Arguments::default();
        arguments.push(Arg::in_frame(0, 3));
        arguments.push_own(long.clone());
        arguments.push(Arg::in_frame(7, 7));
        arguments.push(Arg::in_frame(9, 14));
        let request = Request { frame: received.clone(), base: 10, arguments };
        let detached = request.detached();
        assert!(detached.iter().eq(request.iter()));
        assert_eq!(detached.iter().map(<[u8]>::len).collect::<Vec<_>>(), [3, 100, 0, 5]);
        // Long ones are not copied, and short ones are, without what lies between them.
        assert_eq!(detached.arg(1).as_ptr(), long.as_ptr());
        assert_eq!(detached.frame.len(), 8);
        drop(request);
        assert!(received.is_unique());
    }

    #[test]
    fn storage_for_many_arguments_is_not_kept() {
        let mut arguments = Arguments::default();
        let mut capacities_after = |count: usize| {
            for _ in 0..count {
                arguments.push_own(Bytes::new());
            }
            let grown = (arguments.args.capacity(), arguments.own.capacity());
            arguments.clear();
            assert!(arguments.is_empty() && arguments.own.is_empty());
            (grown, (arguments.args.capacity(), arguments.own.capacity()))
        };
        let (grown, kept) = capacities_after(ARGS_KEPT);
        assert_eq!(grown, kept);
        assert_eq!(capacities_after(ARGS_KEPT + 1).1, (0, 0));
    }
}
