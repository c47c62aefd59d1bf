//! HyperLogLogs: byte strings that estimate how many different elements were added to them, byte for
//! byte those of Redis.
//!
//! The hash of an element chooses one of 16,384 registers, which keeps the longest run of zero bits
//! that any hash had there. A header comes first, and then the registers in one of two encodings:
//!
//! | offset | bytes | field |
//! |-------:|------:|-------|
//! | 0 | 4 | `HYLL` |
//! | 4 | 1 | encoding: 0 dense, 1 sparse |
//! | 5 | 3 | not used |
//! | 8 | 8 | the cardinality that was counted last, little-endian; not valid if the highest bit is set |
//! | 16 | | the registers: 6 bits each, 12,288 bytes in all, if dense, else a [`Run`] for each row of equal ones |
//!
//! The header tells that a string is one; only a walk over all runs tells that a sparse one is
//! sound.

mod dense;
mod estimate;
mod murmur;
mod sparse;

use bytes::{Bytes, BytesMut};
use rdb_format::StringValue;

use super::string;
use sparse::Change;

pub use estimate::Registers;
pub use sparse::{Run, Runs};

/// A HyperLogLog.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HyperLogLog(
    /// A valid header, and registers that need not be.
    BytesMut,
);

/// A view of a [`HyperLogLog`].
#[derive(Clone, Copy, Debug)]
pub struct HyperLogLogRef<'a>(&'a [u8]);

/// How the registers are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// In 6 bits each.
    Dense,
    /// In runs of equal ones.
    Sparse,
}

/// Why a string is no HyperLogLog.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HyperLogLogError {
    /// Its header is none.
    #[error("the string has no header of a HyperLogLog")]
    Header,
    /// Its runs are not of all registers and no others.
    #[error("the registers of the HyperLogLog are corrupted")]
    Corrupted,
}

impl HyperLogLog {
    /// One that nothing was added to.
    pub fn new() -> Self {
        let mut bytes = BytesMut::with_capacity(64);
        bytes.extend_from_slice(b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80");
        sparse::push_zeros(&mut bytes, REGISTERS);
        Self(bytes)
    }

    /// The one that `bytes` are.
    ///
    /// # Errors
    /// [`HyperLogLogError::Header`].
    pub fn parse(bytes: BytesMut) -> Result<Self, HyperLogLogError> {
        HyperLogLogRef::parse(&bytes)?;
        Ok(Self(bytes))
    }

    /// Its bytes.
    pub fn into_bytes(self) -> Bytes {
        self.0.freeze()
    }

    /// A view of it.
    pub fn view(&self) -> HyperLogLogRef<'_> {
        HyperLogLogRef(&self.0)
    }

    /// Adds an element and returns whether a register has changed. A sparse one that would become
    /// longer than `sparse_bytes_max` becomes dense.
    ///
    /// # Errors
    /// [`HyperLogLogError::Corrupted`], if it has come upon that; nothing is changed.
    pub fn add(
        &mut self,
        element: &[u8],
        sparse_bytes_max: usize,
    ) -> Result<bool, HyperLogLogError> {
        let (register, run) = place_of(element);
        self.raise(register, run, sparse_bytes_max)
    }

    /// Raises each register to what it is in `registers`, which count what this one counts and more.
    ///
    /// # Errors
    /// As [`add`](Self::add), but some registers may have been raised.
    pub fn merge(
        &mut self,
        registers: &Registers,
        sparse_bytes_max: usize,
    ) -> Result<(), HyperLogLogError> {
        let values = registers.values();
        for (register, &value) in values.iter().enumerate() {
            if self.view().encoding() == Encoding::Dense {
                dense::set_all(&mut self.0[HEADER_BYTES..], values);
                break;
            }
            if value > 0 {
                self.raise(register, value, sparse_bytes_max)?;
            }
        }
        self.invalidate_cache();
        Ok(())
    }

    /// Makes it dense and returns whether it was not.
    ///
    /// # Errors
    /// [`HyperLogLogError::Corrupted`]; nothing is changed.
    pub fn make_dense(&mut self) -> Result<bool, HyperLogLogError> {
        if self.view().encoding() == Encoding::Dense {
            return Ok(false);
        }
        let mut bytes = BytesMut::with_capacity(DENSE_BYTES);
        bytes.extend_from_slice(&self.0[..HEADER_BYTES]);
        bytes[ENCODING_AT] = 0;
        bytes.resize(DENSE_BYTES, 0);
        sparse::for_each_value(&self.0[HEADER_BYTES..], |register, value| {
            dense::set(&mut bytes[HEADER_BYTES..], register, value);
        })?;
        self.0 = bytes;
        Ok(true)
    }

    /// The estimate of how many different elements were added. It is kept, and found again until a
    /// register changes.
    ///
    /// # Errors
    /// [`HyperLogLogError::Corrupted`]; nothing is changed.
    pub fn count(&mut self) -> Result<u64, HyperLogLogError> {
        if let Some(cached) = self.view().cached_count() {
            return Ok(cached);
        }
        let count = self.view().count()?;
        self.0[CACHE_AT..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
        Ok(count)
    }

    fn raise(
        &mut self,
        register: usize,
        value: u8,
        sparse_bytes_max: usize,
    ) -> Result<bool, HyperLogLogError> {
        let is_changed = match self.view().encoding() {
            Encoding::Dense => dense::raise(&mut self.0[HEADER_BYTES..], register, value),
            Encoding::Sparse => {
                match sparse::raise(&mut self.0, HEADER_BYTES, register, value, sparse_bytes_max)? {
                    Change::None => false,
                    Change::Made => true,
                    Change::NoRoom => {
                        self.make_dense()?;
                        dense::raise(&mut self.0[HEADER_BYTES..], register, value)
                    }
                }
            }
        };
        if is_changed {
            self.invalidate_cache();
        }
        Ok(is_changed)
    }

    fn invalidate_cache(&mut self) {
        self.0[HEADER_BYTES - 1] |= NOT_VALID;
    }
}

impl Default for HyperLogLog {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> HyperLogLogRef<'a> {
    /// The one that `bytes` are.
    ///
    /// # Errors
    /// [`HyperLogLogError::Header`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HyperLogLogError> {
        match bytes {
            [b'H', b'Y', b'L', b'L', 0, ..] if bytes.len() == DENSE_BYTES => Ok(Self(bytes)),
            [b'H', b'Y', b'L', b'L', 1, ..] if bytes.len() >= HEADER_BYTES => Ok(Self(bytes)),
            _ => Err(HyperLogLogError::Header),
        }
    }

    /// How the registers are kept.
    pub fn encoding(self) -> Encoding {
        if self.0[ENCODING_AT] == 0 { Encoding::Dense } else { Encoding::Sparse }
    }

    /// The estimate that was kept, if no register has changed since.
    pub fn cached_count(self) -> Option<u64> {
        let cached = &self.0[CACHE_AT..HEADER_BYTES];
        let cached = u64::from_le_bytes(cached.try_into().expect("8 bytes"));
        (cached >> 63 == 0).then_some(cached)
    }

    /// The estimate of how many different elements were added.
    ///
    /// # Errors
    /// [`HyperLogLogError::Corrupted`].
    pub fn count(self) -> Result<u64, HyperLogLogError> {
        let histogram = match self.encoding() {
            Encoding::Dense => estimate::histogram(dense::values(self.registers_bytes())),
            Encoding::Sparse => {
                let (mut histogram, mut zeros) = ([0; 64], REGISTERS as u32);
                sparse::for_each_value(self.registers_bytes(), |_, value| {
                    histogram[usize::from(value)] += 1;
                    zeros -= 1;
                })?;
                histogram[0] = zeros;
                histogram
            }
        };
        Ok(estimate::cardinality(&histogram))
    }

    /// Adds what this one counts to `registers`.
    ///
    /// # Errors
    /// [`HyperLogLogError::Corrupted`]; some may have been added.
    pub fn merge_into(self, registers: &mut Registers) -> Result<(), HyperLogLogError> {
        match self.encoding() {
            Encoding::Dense => {
                registers.raise_all(dense::values(self.registers_bytes()));
                Ok(())
            }
            Encoding::Sparse => {
                sparse::for_each_value(self.registers_bytes(), |register, value| {
                    registers.raise(register, value);
                })
            }
        }
    }

    /// The runs, if it is sparse.
    pub fn runs(self) -> Option<Runs<'a>> {
        (self.encoding() == Encoding::Sparse).then(|| Runs::of(self.registers_bytes()))
    }

    fn registers_bytes(self) -> &'a [u8] {
        &self.0[HEADER_BYTES..]
    }
}

/// Changes a string that is a HyperLogLog, in place if nobody else holds it.
///
/// # Errors
/// [`HyperLogLogError::Header`], or what `change` returns.
pub fn edit<T>(
    value: &mut StringValue,
    change: impl FnOnce(&mut HyperLogLog) -> Result<T, HyperLogLogError>,
) -> Result<T, HyperLogLogError> {
    if let StringValue::Raw(bytes) = value {
        HyperLogLogRef::parse(bytes)?;
    } else {
        return Err(HyperLogLogError::Header);
    }
    let mut result = Err(HyperLogLogError::Header);
    string::edit(value, |text| {
        let mut counter = HyperLogLog(std::mem::take(text));
        result = change(&mut counter);
        *text = counter.0;
    });
    result
}

/// The register of an element, and the number that it raises it to: one more than the zero bits that
/// its hash begins with after those that choose the register.
fn place_of(element: &[u8]) -> (usize, u8) {
    let hash = murmur::hash64a(element, HASH_SEED);
    let rest = hash >> REGISTER_BITS | 1 << HASH_BITS;
    (hash as usize % REGISTERS, rest.trailing_zeros() as u8 + 1)
}

const REGISTER_BITS: u32 = 14;

/// Number of registers.
pub const REGISTERS: usize = 1 << REGISTER_BITS;

/// Bits of a hash after those that choose the register.
const HASH_BITS: usize = 64 - REGISTER_BITS as usize;

const HASH_SEED: u64 = 0xadc8_3b19;

const HEADER_BYTES: usize = 16;
const ENCODING_AT: usize = 4;
const CACHE_AT: usize = 8;
const NOT_VALID: u8 = 0x80;
const DENSE_BYTES: usize = HEADER_BYTES + REGISTERS * 6 / 8;

#[cfg(test)]
mod tests {
    use super::HyperLogLogError::Corrupted;
    use super::*;

    /// Bytes of Redis 7.0.15 after PFADD.
    #[test]
    fn bytes_are_those_of_redis() {
        let mut counter = HyperLogLog::new();
        assert_eq!(&counter.0[..], b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff");
        assert_eq!(counter.add(b"a", 3000), Ok(true));
        assert_eq!(&counter.0[..], b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80q\xa6\x84NW");
        assert_eq!(counter.add(b"a", 3000), Ok(false));
        assert_eq!(counter.count(), Ok(1));
        assert_eq!(&counter.0[..], b"HYLL\x01\0\0\0\x01\0\0\0\0\0\0\0q\xa6\x84NW");
        assert_eq!(counter.add(b"b", 3000), Ok(true));
        assert_eq!(counter.add(b"c", 3000), Ok(true));
        let bytes = b"HYLL\x01\0\0\0\x01\0\0\0\0\0\0\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ";
        assert_eq!(counter.into_bytes(), &bytes[..]);
    }

    #[test]
    fn strings_that_are_none_are_told_by_their_header() {
        let sound = HyperLogLog::new().into_bytes();
        let mut dense = HyperLogLog::new();
        assert_eq!((dense.make_dense(), dense.make_dense()), (Ok(true), Ok(false)));
        let dense = dense.into_bytes();
        assert!(HyperLogLogRef::parse(&dense).is_ok());
        for text in [
            &b""[..],
            b"HYLL",
            &sound[..15],
            &dense[..dense.len() - 1],
            &[&dense[..], b"\0"].concat(),
            b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0\x7f\xff",
            b"hyll\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff",
        ] {
            assert_eq!(HyperLogLogRef::parse(text).err(), Some(HyperLogLogError::Header));
            let mut value = StringValue::Raw(Bytes::copy_from_slice(text));
            let before = value.clone();
            let changed = edit(&mut value, |counter| counter.add(b"a", 3000));
            assert_eq!((changed, value), (Err(HyperLogLogError::Header), before));
        }
        let mut number = StringValue::Int(1);
        assert_eq!(edit(&mut number, HyperLogLog::count), Err(HyperLogLogError::Header));
    }

    #[test]
    fn runs_of_other_than_all_registers_are_corrupted() {
        let header = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80";
        for runs in
            [&b""[..], b"\x7f", b"\x7f\xfe", b"\x7f\xff\x00", b"\x7f\xfe\x81", b"\x7f\xff\x40"]
        {
            let text = BytesMut::from(&[header, runs].concat()[..]);
            let mut counter = HyperLogLog::parse(text).expect("the header is sound");
            assert_eq!(counter.view().count(), Err(Corrupted), "{runs:?}");
            assert_eq!(counter.view().merge_into(&mut Registers::new()), Err(Corrupted));
            assert_eq!(counter.make_dense(), Err(Corrupted));
            assert_eq!(counter.count(), Err(Corrupted));
        }
        // As in Redis, the second byte of a run may be missing.
        let text = BytesMut::from(&[&header[..], b"\x7f\xfe\x40"].concat()[..]);
        let mut cut_off = HyperLogLog::parse(text).expect("the header is sound");
        assert_eq!(
            (cut_off.count(), cut_off.make_dense(), cut_off.count()),
            (Ok(0), Ok(true), Ok(0))
        );
        let mut short =
            HyperLogLog::parse(BytesMut::from(&[&header[..], b"\x40\x05"].concat()[..]));
        let short = short.as_mut().expect("the header is sound");
        assert_eq!(short.add(b"a", 3000), Err(Corrupted));
    }
}
