"""PostgreSQL and MariaDB under TLS: what they say when they refuse a client or end a session can not be read.

Needs PostgreSQL and MariaDB; clients need `pip install psycopg[binary] pymysql`.
"""

import pathlib
import subprocess
import sys
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("databases-over-tls.pcap",)
POSTGRES_PORT, MARIADB_PORT = 5432, 3306
POSTGRES = """
listen_addresses = '*'
ssl = on
ssl_cert_file = '{folder}/chain.pem'
ssl_key_file = '{folder}/key.pem'
idle_session_timeout = 1500
unix_socket_directories = '{folder}'
"""
HBA = """
local all all trust
hostssl all app 0.0.0.0/0 trust
hostssl all bad 0.0.0.0/0 reject
"""
ASK_POSTGRES = """
import sys, threading, time
import psycopg

def connect(user="app", how="sslmode=require"):
    return psycopg.connect(f"host={sys.argv[1]} dbname=postgres user={user} connect_timeout=5 {how}", autocommit=True)

try:
    what = sys.argv[2]
    if what == "refused":
        connect("bad")
    elif what == "name":
        connect(how=f"sslmode=verify-full sslrootcert={sys.argv[3]}")
    else:
        with connect() as connection:
            connection.execute("select 1")
            if what == "idle":
                time.sleep(2)
                connection.execute("select 1")
            if what == "cancel":
                threading.Timer(0.3, connection.cancel).start()
                connection.execute("select pg_sleep(5)")
except psycopg.Error as error:
    print(repr(error))
"""
ASK_MARIADB = """
import ssl, sys, time
import pymysql

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
try:
    connections = []
    for _ in range(int(sys.argv[4])):
        connections.append(pymysql.connect(host=sys.argv[1], user="app", password=sys.argv[2], ssl=context))
        time.sleep(0.6)
    for connection in connections:
        connection.ping(reconnect=False)
    time.sleep(float(sys.argv[3]))
    for connection in connections:
        connection.close()
except pymysql.Error as error:
    print(repr(error))
"""


def record(lab):
    lab.pair()
    start_postgres(lab, lab.certificate)
    start_mariadb(lab, lab.certificate)
    with lab.capture(CAPTURES[0]):
        for what in ("refused", "refused", "name", "idle", "idle", "cancel", "well"):
            client(lab, ASK_POSTGRES, what, lab.certificate.authority)
        for password, stays, connections in (("wrong", 0, 1), ("wrong", 0, 1), ("right", 0.2, 1), ("right", 3, 3)):
            client(lab, ASK_MARIADB, password, stays, connections)
        time.sleep(0.3)
    describe(lab)


def start_postgres(lab, certificate):
    """A server of its own user, for PostgreSQL does not run as root."""
    folder = lab.scratch / "postgres"
    folder.mkdir()
    lab.scratch.chmod(0o755)
    for name, path in (("chain.pem", certificate.chain), ("key.pem", certificate.key)):
        (folder / name).write_bytes(pathlib.Path(path).read_bytes())
        (folder / name).chmod(0o600)
    subprocess.run(["chown", "-R", "postgres", str(folder)], check=True)
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    data = folder / "data"
    as_user = ["runuser", "-u", "postgres", "--"]
    subprocess.run([*as_user, programs / "initdb", "-D", data, "-A", "trust"], check=True, capture_output=True)
    with (data / "postgresql.conf").open("a") as config:
        config.write(POSTGRES.format(folder=folder))
    (data / "pg_hba.conf").write_text(HBA)
    lab.programs.start("server", [*as_user, str(programs / "postgres"), "-D", str(data)], [POSTGRES_PORT])
    roles = "create role app login; create role bad login;"
    subprocess.run(["psql", "-h", folder, "-U", "postgres", "-c", roles], check=True, capture_output=True)


def start_mariadb(lab, certificate):
    folder = lab.scratch / "mariadb"
    folder.mkdir()
    for name, path in (("chain.pem", certificate.chain), ("key.pem", certificate.key)):
        (folder / name).write_bytes(pathlib.Path(path).read_bytes())
    subprocess.run(["chown", "-R", "mysql", str(folder)], check=True)
    data = [f"--datadir={folder}/data", "--user=mysql"]
    install = ["mariadb-install-db", *data, "--auth-root-authentication-method=normal"]
    subprocess.run(install, check=True, capture_output=True)
    options = [f"--socket={folder}/socket", f"--port={MARIADB_PORT}", "--bind-address=0.0.0.0", "--skip-name-resolve"]
    tls = [f"--ssl-cert={folder}/chain.pem", f"--ssl-key={folder}/key.pem", "--wait-timeout=2"]
    lab.programs.start("server", ["mariadbd", "--no-defaults", *data, *options, *tls], [MARIADB_PORT])
    user = "create user app@'%' identified by 'right';"
    subprocess.run(["mariadb", "-S", f"{folder}/socket", "-e", user], check=True, capture_output=True)


def client(lab, code, *words):
    words = [SERVER, *map(str, words)]
    lab.programs.start("client", [sys.executable, "-c", code, *words]).wait(timeout=30)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="databases under TLS that refuse clients and end sessions",
        programs=["openssl"],
        how="""
            PostgreSQL and MariaDB with TLS, clients of psycopg and pymysql. PostgreSQL: a role that pg_hba.conf
            rejects, twice; sslmode=verify-full by the address; sessions that are idle for 2 s where 1.5 s are
            allowed and ask again, twice; a query that is cancelled; one that works. MariaDB: a wrong password,
            twice; one that works; three sessions that are idle for longer than wait_timeout, 2 s.""",
        shows="""
            PostgreSQL answers the start-up message, or speaks unasked after 1.5 s, and closes. The request to cancel
            goes over a connection of its own, in clear. MariaDB answers the login and closes, and ends idle
            sessions by RST.""",
        say=[
            f"server-error-message for {SERVER}:{POSTGRES_PORT}: two logins that were refused",
            f"handshake-abandoned for {SERVER}:{POSTGRES_PORT}: one client that left right after the handshake",
            f"stale-reuse for {SERVER}:{POSTGRES_PORT}: two requests after 1.5 s of silence",
            f"server-error-message for {SERVER}:{MARIADB_PORT}: two logins that were refused",
            f"abortive-close for {SERVER}:{MARIADB_PORT}: an idle timeout of 2 s",
        ],
        never=["plaintext-to-tls", "empty-reply", "anything of the sessions that work, or of the one that cancels"],
        checks=[
            Check("tcp.payload contains 04:d2:16:2e", 1, "one request to cancel"),
            Check(f"tcp.srcport=={MARIADB_PORT} && tcp.flags.reset==1 && tcp.flags.ack==1", 3, "RSTs of MariaDB"),
            Check(f"tcp.dstport=={POSTGRES_PORT} && tcp.flags.syn==1", 8, "connections to PostgreSQL"),
        ],
        ladders=[("refused", "tcp.stream==0"), ("idle", "tcp.stream==3")],
    )
