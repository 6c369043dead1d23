//! A shell's text as commands, as far as the guide's examples go.

/// A command, and the comment behind it.
#[derive(Debug, Default)]
pub struct Command {
    pub words: Vec<String>,
    pub comment: String,
}

/// The commands in a shell's text: words without their quotes, substitutions as they stand, and the comment behind each.
pub fn commands(text: &str) -> Vec<Command> {
    let mut found = vec![Command::default()];
    let (mut word, mut quote, mut depth) = (None::<String>, None::<char>, 0);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let command = found.last_mut().unwrap();
        match letter {
            '(' if word.as_ref().is_some_and(|word| word.ends_with('$')) || depth > 0 => {
                depth += 1;
                word.get_or_insert_default().push(letter);
            }
            ')' if depth > 0 => {
                depth -= 1;
                word.get_or_insert_default().push(letter);
            }
            _ if depth > 0 => word.get_or_insert_default().push(letter),
            _ if quote == Some(letter) => quote = None,
            _ if quote.is_some() => word.get_or_insert_default().push(letter),
            '\'' | '"' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            '\\' if letters.peek() == Some(&'\n') => {
                letters.next();
                command.words.extend(word.take());
            }
            '#' if word.is_none() => {
                while let Some(letter) = letters.next_if(|letter| *letter != '\n') {
                    command.comment.push(letter);
                }
            }
            '\n' | ';' => {
                command.words.extend(word.take());
                found.push(Command::default());
            }
            ' ' => command.words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    found.last_mut().unwrap().words.extend(word);
    found.retain(|command| !command.words.is_empty());
    found
}

#[test]
fn a_shell_s_text_is_read_as_a_shell_reads_it() {
    let text = "a 'b c' \"d $e\" \\\n    f   # why\n# alone\ng \"$(h \"i j\")\"; k\n'l\nm'\n";
    let read: Vec<_> = commands(text)
        .into_iter()
        .map(|command| (command.words, command.comment))
        .collect();
    let expected: Vec<(Vec<String>, String)> = [
        (vec!["a", "b c", "d $e", "f"], " why"),
        (vec!["g", "$(h \"i j\")"], ""),
        (vec!["k"], ""),
        (vec!["l\nm"], ""),
    ]
    .into_iter()
    .map(|(words, comment)| (words.into_iter().map(str::to_owned).collect(), comment.to_owned()))
    .collect();
    assert_eq!(read, expected);
}
