//! From events to the bytes of one form.

use bytes::Bytes;

use super::{
    Element, EncodeOptions, FieldTtlPolicy, Out,
    form::{Form, PLAIN_NODE_BYTES_MIN},
};
use crate::{
    EncodeError, Event, Kind, ModuleItem, RdbVersion, Target,
    decode::{
        NO_VALKEY_EXPIRY, PACKED_NODE, PLAIN_NODE, REDIS_EXPIRE_AT_MS_MIN, module_opcode,
        score_of_entry, score_text,
    },
    length,
    packed::{Entry, Listpack},
    stream::{StreamId, StreamVersion},
    string,
};

/// Writes the events of one value in a form.
#[derive(Debug)]
pub(super) struct BodyWriter {
    kind: Kind,
    form: Form,
    target: Target,
    options: EncodeOptions,
    /// Elements or nodes so far.
    count: u64,
    /// Of the field at hand.
    expire_at_ms: Option<u64>,
    part: Part,
    /// A length was over 32 bits.
    wide: bool,
    /// Fields that expire and of which that cannot be said.
    ttls_lost: u64,
}

/// Which string of an element comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Member,
    Value,
}

/// Why an event cannot be written in this form.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The plain form of its kind will do.
    Form,
    /// No form will do.
    Value(EncodeError),
}

impl From<EncodeError> for Refusal {
    fn from(error: EncodeError) -> Self {
        Self::Value(error)
    }
}

impl BodyWriter {
    /// A writer of a string; see [`set_kind`](Self::set_kind) and [`set_form`](Self::set_form).
    pub(super) fn new(target: Target, options: EncodeOptions) -> Self {
        Self {
            kind: Kind::String,
            form: Form::String,
            target,
            options,
            count: 0,
            expire_at_ms: None,
            part: Part::Member,
            wide: false,
            ttls_lost: 0,
        }
    }

    /// Makes it one of values of `kind`.
    pub(super) fn set_kind(&mut self, kind: Kind) {
        self.kind = kind;
    }

    /// Makes it one that has written nothing yet and writes in `form`.
    pub(super) fn set_form(&mut self, form: Form) {
        *self = Self { kind: self.kind, form, ..Self::new(self.target, self.options) };
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) const fn target(&self) -> &Target {
        &self.target
    }

    /// Elements or nodes so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// The lowest version whose readers understand what has been written.
    pub(super) fn version(&self) -> RdbVersion {
        let version = self.form.version();
        if self.wide || self.count > u64::from(u32::MAX) {
            version.max(length::lowest_version(u64::MAX))
        } else {
            version
        }
    }

    /// Fields that expire and were written without that, or left out.
    pub(super) const fn ttls_lost(&self) -> u64 {
        self.ttls_lost
    }

    /// Whether nothing at all is left of the value.
    pub(super) const fn is_left_out(&self) -> bool {
        self.form.is_counted() && self.count == 0 && !matches!(self.form, Form::Stream(_))
    }

    /// Appends what stands in front of the elements, the type code included. If the form is
    /// [counted](Form::is_counted), it ends with the number of those so far.
    pub(super) fn head(&self, out: &mut Vec<u8>) {
        out.push(self.form.code());
        if let Form::RedisTtls { lowest_ms } = self.form {
            out.extend_from_slice(&lowest_ms.to_le_bytes());
        }
        if let Form::Module(id) = self.form {
            length::encode(id.0, out);
        }
        if self.form.is_counted() {
            length::encode(self.count, out);
        }
    }

    /// Appends `event` to `out`.
    pub(super) fn write(&mut self, event: &Event, out: &mut Out) -> Result<(), Refusal> {
        let compress = self.options.compress;
        match event {
            Event::Start(_) => {}
            Event::String(text) => {
                self.begin_string(text.len(), out)?;
                if !self.leaves_out() {
                    string::encode(text, compress, out);
                }
                self.end_string(out);
            }
            Event::StringStart { len } => {
                self.begin_string(usize::MAX, out)?;
                if !self.leaves_out() {
                    length::encode(*len, &mut out.built);
                    self.wide |= *len > u64::from(u32::MAX);
                }
            }
            Event::StringChunk(chunk) => {
                if !self.leaves_out() {
                    out.share(chunk);
                }
            }
            Event::StringEnd => self.end_string(out),
            Event::Score(score) => {
                match self.form {
                    Form::SortedSetText => score_text(*score, &mut out.built),
                    _ => out.built.extend_from_slice(&score.to_le_bytes()),
                }
                self.count += 1;
            }
            Event::ExpireAt(expire_at_ms) => self.expire_at(*expire_at_ms, out)?,
            Event::Listpack(listpack) => self.listpack(listpack, out)?,
            Event::Intset(intset) if self.form == Form::SetIntset => {
                self.only_one()?;
                string::encode(&intset.bytes(), compress, out);
            }
            Event::Intset(intset) => {
                self.require_plain()?;
                for member in intset.iter() {
                    string::encode_int(member, &mut out.built);
                }
                self.count += intset.len() as u64;
            }
            Event::Module(item) => module_item(*item, &mut out.built),
            Event::End => {
                if let Form::Module(_) = self.form {
                    length::encode(module_opcode::END, &mut out.built);
                }
            }
            stream => self.stream(stream, out)?,
        }
        Ok(())
    }

    /// Appends `element` to `out`, in the plain form of its kind.
    pub(super) fn element(&mut self, element: Element<'_>, out: &mut Vec<u8>) {
        let compress = self.options.compress;
        match element {
            Element::Member(text) => string::encode_slice(text, compress, out),
            Element::Scored(text, score) => {
                string::encode_slice(text, compress, out);
                match self.form {
                    Form::SortedSetText => score_text(score, out),
                    _ => out.extend_from_slice(&score.to_le_bytes()),
                }
            }
            Element::Field(name, value) => {
                string::encode_slice(name, compress, out);
                string::encode_slice(value, compress, out);
            }
        }
        self.count += 1;
    }

    /// What stands in front of a string.
    fn begin_string(&mut self, len: usize, out: &mut Out) -> Result<(), Refusal> {
        match self.form {
            Form::Quicklist if len < PLAIN_NODE_BYTES_MIN => return Err(Refusal::Form),
            Form::Quicklist => length::encode(PLAIN_NODE, &mut out.built),
            Form::Module(_) => length::encode(module_opcode::STRING, &mut out.built),
            _ => self.require_plain()?,
        }
        Ok(())
    }

    /// What stands behind a string; and it may be the last of an element.
    fn end_string(&mut self, out: &mut Out) {
        match (self.form, self.part) {
            (Form::List | Form::Quicklist | Form::Set, _) => self.count += 1,
            (Form::Hash | Form::RedisTtls { .. } | Form::ValkeyTtls, Part::Member) => {
                self.part = Part::Value;
            }
            (Form::Hash | Form::RedisTtls { .. } | Form::ValkeyTtls, Part::Value) => {
                self.part = Part::Member;
                self.end_field(out);
            }
            _ => {}
        }
    }

    /// What stands behind a field and its value.
    fn end_field(&mut self, out: &mut Out) {
        if self.leaves_out() {
            return;
        }
        if self.form == Form::ValkeyTtls {
            let time = self.expire_at_ms.map_or(NO_VALKEY_EXPIRY, |time| time as i64);
            out.built.extend_from_slice(&time.to_le_bytes());
        }
        self.count += 1;
    }

    /// Whether the field at hand is not to be written.
    fn leaves_out(&self) -> bool {
        self.form == Form::Hash
            && self.expire_at_ms.is_some()
            && self.options.field_ttls == FieldTtlPolicy::LeaveOut
    }

    fn expire_at(&mut self, expire_at_ms: Option<u64>, out: &mut Out) -> Result<(), Refusal> {
        self.expire_at_ms = expire_at_ms;
        match (self.form, expire_at_ms) {
            (Form::RedisTtls { .. }, None) => length::encode(0, &mut out.built),
            (Form::RedisTtls { lowest_ms }, Some(time)) => {
                let time = time.max(REDIS_EXPIRE_AT_MS_MIN);
                let distance = time.checked_sub(lowest_ms).expect("none is lower");
                length::encode(distance + 1, &mut out.built);
            }
            (Form::Hash, Some(_)) if self.options.field_ttls == FieldTtlPolicy::Refuse => {
                let accepted = self.target.version_max();
                return Err(EncodeError::FieldTtls { accepted }.into());
            }
            (Form::Hash, Some(_)) => self.ttls_lost += 1,
            _ => {}
        }
        Ok(())
    }

    fn listpack(&mut self, listpack: &Listpack, out: &mut Out) -> Result<(), Refusal> {
        match self.form {
            Form::Quicklist => {
                length::encode(PACKED_NODE, &mut out.built);
                self.blob(listpack, out)?;
                self.count += 1;
            }
            Form::SetListpack | Form::SortedSetListpack | Form::HashListpack => {
                self.only_one()?;
                self.blob(listpack, out)?;
            }
            Form::RedisTtlsListpack => {
                self.only_one()?;
                let lowest_ms = listpack.iter().nth(2).and_then(expiry_of_entry).unwrap_or(0);
                out.built.extend_from_slice(&lowest_ms.to_le_bytes());
                self.blob(listpack, out)?;
            }
            Form::List | Form::Set => {
                for entry in listpack.iter() {
                    self.entry(entry, out);
                }
                self.count += listpack.len() as u64;
            }
            Form::SortedSetText | Form::SortedSet => {
                let mut entries = listpack.iter();
                while let (Some(member), Some(score)) = (entries.next(), entries.next()) {
                    self.entry(member, out);
                    // Who made the listpack has seen that it is one.
                    let score = score_of_entry(score).unwrap_or_default();
                    self.write(&Event::Score(score), out)?;
                }
            }
            Form::Hash | Form::RedisTtls { .. } | Form::ValkeyTtls => {
                self.fields(listpack, out)?;
            }
            _ => return Err(Refusal::Form),
        }
        Ok(())
    }

    /// The fields of a packed hash, one by one.
    fn fields(&mut self, listpack: &Listpack, out: &mut Out) -> Result<(), Refusal> {
        let mut entries = listpack.iter();
        while let (Some(field), Some(value)) = (entries.next(), entries.next()) {
            if self.kind == Kind::HashWithTtls {
                let expire_at_ms = entries.next().and_then(expiry_of_entry);
                self.expire_at(expire_at_ms, out)?;
            }
            if !self.leaves_out() {
                self.entry(field, out);
                self.entry(value, out);
            }
            self.end_field(out);
        }
        Ok(())
    }

    fn entry(&self, entry: Entry<'_>, out: &mut Out) {
        match entry {
            Entry::Int(number) => string::encode_int(number, &mut out.built),
            Entry::Text(text) => {
                string::encode_slice(text, self.options.compress, &mut out.built);
            }
        }
    }

    fn stream(&mut self, event: &Event, out: &mut Out) -> Result<(), Refusal> {
        let Form::Stream(version) = self.form else { return Err(Refusal::Form) };
        let built = &mut out.built;
        match event {
            Event::StreamNode(node) => {
                let key = Bytes::copy_from_slice(&node.key().to_bytes());
                string::encode(&key, false, out);
                self.blob(node.listpack(), out)
                    .map_err(|_| EncodeError::BackLength { node: node.key() })?;
                self.count += 1;
            }
            Event::StreamInfo(info) => {
                length::encode(info.length, built);
                id_lengths(info.last_id, built);
                if version >= StreamVersion::V2 {
                    let history = info.history.expect("streams of version 2 have one");
                    id_lengths(history.first_id, built);
                    id_lengths(history.max_deleted_id, built);
                    length::encode(history.entries_added, built);
                }
                length::encode(info.groups, built);
            }
            Event::StreamGroup(group) => {
                string::encode(&group.name, self.options.compress, out);
                id_lengths(group.last_id, &mut out.built);
                if version >= StreamVersion::V2 {
                    let entries_read = group.entries_read.unwrap_or(-1);
                    length::encode(entries_read as u64, &mut out.built);
                }
                length::encode(group.pending, &mut out.built);
            }
            Event::StreamPending { id, delivered_at_ms, deliveries } => {
                built.extend_from_slice(&id.to_bytes());
                built.extend_from_slice(&delivered_at_ms.to_le_bytes());
                length::encode(*deliveries, built);
            }
            Event::StreamConsumers(consumers) => length::encode(*consumers, built),
            Event::StreamConsumer(consumer) => {
                string::encode(&consumer.name, self.options.compress, out);
                out.built.extend_from_slice(&consumer.seen_at_ms.to_le_bytes());
                if version >= StreamVersion::V3 {
                    let active_at_ms = consumer.active_at_ms.unwrap_or(-1);
                    out.built.extend_from_slice(&active_at_ms.to_le_bytes());
                }
                length::encode(consumer.pending, &mut out.built);
            }
            Event::StreamOwned(id) => built.extend_from_slice(&id.to_bytes()),
            _ => return Err(Refusal::Form),
        }
        Ok(())
    }

    /// Appends `listpack` with back lengths as the target reads them.
    fn blob(&self, listpack: &Listpack, out: &mut Out) -> Result<(), Refusal> {
        let compress = self.options.compress;
        if listpack.boundary().is_empty() {
            string::encode(listpack.blob(), compress, out);
            return Ok(());
        }
        let back_lengths = self.target.back_lengths().ok_or(Refusal::Form)?;
        string::encode(listpack.with_back_lengths(back_lengths).blob(), compress, out);
        Ok(())
    }

    /// A form of one packed blob holds no second.
    fn only_one(&mut self) -> Result<(), Refusal> {
        self.count += 1;
        if self.count > 1 { Err(Refusal::Form) } else { Ok(()) }
    }

    /// A form of one packed blob holds no elements.
    fn require_plain(&self) -> Result<(), Refusal> {
        match self.form {
            Form::SetIntset
            | Form::SetListpack
            | Form::SortedSetListpack
            | Form::HashListpack
            | Form::RedisTtlsListpack => Err(Refusal::Form),
            _ => Ok(()),
        }
    }
}

/// The time that an entry of a packed hash with field TTLs is.
pub(crate) fn expiry_of_entry(entry: Entry<'_>) -> Option<u64> {
    match entry {
        Entry::Int(time) => u64::try_from(time).ok().filter(|&time| time > 0),
        Entry::Text(_) => None,
    }
}

fn id_lengths(id: StreamId, out: &mut Vec<u8>) {
    length::encode(id.ms, out);
    length::encode(id.seq, out);
}

fn module_item(item: ModuleItem, out: &mut Vec<u8>) {
    match item {
        ModuleItem::Signed(number) => {
            length::encode(module_opcode::SIGNED, out);
            length::encode(number as u64, out);
        }
        ModuleItem::Unsigned(number) => {
            length::encode(module_opcode::UNSIGNED, out);
            length::encode(number, out);
        }
        ModuleItem::Float(number) => {
            length::encode(module_opcode::FLOAT, out);
            out.extend_from_slice(&number.to_le_bytes());
        }
        ModuleItem::Double(number) => {
            length::encode(module_opcode::DOUBLE, out);
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
}
