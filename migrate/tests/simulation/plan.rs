//! What one run of the simulation is to be.

use bytes::Bytes;

use crate::broken::Broken;
use crate::dice::Dice;

/// What one run of the simulation is to be.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Keys of each migration, by their numbers.
    pub(crate) migrations: Vec<Vec<usize>>,
    pub(crate) settle: bool,
    pub(crate) copy: bool,
    pub(crate) replace: bool,
    /// Bytes that move at a time; random if 0.
    pub(crate) piece_bytes: usize,
    /// Whether clients are at work on both sides, beside those that watch and are told.
    pub(crate) clients: bool,
    /// Whether the target has keys of the same names.
    pub(crate) busy: bool,
    /// Whether earlier migrations have left some of the keys at the target, in doubt.
    pub(crate) doubts: bool,
    pub(crate) keeps_quiet: bool,
    /// Faults that chance decides, at most so many.
    pub(crate) faults: usize,
    /// One fault at a byte.
    pub(crate) fault: Option<(Fault, usize)>,
    pub(crate) broken: Option<Broken>,
    pub(crate) small_values: bool,
}

/// What goes wrong at a byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// The connection ends, and what is on its way is lost.
    RequestsCut,
    /// The connection ends for the source, and what is on its way arrives and is executed later.
    RequestsLate,
    RequestsSilent,
    RepliesCut,
    RepliesSilent,
    /// This byte of the replies is damaged.
    ReplyDamaged,
    TargetKilled,
}

impl Fault {
    pub(crate) const ALL: [Self; 7] = [
        Self::RequestsCut,
        Self::RequestsLate,
        Self::RequestsSilent,
        Self::RepliesCut,
        Self::RepliesSilent,
        Self::ReplyDamaged,
        Self::TargetKilled,
    ];

    /// Whether its place is a byte of the replies, not of the requests.
    pub(crate) fn counts_replies(self) -> bool {
        matches!(self, Self::RepliesCut | Self::RepliesSilent | Self::ReplyDamaged)
    }
}

impl Plan {
    /// One migration of three small keys, byte by byte.
    pub(crate) fn small() -> Self {
        Self {
            migrations: vec![vec![0, 1, 2]],
            settle: true,
            copy: false,
            replace: false,
            piece_bytes: 1,
            clients: false,
            busy: false,
            doubts: false,
            keeps_quiet: false,
            faults: 0,
            fault: None,
            broken: None,
            small_values: true,
        }
    }

    /// Migrations without faults, and nobody in the way.
    pub(crate) fn calm(dice: &mut Dice) -> Self {
        let migrations = (0..1 + dice.below(4)).map(|_| keys(dice)).collect();
        let doubts = dice.one_in(4);
        Self {
            migrations,
            copy: dice.one_in(5) && !doubts,
            replace: !doubts,
            doubts,
            piece_bytes: 0,
            keeps_quiet: dice.one_in(4),
            small_values: dice.one_in(2),
            ..Self::small()
        }
    }

    /// Everything that may happen.
    pub(crate) fn wild(dice: &mut Dice) -> Self {
        Self {
            settle: !dice.one_in(4),
            replace: dice.one_in(2),
            clients: !dice.one_in(3),
            busy: dice.one_in(3),
            faults: dice.below(6),
            ..Self::calm(dice)
        }
    }
}

/// Some keys in some order, perhaps one twice.
fn keys(dice: &mut Dice) -> Vec<usize> {
    (0..1 + dice.below(KEYS)).map(|_| dice.below(KEYS)).collect()
}

/// The name of a key.
pub(crate) fn key(number: usize) -> Bytes {
    format!("key {number}").into()
}

/// Keys of the simulation.
pub(crate) const KEYS: usize = 6;
