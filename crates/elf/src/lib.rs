//! Reads the headers of an ELF file: its interpreter, its library search path, its data sections.
//! The file's author controls the offsets and sizes in it, so the reader never takes more than
//! [`MOST`] bytes.

use std::cell::Cell;
use std::io::{Read, Seek};
use std::ops::Range;

use object::elf::{
    DT_RPATH, DT_RUNPATH, FileHeader32, FileHeader64, PT_INTERP, SHF_ALLOC, SHF_EXECINSTR,
    SHT_NOBITS, SHT_PROGBITS,
};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _, SectionHeader as _};
use object::{Endianness, FileKind, ReadCache, ReadRef};

/// The first bytes of an ELF file.
pub const MAGIC: &[u8] = b"\x7fELF";

/// The most bytes of headers and tables to read from one file, about a hundred times what QEMU's
/// have.
const MOST: u64 = 32 << 20;

/// The facts that an ELF file's headers state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elf {
    /// The program that loads it.
    pub interpreter: Option<String>,
    /// The directories of `DT_RPATH` and `DT_RUNPATH`, in order.
    pub search: Vec<String>,
    /// The sections that occupy bytes in the file, by offset.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its bytes in the file.
    pub range: Range<u64>,
    /// Whether it holds a program's data, rather than its code or tables for a linker or debugger.
    pub is_data: bool,
}

impl Elf {
    /// Returns the section that contains an offset in the file.
    pub fn section(&self, offset: u64) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.range.contains(&offset))
    }
}

/// Reads an ELF file.
///
/// # Errors
/// A description of the fault in the file.
pub fn read(file: impl Read + Seek) -> Result<Elf, String> {
    let bounded = Bounded {
        cache: ReadCache::new(file),
        read: Cell::new(0),
    };
    let data = &bounded;
    match FileKind::parse(data).map_err(told)? {
        FileKind::Elf32 => whole::<FileHeader32<Endianness>, _>(data),
        FileKind::Elf64 => whole::<FileHeader64<Endianness>, _>(data),
        other => Err(format!("it begins like ELF but is {other:?}")),
    }
}

fn told(error: object::Error) -> String {
    error.to_string()
}

fn whole<'a, H, R>(data: R) -> Result<Elf, String>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'a>,
{
    let header = H::parse(data).map_err(told)?;
    let endian = header.endian().map_err(told)?;
    let mut elf = Elf::default();
    for segment in header.program_headers(endian, data).map_err(told)? {
        // After `strip --only-keep-debug`, the segment has no bytes in the file.
        if segment.p_type(endian) == PT_INTERP
            && let Ok(Some(path)) = segment.interpreter(endian, data)
        {
            elf.interpreter = Some(String::from_utf8_lossy(path).into_owned());
        }
    }
    let sections = header.sections(endian, data).map_err(told)?;
    for section in sections.iter() {
        let name = sections.section_name(endian, section).map_err(told)?;
        let name = String::from_utf8_lossy(name).into_owned();
        let (kind, flags): (u32, u64) = (section.sh_type(endian), section.sh_flags(endian).into());
        let start: u64 = section.sh_offset(endian).into();
        let size: u64 = section.sh_size(endian).into();
        if kind != SHT_NOBITS && size > 0 {
            let has = |flag: u32| flags & u64::from(flag) != 0;
            elf.sections.push(Section {
                is_data: kind == SHT_PROGBITS
                    && has(SHF_ALLOC)
                    && !has(SHF_EXECINSTR)
                    && !matches!(
                        name.as_str(),
                        ".interp" | ".eh_frame" | ".eh_frame_hdr" | ".gcc_except_table"
                    ),
                name,
                range: start
                    ..start
                        .checked_add(size)
                        .ok_or("a section extends beyond the file")?,
            });
        }
    }
    elf.sections.sort_by_key(|section| section.range.start);
    if let Some((dynamic, link)) = sections.dynamic(endian, data).map_err(told)? {
        let strings = sections.strings(endian, data, link).map_err(told)?;
        for entry in dynamic {
            let tag: i64 = entry.d_tag(endian).into();
            if tag == DT_RPATH || tag == DT_RUNPATH {
                let value: u64 = entry.d_val(endian).into();
                let value = u32::try_from(value).map_err(|error| error.to_string())?;
                let path = strings
                    .get(value)
                    .map_err(|()| "a search path is not a string")?;
                let path = String::from_utf8_lossy(path);
                elf.search.extend(path.split(':').map(str::to_owned));
            }
        }
    }
    Ok(elf)
}

/// A file of which at most [`MOST`] bytes are read.
struct Bounded<R: Read + Seek> {
    cache: ReadCache<R>,
    read: Cell<u64>,
}

impl<R: Read + Seek> Bounded<R> {
    fn take(&self, size: u64) -> Result<(), ()> {
        let read = self.read.get().saturating_add(size);
        self.read.set(read);
        if read <= MOST { Ok(()) } else { Err(()) }
    }
}

impl<'a, R: Read + Seek> ReadRef<'a> for &'a Bounded<R> {
    fn len(self) -> Result<u64, ()> {
        (&self.cache).len()
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        self.take(size)?;
        self.cache.read_bytes_at(offset, size)
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        let found = self.cache.read_bytes_at_until(range, delimiter)?;
        self.take(found.len() as u64)?;
        Ok(found)
    }
}
