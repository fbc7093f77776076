//! Judgement: from finished connections to symptoms, from symptoms to findings.
//!
//! A finding is a pair of files, `<layer>/<code>.rs` and `<layer>/<code>.md`, and one line in `registry.rs`. Its detector
//! reads one finished connection at a time ([`Detector::examine`]) and may attach a [`Symptom`]; at the end it tells one
//! story for all symptoms of one service ([`Detector::tell`]). It never sees packets, bytes or another detector.

mod beside;
mod capture;
mod clients;
mod detector;
mod distribution;
mod event;
mod exam;
mod examples;
mod fallback;
mod group;
mod hello_kinds;
mod http;
mod lead;
mod load;
mod marks;
mod minute;
mod openings;
mod pace;
mod pairs;
mod races;
mod recapture;
mod registry;
mod runs;
mod service;
mod service_key;
mod shape;
mod sketch;
mod spoken;
mod spreads;
mod symptom;
mod tcp;
mod thresholds;
mod timeouts;
mod tls;
mod trouble;
mod versions;
mod waiting;
mod words;

pub use beside::Beside;
pub(crate) use beside::Neighbours;
pub use detector::{Blind, CaptureFacts, Case, Common, Detector, Host, Scan, Scope, Sure, Told};
pub use distribution::{Cluster, Distribution};
pub use exam::Exam;
pub(crate) use exam::Said;
pub use group::{Group, Spread};
pub(crate) use http::GATEWAY_STATUS;
pub(crate) use lead::Lead;
pub use load::Load;
pub use pace::Pace;
pub use pairs::Pairs;
pub use registry::{DETECTORS, by_code};
pub use service::Service;
pub(crate) use service::earlier_and_later;
pub use service_key::ServiceKey;
pub use shape::Shape;
pub use symptom::{Confidence, Severity, Symptom};
pub use timeouts::{KNOWN, Kind, Known};
pub(crate) use tls::is_echo;
