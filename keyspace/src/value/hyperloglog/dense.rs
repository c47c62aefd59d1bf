//! Registers of 6 bits each, the first in the lowest bits of the first byte: four take three bytes.

/// All registers in order, sixteen at a time.
pub(super) fn values(bytes: &[u8]) -> impl Iterator<Item = [u8; 16]> {
    bytes.as_chunks::<12>().0.iter().map(|twelve| {
        let [low @ .., _, _, _, _] = twelve;
        let [_, _, _, _, high @ ..] = twelve;
        let (low, high) = (u64::from_le_bytes(*low), u64::from_le_bytes(*high) >> 16);
        (u128::from(spread(low)) | u128::from(spread(high)) << 64).to_le_bytes()
    })
}

/// Gives each of the eight registers in the lower 48 bits a byte of its own.
fn spread(bits: u64) -> u64 {
    let fours = bits & 0x00ff_ffff | (bits & 0xffff_ff00_0000) << 8;
    let pairs = fours & 0x0000_0fff_0000_0fff | (fours & 0x00ff_f000_00ff_f000) << 4;
    pairs & 0x003f_003f_003f_003f | (pairs & 0x0fc0_0fc0_0fc0_0fc0) << 2
}

/// Gives all registers these values.
pub(super) fn set_all(bytes: &mut [u8], values: &[u8]) {
    let (threes, fours) = (bytes.as_chunks_mut::<3>().0, values.as_chunks::<4>().0);
    for (three, [first, second, third, fourth]) in threes.iter_mut().zip(fours) {
        *three = [first | second << 6, second >> 2 | third << 4, third >> 4 | fourth << 2];
    }
}

/// Gives a register a value, if that is greater, and returns whether it was.
pub(super) fn raise(bytes: &mut [u8], register: usize, value: u8) -> bool {
    let is_greater = value > get(bytes, register);
    if is_greater {
        set(bytes, register, value);
    }
    is_greater
}

/// Gives a register a value.
pub(super) fn set(bytes: &mut [u8], register: usize, value: u8) {
    let (at, shift) = place(register);
    let [low, high] = (u16::from(value) << shift).to_le_bytes();
    let [low_mask, high_mask] = (u16::from(VALUE) << shift).to_le_bytes();
    bytes[at] = bytes[at] & !low_mask | low;
    if high_mask != 0 {
        bytes[at + 1] = bytes[at + 1] & !high_mask | high;
    }
}

fn get(bytes: &[u8], register: usize) -> u8 {
    let (at, shift) = place(register);
    let high = bytes.get(at + 1).copied().unwrap_or(0);
    (u16::from_le_bytes([bytes[at], high]) >> shift) as u8 & VALUE
}

fn place(register: usize) -> (usize, usize) {
    (register * 6 / 8, register * 6 % 8)
}

const VALUE: u8 = 0x3f;

#[cfg(test)]
mod tests {
    use super::super::REGISTERS;
    use super::*;

    #[test]
    fn registers_are_apart() {
        let mut bytes = vec![0; REGISTERS * 6 / 8];
        let value = |register: usize| (register * 7 % 64) as u8;
        for register in (0..REGISTERS).rev() {
            assert_eq!(raise(&mut bytes, register, value(register)), value(register) > 0);
            assert!(!raise(&mut bytes, register, value(register)));
        }
        assert!(values(&bytes).flatten().eq((0..REGISTERS).map(value)));
        for register in 0..REGISTERS {
            set(&mut bytes, register, 63 - value(register));
        }
        let others: Vec<u8> = (0..REGISTERS).map(|register| 63 - value(register)).collect();
        assert!(values(&bytes).flatten().eq(others.iter().copied()));
        let mut all_at_once = vec![0xff; bytes.len()];
        set_all(&mut all_at_once, &others);
        assert_eq!(all_at_once, bytes);
    }
}
