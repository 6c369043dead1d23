//! Several of a known set of words, separated by commas.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, IntoDeserializer as _, value},
};

/// The most that are read.
const MOST: usize = 32;

/// Several words, each of which is a `T`; none where none was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words<T>(pub Vec<T>);

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.split(',').count() > MOST {
            return Err(D::Error::custom(format_args!("there are more than {MOST} words")));
        }
        let read = |word: &str| T::deserialize(value::StrDeserializer::<value::Error>::from(word.into_deserializer()));
        let words = text.split(',').map(read).collect::<Result<_, _>>();
        words.map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use infragpt_events::change::ChangeKind;

    use super::*;

    #[test]
    fn words_are_separated_by_commas() {
        let read = |text: &str| serde_json::from_value::<Words<ChangeKind>>(text.into());
        assert_eq!(
            read("push,release,push").unwrap().0,
            [ChangeKind::Push, ChangeKind::Release, ChangeKind::Push]
        );
        for wrong in ["", "push,", "Push", "push release", &"push,".repeat(40)] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let error = read("pull").unwrap_err().to_string();
        assert!(
            error.contains("unknown variant `pull`, expected one of `push`"),
            "{error}"
        );
    }
}
