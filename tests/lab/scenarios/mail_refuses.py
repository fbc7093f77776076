"""Exim and vsftpd say in clear why they do not go on: too many connections, no TLS, too long a silence.

Needs exim4 and vsftpd.
"""

import contextlib
import ftplib
import smtplib
import socket
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("mail-refuses.pcap",)
EXIM = """
primary_hostname = mx.example.test
spool_directory = {folder}
log_file_path = {folder}/%slog
smtp_accept_max = 2
tls_advertise_hosts =
exim_user = root
exim_group = root
never_users =
acl_smtp_rcpt = deny
begin acl
deny:
  deny message = relay not permitted
"""
VSFTPD = """
listen=YES
background=NO
anonymous_enable=YES
anon_root={folder}
secure_chroot_dir={folder}
idle_session_timeout=2
"""


def record(lab):
    lab.pair()
    mail, files = lab.scratch / "mail", lab.scratch / "files"
    for folder in (mail, files):
        folder.mkdir()
    # Anonymous users of FTP must be able to go there, and not to write.
    lab.scratch.chmod(0o755)
    for name, text, folder in (("exim.conf", EXIM, mail), ("vsftpd.conf", VSFTPD, files)):
        (lab.scratch / name).write_text(text.format(folder=folder))
    lab.programs.start("server", ["exim4", "-C", str(lab.scratch / "exim.conf"), "-bdf", "-oX", "25"], [25])
    lab.programs.start("server", ["vsftpd", str(lab.scratch / "vsftpd.conf")], [21])
    with lab.capture(CAPTURES[0]), lab.network.inside("client"):
        smtp()
        ftp()
        time.sleep(0.3)
    describe(lab)


def smtp():
    # A client that must have TLS.
    with smtplib.SMTP(SERVER, 25, "client.example", timeout=5) as secure:
        secure.ehlo("client.example")
        if secure.docmd("STARTTLS")[0] == 220:
            raise RuntimeError("Exim has TLS")
    time.sleep(1)
    # Not let in: who waits for the greeting, and who talks first.
    held = [smtplib.SMTP(SERVER, 25, "client.example", timeout=5) for _ in range(2)]
    for talks_first in (False, True):
        sock = socket.create_connection((SERVER, 25), timeout=5)
        with contextlib.suppress(OSError):
            if talks_first:
                sock.sendall(b"EHLO client.example\r\n")
            sock.recv(200)
            time.sleep(0.1)
        sock.close()
    # A mail that is not taken is an answer.
    held[0].ehlo("client.example")
    held[0].mail("a@client.example")
    held[0].rcpt("b@elsewhere.example")
    for one in held:
        one.quit()


def ftp():
    with contextlib.suppress(ftplib.error_perm), ftplib.FTP_TLS(SERVER, timeout=5) as secure:
        secure.login()
    with contextlib.suppress(ftplib.all_errors), ftplib.FTP(SERVER, timeout=5) as idle:
        idle.login()
        time.sleep(3)
        idle.pwd()


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="servers of mail and files that refuse",
        programs=["python"],
        how="""
            Exim with `smtp_accept_max = 2` and no TLS, vsftpd with no TLS and `idle_session_timeout=2`. Clients are
            Python's smtplib and ftplib. A client of SMTP asks for STARTTLS although it is not offered. Two sessions
            are held, and two more try, of which one talks before it is greeted; one of the two that were held has a
            mail declined, and both quit. One of FTP wants TLS (AUTH TLS); one logs in, waits 3 s, and asks PWD.""",
        shows="""
            421 to both that try. 503 to STARTTLS and 530 to AUTH TLS, after which the clients leave. 550 to the
            mail, which is an answer. 421 to the client of FTP that was idle; its PWD comes too late.""",
        say=[
            f"server-error-message for {SERVER}:25: two connections too many, encryption declined once",
            f"server-error-message for {SERVER}:21: encryption declined, an idle session",
        ],
        never=["stale-reuse", "abortive-close", "anything of the mail that was declined"],
        checks=[
            Check("smtp.response.code==421", 2, "refusals"),
            Check("smtp.response.code==503", 1, "STARTTLS declined"),
            Check("ftp.response.code==530", 1, "AUTH TLS declined"),
            Check("ftp.response.code==421", 1, "idle session"),
        ],
        ladders=[("declined", "tcp.stream==0"), ("refused", "tcp.stream==3")],
    )
