//! PostgreSQL, MySQL, Redis and memcached.

use super::{BLANK, Meaning, NO_TLS_KIND, REDIS_OTHER};
use crate::record::Speaks;

const POSTGRES: Meaning =
    Meaning { protocol: Speaks::Postgres, kind: "postgres-other", remedy: &[POSTGRES_LOG], ..BLANK };
const MYSQL: Meaning = Meaning { protocol: Speaks::Mysql, kind: "mysql-other", remedy: &[MYSQL_LOG], ..BLANK };
const REDIS: Meaning = Meaning { protocol: Speaks::Redis, kind: REDIS_OTHER, remedy: &[REDIS_LOG], ..BLANK };

const POSTGRES_LOG: &str = "Look into the server's log at that time (`log_connections`, `log_disconnections`), and into that of a pooler before it: it \
                            tells more than the client is told.";
const MYSQL_LOG: &str = "Look into the server's error log at that time (`log_error_verbosity = 3`, MariaDB `log_warnings`): it names client and account.";
const REDIS_LOG: &str = "Look into the server's log at that time, and at `INFO clients` and `INFO errorstats`.";

pub(super) static MEANINGS: &[Meaning] = &[
    Meaning {
        declines_tls: true,
        kind: NO_TLS_KIND,
        says: "The client wants TLS, and the server has none.",
        remedy: &[
            "Turn TLS on at the server: `ssl = on`, with `ssl_cert_file` and `ssl_key_file`; PgBouncer `client_tls_sslmode`.",
            "Or let the client do without, where the way is safe: `sslmode=prefer` or `disable` instead of `require` or `verify-full`.",
            "Ask whether this is the address that was meant: a pooler or a tunnel before the database often has no TLS where the database has.",
        ],
        ..POSTGRES
    },
    Meaning {
        code: "53300",
        kind: "postgres-53300",
        says: "All connections that it allows are taken.",
        remedy: &[
            "See who holds them: `select usename, client_addr, state, count(*) from pg_stat_activity group by 1, 2, 3`; many `idle` are pools that \
             are too large.",
            "Add up the pools: largest pool size times processes must stay below `max_connections` less `superuser_reserved_connections` and \
             `reserved_connections`; role and database have limits of their own (`CONNECTION LIMIT`).",
            "Put PgBouncer before it (`pool_mode = transaction`) rather than raise `max_connections`, each of which costs memory.",
        ],
        ..POSTGRES
    },
    Meaning {
        code: "28P01",
        kind: "postgres-28P01",
        says: "The password is wrong, or the role has none.",
        remedy: &[
            "Compare the password that the client really uses (a secret that was rotated, `.pgpass`, a pooler's `auth_file`) with the role's: `\\password ROLE`.",
            "The server's log says more than the client is told: whether the role exists, which line of `pg_hba.conf` applied.",
        ],
        ..POSTGRES
    },
    Meaning {
        code: "28",
        kind: "postgres-28000",
        says: "The server does not let this client, role and database in that way.",
        remedy: &[
            "Read the text: `no pg_hba.conf entry for host ..., no encryption` wants a line for that address, or TLS (`hostssl`); then `select \
             pg_reload_conf()`. `select * from pg_hba_file_rules` shows what the server has read.",
            "A client that tries first without or with TLS and then the other way (`sslmode=allow`, `prefer`) may have got in by its next connection.",
        ],
        ..POSTGRES
    },
    Meaning {
        code: "3D000",
        kind: "postgres-3D000",
        says: "There is no such database.",
        remedy: &[
            "Compare the name in the client's settings with `\\l` on the server; without one, clients take the role's name. In PgBouncer it must \
             stand under `[databases]`.",
        ],
        ..POSTGRES
    },
    Meaning {
        code: "57P03",
        kind: "postgres-57P03",
        says: "It is starting, stopping or recovering, and takes no connections yet.",
        remedy: &[
            "Let clients try again with growing pauses, and let traffic come once `pg_isready` succeeds (readiness probe).",
            "Find why it started: its log before that time tells (crash, out of memory, failover). A standby needs `hot_standby = on` for reads.",
        ],
        passes: true,
        ..POSTGRES
    },
    Meaning {
        code: "57P01",
        kind: "postgres-57P01",
        says: "Somebody ended it: `pg_terminate_backend`, or a stop or restart of the server.",
        remedy: &[
            "See who did: a restart or failover in the server's log at that time, a job or an operator that called `pg_terminate_backend`.",
            "Let the pool drop a connection at the first error of class 57, and test one before use; send again what was lost where that may be done twice.",
        ],
        ..POSTGRES
    },
    Meaning {
        code: "57P02",
        kind: "postgres-57P02",
        says: "Another process of the server crashed, and all sessions were ended.",
        remedy: &[
            "Find the crash in the server's log right before that time: out-of-memory kill (`dmesg`), an extension, a full disk.",
        ],
        ..POSTGRES
    },
    Meaning {
        code: "57P05",
        kind: "postgres-57P05",
        says: "`idle_session_timeout` ended it.",
        remedy: &[
            "Let pools close idle connections before that: HikariCP `idleTimeout`, pgx `MaxConnIdleTime`; or exempt the pool's role: `ALTER ROLE ... SET \
             idle_session_timeout = 0`.",
        ],
        is_idle: true,
        ..POSTGRES
    },
    Meaning {
        code: "25P03",
        kind: "postgres-25P03",
        says: "`idle_in_transaction_session_timeout` ended it: a transaction was open, and the client did not go on. It was rolled back.",
        remedy: &[
            "Find the code that begins a transaction and then waits for something else (an HTTP call, a lock, a person), or forgets to commit: \
             `select pid, xact_start, query from pg_stat_activity where state = 'idle in transaction'`.",
            "Let the pool roll back what is given back to it, and drop connections that were ended.",
        ],
        ..POSTGRES
    },
    POSTGRES,
    Meaning {
        code: "1040",
        kind: "mysql-1040",
        says: "All connections that it allows are taken.",
        remedy: &[
            "See who holds them: `SHOW PROCESSLIST`; many in `Sleep` are pools that are too large. `SHOW STATUS LIKE 'Max_used_connections'`.",
            "Add up the pools: largest pool size times processes must stay below `max_connections`; lower `wait_timeout` frees what clients forgot. \
             ProxySQL or MaxScale share connections.",
        ],
        ..MYSQL
    },
    Meaning {
        code: "1045",
        kind: "mysql-1045",
        says: "User, host and password do not fit together.",
        remedy: &[
            "Compare the password that the client really uses (a secret that was rotated) with the account's, and the host in the message with \
             `SELECT user, host, plugin FROM mysql.user`: 'app'@'localhost' is not 'app'@'%'. `using password: NO` says that none was sent.",
        ],
        ..MYSQL
    },
    Meaning {
        code: "1129",
        kind: "mysql-1129",
        says: "Too many connections of that host were broken off before they were complete, and it is blocked now.",
        remedy: &[
            "Free it: `FLUSH HOSTS` (`mysqladmin flush-hosts`; MySQL 8: `TRUNCATE TABLE performance_schema.host_cache`).",
            "Find what breaks off: TCP health checks that connect and close (let HAProxy use `option mysql-check`), or a bad network. Raise \
             `max_connect_errors`.",
        ],
        ..MYSQL
    },
    Meaning {
        code: "1130",
        kind: "mysql-1130",
        says: "No account may log in from that host.",
        remedy: &[
            "Create or widen the account: `SELECT user, host FROM mysql.user`. The host in the message is what the server sees: behind address \
             translation or a proxy it is another one than the client's; with `skip-name-resolve` names in accounts do not count.",
        ],
        ..MYSQL
    },
    Meaning {
        code: "1049",
        kind: "mysql-1049",
        says: "There is no such database.",
        remedy: &["Compare the name in the client's settings with `SHOW DATABASES`."],
        ..MYSQL
    },
    Meaning {
        code: "1053",
        kind: "mysql-1053",
        says: "The server was stopping.",
        remedy: &[
            "Find the restart in the server's log at that time; let the pool test connections before use, and send again what may be done twice.",
        ],
        ..MYSQL
    },
    Meaning {
        code: "1203",
        kind: "mysql-1203",
        says: "That user has as many connections as it may (`max_user_connections`).",
        remedy: &[
            "Lower the pool of that user, or raise `max_user_connections` (global, or `ALTER USER ... WITH MAX_USER_CONNECTIONS`).",
        ],
        ..MYSQL
    },
    Meaning {
        code: "4031",
        kind: "mysql-4031",
        says: "`wait_timeout` (or `interactive_timeout`) ended it.",
        remedy: &[
            "Let pools close idle connections before that: HikariCP `maxLifetime` below `wait_timeout`, Go `SetConnMaxLifetime`; or raise `wait_timeout`.",
        ],
        is_idle: true,
        ..MYSQL
    },
    MYSQL,
    Meaning {
        code: "ERR",
        text: "max number of clients",
        kind: "redis-maxclients",
        says: "As many clients are connected as it allows.",
        remedy: &[
            "See who holds them: `CLIENT LIST`, `INFO clients`. A client per request, or pools that are too large, use them up.",
            "Raise `maxclients`, and the limit of open files that it needs (`ulimit -n`); set `timeout` so that forgotten ones go.",
        ],
        ..REDIS
    },
    Meaning {
        code: "DENIED",
        kind: "redis-protected-mode",
        says: "Protected mode: without a password it serves none but its own host.",
        remedy: &[
            "Set a password (`requirepass`, or an ACL user) and `bind` to the address that is meant; leave `protected-mode` on.",
        ],
        ..REDIS
    },
    Meaning {
        code: "NOAUTH",
        kind: "redis-noauth",
        says: "It wants a password first.",
        remedy: &[
            "Give the client the password (`AUTH`, `redis://:PASSWORD@HOST`), or a health check a user of its own. A sentinel or replica has its own \
             setting: `masterauth`, `sentinel auth-pass`.",
        ],
        is_mild: true,
        ..REDIS
    },
    Meaning {
        code: "WRONGPASS",
        kind: "redis-wrongpass",
        says: "The password or the user is wrong, or the user is off.",
        remedy: &["Compare the password that the client really uses (a secret that was rotated) with `ACL LIST`."],
        ..REDIS
    },
    Meaning {
        code: "LOADING",
        kind: "redis-loading",
        says: "It is reading its data after a start.",
        remedy: &[
            "Let clients try again with growing pauses, and let traffic come once `INFO persistence` says `loading:0`. Find why it started.",
        ],
        passes: true,
        ..REDIS
    },
    Meaning {
        code: "MASTERDOWN",
        kind: "redis-masterdown",
        says: "A replica has lost its master, and may not serve old data.",
        remedy: &[
            "See `INFO replication` (`master_link_status`) on the replica; `replica-serve-stale-data yes` lets it answer meanwhile.",
        ],
        ..REDIS
    },
    REDIS,
    Meaning {
        protocol: Speaks::Memcached,
        kind: "memcached-maxconns",
        says: "As many clients are connected as it allows.",
        remedy: &[
            "See how many: `stats` (`curr_connections`, `rejected_connections`), and who: `ss -tn 'sport = :11211'` on it. A client per request, \
             or a pool for each worker, uses them up.",
            "Raise `-c` (1,024 unless it is set), and the limit of open files that it needs.",
        ],
        ..BLANK
    },
];
