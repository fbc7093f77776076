//! What was odd about a capture, in words: an entry of `capture.quality` for each kind.

use crate::Quality;
use crate::link::link_name;
use crate::net::Skip;
use crate::record::Connection;
use crate::types::PacketNo;

/// Connections with packets that are not what they say.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    ignored_resets: Seen,
    other_bytes: Seen,
}

/// On how many connections something was seen, and the packet of the first.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    connections: u64,
    first: Option<PacketNo>,
}

impl Oddities {
    /// Notes a finished connection.
    #[inline]
    pub(super) fn note(&mut self, connection: &Connection) {
        if let Some(reset) = connection.ending.ignored_reset {
            self.ignored_resets.add(reset.at.packet);
        }
        if let Some(at) = connection.visibility.other_bytes {
            self.other_bytes.add(at.packet);
        }
    }

    pub(super) fn notes(&self) -> impl Iterator<Item = Quality> + use<> {
        let resets = self.ignored_resets.note("resets-ignored", |connections, first| {
            format!(
                "{connections} had a RST that ended nothing (the first is packet {first}): what its side sent later was acknowledged, so it \
                 was out of the window, or forged and stopped on the way"
            )
        });
        let bytes = self.other_bytes.note("other-bytes", |connections, first| {
            format!(
                "{connections} had segments with other bytes than those captured before for the same sequence numbers (the first is packet \
                 {first}): the earlier ones were read; one of the two is forged, or the capture was altered"
            )
        });
        resets.into_iter().chain(bytes)
    }
}

impl Seen {
    #[cold]
    fn add(&mut self, packet: PacketNo) {
        self.connections += 1;
        self.first = Some(self.first.map_or(packet, |first| first.min(packet)));
    }

    fn note(self, code: &'static str, words: impl Fn(&str, PacketNo) -> String) -> Option<Quality> {
        let Self { connections, first } = self;
        let subject = if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") };
        Some(Quality { code, count: connections, note: words(&subject, first?) })
    }
}

/// A link type that is not read, by number and name.
pub(super) fn unread_link(skip: Skip, count: u64) -> Option<Quality> {
    let Skip::UnknownLink(link) = skip else { return None };
    let name = link_name(link);
    let named =
        if name.starts_with("link type") { name.into_owned() } else { format!("link type {} ({name})", link.0) };
    let note = format!("{count} packets are of {named}, which is not read: what they carry is not known");
    Some(Quality { code: "link-type-not-read", count, note })
}

/// What the order of the packets has to say of the capture.
pub(super) fn order_notes(backwards: u64, late_packets: u64) -> Vec<Quality> {
    let mut notes = Vec::new();
    let mut note = |code, count: u64, text: String| {
        if count > 0 {
            notes.push(Quality { code, count, note: text });
        }
    };
    note(
        "time-backwards",
        backwards,
        format!(
            "{backwards} packets carry an earlier time than a packet before them; their order in the file was kept"
        ),
    );
    note(
        "late-packets",
        late_packets,
        format!("{late_packets} packets came long after the end of their connection and are not part of its record"),
    );
    notes
}

/// Fragments that were given up before their packet was whole.
pub(super) fn fragment_note(count: u64) -> Option<Quality> {
    let note = format!(
        "{count} IP packets in fragments were given up because max_fragmented_packets or max_fragment_bytes was reached: their \
         segments are missing"
    );
    (count > 0).then_some(Quality { code: "fragments-given-up", count, note })
}
