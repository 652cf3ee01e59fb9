//! BTF written by hand: members, nesting, values, and every way of being cut short or wrong.

extern crate std;

use std::vec::Vec;

use super::*;

/// A file in the making. Written from the kernel's header, with no code of the reader.
#[derive(Default)]
struct Writer {
    types: Vec<u8>,
    strings: Vec<u8>,
    count: u32,
}

impl Writer {
    fn new() -> Self {
        Self { strings: std::vec![0], ..Self::default() }
    }

    fn string(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let at = self.strings.len() as u32;
        self.strings.extend(text.bytes());
        self.strings.push(0);
        at
    }

    fn words(&mut self, words: &[u32]) {
        for word in words {
            self.types.extend(word.to_ne_bytes());
        }
    }

    /// `flag` is bit 31 of the info word.
    fn add(&mut self, kind: u32, flag: bool, parts: usize, name: &str, word: u32) -> u32 {
        let name = self.string(name);
        self.words(&[name, kind << 24 | parts as u32 | u32::from(flag) << 31, word]);
        self.count += 1;
        self.count
    }

    fn int(&mut self, name: &str, size: u32) -> u32 {
        let id = self.add(1, false, 0, name, size);
        self.words(&[size * 8]);
        id
    }

    fn compound(
        &mut self,
        kind: u32,
        flag: bool,
        name: &str,
        size: u32,
        members: &[(&str, u32, u32)],
    ) -> u32 {
        let id = self.add(kind, flag, members.len(), name, size);
        for (name, type_id, place) in members {
            let name = self.string(name);
            self.words(&[name, *type_id, *place]);
        }
        id
    }

    fn finish(&self) -> Vec<u8> {
        let mut file = Vec::new();
        file.extend(0xeb9f_u16.to_ne_bytes());
        file.extend([1, 0]);
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        for word in [24, 0, types, types, strings] {
            file.extend(u32::to_ne_bytes(word));
        }
        file.extend(&self.types);
        file.extend(&self.strings);
        file
    }
}

/// A kernel of one structure: named, nested, anonymous, qualified, bit fields.
fn sample() -> Vec<u8> {
    let mut w = Writer::new();
    let int = w.int("int", 4);
    let long = w.int("long", 8);
    let inner = w.compound(4, false, "", 16, &[("hidden", long, 0), ("deeper", int, 64)]);
    let constant = w.add(10, false, 0, "", inner);
    let alias = w.add(8, false, 0, "inner_t", constant);
    let union = w.compound(5, false, "", 16, &[("", alias, 0), ("beside", long, 0)]);
    let array = w.add(3, false, 0, "", 0);
    w.words(&[int, int, 5]);
    let members = [("first", int, 0), ("", union, 64), ("name", array, 192), ("later", long, 384)];
    w.compound(4, false, "task", 56, &members);
    // A structure with bit fields: the width is in the upper byte.
    w.compound(4, true, "bits", 8, &[("one", int, 1 << 24), ("two", int, 2 << 24 | 1), ("whole", int, 32)]);
    let values = w.add(6, true, 2, "signs", 4);
    for (name, value) in [("minus", -1_i32 as u32), ("seven", 7)] {
        let name = w.string(name);
        w.words(&[name, value]);
    }
    assert_eq!(values, 10);
    w.add(19, false, 1, "wide", 8);
    let name = w.string("huge");
    w.words(&[name, 5, 1]);
    let prototype = w.add(13, false, 3, "", 0);
    w.words(&[0, int, 0, long, 0, int]);
    w.add(12, false, 1, "bpf_iter_thing", prototype);
    w.finish()
}

#[test]
fn members_are_found_by_name() {
    let file = sample();
    let btf = Btf::parse(&file).unwrap();
    let task = btf.find(Kind::STRUCT, "task").unwrap();
    let check = |name: &str, expected: Option<(u32, Option<u32>)>| {
        let member = btf.member(&task, name);
        assert_eq!(member.map(|m| (m.offset, btf.size(m.type_id))), expected, "{name}");
    };
    check("first", Some((0, Some(4))));
    check("beside", Some((8, Some(8))));
    check("hidden", Some((8, Some(8))));
    check("deeper", Some((16, Some(4))));
    check("name", Some((24, Some(20))));
    check("later", Some((48, Some(8))));
    check("late", None);
    check("laterr", None);
    check("", None);
    assert_eq!(task.size(), Some(56));
    assert_eq!(btf.name(&task), b"task");
    let bits = btf.find(Kind::STRUCT, "bits").unwrap();
    assert_eq!(btf.member(&bits, "whole").map(|m| m.offset), Some(4));
    assert_eq!(btf.member(&bits, "one"), None);
    assert_eq!(btf.member(&bits, "two"), None);
}

#[test]
fn values_and_functions() {
    let file = sample();
    let btf = Btf::parse(&file).unwrap();
    let [signs, wide, function, none] = btf.find_all([
        (Kind::ENUM, "signs"),
        (Kind::ENUM64, "wide"),
        (Kind::FUNC, "bpf_iter_thing"),
        (Kind::STRUCT, "bpf_iter_thing"),
    ]);
    assert!(none.is_none());
    let (signs, wide, function) = (signs.unwrap(), wide.unwrap(), function.unwrap());
    assert_eq!(btf.enumerator(&signs, "minus"), Some(-1));
    assert_eq!(btf.enumerator(&signs, "seven"), Some(7));
    assert_eq!(btf.enumerator(&signs, "eight"), None);
    assert_eq!(btf.enumerator(&wide, "huge"), Some(0x1_0000_0005));
    assert_eq!(btf.parameters(&function), Some(3));
    assert_eq!(btf.parameters(&signs), None);
    // Numbers count from 1, in the order of the file; 0 is void.
    assert_eq!(btf.get(function.id).map(|t| t.kind), Some(Kind::FUNC));
    assert!(btf.get(0).is_none());
    assert!(btf.get(function.id + 1).is_none());
}

#[test]
fn a_cut_or_foreign_file_is_said() {
    let file = sample();
    for length in 0..file.len() {
        assert!(Btf::parse(&file[..length]).is_err(), "{length} bytes");
    }
    let mut swapped = file.clone();
    swapped.swap(0, 1);
    assert_eq!(Btf::parse(&swapped).unwrap_err().offset, 0);
    let mut far = file;
    far[8..12].copy_from_slice(&u32::MAX.to_ne_bytes());
    assert!(Btf::parse(&far).is_err());
}

#[test]
fn an_unknown_kind_ends_the_list() {
    let mut w = Writer::new();
    w.int("before", 4);
    w.add(31, false, 0, "unknown", 0);
    w.int("after", 4);
    let file = w.finish();
    let btf = Btf::parse(&file).unwrap();
    let types: Vec<_> = btf.types().collect();
    assert_eq!(types.len(), 2);
    assert!(types[0].is_ok());
    assert_eq!(types[1].as_ref().unwrap_err().offset, 16);
    assert!(btf.find(Kind::INT, "before").is_some());
    assert!(btf.find(Kind::INT, "after").is_none());
}

#[test]
fn circles_end() {
    let mut w = Writer::new();
    // A typedef of itself, and a structure with itself as an anonymous member.
    w.add(8, false, 0, "loop", 1);
    w.compound(4, false, "snake", 4, &[("", 2, 0), ("", 2, 0), ("", 2, 0)]);
    let array = w.add(3, false, 0, "", 0);
    w.words(&[array, 1, 2]);
    let file = w.finish();
    let btf = Btf::parse(&file).unwrap();
    assert_eq!(btf.size(1), None);
    assert_eq!(btf.size(array), None);
    let snake = btf.find(Kind::STRUCT, "snake").unwrap();
    assert_eq!(btf.member(&snake, "tail"), None);
}

#[test]
fn a_type_that_ends_early_is_said() {
    let mut w = Writer::new();
    w.add(4, false, 3, "short", 12);
    let file = w.finish();
    let btf = Btf::parse(&file).unwrap();
    assert!(btf.types().next().unwrap().is_err());
    assert!(btf.find(Kind::STRUCT, "short").is_none());
}
