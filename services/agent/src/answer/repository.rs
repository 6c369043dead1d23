//! Which connected repository a name means.

/// What a name means among the repositories that are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// This one.
    One(String),
    /// Several have that name under different owners.
    Several(Vec<String>),
    /// None; these come nearest, the nearest first.
    None(Vec<String>),
}

/// Looks `name` (`acme/payments` or `payments`) up among `connected` full names, in any case.
pub fn find(name: &str, connected: &[&str]) -> Meant {
    let wanted = name.to_lowercase();
    let exact: Vec<String> = connected
        .iter()
        .filter(|full| {
            let full = full.to_lowercase();
            full == wanted || (!wanted.contains('/') && short(&full) == wanted)
        })
        .map(|full| (*full).to_owned())
        .collect();
    match exact.len() {
        0 => Meant::None(nearest(&wanted, connected)),
        1 => exact.into_iter().next().map_or(Meant::None(Vec::new()), Meant::One),
        _ => Meant::Several(exact),
    }
}

fn short(full: &str) -> &str {
    full.rsplit('/').next().unwrap_or(full)
}

/// At most three names that a typing mistake or half a name could have meant.
fn nearest(wanted: &str, connected: &[&str]) -> Vec<String> {
    let mut near: Vec<(usize, &str)> = connected
        .iter()
        .filter_map(|full| {
            let lower = full.to_lowercase();
            let (whole, name) = (distance(wanted, &lower), distance(short(wanted), short(&lower)));
            let part =
                short(wanted).chars().count() >= 3 && (lower.contains(short(wanted)) || wanted.contains(short(&lower)));
            let distance = if part { 0 } else { whole.min(name) };
            let most = (short(wanted).chars().count() / 3).max(1);
            (distance <= most).then_some((distance, *full))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, full)| full.to_owned()).collect()
}

/// How many letters have to be inserted, removed or replaced (Levenshtein), over at most 100 letters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().take(100).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTED: [&str; 4] = ["acme/Payments", "acme/payments-web", "acme/billing", "other/billing"];

    #[test]
    fn full_and_short_names_are_found_in_any_case() {
        assert_eq!(
            find("acme/payments", &CONNECTED),
            Meant::One("acme/Payments".to_owned())
        );
        assert_eq!(find("Payments", &CONNECTED), Meant::One("acme/Payments".to_owned()));
        assert_eq!(
            find("billing", &CONNECTED),
            Meant::Several(vec!["acme/billing".to_owned(), "other/billing".to_owned()])
        );
        assert_eq!(
            find("other/billing", &CONNECTED),
            Meant::One("other/billing".to_owned())
        );
    }

    #[test]
    fn mistyped_names_are_suggested() {
        assert_eq!(
            find("acme/paymnets", &CONNECTED),
            Meant::None(vec!["acme/Payments".to_owned()])
        );
        assert_eq!(
            find("bill", &CONNECTED),
            Meant::None(vec!["acme/billing".to_owned(), "other/billing".to_owned()])
        );
        assert_eq!(find("kitchen", &CONNECTED), Meant::None(Vec::new()));
        assert_eq!(find("payments", &[]), Meant::None(Vec::new()));
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
