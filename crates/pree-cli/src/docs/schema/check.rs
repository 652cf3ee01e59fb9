//! Whether a value follows a schema: as much of JSON Schema as ours uses, and nothing that it uses is passed over.
//!
//! Stricter than the standard in one thing: a member that no schema knows is a mistake, for then ours is behind.

use serde_json::Value;

/// What is wrong, with where; nothing when the value follows the schema.
pub(crate) fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(keywords) = schema.as_object() else { return vec![format!("{at}: no schema")] };
    for (keyword, says) in keywords {
        let fits = match keyword.as_str() {
            "$ref" => {
                let path = says.as_str().and_then(|path| path.strip_prefix('#')).unwrap_or_default();
                match root.pointer(path) {
                    Some(target) => wrong.extend(check(root, target, value, at)),
                    None => wrong.push(format!("{at}: {path} leads nowhere")),
                }
                true
            }
            "type" => match says {
                Value::Array(types) => types.iter().any(|name| is(name, value)),
                one => is(one, value),
            },
            "const" => says == value,
            "enum" => says.as_array().is_some_and(|all| all.contains(value)),
            "required" => {
                let names = says.as_array().into_iter().flatten().filter_map(Value::as_str);
                !value.is_object() || names.into_iter().all(|name| value.get(name).is_some())
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    wrong.extend(check(root, says, item, &format!("{at}/{index}")));
                }
                true
            }
            "anyOf" => {
                let schemas = says.as_array().into_iter().flatten();
                { schemas }.any(|schema| check(root, schema, value, at).is_empty())
            }
            "properties" | "additionalProperties" | "$schema" | "$id" | "$defs" | "title" | "description" => {
                true
            }
            other => {
                wrong.push(format!("{at}: the keyword {other} is not checked"));
                true
            }
        };
        if !fits {
            wrong.push(format!("{at}: {value} is against {keyword} {says}"));
        }
    }
    if let (Some(members), true) = (value.as_object(), describes_members(keywords)) {
        for (name, member) in members {
            let inside = format!("{at}/{name}");
            match schema.get("properties").and_then(|p| p.get(name)).or(schema.get("additionalProperties")) {
                Some(known) => wrong.extend(check(root, known, member, &inside)),
                None => wrong.push(format!("{inside}: the schema does not know it")),
            }
        }
    }
    wrong
}

fn describes_members(keywords: &serde_json::Map<String, Value>) -> bool {
    keywords.contains_key("properties") || keywords.contains_key("additionalProperties")
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap_or_default() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
