use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The name of an operator, as errors, plans and reports print it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    /// A name; control characters in it are escaped, so that it can be printed.
    pub fn new(name: &str) -> Self {
        let printable: String = name
            .chars()
            .flat_map(|c| {
                let escaped = c.is_control().then(|| c.escape_default());
                let plain = escaped.is_none().then_some(c);
                escaped.into_iter().flatten().chain(plain)
            })
            .collect();
        Self(printable.into())
    }
}

impl Deref for Name {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_smuggle_control_characters() {
        assert_eq!(&*Name::new("tokenise"), "tokenise");
        assert_eq!(&*Name::new("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
    }
}
