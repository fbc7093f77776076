//! Checks that could not be made, by reason.

use super::commands;

/// A reason for which a check could not be made.
#[derive(Debug)]
pub(super) struct Blind {
    pub(super) reason: &'static str,
    pub(super) capture_instead: Option<&'static str>,
    pub(super) connections: u64,
    /// Rows of the services to which they went: one more than are told apart, at the most.
    pub(super) rows: Vec<usize>,
}

/// Notes that a check could not be made for so many connections of a service's row.
pub(super) fn note_blind(
    known: Option<&mut Vec<Blind>>,
    reason: &'static str,
    capture_instead: Option<&'static str>,
    row: usize,
    connections: u64,
) {
    let Some(known) = known else { return };
    match known.iter_mut().find(|blind| std::ptr::eq(blind.reason, reason) || blind.reason == reason) {
        Some(blind) => {
            blind.connections += connections;
            if blind.rows.len() <= commands::MOST_SERVERS && !blind.rows.contains(&row) {
                blind.rows.push(row);
            }
        }
        None => known.push(Blind { reason, capture_instead, connections, rows: vec![row] }),
    }
}
