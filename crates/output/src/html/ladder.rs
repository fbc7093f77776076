//! The steps of a connection: arrows between the client on the left and the server on the right.

use std::collections::BTreeSet;

use handshark::record::timeline::Step;
use handshark::types::{PacketNo, Side};
use maud::{Markup, html};

use super::parts::LINE;

/// The colour of what proves a finding, and of the other steps.
const PROOF: &str = "#d64545";
const STEP: &str = "rgba(128,128,128,.9)";

const NUMBER: &str = "padding:0 12px 0 0;text-align:right;vertical-align:bottom;font-variant-numeric:tabular-nums";

/// The steps; `proofs` are the packets that prove a finding.
pub(super) fn ladder(steps: &[Step], proofs: &[PacketNo]) -> Markup {
    let proofs: BTreeSet<PacketNo> = proofs.iter().copied().collect();
    let lifelines = format!("min-width:34em;padding:2px 0 4px 0;border-left:{LINE};border-right:{LINE}");
    html! {
        table style="border-collapse:collapse;font-size:.9em" {
            tr {
                th style=(NUMBER) { "packet" }
                th style=(NUMBER) { "seconds" }
                th style=(lifelines) {
                    div style="display:flex;justify-content:space-between" { span { "client" } span { "server" } }
                }
            }
            @for step in steps {
                @let proves = proofs.contains(&step.packet);
                tr {
                    td style=(NUMBER) { @if proves { b { (step.packet) } } @else { (step.packet) } }
                    td style=(NUMBER) { (format!("{:.6}", step.offset_s.as_secs_f64())) }
                    td style=(lifelines) { (arrow(step, proves)) }
                }
            }
        }
    }
}

fn arrow(step: &Step, proves: bool) -> Markup {
    let (color, weight) = if proves { (PROOF, 600) } else { (STEP, 400) };
    html! {
        div style=(format!("text-align:center;font-weight:{weight};padding:0 8px")) { (step.what) }
        div style=(format!("display:flex;align-items:center;color:{color};line-height:.8;font-size:.8em")) {
            @if step.from == Side::Server { "\u{25c0}" }
            div style=(format!("flex:1;border-top:2px solid {color}")) {}
            @if step.from == Side::Client { "\u{25b6}" }
        }
    }
}
