//! Where files belong: on Debian, in a Nix output, in a source's tree.

mod output;
mod program;
mod tree;

pub use output::{ROWS, Row, fold, has_place};
pub use program::{PROGRAM_DIRECTORIES, program_of};
pub use tree::{TEST_DIRECTORIES, is_document, is_example, is_test};
