//! Apple's structures, as Apple's own headers and compiler lay them out: constants for `pree-wire`, and answers in those
//! structures for tests. Nothing of it runs; it is read out of object files for both processors, which must agree.

mod macho;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::kit::{Kit, run};
use crate::Result;
use crate::cargo::root;

const HERE: &str = "xtask/src/cross/apple";
const LAYOUT: &str = "crates/pree-wire/src/apple/layout.rs";
const GOLDEN: &str = "crates/pree-wire/tests/golden/apple";

/// The processors of Macs, by the names that zig has for them.
const TARGETS: [&str; 2] = ["aarch64-macos", "x86_64-macos"];

/// The segment of our sections, and the section of the table.
const SEGMENT: &str = "__PREE";
const TABLE: &str = "layout";

/// Compares what the headers say with what is committed, or puts it there.
pub(super) fn check(kit: &Kit, bless: bool) -> Result<()> {
    let mut layout = sections(kit, "layout")?;
    let table = layout.remove(TABLE).ok_or("layout.c: its table is in no object file")?;
    let mut files = vec![(LAYOUT.to_owned(), constants(&table)?.into_bytes())];
    let golden = sections(kit, "golden")?;
    files.extend(golden.into_iter().map(|(name, bytes)| (format!("{GOLDEN}/{name}"), bytes)));
    for (path, expected) in &files {
        let file = root().join(path);
        if bless {
            write(&file, expected)?;
        } else if std::fs::read(&file).ok().as_ref() != Some(expected) {
            return Err(format!(
                "{path} is not what Apple's headers say; if they are right: cargo xtask cross macos --bless"
            ));
        }
    }
    println!("    {} files are what Apple's headers say, for both processors", files.len());
    Ok(())
}

/// Our sections of `{name}.c`, the same for both processors.
fn sections(kit: &Kit, name: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found: Option<BTreeMap<String, Vec<u8>>> = None;
    for target in TARGETS {
        let object = kit.target.join(format!("{name}.{target}.o"));
        let mut compile = kit.zig();
        compile
            .args(["cc", "-target", target, "-c", "-Wall", "-Wextra", "-Werror"])
            .args(["-Wno-missing-field-initializers", "-Wno-missing-braces", "-Wno-unused-const-variable"])
            .arg(root().join(HERE).join(format!("{name}.c")))
            .arg("-o")
            .arg(&object);
        run(&format!("macOS: {name}.c for {target}"), &mut compile)?;
        let bytes = std::fs::read(&object).map_err(|error| format!("{}: {error}", object.display()))?;
        let ours = macho::sections(&bytes, SEGMENT)
            .ok_or_else(|| format!("{}: not an object file of a Mac", object.display()))?;
        match &found {
            None => found = Some(ours),
            Some(first) if *first == ours => {}
            Some(_) => return Err(format!("{name}.c: {} and {} differ", TARGETS[0], TARGETS[1])),
        }
    }
    found.ok_or_else(|| format!("{name}.c has no section of ours"))
}

/// `struct entry` of layout.c: two names of 24 bytes, offset and size.
const ENTRY: usize = 56;

/// The table as Rust.
fn constants(table: &[u8]) -> Result<String> {
    let mut out = String::from(
        "//! Where members of Apple's structures lie. Made by `cargo xtask cross macos --bless` from xtask/src/cross/apple/layout.c\n\
         //! and Apple's headers, the same for both processors; not to be edited.\n\n\
         use super::place::Place;\n",
    );
    let mut current = String::new();
    for entry in table.chunks(ENTRY) {
        let text = |at: usize| {
            let name = entry.get(at..at + 24)?.split(|byte| *byte == 0).next()?;
            std::str::from_utf8(name).ok()
        };
        let number = |at: usize| Some(u32::from_le_bytes(entry.get(at..at + 4)?.try_into().ok()?));
        let (Some(structure), Some(member), Some(offset), Some(size)) =
            (text(0), text(24), number(48), number(52))
        else {
            return Err("layout.c: the table makes no sense".into());
        };
        if structure != current {
            if !current.is_empty() {
                out.push_str("}\n");
            }
            let _ = write!(out, "\n/// `struct {structure}`.\npub(crate) mod {structure} {{\n");
            structure.clone_into(&mut current);
        }
        if member.is_empty() {
            let _ = writeln!(out, "    pub(crate) const SIZE: usize = {size};");
        } else {
            let name = member.to_uppercase();
            let _ = writeln!(
                out,
                "    pub(crate) const {name}: super::Place = super::Place {{ offset: {offset}, size: {size} }};"
            );
        }
    }
    out.push_str("}\n");
    Ok(out)
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file, bytes))
        .map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::{ENTRY, constants};

    fn entry(structure: &str, member: &str, offset: u32, size: u32) -> Vec<u8> {
        let mut bytes = vec![0; ENTRY];
        bytes[..structure.len()].copy_from_slice(structure.as_bytes());
        bytes[24..24 + member.len()].copy_from_slice(member.as_bytes());
        bytes[48..52].copy_from_slice(&offset.to_le_bytes());
        bytes[52..].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    #[test]
    fn a_table_becomes_constants() {
        let table = [entry("a", "", 0, 8), entry("a", "b", 4, 2), entry("c", "", 0, 1)].concat();
        let text = constants(&table).unwrap();
        let body = text.split_once("Place;\n").unwrap().1;
        let expected = "\n/// `struct a`.\npub(crate) mod a {\n    pub(crate) const SIZE: usize = 8;\n    pub(crate) const B: super::Place = super::Place { offset: 4, size: 2 };\n}\n\n/// `struct c`.\npub(crate) mod c {\n    pub(crate) const SIZE: usize = 1;\n}\n";
        assert_eq!(body, expected);
        assert!(constants(&table[..ENTRY + 3]).is_err(), "cut short");
    }
}
