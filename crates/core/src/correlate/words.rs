//! What was observed, in sentences.

use super::fates::{Fates, Key};
use super::leg::Point;
use super::way::Way;
use super::{Event, Fate, OrderFrom, Place, PointName};
use crate::types::Side;

/// Where, in the direction in which the packets went.
enum Where {
    /// Between two points: the one that they came to first, or would have, and the other.
    Between(PointName, PointName),
    /// On the servers' side of the last point, or on the clients' side of the first.
    Beyond(PointName),
    /// At a point itself.
    At(PointName),
}

impl Where {
    const fn of(key: &Key) -> Self {
        match (key.fate, key.place) {
            (Fate::Missed, Place { from: Some(point), .. }) => Self::At(point),
            (_, Place { from: Some(from), to: Some(to) }) => match key.by {
                Side::Client => Self::Between(from, to),
                Side::Server => Self::Between(to, from),
            },
            (_, Place { from: Some(point), .. } | Place { to: Some(point), .. }) => Self::Beyond(point),
            (_, Place { from: None, to: None }) => Self::Beyond(PointName(0)),
        }
    }
}

/// What happened, in a sentence.
pub(super) fn summary(key: &Key, bytes: Option<u64>, swallowed: u64) -> String {
    let Key { event, by, service, .. } = *key;
    let packets = match (event, by) {
        (Event::Syn, _) => format!("SYNs to {service}"),
        (Event::SynAck, _) => format!("SYN-ACKs of {service}"),
        (Event::Fin, Side::Client) => format!("FINs of clients to {service}"),
        (Event::Fin, Side::Server) => format!("FINs of {service}"),
        (Event::Rst, Side::Client) => format!("RSTs in the name of clients, to {service},"),
        (Event::Rst, Side::Server) => format!("RSTs in the name of {service}"),
        (Event::Payload, by) => {
            let bytes = bytes.unwrap_or_default();
            let unit = if bytes == 1 { "byte" } else { "bytes" };
            match by {
                Side::Client => format!("{bytes} {unit} of clients to {service}"),
                Side::Server => format!("{bytes} {unit} of {service}"),
            }
        }
    };
    match (key.fate, Where::of(key)) {
        (Fate::Lost, Where::Between(near, far)) => {
            let back = if by == Side::Server { " on the way back" } else { "" };
            format!("{packets} were captured at {near} and not at {far}: lost between {}{back}.", ends(key))
        }
        (Fate::Born, Where::Between(near, far)) => {
            let nearer = if by == Side::Server { "server" } else { "client" };
            let made = format!("made between {}", ends(key));
            let end = match event {
                Event::Rst => made,
                Event::SynAck => format!("{made} by something that answers in its place, or answers take another way"),
                Event::Syn | Event::Payload | Event::Fin => format!("{made}, or {near} did not capture them"),
            };
            let also = match swallowed {
                0 => String::new(),
                count => format!(
                    " Payload of the {} was lost in the same place ({count}): what made the RST did not let it pass.",
                    by.peer()
                ),
            };
            format!("{packets} were captured at {far} and not at {near}, which is nearer to the {nearer}: {end}.{also}")
        }
        (Fate::Missed, Where::Between(point, _)) | (_, Where::At(point)) => format!(
            "{packets} came farther, and were not captured at {point}: its capture has holes, they took another way, or something behind it made them."
        ),
        (Fate::Lost, Where::Beyond(point)) => {
            format!(
                "{packets} were captured at {point}, and no point has an answer: lost beyond {point}, or the server is silent."
            )
        }
        (_, Where::Beyond(point)) => {
            let end = if by == Side::Server { "server" } else { "client" };
            format!(
                "{packets} were captured at {point} already: from the {end} itself, or from something beyond {point}."
            )
        }
    }
}

/// Both points in the order of the way.
fn ends(key: &Key) -> String {
    match key.place {
        Place { from: Some(from), to: Some(to) } => format!("{from} and {to}"),
        Place { from, to } => from.or(to).map(|point| point.to_string()).unwrap_or_default(),
    }
}

/// What to look at.
pub(super) fn remedy(key: &Key) -> String {
    let ends = ends(key);
    match (key.fate, key.event, Where::of(key)) {
        (Fate::Missed, _, Where::At(point)) => {
            format!(
                "Capture at {point} with a larger buffer (`tcpdump -B 16384`) and the same filter as elsewhere, or on all interfaces."
            )
        }
        (Fate::Born, Event::Rst | Event::Fin, Where::Between(..)) => format!(
            "Look for what ends connections between {ends}: load balancer and firewall timeouts, `reject with tcp reset` rules, \
             a service mesh, an appliance. Capture halfway to halve the distance."
        ),
        (Fate::Born, Event::SynAck, Where::Between(..)) => {
            format!("Look for a SYN proxy, a load balancer or a second route between {ends}.")
        }
        (Fate::Lost, Event::Syn, Where::Between(..)) => format!(
            "Between {ends}: firewall rules, network policies, a full connection tracking table (`conntrack -S`: drop, \
             insert_failed), routes. Capture halfway to halve the distance."
        ),
        (Fate::Lost, Event::SynAck, Where::Between(..)) => format!(
            "Between {ends}, on the way back: another route than the SYN took, a firewall that did not see the SYN, reverse \
             path filtering (`rp_filter`), address translation."
        ),
        (Fate::Lost, Event::Payload, Where::Between(..)) => format!(
            "Between {ends}: a rule that looks at contents, a smaller MTU without ICMP (are the lost segments the large ones?), \
             a device that forgot the connection."
        ),
        (Fate::Lost, Event::Fin | Event::Rst, Where::Between(..)) => format!(
            "A device between {ends} that no longer knew the connection drops what belongs to it: compare its idle timeout \
             with how long these connections were quiet."
        ),
        (_, _, Where::Between(..)) => format!("Capture between {ends}."),
        (Fate::Lost, _, Where::Beyond(point)) => {
            format!("Capture on the server: the way from {point} to it, its firewall, or its accept queue.")
        }
        (_, _, Where::Beyond(point) | Where::At(point)) => match key.by {
            Side::Server => {
                format!(
                    "What `handshark` says of the capture {point} alone holds; to rule out what lies beyond it, capture on the server."
                )
            }
            Side::Client => {
                format!(
                    "What `handshark` says of the capture {point} alone holds; to rule out what lies before it, capture on the client."
                )
            }
        },
    }
}

/// What the captures do not tell.
pub(super) fn not_told(points: &[Point], way: &Way, connections: usize, ambiguous: u64, fates: &Fates) -> Vec<String> {
    let mut told = Vec::new();
    if connections == 0 {
        told.push(
            "No connection was found at two points: they were captured at other times or with other filters, or something between them ends \
             connections and begins its own (a proxy), or rewrites sequence numbers."
                .to_owned(),
        );
        return told;
    }
    if way.order_from == OrderFrom::Given {
        told.push(
            "Nothing tells in which order connections pass the points: they are taken to be given from the client to the server. Where that \
             is wrong, lost and made are the other way round."
                .to_owned(),
        );
    }
    for (place, point) in points.iter().enumerate() {
        let name = PointName(place);
        if point.dropped > 0 {
            told.push(format!(
                "The capture {name} dropped {} packets by its own count: what it has not may have passed all the same.",
                point.dropped
            ));
        }
        let with_holes = point.legs.iter().filter(|leg| leg.has_holes()).count();
        if with_holes > 0 {
            told.push(format!(
                "The capture {name} has holes: of {} it lacks bytes that were acknowledged there, so it may lack other packets too.",
                if with_holes == 1 { "1 connection".to_owned() } else { format!("{with_holes} connections") }
            ));
        }
        if point.left_out > 0 {
            told.push(format!(
                "{} connections of {name} were not laid beside others: more than are kept, or seen by samples alone.",
                point.left_out
            ));
        }
        if way.clocks.ahead(place).is_none() {
            told.push(format!("No connection ties {name} to the first point."));
        }
    }
    if fates.untraced > 0 {
        told.push(format!(
            "{} without an answer did not reach the last point, and nothing shows that it would have come there: another backend, another way, \
             or the capture did not run.",
            if fates.untraced == 1 { "1 attempt".to_owned() } else { format!("{} attempts", fates.untraced) }
        ));
    }
    if ambiguous > 0 {
        told.push(format!(
            "{ambiguous} connections could be one of several at another point; nothing is said of them."
        ));
    }
    if fates.contradicting > 0 {
        told.push(format!(
            "{} by time to live, or by how long answers take, passed the points in another order than the rest: nothing is said of that.",
            if fates.contradicting == 1 { "1 connection".to_owned() } else { format!("{} connections", fates.contradicting) }
        ));
    }
    if fates.left_out > 0 {
        told.push(format!("{} more observations were left out.", fates.left_out));
    }
    told
}
