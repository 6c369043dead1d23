//! A JSON Schema in words, as far as those of our events go.

use serde_json::Value;

/// One field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub name: String,
    /// Its type in words.
    pub kind: String,
    pub is_required: bool,
    pub meaning: String,
}

/// The fields of an object's schema: the required ones first, each part by name.
pub(super) fn fields(schema: &Value) -> Vec<Field> {
    let required = |name: &str| {
        let mut names = schema["required"].as_array().into_iter().flatten();
        names.any(|required| required == name)
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut fields: Vec<Field> = properties
        .map(|(name, property)| Field {
            name: name.clone(),
            kind: kind(property),
            is_required: required(name),
            meaning: description(property),
        })
        .collect();
    fields.sort_by(|one, other| (!one.is_required, &one.name).cmp(&(!other.is_required, &other.name)));
    fields
}

/// The values of a closed list, with what each means.
pub(super) fn values(schema: &Value) -> Vec<(String, String)> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let described = described.flat_map(|one| match one["enum"].as_array() {
        Some(values) => values.iter().map(|value| (word(value), description(one))).collect(),
        None => vec![(word(&one["const"]), description(one))],
    });
    listed
        .map(|value| (word(value), String::new()))
        .chain(described)
        .collect()
}

/// The named parts of a schema, by name.
pub(super) fn parts(schema: &Value) -> Vec<(&str, &Value)> {
    let mut parts: Vec<_> = schema["$defs"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, part)| (name.as_str(), part))
        .collect();
    parts.sort_by_key(|(name, _)| *name);
    parts
}

/// What a schema's type is, in words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return format!("`{}`", reference.rsplit('/').next().unwrap_or(reference));
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let choices: Vec<String> = choices.iter().map(kind).collect();
        return choices.join(" or ");
    }
    let simple = |name: &str| match name {
        "null" => "nothing".to_owned(),
        "array" => format!("list of {}", kind(&schema["items"])),
        other => schema["format"]
            .as_str()
            .map_or_else(|| other.to_owned(), |format| format!("{other} ({format})")),
    };
    let kind = match &schema["type"] {
        Value::String(name) => simple(name),
        Value::Array(names) => {
            let names: Vec<String> = names.iter().filter_map(Value::as_str).map(simple).collect();
            names.join(" or ")
        }
        _ if values(schema).is_empty() => "anything".to_owned(),
        _ => "one of a list".to_owned(),
    };
    match schema["pattern"].as_str() {
        Some(pattern) => format!("{kind} like `{pattern}`"),
        None => kind,
    }
}

/// What a schema says of itself, on one line.
pub(super) fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.replace('\n', " ")
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_told_in_words() {
        for (schema, expected) in [
            (json!({ "type": "string", "format": "uuid" }), "string (uuid)"),
            (json!({ "type": ["integer", "null"] }), "integer or nothing"),
            (
                json!({ "type": "array", "items": { "$ref": "#/$defs/Account" } }),
                "list of `Account`",
            ),
            (
                json!({ "anyOf": [{ "$ref": "#/$defs/A" }, { "type": "null" }] }),
                "`A` or nothing",
            ),
            (json!({ "type": "string", "pattern": "^a$" }), "string like `^a$`"),
            (json!({ "oneOf": [{ "const": "a" }] }), "one of a list"),
            (json!({ "description": "x" }), "anything"),
        ] {
            assert_eq!(kind(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn required_fields_come_first() {
        let schema = json!({
            "properties": {
                "b": { "type": "string", "description": "Two\nlines." }, "a": { "type": "string" }, "c": { "type": "null" }
            },
            "required": ["b"],
        });
        let fields = fields(&schema);
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["b", "a", "c"]);
        assert_eq!(fields[0].meaning, "Two lines.");
    }

    #[test]
    fn a_closed_list_has_its_words() {
        let schema = json!({ "oneOf": [{ "const": "a", "description": "A." }, { "enum": ["b", "c"] }] });
        let words: Vec<String> = values(&schema).into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["a", "b", "c"]);
    }
}
