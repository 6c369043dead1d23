use serde_json::{Value, json};

/// Blocks in which each has an id, as Slack shows them; one without gets the same each time.
pub(crate) fn identified(blocks: &Value) -> Value {
    let mut blocks = blocks.clone();
    for (index, block) in blocks.as_array_mut().into_iter().flatten().enumerate() {
        if block.is_object() && block["block_id"].is_null() {
            block["block_id"] = format!("b{index}").into();
        }
    }
    blocks
}

/// What somebody presses or chooses, as `actions` of an interaction have it; nothing if there is no such element.
///
/// `value` tells two buttons of one element apart, such as those of `feedback_buttons`, and is the value of a menu's option.
pub(crate) fn action(blocks: &Value, action_id: &str, block_id: Option<&str>, value: Option<&str>) -> Option<Value> {
    let blocks = identified(blocks);
    let blocks = blocks.as_array()?;
    let chosen = blocks
        .iter()
        .filter(|block| block_id.is_none_or(|id| block["block_id"] == *id));
    for block in chosen {
        let elements = block["elements"].as_array().into_iter().flatten();
        for element in elements.chain([&block["accessory"], &block["element"]]) {
            if element["action_id"] == *action_id
                && let Some(mut action) = pressed(element, value)
            {
                action["action_id"] = action_id.into();
                action["block_id"] = block["block_id"].clone();
                action["type"] = element["type"].clone();
                return Some(action);
            }
        }
    }
    None
}

fn pressed(element: &Value, value: Option<&str>) -> Option<Value> {
    let is_wanted = |it: &Value| value.is_none_or(|value| it["value"] == *value);
    match element["type"].as_str()? {
        "feedback_buttons" => {
            let buttons = [&element["positive_button"], &element["negative_button"]];
            let button = buttons.into_iter().find(|it| it.is_object() && is_wanted(it))?;
            Some(json!({ "text": button["text"], "value": button["value"] }))
        }
        "button" | "icon_button" if is_wanted(element) => {
            let mut action = json!({ "text": element["text"] });
            for name in ["value", "style", "url"] {
                if !element[name].is_null() {
                    action[name] = element[name].clone();
                }
            }
            Some(action)
        }
        "static_select" | "radio_buttons" | "overflow" => {
            let option = element["options"].as_array()?.iter().find(|it| is_wanted(it))?;
            Some(json!({ "selected_option": option }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_is_found_by_its_action_and_value() {
        let button = |value: &str| json!({ "type": "button", "action_id": "decide", "text": {}, "value": value });
        let feedback = json!({
            "type": "feedback_buttons",
            "action_id": "feedback",
            "positive_button": { "text": {}, "value": "good" },
            "negative_button": { "text": {}, "value": "bad" },
        });
        let blocks = json!([
            { "type": "actions", "block_id": "first", "elements": [button("yes"), button("no")] },
            { "type": "context_actions", "elements": [feedback] },
        ]);
        let found = |action: &str, value| action_of(&blocks, action, value);
        assert_eq!(found("decide", Some("no")), Some(("first".into(), "no".into())));
        assert_eq!(found("decide", None), Some(("first".into(), "yes".into())));
        assert_eq!(found("feedback", Some("bad")), Some(("b1".into(), "bad".into())));
        assert_eq!(found("decide", Some("maybe")), None);
        assert_eq!(found("other", None), None);
    }

    fn action_of(blocks: &Value, action_id: &str, value: Option<&str>) -> Option<(String, String)> {
        let action = action(blocks, action_id, None, value)?;
        Some((action["block_id"].as_str()?.into(), action["value"].as_str()?.into()))
    }
}
