//! Who takes what a decoder tells.

use crate::{Element, Event};

/// Takes a value from [`PayloadDecoder::tell`](crate::payload::PayloadDecoder::tell), as an
/// [`EventSource`](crate::EventSource) gives it to an encoder: in [`Event`]s, and short elements of
/// collections that are not packed by reference, without the events that would tell the same.
pub trait EventSink {
    /// Some elements come, as many as `len` claims; `arrived_max` is the most of them that the bytes
    /// can hold which are here. A sink that will find out whether a member comes twice says so, and
    /// spares the decoder that.
    fn begin_elements(&mut self, len: u64, arrived_max: usize) -> bool {
        let _ = (len, arrived_max);
        false
    }

    /// Whether this sink will find out if an entry is pending twice in a group of a stream, or is told
    /// as a consumer's that is not pending or has a consumer already; that spares the decoder it.
    fn checks_pending(&self) -> bool {
        false
    }

    /// Takes the next event. Returns `false` if a sink that finds that out has found that the member
    /// which is complete with it came before, or that a pending entry does not fit: then the value is
    /// not sound, and nothing more comes.
    fn event(&mut self, event: Event) -> bool;

    /// Takes the next element. Returns `false` as [`event`](Self::event) does.
    fn element(&mut self, element: Element<'_>) -> bool;
}

/// Takes all as events.
impl<F: FnMut(Event)> EventSink for F {
    fn event(&mut self, event: Event) -> bool {
        self(event);
        true
    }

    fn element(&mut self, element: Element<'_>) -> bool {
        let text = |text: &[u8]| Event::String(bytes::Bytes::copy_from_slice(text));
        match element {
            Element::Member(member) => self(text(member)),
            Element::Scored(member, score) => {
                self(text(member));
                self(Event::Score(score));
            }
            Element::Field(name, value) => {
                self(text(name));
                self(text(value));
            }
        }
        true
    }
}
