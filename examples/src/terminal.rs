use std::io::{self, Write};

/// Writes to standard output, at once.
///
/// # Errors
/// When it cannot be written; [`BrokenPipe`](io::ErrorKind::BrokenPipe) when
/// its reader has gone.
pub fn show(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Writes to standard error. If that is closed, there is nobody left to tell.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// `text` as a terminal may show it: at most `most` characters, and none that
/// would move its cursor, change its colours or turn its lines around.
pub fn legible(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most.saturating_mul(4)));
    for (count, character) in text.chars().enumerate() {
        if count == most {
            shown.push('…');
            break;
        }
        match character {
            // The marks of right-to-left text act beyond the word, other marks are lines or
            // not to be seen at all.
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                shown.extend(character.escape_unicode());
            }
            control if control.is_control() => shown.extend(control.escape_unicode()),
            plain => shown.push(plain),
        }
    }
    shown
}

/// The same, at most `most` characters in all; what is too much is left out near
/// the beginning: paths differ at their ends.
///
/// ```
/// assert_eq!(fluxus_examples::shortened("/shop/kettles/red", 13), "/sho…tles/red");
/// ```
pub fn shortened(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return legible(text, most);
    }
    let kept = most.saturating_sub(1);
    let front = kept / 3;
    let back = text.chars().skip(length + front - kept);
    let ends = text.chars().take(front).chain("…".chars()).chain(back);
    legible(&ends.collect::<String>(), most)
}

#[cfg(test)]
mod tests {
    use super::legible;

    #[test]
    fn what_would_steer_the_terminal_is_spelt_out() {
        for (text, shown) in [
            ("whale's", "whale's"),
            ("की", "की"),
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("12345678", "12345678"),
            ("123456789", "12345678…"),
        ] {
            assert_eq!(legible(text, 8), shown);
        }
    }
}
