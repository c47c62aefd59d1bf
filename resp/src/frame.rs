use crate::tape::{AggregateKind, Node, StringKind, Tape};

/// A reply that borrows the decoder's buffer, in RESP2 or RESP3.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// `+`: a simple string.
    Simple(&'a [u8]),
    /// `-`: an error.
    Error(&'a [u8]),
    /// `:`: an integer.
    Integer(i64),
    /// `$`: a bulk string.
    Bulk(&'a [u8]),
    /// `*`: an array.
    Array(Frames<'a>),
    /// `_`, `$-1` or `*-1`.
    Null,
    /// `#`: a boolean.
    Boolean(bool),
    /// `,`: a double.
    Double(f64),
    /// `(`: the digits of an integer of any size.
    BigNumber(&'a [u8]),
    /// `!`: an error that may hold any byte.
    BulkError(&'a [u8]),
    /// `=`: a text that says what it is.
    Verbatim {
        /// What the text is, `txt` or `mkd` for example.
        format: [u8; 3],
        /// The text.
        text: &'a [u8],
    },
    /// `%`: a map, of which keys and values take turns.
    Map(Frames<'a>),
    /// `~`: a set.
    Set(Frames<'a>),
    /// `>`: what the server says unasked.
    Push(Frames<'a>),
    /// `|`: a value with attributes.
    Attribute(Attributed<'a>),
}

/// The elements of an aggregate in order.
#[derive(Clone)]
pub struct Frames<'a> {
    tape: &'a Tape,
    data: &'a [u8],
    /// Node of the next element.
    next: usize,
    left: usize,
}

/// A value and its attributes.
#[derive(Clone, Debug)]
pub struct Attributed<'a> {
    frames: Frames<'a>,
}

impl<'a> Frame<'a> {
    /// The first value of a complete tape whose strings lie in `data`.
    pub(crate) fn root(tape: &'a Tape, data: &'a [u8]) -> Self {
        Frames { tape, data, next: 0, left: 1 }.next().expect("a complete tape holds a value")
    }
}

impl<'a> Attributed<'a> {
    /// The attributes, of which keys and values take turns.
    pub fn attributes(&self) -> Frames<'a> {
        Frames { left: self.frames.left - 1, ..self.frames.clone() }
    }

    /// What they describe.
    pub fn value(&self) -> Frame<'a> {
        self.frames.clone().last().expect("the attributes' value follows them")
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    #[inline]
    fn next(&mut self) -> Option<Frame<'a>> {
        self.left = self.left.checked_sub(1)?;
        let node = self.tape.nodes[self.next];
        self.next += 1;
        Some(match node {
            Node::Null => Frame::Null,
            Node::Boolean(value) => Frame::Boolean(value),
            Node::Integer(value) => Frame::Integer(value),
            Node::Double(value) => Frame::Double(value),
            Node::String(kind, span) => {
                let text = self.tape.slice(span, self.data);
                match kind {
                    StringKind::Simple => Frame::Simple(text),
                    StringKind::Error => Frame::Error(text),
                    StringKind::Bulk => Frame::Bulk(text),
                    StringKind::BulkError => Frame::BulkError(text),
                    StringKind::BigNumber => Frame::BigNumber(text),
                    StringKind::Verbatim => {
                        Frame::Verbatim { format: [text[0], text[1], text[2]], text: &text[4..] }
                    }
                }
            }
            Node::Aggregate { kind, values, end } => {
                let frames = Frames { next: self.next, left: values, ..*self };
                self.next = end;
                match kind {
                    AggregateKind::Array => Frame::Array(frames),
                    AggregateKind::Map => Frame::Map(frames),
                    AggregateKind::Set => Frame::Set(frames),
                    AggregateKind::Push => Frame::Push(frames),
                    AggregateKind::Attribute => Frame::Attribute(Attributed { frames }),
                }
            }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Frames<'_> {}

impl std::fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
