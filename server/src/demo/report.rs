//! What the demonstration tells.

use std::fmt;
use std::time::Duration;

use indicatif::{BinaryBytes, HumanCount};

use super::check::Findings;
use super::data::Dataset;
use super::probe::Waits;

/// The whole outcome, printed as a table.
pub(super) struct Report<'a> {
    pub(super) data: &'a Dataset,
    /// From the first MIGRATE to the last reply.
    pub(super) took: Duration,
    pub(super) source_waits: Waits,
    pub(super) target_waits: Waits,
    pub(super) findings: Findings,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, bytes) = (self.data.len(), self.data.total_bytes());
        let seconds = self.took.as_secs_f64();
        let keys_per_second = HumanCount((keys as f64 / seconds) as u64);
        let mib_per_second = bytes as f64 / MIB / seconds;
        writeln!(f, "moved     {} keys, {}", HumanCount(keys), BinaryBytes(bytes))?;
        writeln!(f, "in        {seconds:.2} s")?;
        writeln!(f, "rate      {keys_per_second} keys/s, {mib_per_second:.1} MiB/s")?;
        writeln!(f)?;
        writeln!(f, "meanwhile, another client    requests   median wait   longest wait")?;
        for (side, waits) in [("source", &self.source_waits), ("target", &self.target_waits)] {
            let requests = HumanCount(waits.requests as u64).to_string();
            let (median, longest) = (milliseconds(waits.median), milliseconds(waits.longest));
            writeln!(f, "on the {side:20} {requests:>9} {median:>13} {longest:>14}")?;
        }
        writeln!(f)?;
        let findings = &self.findings;
        for (what, count) in [
            ("only on the target", findings.only_target),
            ("only on the source", findings.only_source),
            ("on both", findings.both),
            ("on neither", findings.neither),
            ("with another value", findings.other_value),
            ("with another expiry", findings.other_expiry),
            ("not accounted for", findings.strays),
        ] {
            let count = HumanCount(count).to_string();
            writeln!(f, "keys {what:22} {count:>10}")?;
        }
        let verdict = if findings.all_moved() {
            "every key is on the target and nowhere else, with its value and its expiry"
        } else {
            "NOT every key is on the target and nowhere else, with its value and its expiry"
        };
        writeln!(f, "{verdict}")
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

const MIB: f64 = 1024.0 * 1024.0;
