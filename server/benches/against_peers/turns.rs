//! Requests that are made before they are timed.

use bytes::BytesMut;
use resp::encode;

use super::client::Client;

/// Requests that are sent in one go.
#[derive(Default)]
pub(crate) struct Batch {
    encoded: BytesMut,
    requests: usize,
}

impl Batch {
    pub(crate) fn push(&mut self, args: &[impl AsRef<[u8]>]) {
        encode::request(&mut self.encoded, args);
        self.requests += 1;
    }
}

/// Sends batches that are made already, `times` in all and in turns, and takes their replies.
/// While the server works on one, the next is sent.
///
/// # Errors
/// A reply is an error.
pub(crate) fn send_in_turns(
    client: &mut Client,
    batches: &[Batch],
    times: usize,
) -> anyhow::Result<()> {
    let mut unanswered = 0;
    for batch in batches.iter().cycle().take(times) {
        client.send_encoded(&batch.encoded)?;
        client.take_replies(unanswered)?;
        unanswered = batch.requests;
    }
    client.take_replies(unanswered)
}
