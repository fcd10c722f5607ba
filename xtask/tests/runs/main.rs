//! Whole runs of the command on modified copies of the project's inputs, and requirements on every
//! decision about the demo and, if `PVE_SOURCES` names a directory of repositories, about the real
//! releases.
//!
//! There is one binary, so that everything is linked once and each release is analysed once.
// Messages of failing tests are built in a simple way, because they are rare.
#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::naive_bytecount,
    clippy::type_complexity
)]

mod audit;
mod bad_input;
mod check;
mod codes;
mod configuration;
mod crates;
mod derivation;
mod drift;
mod evaluated;
mod expected;
mod faults;
mod features;
mod interrupted;
mod kinds;
mod linked;
mod over;
mod plugin;
mod prefetch;
mod properties;
mod proposals;
mod real;
mod remote;
mod reports;
mod required;
mod support;
mod told;
