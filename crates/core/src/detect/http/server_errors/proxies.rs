//! SOCKS.

use super::{BLANK, Meaning};
use crate::record::Speaks;

const SOCKS: Meaning = Meaning {
    protocol: Speaks::Socks,
    kind: "socks-other",
    says: "The proxy did not connect; what was meant for the target was never sent.",
    remedy: &[LOG],
    ..BLANK
};

const LOG: &str = "Look into the proxy's log at that time: it names client, target and reason.";

const NO_WAY: &str = "The proxy found no way to the target.";
const FROM_PROXY: &[&str] = &[
    "Try from the proxy's host: `curl -v telnet://TARGET:PORT`; its route and its own firewall count, not the client's.",
    "A name that the client resolved itself may be one that only it can reach: let the proxy resolve (`socks5h://` instead of `socks5://`).",
];
const LOGIN: &str = "The proxy wants to know who asks, and does not take what the client gave.";
const AT_LOGIN: &[&str] = &[
    "Compare user and password that the client really uses: `ALL_PROXY=socks5h://USER:PASSWORD@HOST:PORT`; special characters in them must be \
     percent-encoded.",
    LOG,
];

pub(super) static MEANINGS: &[Meaning] = &[
    Meaning { code: "0xff", kind: "socks-login", says: LOGIN, remedy: AT_LOGIN, ..SOCKS },
    Meaning { text: "user name or password", kind: "socks-login", says: LOGIN, remedy: AT_LOGIN, ..SOCKS },
    Meaning {
        code: "5",
        kind: "socks-refused",
        says: "By the proxy's word the target refused: nothing listens there, or a firewall rejects.",
        remedy: &["Ask at the target: `ss -ltnp 'sport = :PORT'`, and which addresses it listens on."],
        ..SOCKS
    },
    Meaning {
        code: "2",
        kind: "socks-rules",
        says: "The proxy's rules forbid this target, or this client.",
        remedy: &[
            "Ask who runs the proxy for the target to be allowed (Dante: `socks pass`, the first rule that fits counts).",
            LOG,
        ],
        ..SOCKS
    },
    Meaning { code: "3", kind: "socks-no-way", says: NO_WAY, remedy: FROM_PROXY, ..SOCKS },
    Meaning { code: "4", kind: "socks-no-way", says: NO_WAY, remedy: FROM_PROXY, ..SOCKS },
    Meaning { code: "6", kind: "socks-no-way", says: NO_WAY, remedy: FROM_PROXY, ..SOCKS },
    Meaning {
        code: "1",
        text: "general",
        kind: "socks-failure",
        says: "The proxy says no more than that it failed: mostly the name of the target has no address, or the connection took too long.",
        remedy: FROM_PROXY,
        ..SOCKS
    },
    SOCKS,
];
