#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod http;
pub mod ladder;
pub mod packets;
pub mod tls;
pub mod writers;

mod noise;

pub use ladder::{Expectation, Expected, FindingExpected, Ladder, LadderError, ladders, played};
pub use noise::Noise;
