//! What raw facts say: who told of what, in which account.

use super::line;
use crate::Event;

pub(super) fn words(event: &Event) -> String {
    let mut tokens = event.subject.split('.').skip(1);
    let (connector, account) = (tokens.next().unwrap_or_default(), tokens.next().unwrap_or("-"));
    let what = tokens.filter(|token| *token != "-").collect::<Vec<_>>().join(".");
    let text = |pointer: &str| event.data.pointer(pointer).and_then(serde_json::Value::as_str);
    let first = |pointers: &[&str]| pointers.iter().find_map(|pointer| text(pointer));
    let said = match connector {
        "slack" => {
            let channel = first(&["/event/channel", "/channel_id", "/channel/id"]);
            let who = first(&["/event/user", "/user_id", "/user/id", "/event/bot_id"]);
            let mut said = format!("Slack told of {what} in {account}");
            if let Some(channel) = channel {
                said = format!("{said}, channel {channel}");
            }
            if let Some(who) = who {
                said = format!("{said}, by {who}");
            }
            said
        }
        "github" => {
            let repository = text("/repository/full_name").map_or_else(String::new, |name| format!(" in {name}"));
            let who = text("/sender/login").map_or_else(String::new, |who| format!(" by {who}"));
            format!("GitHub delivered {what} for installation {account}{repository}{who}")
        }
        "clerk" => format!("Clerk told of {what} for {account}"),
        other => format!("{other} told of {what} for {account}"),
    };
    let summary = line(&event.summary());
    if summary.is_empty() {
        said
    } else {
        format!("{said}: {summary}")
    }
}
