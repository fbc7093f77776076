//! `--limit NAME=VALUE`: the core's budgets by name; the Python package takes the same names.

use std::str::FromStr;

use handshark::Limits;
use handshark::types::Span;

/// One budget and its new value.
#[derive(Clone, Debug)]
pub struct Limit {
    name: &'static str,
    value: f64,
}

/// The defaults, with these changes.
pub fn limits(changes: &[Limit]) -> Limits {
    let mut limits = Limits::default();
    for change in changes {
        if let Some(place) = place(&mut limits, change.name) {
            place.set(change.value);
        }
    }
    limits
}

/// `max-connections=200000`; underscores do as well.
impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (named, value) = text.split_once('=').ok_or("it must be NAME=VALUE")?;
        let dashed = named.replace('_', "-");
        let known = NAMES.into_iter().find(|known| **known == dashed);
        let name =
            known.ok_or_else(|| format!("no limit has the name {named}; the limits are {}", NAMES.join(", ")))?;
        let number: f64 = value.parse().map_err(|_| format!("{named}: the value must be a number, not {value}"))?;
        if !(1.0..=1e12).contains(&number) {
            return Err(format!("{named}: the value must be between 1 and 1e12, not {value}"));
        }
        if matches!(place(&mut Limits::default(), name), Some(Place::Count(_))) && number.fract() != 0.0 {
            return Err(format!("{named}: the value must be a whole number, not {value}"));
        }
        let value = number;
        Ok(Self { name, value })
    }
}

const NAMES: [&str; 22] = [
    "max-connections",
    "max-closed",
    "closed-linger",
    "tombstone-linger",
    "max-tombstones",
    "idle-timeout",
    "half-open-timeout",
    "max-reorder-bytes",
    "max-payload-total",
    "max-ranges",
    "max-handshake-bytes",
    "max-certificate-bytes",
    "max-http-head-bytes",
    "max-packet-bytes",
    "max-block-bytes",
    "max-nesting",
    "max-fragmented-packets",
    "max-fragment-bytes",
    "max-services",
    "max-findings",
    "max-examples",
    "max-evidence-packets",
];

/// Where a budget is kept.
enum Place<'a> {
    Count(&'a mut usize),
    Seconds(&'a mut Span),
}

impl Place<'_> {
    fn set(self, value: f64) {
        match self {
            Self::Count(count) => *count = value as usize,
            Self::Seconds(span) => *span = Span::from_secs_f64(value),
        }
    }
}

fn place<'a>(limits: &'a mut Limits, name: &str) -> Option<Place<'a>> {
    use Place::{Count, Seconds};
    Some(match name {
        "max-connections" => Count(&mut limits.max_connections),
        "max-closed" => Count(&mut limits.max_closed),
        "closed-linger" => Seconds(&mut limits.closed_linger),
        "tombstone-linger" => Seconds(&mut limits.tombstone_linger),
        "max-tombstones" => Count(&mut limits.max_tombstones),
        "idle-timeout" => Seconds(&mut limits.idle_timeout),
        "half-open-timeout" => Seconds(&mut limits.half_open_timeout),
        "max-reorder-bytes" => Count(&mut limits.max_reorder_bytes),
        "max-payload-total" => Count(&mut limits.max_payload_total),
        "max-ranges" => Count(&mut limits.max_ranges),
        "max-handshake-bytes" => Count(&mut limits.max_handshake_bytes),
        "max-certificate-bytes" => Count(&mut limits.max_certificate_bytes),
        "max-http-head-bytes" => Count(&mut limits.max_http_head_bytes),
        "max-packet-bytes" => Count(&mut limits.max_packet_bytes),
        "max-block-bytes" => Count(&mut limits.max_block_bytes),
        "max-nesting" => Count(&mut limits.max_nesting),
        "max-fragmented-packets" => Count(&mut limits.max_fragmented_packets),
        "max-fragment-bytes" => Count(&mut limits.max_fragment_bytes),
        "max-services" => Count(&mut limits.max_services),
        "max-findings" => Count(&mut limits.max_findings),
        "max-examples" => Count(&mut limits.max_examples),
        "max-evidence-packets" => Count(&mut limits.max_evidence_packets),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_place_and_every_limit_a_name() {
        let mut limits = Limits::default();
        assert!(NAMES.iter().all(|name| place(&mut limits, name).is_some()));
        let fields = serde_json::to_value(&limits).expect("limits serialise");
        let fields = fields.as_object().expect("a struct").keys().map(|key| key.replace('_', "-"));
        assert!(fields.into_iter().all(|field| NAMES.contains(&field.as_str())));
    }

    #[test]
    fn an_error_names_the_limit_and_the_value() {
        let error = |text: &str| text.parse::<Limit>().expect_err("it is wrong");
        assert!(error("max_conections=5").starts_with("no limit has the name max_conections; "));
        for (wrong, value) in [("max_closed=0", "0"), ("max_closed=1.5", "1.5"), ("max_closed=few", "few")] {
            let said = error(wrong);
            assert!(said.starts_with("max_closed: ") && said.ends_with(&format!("not {value}")), "{said}");
        }
        assert!("idle-timeout=1.5".parse::<Limit>().is_ok(), "seconds have parts");
    }

    #[test]
    fn a_limit_is_a_known_name_and_a_number() {
        let changed =
            limits(&["max_connections=5".parse().expect("known"), "idle-timeout=1.5".parse().expect("known")]);
        assert_eq!((changed.max_connections, changed.idle_timeout), (5, Span::from_millis(1_500)));
        for wrong in ["max-connections", "nope=1", "max-connections=x", "max-connections=0", "max-closed=nan"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
    }
}
