/// The fields of Zeek's tab-separated logs: a heading names them, and every line
/// has them in that order.
#[derive(Clone, Debug, Default)]
pub struct ZeekFields {
    path: String,
    names: Vec<String>,
}

impl ZeekFields {
    /// Whether the first line of a file looks like this format; a heading may have
    /// been cut down to the names.
    pub fn looks_like(line: &str) -> bool {
        ["#separator", "#path\t", "#fields\t"]
            .iter()
            .any(|begin| line.starts_with(begin))
    }

    /// Takes note of a line of the heading; says whether it was one.
    pub fn heading(&mut self, line: &str) -> bool {
        if let Some(names) = line.strip_prefix("#fields\t") {
            self.names = names.split('\t').map(str::to_owned).collect();
        } else if let Some(path) = line.strip_prefix("#path\t") {
            self.path = path.to_owned();
        }
        line.starts_with('#')
    }

    /// What kind of log the heading says it is: `http`, `conn`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The values of these fields in a line; a `-` and an `(empty)` are empty ones.
    ///
    /// ```
    /// use fluxus_examples::input::ZeekFields;
    ///
    /// let mut fields = ZeekFields::default();
    /// assert!(fields.heading("#fields\tts\tuid\thost"));
    /// let values = fields.of("1.5\tC1\t-", ["host", "ts"]);
    /// assert_eq!(values, Ok(["", "1.5"]));
    /// ```
    ///
    /// # Errors
    /// When there was no heading, it has not all of the fields, or the line has
    /// more or fewer than the heading.
    pub fn of<'line, const N: usize>(
        &self,
        line: &'line str,
        fields: [&str; N],
    ) -> Result<[&'line str; N], String> {
        if self.names.is_empty() {
            return Err("there is no #fields line before it".to_owned());
        }
        let count = line.split('\t').count();
        if count != self.names.len() {
            let named = self.names.len();
            return Err(format!("it has {count} fields, and #fields names {named}"));
        }
        let mut values = [""; N];
        for (value, field) in values.iter_mut().zip(fields) {
            let at = self.names.iter().position(|name| name == field);
            let at = at.ok_or_else(|| match self.path.as_str() {
                "" => format!("#fields names no {field}"),
                path => format!("#fields names no {field}: it is a log of kind {path:?}"),
            })?;
            *value = value_at(line, at);
        }
        Ok(values)
    }

    /// The value of a field that older logs, or shorter ones, do not have.
    pub fn of_optional<'line>(&self, line: &'line str, field: &str) -> &'line str {
        match self.names.iter().position(|name| name == field) {
            Some(at) => value_at(line, at),
            None => "",
        }
    }
}

fn value_at(line: &str, at: usize) -> &str {
    match line.split('\t').nth(at) {
        None | Some("-" | "(empty)") => "",
        Some(value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::ZeekFields;

    #[test]
    fn what_is_wrong_is_told() {
        let mut fields = ZeekFields::default();
        let error = fields.of("1\t2", ["ts"]).unwrap_err();
        assert!(error.contains("no #fields"), "{error}");
        assert!(fields.heading("#path\tconn"));
        assert!(fields.heading("#fields\tts\tuid"));
        assert!(!fields.heading("1\tC"));
        assert_eq!(fields.path(), "conn");
        let error = fields.of("1", ["ts"]).unwrap_err();
        assert!(error.contains("1 fields"), "{error}");
        let error = fields.of("1\t2", ["host"]).unwrap_err();
        assert!(error.contains("no host"), "{error}");
        assert_eq!(fields.of_optional("1\t2", "host"), "");
        assert_eq!(fields.of_optional("1\t2", "uid"), "2");
    }
}
