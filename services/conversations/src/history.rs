//! What an agent is told of a conversation so far.

use chrono::{DateTime, Utc};
use infragpt_events::conversation::{AnswerState, Turn};
use infragpt_nats::agent::{Role, Turn as Said};
use uuid::Uuid;

/// How many earlier questions an agent is told of, with their answers.
const MOST_TURNS: usize = 20;
/// How many characters of them together. What is older is left out first.
const MOST_CHARACTERS: usize = 24_000;
/// How many characters of one question or answer.
const MOST_OF_ONE: usize = 6_000;

/// What was said before the question of `answer_id`, oldest first.
///
/// A question without an answer yet is told, too: it may be what "and yesterday?" follows from. What its author took back
/// is not, nor is its answer, nor what was sent before `since`.
pub(crate) fn before(turns: &[Turn], answer_id: Uuid, since: Option<DateTime<Utc>>) -> Vec<Said> {
    let earlier = turns.iter().take_while(|turn| turn.answer_id != answer_id);
    let is_told = |turn: &&Turn| {
        !turn.is_deleted
            && since.is_none_or(|since| turn.message.sent_at >= since)
            && turn.answer != AnswerState::Merged { into: answer_id }
    };
    let earlier: Vec<&Turn> = earlier.filter(is_told).collect();
    let mut characters = 0;
    let mut told = Vec::new();
    for turn in earlier.into_iter().rev().take(MOST_TURNS) {
        let said = said(turn);
        characters += said.iter().map(|said| said.text.chars().count()).sum::<usize>();
        if characters > MOST_CHARACTERS {
            break;
        }
        told.push(said);
    }
    told.into_iter().rev().flatten().collect()
}

fn said(turn: &Turn) -> Vec<Said> {
    let author = &turn.message.author;
    let question = Said {
        role: Role::User,
        author: Some(author.name.clone().unwrap_or_else(|| author.id.clone())),
        text: bounded(&turn.message.text),
    };
    match &turn.answer {
        AnswerState::Posted { text, .. } => vec![
            question,
            Said {
                role: Role::Assistant,
                author: None,
                text: bounded(text),
            },
        ],
        AnswerState::Requested
        | AnswerState::Failed { .. }
        | AnswerState::Stopped { .. }
        | AnswerState::Merged { .. } => vec![question],
    }
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(MOST_OF_ONE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use infragpt_events::conversation::{Author, Message};

    use super::*;

    fn turn(number: u128, question: &str, answer: AnswerState) -> Turn {
        let author = Author {
            id: "U1".to_owned(),
            name: Some("Maya".to_owned()),
        };
        let message = Message {
            id: number.to_string(),
            author,
            text: question.to_owned(),
            sent_at: DateTime::UNIX_EPOCH,
        };
        Turn {
            answer_id: Uuid::from_u128(number),
            message,
            answer,
            is_deleted: false,
            draft: None,
            feedback: Vec::new(),
            is_explained: false,
        }
    }

    fn posted(text: &str) -> AnswerState {
        AnswerState::Posted {
            posted_id: "9.9".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn only_what_came_before_is_told() {
        let turns = [
            turn(1, "what failed?", posted("nothing")),
            turn(
                2,
                "and yesterday?",
                AnswerState::Failed {
                    reason: "no agent".to_owned(),
                },
            ),
            turn(3, "status", AnswerState::Requested),
            turn(4, "later", AnswerState::Requested),
        ];
        let told = before(&turns, Uuid::from_u128(3), None);
        let told: Vec<(Role, Option<&str>, &str)> = told
            .iter()
            .map(|said| (said.role, said.author.as_deref(), said.text.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (Role::User, Some("Maya"), "what failed?"),
                (Role::Assistant, None, "nothing"),
                (Role::User, Some("Maya"), "and yesterday?"),
            ]
        );
        assert!(before(&turns, Uuid::from_u128(1), None).is_empty());
    }

    #[test]
    fn what_was_taken_back_or_is_too_old_is_not_told() {
        let deleted = Turn {
            is_deleted: true,
            ..turn(1, "a secret", posted("a secret, too"))
        };
        let into = Uuid::from_u128(3);
        let turns = [
            deleted,
            turn(2, "merged", AnswerState::Merged { into }),
            turn(3, "now", AnswerState::Requested),
        ];
        assert!(before(&turns, into, None).is_empty());
        let turns = [turn(1, "old", posted("old")), turn(2, "now", AnswerState::Requested)];
        let later = DateTime::from_timestamp(1, 0);
        assert!(before(&turns, Uuid::from_u128(2), later).is_empty());
        assert_eq!(before(&turns, Uuid::from_u128(2), Some(DateTime::UNIX_EPOCH)).len(), 2);
    }

    #[test]
    fn a_long_conversation_is_told_from_its_end() {
        let turns: Vec<Turn> = (0..200)
            .map(|number| turn(number, &"ä".repeat(10_000), posted("yes")))
            .collect();
        let told = before(&turns, Uuid::from_u128(199), None);
        assert!(told.len() <= 2 * MOST_TURNS);
        assert!(told.iter().map(|said| said.text.chars().count()).sum::<usize>() <= MOST_CHARACTERS);
        assert_eq!(told.last().map(|said| said.role), Some(Role::Assistant));
        assert_eq!(told[0].text.chars().count(), MOST_OF_ONE + 1);
    }
}
