//! The schema and what is written follow each other.

use pree::Coverage;
use pree::field::Section;
use serde_json::{Value, json};

use super::check::check;
use crate::output::screen::Screen;
use crate::output::{self, Request, sample};

fn root() -> Value {
    let mut text = String::new();
    super::schema().write(0, &mut text);
    serde_json::from_str(&text).unwrap()
}

fn written(line: &str) -> Value {
    let args = crate::args::parse(line.split_whitespace().map(Into::into).collect());
    let Ok(request) = args.and_then(|args| Request::new(args.shown, args.asked.rows(), Screen::default()))
    else {
        panic!("{line} was refused")
    };
    let mut bytes = Vec::new();
    let mut out = output::of(&request, &mut bytes);
    for socket in sample::sockets() {
        out.row(&pree::field::View::new(&socket)).unwrap();
    }
    out.end(&Coverage::default()).unwrap();
    drop(out);
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn what_is_written_follows_the_schema() {
    let root = root();
    for (line, of) in [
        ("--json", "document"),
        ("--json -c -quality", "document"),
        ("--json -g state", "groups"),
        ("--json -g state --count", "groups"),
        ("--json --count", "count"),
    ] {
        let schema = json!({ "$ref": format!("#/$defs/{of}") });
        assert_eq!(check(&root, &schema, &written(line), ""), Vec::<String>::new(), "{line}");
    }
}

/// `docs/json.md` is true as far as a schema can tell.
#[test]
fn the_examples_of_the_documentation_follow_it() {
    let root = root();
    let text = include_str!("../../../../../docs/json.md");
    let blocks: Vec<&str> =
        text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let kinds = ["document", "end", "socket", "owner", "event", "watched", "window", "diagnosis"];
    assert_eq!(blocks.len(), kinds.len());
    for (block, of) in blocks.into_iter().zip(kinds) {
        let value: Value = serde_json::from_str(block).unwrap();
        let schema = json!({ "$ref": format!("#/$defs/{of}") });
        assert_eq!(check(&root, &schema, &value, ""), Vec::<String>::new(), "{block}");
    }
}

#[test]
fn every_field_is_in_it() {
    let root = root();
    // A mark is part of a list.
    for field in pree::field::all().filter(|field| !field.is_mark) {
        let place = match field.section {
            Section::Socket => "socket".to_owned(),
            // What stands in lists, and judgements, have an entry of their own.
            Section::Owner => "owner".to_owned(),
            Section::Peer if field.key != "inode" => "owner".to_owned(),
            Section::Quality => "quality".to_owned(),
            Section::Event => "event".to_owned(),
            inside => format!("socket/properties/{}", format!("{inside:?}").to_lowercase()),
        };
        let pointer = format!("/$defs/{place}/properties/{}", field.key);
        assert!(root.pointer(&pointer).is_some(), "{}: no {pointer}", field.name);
    }
}

#[test]
fn what_is_wrong_is_found() {
    let root = root();
    let document = written("--json");
    let document_of = json!({ "$ref": "#/$defs/document" });
    for (pointer, value, says) in [
        ("/complete", json!("yes"), "against type"),
        ("/schema", json!("pree/9"), "against const"),
        ("/sockets/0/cookie", json!(5), "against type"),
        ("/sockets/0/local/port", json!("80"), "against type"),
        ("/sockets/0/protocol", json!(null), ""),
        ("/sockets/0/local", json!({ "ip": "::1", "port": 1, "zone": 3 }), "does not know it"),
        ("/sockets/0/owners", json!([{ "pid": 1 }]), "against required"),
    ] {
        let mut changed = document.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        assert_eq!(
            check(&root, &root, &changed, "").is_empty(),
            says.is_empty(),
            "{pointer}: as any of them"
        );
        let wrong = check(&root, &document_of, &changed, "");
        if says.is_empty() {
            assert_eq!(wrong, Vec::<String>::new(), "{pointer}");
        } else {
            assert!(wrong.iter().any(|w| w.contains(says)), "{pointer}: {wrong:?}");
        }
    }
}
