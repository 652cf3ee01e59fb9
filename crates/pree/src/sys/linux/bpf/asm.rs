//! A small assembler for BPF: one function an instruction, and the few sequences that our programs repeat.
//!
//! It knows the encoding (Documentation/bpf/standardization/instruction-set.rst) and nothing of what programs mean:
//! whether they make sense is for the kernel's verifier to say.

use crate::source::{Errno, Failure};

/// A register. R1 to R5 are the arguments of a call and do not survive it; its result is in R0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reg(u8);

pub(super) const R0: Reg = Reg(0);
pub(super) const R1: Reg = Reg(1);
pub(super) const R2: Reg = Reg(2);
pub(super) const R3: Reg = Reg(3);
pub(super) const R6: Reg = Reg(6);
pub(super) const R4: Reg = Reg(4);
pub(super) const R7: Reg = Reg(7);
pub(super) const R8: Reg = Reg(8);
pub(super) const R9: Reg = Reg(9);
/// The end of the stack: what is on it has a negative offset.
const FP: Reg = Reg(10);

/// A place on the stack: bytes from its end, negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot(pub(super) i16);

impl Slot {
    /// The place so many bytes further.
    pub(super) const fn at(self, bytes: i16) -> Self {
        Self(self.0 + bytes)
    }
}

/// A place in the program, to jump to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label(usize);

/// A comparison of unsigned numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    Equal,
    NotEqual,
    Less,
}

/// A function of the kernel that programs may call: `enum bpf_func_id` of include/uapi/linux/bpf.h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Helper(pub(super) i32);

/// A program in the making.
#[derive(Default)]
pub(super) struct Assembler {
    code: Vec<[u8; 8]>,
    /// Where each label is, once that is known.
    labels: Vec<Option<usize>>,
    /// Instructions that jump, and where to.
    jumps: Vec<(usize, Label)>,
}

impl Assembler {
    fn push(&mut self, code: u8, to: Reg, from: Reg, offset: i16, number: i32) {
        // Two halves of a byte, and C has the first member at the low end or at the high one.
        let registers = if cfg!(target_endian = "big") { to.0 << 4 | from.0 } else { from.0 << 4 | to.0 };
        let [o0, o1] = offset.to_ne_bytes();
        let [n0, n1, n2, n3] = number.to_ne_bytes();
        self.code.push([code, registers, o0, o1, n0, n1, n2, n3]);
    }

    pub(super) fn copy(&mut self, to: Reg, from: Reg) {
        self.push(0xbf, to, from, 0, 0);
    }

    pub(super) fn set(&mut self, to: Reg, number: i32) {
        self.push(0xb7, to, R0, 0, number);
    }

    /// Sets all 64 bits.
    pub(super) fn set_wide(&mut self, to: Reg, number: i64) {
        self.push(0x18, to, R0, 0, number as i32);
        self.push(0, R0, R0, 0, (number >> 32) as i32);
    }

    /// The address of the only value of an array map.
    pub(super) fn map_value(&mut self, to: Reg, map: i32) {
        /// `BPF_PSEUDO_MAP_VALUE`
        const MAP_VALUE: Reg = Reg(2);
        self.push(0x18, to, MAP_VALUE, 0, map);
        self.push(0, R0, R0, 0, 0);
    }

    /// A map itself, as an argument of a call.
    pub(super) fn map(&mut self, to: Reg, map: i32) {
        /// `BPF_PSEUDO_MAP_FD`
        const MAP_FD: Reg = Reg(1);
        self.push(0x18, to, MAP_FD, 0, map);
        self.push(0, R0, R0, 0, 0);
    }

    /// Adds to a number that others add to at the same time.
    pub(super) fn add_atomically(&mut self, to: Reg, offset: i16, from: Reg) {
        self.push(0xdb, to, from, offset, 0);
    }

    pub(super) fn add(&mut self, to: Reg, number: i32) {
        if number != 0 {
            self.push(0x07, to, R0, 0, number);
        }
    }

    pub(super) fn add_register(&mut self, to: Reg, from: Reg) {
        self.push(0x0f, to, from, 0, 0);
    }

    pub(super) fn multiply(&mut self, to: Reg, number: i32) {
        self.push(0x27, to, R0, 0, number);
    }

    pub(super) fn and(&mut self, to: Reg, number: i32) {
        self.push(0x57, to, R0, 0, number);
    }

    pub(super) fn load8(&mut self, to: Reg, from: Reg, offset: i16) {
        self.push(0x71, to, from, offset, 0);
    }

    pub(super) fn load16(&mut self, to: Reg, from: Reg, offset: i16) {
        self.push(0x69, to, from, offset, 0);
    }

    pub(super) fn load32(&mut self, to: Reg, from: Reg, offset: i16) {
        self.push(0x61, to, from, offset, 0);
    }

    pub(super) fn load64(&mut self, to: Reg, from: Reg, offset: i16) {
        self.push(0x79, to, from, offset, 0);
    }

    pub(super) fn store32(&mut self, to: Reg, offset: i16, from: Reg) {
        self.push(0x63, to, from, offset, 0);
    }

    pub(super) fn store64(&mut self, to: Reg, offset: i16, from: Reg) {
        self.push(0x7b, to, from, offset, 0);
    }

    pub(super) fn load_slot32(&mut self, to: Reg, slot: Slot) {
        self.load32(to, FP, slot.0);
    }

    pub(super) fn load_slot(&mut self, to: Reg, slot: Slot) {
        self.load64(to, FP, slot.0);
    }

    pub(super) fn store_slot8(&mut self, slot: Slot, from: Reg) {
        self.push(0x73, FP, from, slot.0, 0);
    }

    pub(super) fn store_slot16(&mut self, slot: Slot, from: Reg) {
        self.push(0x6b, FP, from, slot.0, 0);
    }

    pub(super) fn store_slot32(&mut self, slot: Slot, from: Reg) {
        self.store32(FP, slot.0, from);
    }

    pub(super) fn store_slot(&mut self, slot: Slot, from: Reg) {
        self.store64(FP, slot.0, from);
    }

    pub(super) fn set_slot32(&mut self, slot: Slot, number: u32) {
        self.push(0x62, FP, R0, slot.0, i32::from_ne_bytes(number.to_ne_bytes()));
    }

    /// Sets all 64 bits to 0.
    pub(super) fn clear_slot(&mut self, slot: Slot) {
        self.push(0x7a, FP, R0, slot.0, 0);
    }

    pub(super) fn slot_address(&mut self, to: Reg, slot: Slot) {
        self.copy(to, FP);
        self.add(to, slot.0.into());
    }

    pub(super) fn call(&mut self, helper: Helper) {
        self.push(0x85, R0, R0, 0, helper.0);
    }

    pub(super) fn exit(&mut self) {
        self.push(0x95, R0, R0, 0, 0);
    }

    /// A label that has no place yet.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// The label's place is here.
    pub(super) fn place(&mut self, label: Label) {
        let here = self.code.len();
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = Some(here);
        }
    }

    pub(super) fn jump(&mut self, label: Label) {
        self.jumps.push((self.code.len(), label));
        self.push(0x05, R0, R0, 0, 0);
    }

    pub(super) fn jump_if(&mut self, left: Reg, when: When, right: i32, label: Label) {
        self.jumps.push((self.code.len(), label));
        self.push(0x05 | condition(when), left, R0, 0, right);
    }

    pub(super) fn jump_if_register(&mut self, left: Reg, when: When, right: Reg, label: Label) {
        self.jumps.push((self.code.len(), label));
        self.push(0x0d | condition(when), left, right, 0, 0);
    }

    /// Reads kernel memory at `base` + `offset` into the slot; what cannot be read jumps to `refused`.
    pub(super) fn read(&mut self, slot: Slot, size: i32, base: Reg, offset: i32, refused: Label) {
        /// Linux 5.5.
        const PROBE_READ_KERNEL: Helper = Helper(113);
        self.copy(R3, base);
        self.add(R3, offset);
        self.set(R2, size);
        self.slot_address(R1, slot);
        self.call(PROBE_READ_KERNEL);
        self.jump_if(R0, When::NotEqual, 0, refused);
    }

    /// The program, its jumps filled in.
    pub(super) fn finish(mut self) -> Result<Vec<[u8; 8]>, Failure> {
        for (at, label) in self.jumps {
            let place = self.labels.get(label.0).copied().flatten().ok_or(Failure::Answer(Errno::EINVAL))?;
            // Counted from the instruction after the jump. Ours go forward only.
            let distance = place.checked_sub(at + 1).ok_or(Failure::Answer(Errno::EINVAL))?;
            let [low, high] =
                i16::try_from(distance).map_err(|_| Failure::Answer(Errno::EINVAL))?.to_ne_bytes();
            let jump = self.code.get_mut(at).ok_or(Failure::Answer(Errno::EINVAL))?;
            (jump[2], jump[3]) = (low, high);
        }
        Ok(self.code)
    }
}

fn condition(when: When) -> u8 {
    match when {
        When::Equal => 0x10,
        When::NotEqual => 0x50,
        When::Less => 0xa0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand, from the tables of instruction-set.rst.
    #[test]
    #[cfg(target_endian = "little")]
    fn encoding() {
        let mut asm = Assembler::default();
        let out = asm.label();
        asm.copy(R6, R1);
        asm.load64(R7, R6, 24);
        asm.jump_if(R7, When::Equal, 0, out);
        asm.slot_address(R1, Slot(-16));
        asm.set_wide(R2, -2);
        asm.map_value(R9, 5);
        asm.store_slot32(Slot(-4), R1);
        asm.jump_if_register(R1, When::Less, R8, out);
        asm.call(Helper(127));
        asm.place(out);
        asm.set(R0, 0);
        asm.exit();
        let expected: [[u8; 8]; 15] = [
            [0xbf, 0x16, 0, 0, 0, 0, 0, 0],
            [0x79, 0x67, 24, 0, 0, 0, 0, 0],
            [0x15, 0x07, 9, 0, 0, 0, 0, 0],
            [0xbf, 0xa1, 0, 0, 0, 0, 0, 0],
            [0x07, 0x01, 0, 0, 0xf0, 0xff, 0xff, 0xff],
            [0x18, 0x02, 0, 0, 0xfe, 0xff, 0xff, 0xff],
            [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            [0x18, 0x29, 0, 0, 5, 0, 0, 0],
            [0; 8],
            [0x63, 0x1a, 0xfc, 0xff, 0, 0, 0, 0],
            [0xad, 0x81, 1, 0, 0, 0, 0, 0],
            [0x85, 0, 0, 0, 127, 0, 0, 0],
            [0xb7, 0, 0, 0, 0, 0, 0, 0],
            [0x95, 0, 0, 0, 0, 0, 0, 0],
            [0; 8],
        ];
        assert_eq!(asm.finish().unwrap(), expected[..14]);
    }

    #[test]
    fn a_jump_to_nowhere_is_no_program() {
        let mut asm = Assembler::default();
        let nowhere = asm.label();
        asm.jump_if(R0, When::Equal, 0, nowhere);
        assert_eq!(asm.finish(), Err(Failure::Answer(Errno::EINVAL)));
        let mut asm = Assembler::default();
        let back = asm.label();
        asm.place(back);
        asm.jump_if(R0, When::Equal, 0, back);
        assert_eq!(asm.finish(), Err(Failure::Answer(Errno::EINVAL)));
    }
}
