//! SMTP, FTP, IMAP and POP3.

use super::{BLANK, Meaning, STARTTLS_KIND};
use crate::record::Speaks;

const REPLY: Meaning = Meaning {
    protocol: Speaks::Replies,
    kind: "reply-other",
    says: "Its words are those of the server; what stands behind the number (5.7.1 and the like) is explained in RFC 3463.",
    remedy: &[LOG],
    ..BLANK
};
const MAILBOX: Meaning = Meaning {
    protocol: Speaks::Imap,
    kind: "mailbox-other",
    says: "Its words are those of the server.",
    remedy: &[LOG],
    ..BLANK
};

const LOG: &str =
    "Look into the server's log at that time: it tells more than the client is told, and names the client.";

const TOO_MANY: &[&str] = &[
    "See who holds them: `ss -tn 'sport = :{port}'` on the server. Many of one address are a client that does not close, or one address for all \
     behind address translation or a proxy.",
    "Let the client use fewer at a time, and send more over each. Or raise the limit: Postfix `smtpd_client_connection_count_limit` and \
     `default_process_limit`, Exim `smtp_accept_max` and `smtp_accept_max_per_host`, Dovecot `mail_max_userip_connections`, vsftpd `max_clients` and \
     `max_per_ip`, ProFTPD `MaxClients`.",
];
const DECLINED: &str = "The client asked for TLS and was declined: it left without another word, as one does that must not go on in clear.";
const NO_STARTTLS: &[&str] = &[
    "Turn TLS on at the server: a certificate and its key that its process can read. A server that has it and says `not available` could not load \
     them, or has used up something: its log tells.",
    "Ask whether this is the port that was meant: TLS from the first byte is on 465 (SMTP), 993 (IMAP), 995 (POP3), 990 (FTP).",
    "A firewall that inspects mail (`inspect esmtp` and the like) declines in the server's name: compare with what the server itself answers on its own host.",
];

pub(super) static MEANINGS: &[Meaning] = &[
    Meaning { declines_tls: true, kind: STARTTLS_KIND, says: DECLINED, remedy: NO_STARTTLS, ..REPLY },
    Meaning {
        code: "421",
        text: "imeout",
        kind: "reply-timeout",
        says: "It waited for the client in vain.",
        remedy: &[
            "Let a client that keeps connections for later close them before that, or send NOOP. The limits: Postfix `smtpd_timeout` (300 s), Exim \
             `smtp_receive_timeout` (300 s), vsftpd `idle_session_timeout` (300 s), ProFTPD `TimeoutIdle` (600 s).",
        ],
        is_idle: true,
        ..REPLY
    },
    Meaning {
        code: "421",
        text: "oo many",
        kind: "reply-too-many",
        says: "It has as many connections as it allows, in all or of this client.",
        remedy: TOO_MANY,
        ..REPLY
    },
    Meaning {
        code: "421",
        kind: "reply-421",
        says: "It gives up the connection for now (421): the same may work later.",
        remedy: &[
            LOG,
            "Let the client try again later with growing pauses: 421 says that nothing is wrong with what it asked.",
        ],
        ..REPLY
    },
    Meaning {
        code: "554",
        kind: "reply-554",
        says: "It takes no session of this client, or not what it sent.",
        remedy: &[
            "Read the text: a block list names itself with an address to look up; `5.7.1` is a rule of the server. Ask its operator, or look into its log.",
        ],
        ..REPLY
    },
    Meaning {
        code: "530",
        kind: "reply-530",
        says: "It wants a login, or TLS, before anything else.",
        remedy: &[
            "Compare user and password that the client really uses; `STARTTLS first` wants encryption before the login.",
        ],
        ..REPLY
    },
    REPLY,
    Meaning { declines_tls: true, kind: STARTTLS_KIND, says: DECLINED, remedy: NO_STARTTLS, ..MAILBOX },
    Meaning {
        code: "BYE",
        text: "nactivity",
        kind: "mailbox-timeout",
        says: "It waited for the client in vain.",
        remedy: &[
            "Let clients say NOOP, or renew IDLE, before 29 minutes are over (RFC 2177); Dovecot closes after 30 minutes of silence.",
        ],
        is_idle: true,
        ..MAILBOX
    },
    Meaning {
        code: "BYE",
        text: "oo many",
        kind: "mailbox-too-many",
        says: "It has as many connections as it allows, in all or of this user and address.",
        remedy: TOO_MANY,
        ..MAILBOX
    },
    MAILBOX,
];
