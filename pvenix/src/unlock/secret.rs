//! Secrets: keys and passphrases, which nothing may print.

use std::fmt;

/// A key or passphrase. It has no text, and its bytes are overwritten when it goes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Vec<u8>);

/// Bytes of a new key, before they are written as text.
const LENGTH: usize = 32;

impl Secret {
    /// Takes the bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for whoever has to pass them on.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A new key of 256 bits from the kernel, as letters that a passphrase may have.
    pub fn random() -> Result<Self, String> {
        use base64::Engine as _;
        use std::io::Read as _;
        let place = "/dev/urandom";
        let mut bytes = [0; LENGTH];
        std::fs::File::open(place)
            .and_then(|mut file| file.read_exact(&mut bytes))
            .map_err(|error| format!("{place}: {error}"))?;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        bytes.fill(0);
        Ok(Self(text.into_bytes()))
    }

    /// Without the line break that ends a typed line.
    #[must_use]
    pub fn without_line_break(mut self) -> Self {
        if self.0.last() == Some(&b'\n') {
            self.0.pop();
        }
        self
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, text: &mut fmt::Formatter) -> fmt::Result {
        text.write_str("Secret")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
    }
}

/// Keeps the memory of this process, and of the programs that it runs, out of core dumps (core(5)).
pub fn out_of_core_dumps() {
    // Where the kernel has none, there is nothing to keep out of.
    let _ = std::fs::write("/proc/self/coredump_filter", "0");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_no_text() {
        let secret = Secret::new(b"hunter2\n".to_vec()).without_line_break();
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret.bytes(), b"hunter2");
    }

    #[test]
    fn two_are_not_alike() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.bytes().len(), 43);
    }
}
