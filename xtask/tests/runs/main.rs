//! Whole runs of the command on mutated copies of the project's inputs, and what must hold of every decision on the demo
//! and, where `PVE_SOURCES` names a directory of repositories, on the real releases.
//!
//! One binary, so that everything is linked once and each release is analysed once.

mod bad_input;
mod codes;
mod expected;
mod faults;
mod interrupted;
mod properties;
mod real;
mod support;
