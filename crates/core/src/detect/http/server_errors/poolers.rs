//! PgBouncer, which says nearly all in its own words under one code of PostgreSQL's (08P01).

use super::{BLANK, Meaning};
use crate::record::Speaks;

const PGBOUNCER: Meaning = Meaning { protocol: Speaks::Postgres, ..BLANK };

const NO_SERVER: Meaning = Meaning {
    says: "PgBouncer does not get to PostgreSQL: the failure lies behind it.",
    remedy: &[
        "Look at that leg from PgBouncer's host: `psql -h SERVER` with the host and port of its `[databases]`; its log has the reason, and `SHOW SERVERS` \
         what it has. It tries again every `server_login_retry` (15 s).",
    ],
    ..PGBOUNCER
};

pub(super) static MEANINGS: &[Meaning] = &[
    Meaning {
        text: "no more connections allowed",
        kind: "pgbouncer-full",
        says: "PgBouncer takes no more clients; PostgreSQL was not asked.",
        remedy: &[
            "See who holds them: `SHOW CLIENTS` on its console. A limit that is too low is raised at little cost (`max_client_conn`, 100 unless set, \
             and the limit on open files); that is no limit on connections to PostgreSQL, which `default_pool_size` is.",
        ],
        ..PGBOUNCER
    },
    Meaning { text: "server down", kind: "pgbouncer-server-down", ..NO_SERVER },
    Meaning { text: "cannot connect to server", kind: "pgbouncer-cannot-connect", ..NO_SERVER },
    Meaning { text: "server login has been failing", kind: "pgbouncer-server-login", ..NO_SERVER },
    Meaning {
        text: "query_wait_timeout",
        kind: "pgbouncer-query-wait",
        says: "The client waited too long for a connection to PostgreSQL: all of the pool's were taken, or none could be opened.",
        remedy: &[
            "`SHOW POOLS` has `cl_waiting`, `sv_active` and `maxwait`. Where all are active look for long transactions (`idle in transaction` in \
             `pg_stat_activity`), then at `default_pool_size` (20) and `pool_mode = transaction`; where there are none, at the leg to PostgreSQL.",
        ],
        ..PGBOUNCER
    },
    Meaning {
        text: "server conn crashed",
        kind: "pgbouncer-server-crashed",
        says: "PgBouncer's connection to PostgreSQL broke in the middle.",
        remedy: &[
            "Look at PostgreSQL's log at that time: a backend that was killed, a restart, a failover; or at what cuts connections between the two.",
        ],
        ..PGBOUNCER
    },
    Meaning {
        text: "client_idle_timeout",
        kind: "pgbouncer-client-idle",
        says: "The client was silent for longer than PgBouncer allows.",
        remedy: &[
            "Let the client's pool close idle connections before `client_idle_timeout` does (HikariCP `idleTimeout`, `maxLifetime`), or raise that; 0 turns it \
             off.",
        ],
        is_idle: true,
        ..PGBOUNCER
    },
    Meaning {
        text: "client_login_timeout",
        kind: "pgbouncer-client-login",
        says: "The client did not finish its login in time.",
        remedy: &[
            "Look at what the client sends after it has connected: checks of the port that stay open, a client that waits for a password prompt, loss on the way. \
             The limit is `client_login_timeout` (60 s).",
        ],
        is_mild: true,
        ..PGBOUNCER
    },
];
