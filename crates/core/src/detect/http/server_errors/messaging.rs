//! MQTT, AMQP and NATS.

use super::{BLANK, Meaning, SILENT_KINDS};
use crate::record::Speaks;

const MQTT: Meaning = Meaning {
    protocol: Speaks::Mqtt,
    kind: "mqtt-other",
    says: "The number is explained in the standard (MQTT 3.1.1 section 3.2.2.3, MQTT 5.0 section 2.4).",
    remedy: &[MQTT_LOG],
    ..BLANK
};
const AMQP: Meaning = Meaning {
    protocol: Speaks::Amqp,
    kind: "amqp-other",
    says: "Its words are those of the broker.",
    remedy: &[AMQP_LOG],
    ..BLANK
};

const NATS: Meaning = Meaning {
    protocol: Speaks::Nats,
    kind: "nats-other",
    says: "Its words are those of the server.",
    remedy: &[NATS_LOG],
    ..BLANK
};

const NATS_LOG: &str = "Look into the server's log at that time, and at `http://SERVER:8222/connz?state=closed`: it names client and reason.";
const MQTT_LOG: &str = "Look into the broker's log at that time: it names the client identifier and the reason.";
const AMQP_LOG: &str = "Look into the broker's log at that time: it names user, vhost and the reason.";

const CREDENTIALS: &[&str] = &[
    "Compare user and password that the client really uses (a secret that was rotated) with the broker's: Mosquitto `password_file` (read again at \
     SIGHUP), EMQX and HiveMQ their authentication chain.",
    MQTT_LOG,
];
const RIGHTS: &[&str] = &[
    "Ask what the broker allows this client: `allow_anonymous` and `acl_file` in Mosquitto, policies of AWS IoT (the client identifier must be \
     allowed, too) or EMQX. Brokers give this code for a wrong password as well.",
    MQTT_LOG,
];
const NOT_AUTHORIZED: &str =
    "The broker does not let this client in: no user, a wrong password, or no right to connect.";
const SERVER_GONE: &str = "The broker was stopping, or could not serve.";
const TRY_LATER: &[&str] = &[
    "Find the restart in the broker's log at that time; let clients connect again with growing pauses and some chance in them, or all come at once.",
];
const TAKEN_OVER: &str = "Another client connected with the same identifier, and the broker gave the session to it.";
const UNIQUE: &[&str] = &[
    "Give each client an identifier of its own: two replicas of one deployment, or a copy of a device, throw each other out for ever. A name of the \
     pod or the serial number of the device will do.",
    "One client that connects again before the broker noticed that it had gone gets this for its old connection: nothing is wrong then.",
];

pub(super) static MEANINGS: &[Meaning] = &[
    Meaning { code: "4", kind: "mqtt-credentials", says: "User or password are wrong.", remedy: CREDENTIALS, ..MQTT },
    Meaning {
        code: "0x86",
        kind: "mqtt-credentials",
        says: "User or password are wrong.",
        remedy: CREDENTIALS,
        ..MQTT
    },
    Meaning { code: "5", kind: "mqtt-not-authorized", says: NOT_AUTHORIZED, remedy: RIGHTS, ..MQTT },
    Meaning { code: "0x87", kind: "mqtt-not-authorized", says: NOT_AUTHORIZED, remedy: RIGHTS, ..MQTT },
    Meaning { code: "3", kind: "mqtt-unavailable", says: SERVER_GONE, remedy: TRY_LATER, passes: true, ..MQTT },
    Meaning { code: "0x88", kind: "mqtt-unavailable", says: SERVER_GONE, remedy: TRY_LATER, passes: true, ..MQTT },
    Meaning { code: "0x89", kind: "mqtt-unavailable", says: SERVER_GONE, remedy: TRY_LATER, passes: true, ..MQTT },
    Meaning { code: "0x8b", kind: "mqtt-unavailable", says: SERVER_GONE, remedy: TRY_LATER, passes: true, ..MQTT },
    Meaning { code: "0x8e", kind: "mqtt-taken-over", says: TAKEN_OVER, remedy: UNIQUE, ..MQTT },
    Meaning {
        code: "0x8d",
        kind: SILENT_KINDS[1],
        says: "The client was silent for longer than its keep-alive allows.",
        remedy: KEEP_ALIVE,
        ..MQTT
    },
    Meaning { code: "1", kind: "mqtt-version", says: WRONG_VERSION, remedy: VERSION, ..MQTT },
    Meaning { code: "0x84", kind: "mqtt-version", says: WRONG_VERSION, remedy: VERSION, ..MQTT },
    Meaning { code: "2", kind: "mqtt-identifier", says: BAD_IDENTIFIER, remedy: IDENTIFIER, ..MQTT },
    Meaning { code: "0x85", kind: "mqtt-identifier", says: BAD_IDENTIFIER, remedy: IDENTIFIER, ..MQTT },
    MQTT,
    Meaning {
        code: "320",
        kind: "amqp-320",
        says: "Somebody closed it: an operator, or a broker that stops.",
        remedy: &[
            "Read the text: `broker forced connection closure with reason 'shutdown'` is a stop or restart of the node, any other reason was given to \
             `rabbitmqctl close_connection` or the management pages.",
            "Let clients recover: automatic connection recovery of the client library, or a loop that connects again with growing pauses.",
        ],
        ..AMQP
    },
    Meaning {
        code: "403",
        kind: "amqp-403",
        says: "The broker does not let this user in.",
        remedy: &[
            "Compare user and password that the client really uses (a secret that was rotated) with `rabbitmqctl authenticate_user USER PASSWORD`. \
             `guest` may log in from the broker's own host alone (`loopback_users`).",
            AMQP_LOG,
        ],
        ..AMQP
    },
    Meaning {
        code: "530",
        kind: "amqp-530",
        says: "The vhost does not exist, the user has no right to it, or a limit of connections is reached: the text tells which.",
        remedy: &[
            "Compare the vhost in the client's address with `rabbitmqctl list_vhosts` (`/` is written `%2f` there), and its rights with \
             `rabbitmqctl list_permissions -p VHOST`; limits: `rabbitmqctl list_vhost_limits` and `list_user_limits`.",
        ],
        ..AMQP
    },
    Meaning {
        code: "501",
        kind: "amqp-501",
        says: "A frame was not what it should be: larger than agreed on, or from a client that wrote from two threads at once.",
        remedy: &["Compare `frame_max` of both sides; use a channel from one thread alone.", AMQP_LOG],
        ..AMQP
    },
    Meaning {
        text: "it speaks ",
        kind: "amqp-version",
        says: "A broker answers by the header of its own version and closes, where it does not speak the client's.",
        remedy: &[
            "AMQP 1.0 (Azure Service Bus, Qpid, ActiveMQ) and 0-9-1 (RabbitMQ up to version 3) are two protocols: use a client library of the \
             broker's, or turn on its plugin (`rabbitmq-plugins enable rabbitmq_amqp1_0`).",
        ],
        ..AMQP
    },
    Meaning {
        kind: SILENT_KINDS[0],
        code: "heartbeat",
        says: "A broker closes without a word where it has seen nothing of a client for two heartbeats.",
        remedy: &[
            "Find what keeps the client from sending: a long task in the thread that serves the connection (pika `BlockingConnection`: work in another \
             thread and come back by `add_callback_threadsafe`), a paused process or virtual machine, a worker that was forked and shares the socket.",
            "Raise the heartbeat only where tasks must take so long (`heartbeat=` of the client, `heartbeat` in rabbitmq.conf; 60 s unless it is set): \
             without it dead peers and devices that drop idle connections stay unseen.",
            "RabbitMQ logs each: `missed heartbeats from client, timeout: ...`.",
        ],
        ..AMQP
    },
    AMQP,
    Meaning {
        text: "Auth",
        kind: "nats-authorization",
        says: "The server does not let this client in, or was told too late or no longer who it is.",
        remedy: &[
            "Compare user, token or credentials file that the client really uses with the server's; a JWT expires, and an account can be revoked. A \
             client that needs longer than `authorization { timeout }` (2 s) is told `Authentication Timeout`: TLS and a slow host take part of it.",
            NATS_LOG,
        ],
        ..NATS
    },
    Meaning {
        text: "maximum",
        kind: "nats-maximum",
        says: "A limit is reached: of connections, subscriptions or payload; the text tells which.",
        remedy: &[
            "See who holds them: `http://SERVER:8222/connz?sort=subs`. One connection for each process is enough; raise `max_connections`, \
             `max_payload` or the account's limits otherwise.",
        ],
        ..NATS
    },
    Meaning {
        text: "Stale Connection",
        kind: "nats-stale",
        says: "The client left the server's PINGs unanswered (`ping_interval` 2 min, `ping_max` 2, unless they are set).",
        remedy: &[
            "Find what kept the client from reading: a callback that blocks, a process that was paused, a device on the way that dropped the connection.",
        ],
        ..NATS
    },
    Meaning {
        text: "Slow Consumer",
        kind: "nats-slow",
        says: "The client reads more slowly than messages come, and the server does not keep them (`write_deadline`, `max_pending`).",
        remedy: &[
            "Let the client do its work outside of the callback, share the subject among several (queue groups), or take fewer (JetStream pull).",
        ],
        ..NATS
    },
    NATS,
];

const WRONG_VERSION: &str = "The broker does not speak the client's version of MQTT.";
const VERSION: &[&str] =
    &["Let the client speak 3.1.1, which nearly all brokers do, or turn version 5 on at the broker."];
const BAD_IDENTIFIER: &str = "The broker does not take the client identifier.";
const IDENTIFIER: &[&str] = &[
    "An empty identifier needs a clean session; some brokers allow 23 characters or certain ones alone, AWS IoT only those that the policy names.",
];
const KEEP_ALIVE: &[&str] = &[
    "Find what keeps the client from sending its PINGREQ: a loop that is blocked, a device that sleeps, a process that was paused. The library \
     must be given time (`loop_start`, `loop_forever` in Paho).",
    "Compare the keep-alive of the client with how long it may really be silent; the broker waits one and a half times that.",
];
