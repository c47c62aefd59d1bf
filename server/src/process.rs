//! What the system tells of this process, on Linux. What cannot be read is `None`.

use std::fs;
use std::time::Duration;

/// Bytes of memory that the process holds, and has held at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) resident_bytes: u64,
    pub(crate) resident_bytes_peak: u64,
}

impl Memory {
    pub(crate) fn read() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        Some(Self {
            resident_bytes: kilobytes(&status, "VmRSS:")?,
            resident_bytes_peak: kilobytes(&status, "VmHWM:")?,
        })
    }
}

/// Bytes of memory that the machine has.
pub(crate) fn system_memory_bytes() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// Processor time that the process has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuTime {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl CpuTime {
    pub(crate) fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program, in parentheses, may itself hold spaces and parentheses.
        let (_, after_name) = stat.rsplit_once(") ")?;
        // proc(5): utime and stime are the 14th and 15th field, the state after the name the 3rd.
        let mut ticks = after_name.split(' ').skip(11).map(|field| field.parse::<u64>().ok());
        let mut time = || Some(Duration::from_millis(ticks.next()?? * MILLISECONDS_PER_TICK));
        Some(Self { user: time()?, system: time()? })
    }
}

/// Name, release and machine, as `uname` shows them.
pub(crate) fn operating_system() -> Option<String> {
    let kernel = |file| fs::read_to_string(format!("/proc/sys/kernel/{file}")).ok();
    let (name, release) = (kernel("ostype")?, kernel("osrelease")?);
    Some(format!("{} {} {}", name.trim(), release.trim(), std::env::consts::ARCH))
}

/// The value of `name` in lines such as `VmRSS:   1234 kB`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Linux shows processes a clock of 100 Hz (`USER_HZ`), whatever its own.
const MILLISECONDS_PER_TICK: u64 = 10;
