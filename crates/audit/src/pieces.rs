//! Files read in pieces: as many bytes as are looked at at once, with those before and after them that a search needs.

use std::io::{self, Read};

/// Bytes that are read at once.
const SIZE: usize = 4 << 20;
/// Bytes before a piece's own: what stands directly before a path tells whether it is one.
const BEFORE: usize = 256;
/// Bytes after a piece's own: no path that is looked for is longer (`PATH_MAX` is 4096).
const AFTER: usize = 8192;

/// A part of a file.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Its bytes, with some before and after.
    pub bytes: &'a [u8],
    /// Where in the file the first of them stands.
    pub offset: u64,
    /// What begins from here on is this piece's.
    pub from: usize,
    /// What begins here is the next one's.
    pub until: usize,
    /// The line ends before the first byte.
    pub lines: u64,
}

impl<'a> Piece<'a> {
    /// A file that is in memory.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            offset: 0,
            from: 0,
            until: bytes.len(),
            lines: 0,
        }
    }

    /// Whether what begins at `at` is this piece's.
    pub fn owns(&self, at: usize) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// The 1-based line of a byte.
    pub fn line(&self, at: usize) -> u32 {
        let before = &self.bytes[..at.min(self.bytes.len())];
        let line = self.lines + memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

/// Reads to the end and hands out the pieces in order; gives the number of bytes.
///
/// # Errors
/// What reading says; the pieces before it were handed out.
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
