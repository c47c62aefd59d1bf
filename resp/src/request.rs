use std::fmt;

use bytes::{Bytes, BytesMut};

/// One request of a client: its arguments, the command's name first.
///
/// The arguments lie in the buffer that was read into. A `Request` that is passed to
/// [`RequestDecoder::decode`](crate::RequestDecoder::decode) again and again reuses its storage.
#[derive(Clone, Default)]
pub struct Request {
    /// The block that holds the arguments, and where in it the request starts.
    pub(crate) frame: Bytes,
    pub(crate) base: usize,
    pub(crate) args: Vec<Arg>,
    /// The arguments that have a buffer of their own.
    pub(crate) own: Vec<Bytes>,
}

/// Where an argument is: at `start..end` of the frame, or the `end`th of those on their own.
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

    pub(crate) fn own(index: usize) -> Self {
        Self { start: Self::OWN, end: index }
    }
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
        let args = args.collect();
        Self { frame: frame.freeze(), base: 0, args, own: Vec::new() }
    }

    /// Number of arguments, the command's name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.args.len()
    }

    /// Whether there is no argument; a decoded request has at least one.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.args.is_empty()
    }

    /// Argument `i`, if there are as many.
    #[inline]
    pub fn get(&self, i: usize) -> Option<&[u8]> {
        self.args.get(i).map(|arg| self.resolve(*arg))
    }

    /// Argument `i`.
    ///
    /// # Panics
    /// If there are not as many arguments.
    #[inline]
    pub fn arg(&self, i: usize) -> &[u8] {
        self.resolve(self.args[i])
    }

    /// Argument `i`, sharing the buffer it lies in, which it keeps alive.
    ///
    /// # Panics
    /// If there are not as many arguments.
    pub fn bytes(&self, i: usize) -> Bytes {
        match self.args[i] {
            Arg { start: Arg::OWN, end } => self.own[end].clone(),
            Arg { start, end } => self.frame.slice(self.base + start..self.base + end),
        }
    }

    /// Argument `i` for keeping: shared if it has a buffer of its own, else copied, so that it
    /// keeps nothing else alive.
    ///
    /// # Panics
    /// If there are not as many arguments.
    pub fn owned_bytes(&self, i: usize) -> Bytes {
        match self.args[i] {
            Arg { start: Arg::OWN, end } => self.own[end].clone(),
            arg => Bytes::copy_from_slice(self.resolve(arg)),
        }
    }

    /// The arguments in order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.args.iter().map(|arg| self.resolve(*arg))
    }

    #[inline]
    fn resolve(&self, arg: Arg) -> &[u8] {
        match arg {
            Arg { start: Arg::OWN, end } => &self.own[end],
            Arg { start, end } => &self.frame[self.base + start..self.base + end],
        }
    }
}

/// Shows the lengths of the arguments and none of their bytes.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request")?;
        f.debug_list().entries(self.iter().map(<[u8]>::len)).finish()
    }
}
