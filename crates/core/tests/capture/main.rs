//! The capture layer from outside: bytes and files in, frames and warnings out.

#![expect(clippy::disallowed_methods, reason = "tests make files and look for the corpus")]
#![expect(clippy::disallowed_macros, reason = "a test says what it found or why it did not run")]

mod build;
mod copy;
mod corpus;
mod damage;
mod files;
mod formats;
mod packed;
mod splits;
mod start;
