//! Reads files in pieces, each with enough bytes before and after it for a search.

use std::io::{self, Read};

/// The number of bytes in a piece.
const SIZE: usize = 4 << 20;
/// The number of bytes to include before a piece. They decide whether a text is a path.
const BEFORE: usize = 256;
/// The number of bytes to include after a piece. No path is longer (`PATH_MAX` is 4096).
const AFTER: usize = 8192;

/// A piece of a file.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Its bytes, with some before and after.
    pub bytes: &'a [u8],
    /// The offset of the first byte in the file.
    pub offset: u64,
    /// The start of this piece's own bytes.
    pub from: usize,
    /// The start of the next piece's bytes.
    pub until: usize,
    /// The number of newlines before the first byte.
    pub lines: u64,
}

impl<'a> Piece<'a> {
    /// Makes a piece of a whole file in memory.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            offset: 0,
            from: 0,
            until: bytes.len(),
            lines: 0,
        }
    }

    /// Whether a text that begins at `at` belongs to this piece.
    pub fn owns(&self, at: usize) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// Returns the 1-based line of a byte.
    pub fn line(&self, at: usize) -> u32 {
        let before = &self.bytes[..at.min(self.bytes.len())];
        let line = self.lines + memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

/// Reads a file to its end, passes its pieces to `look` in order, and returns the number of bytes.
///
/// # Errors
/// A read fails. The pieces before it have been passed on.
pub fn each(mut file: impl Read, mut look: impl FnMut(Piece)) -> io::Result<u64> {
    let mut bytes = Vec::new();
    let (mut offset, mut from, mut lines) = (0_u64, 0, 0_u64);
    loop {
        let before = bytes.len();
        file.by_ref().take(SIZE as u64).read_to_end(&mut bytes)?;
        let last = bytes.len() - before < SIZE;
        let until = if last {
            bytes.len()
        } else {
            bytes.len() - AFTER
        };
        look(Piece {
            bytes: &bytes,
            offset,
            from,
            until,
            lines,
        });
        if last {
            return Ok(offset + bytes.len() as u64);
        }
        let gone = until.saturating_sub(BEFORE);
        lines += memchr::memchr_iter(b'\n', &bytes[..gone]).count() as u64;
        bytes.drain(..gone);
        offset += gone as u64;
        from = until - gone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_seen_once_whole_and_on_its_line() {
        let mut file = vec![b'.'; 2 * SIZE + SIZE / 2];
        let places = [
            0,
            SIZE - AFTER - 7,
            SIZE - AFTER,
            SIZE - 8,
            SIZE,
            2 * SIZE - 1,
            file.len() - 6,
        ];
        for place in places {
            file[place..place + 5].copy_from_slice(b"/path");
            file[place + 5] = b'\n';
        }
        let mut found = Vec::new();
        let length = each(&file[..], |piece| {
            for at in memchr::memmem::find_iter(piece.bytes, b"/path") {
                if piece.owns(at) {
                    found.push((usize::try_from(piece.offset).unwrap() + at, piece.line(at)));
                }
            }
        });
        assert_eq!(length.unwrap(), file.len() as u64);
        let lines: Vec<(usize, u32)> = places.into_iter().zip(1..).collect();
        assert_eq!(found, lines);
    }

    #[test]
    fn an_empty_file_is_one_empty_piece() {
        let mut seen = 0;
        assert_eq!(each(&b""[..], |piece| seen += 1 + piece.until).unwrap(), 0);
        assert_eq!(seen, 1);
    }
}
