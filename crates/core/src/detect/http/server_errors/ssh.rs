//! SSH before it is encrypted.

use super::{BLANK, Meaning, SSH_MISMATCH_KIND};
use crate::record::Speaks;

const SSH: Meaning = Meaning {
    protocol: Speaks::Ssh,
    kind: "ssh-other",
    says: "Its words are those of the server.",
    remedy: &[LOG],
    ..BLANK
};

const LOG: &str = "Look into sshd's log at that time (`journalctl -u ssh`; `LogLevel VERBOSE` tells more).";

pub(super) static MEANINGS: &[Meaning] = &[
    Meaning {
        text: "Exceeded MaxStartups",
        kind: "ssh-max-startups",
        says: "More connections than `MaxStartups` allows had not logged in yet: sshd drops new ones by chance from its first number on, and all from its last.",
        remedy: &[
            "See who they are: `ss -tn 'sport = :22'` and sshd's log. Scanners of passwords fill it on hosts that anyone can reach: let a firewall or \
             `PerSourceMaxStartups` keep them out.",
            "Raise `MaxStartups` (10:30:100 unless it is set) where many log in at once: Ansible forks, Git servers, jump hosts. `LoginGraceTime` \
             (120 s) says how long one may hold a place.",
        ],
        ..SSH
    },
    Meaning {
        text: "Not allowed at this time",
        kind: "ssh-penalty",
        says: "sshd refuses this address for a while (`PerSourcePenalties`, since OpenSSH 9.8): too many failed logins, or connections that were broken off, came from it.",
        remedy: &[
            "Find what fails on that address: a wrong key in a job, a TCP health check that connects and closes. Exempt what is trusted: \
             `PerSourcePenaltyExemptList`.",
            "Behind address translation all clients share one address, and so its penalty.",
        ],
        ..SSH
    },
    Meaning {
        text: "the client offers",
        kind: SSH_MISMATCH_KIND,
        says: "Mostly one side is older than what the other still takes: SHA-1 (`ssh-rsa`, `diffie-hellman-group1-sha1`, `group14-sha1`) and CBC ciphers are off in recent versions.",
        remedy: &[
            "Update the side whose list is old. `ssh -Q kex`, `-Q key`, `-Q cipher`, `-Q mac` show what a client knows, `sshd -T` what a server allows.",
            "Until then allow the old one for this host alone: `Host` section with `KexAlgorithms +...`, `HostKeyAlgorithms +ssh-rsa`, `Ciphers +...` or \
             `MACs +...`. `update-crypto-policies --set LEGACY` (RHEL) does it for all, which is more than is needed.",
        ],
        ..SSH
    },
    SSH,
];
