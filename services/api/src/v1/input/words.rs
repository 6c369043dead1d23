//! Words of a known set: alone, in a list, or separated by commas.

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
        let words = text.split(',').map(read).collect::<Result<_, _>>();
        words.map(Self).map_err(D::Error::custom)
    }
}

fn read<T: DeserializeOwned>(word: &str) -> Result<T, value::Error> {
    let deserializer: value::StrDeserializer<'_, value::Error> = word.into_deserializer();
    T::deserialize(deserializer)
}

/// A word as a string, and in no other of the ways in which an enum can be written in JSON.
pub(crate) fn one<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// As [`one`], several of them.
pub(crate) fn several<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let words = words.iter().map(|word| read(word)).collect::<Result<_, _>>();
    words.map_err(D::Error::custom)
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
