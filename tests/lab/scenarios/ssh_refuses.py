"""sshd refuses in clear: too many that have not logged in, and no host key type in common. Needs openssh-server."""

import pathlib
import subprocess
import time

from labkit import clients
from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("ssh-refuses.pcap",)
SSHD = """
HostKey {folder}/key
MaxStartups 1
PidFile none
UsePAM no
"""
OPTIONS = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]


def record(lab):
    lab.pair()
    # Where sshd puts its unprivileged half.
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(lab.scratch / "key")], check=True)
    config = lab.scratch / "sshd.conf"
    config.write_text(SSHD.format(folder=lab.scratch))
    lab.programs.start("server", ["/usr/sbin/sshd", "-D", "-e", "-f", str(config)], [22])
    with lab.capture(CAPTURES[0]):
        held = clients.connect(lab.network, "client", SERVER, 22)
        held.recv(100)
        for _ in range(2):
            ssh(lab)
        held.close()
        time.sleep(0.5)
        ssh(lab, "-o", "HostKeyAlgorithms=rsa-sha2-512,rsa-sha2-256")
        ssh(lab)
        time.sleep(0.3)
    lab.note(
        CAPTURES[0],
        title="sshd refuses",
        programs=[],
        how="""
            OpenSSH with `MaxStartups 1` and a key of type ed25519. One client holds the only place; two come. Then
            one that takes RSA keys alone, and one that takes all and has no account.""",
        shows="""
            `Exceeded MaxStartups` and a FIN, before a version. Two KEXINITs without a host key type in common, and
            the client's FIN. The last is declined under encryption.""",
        say=[
            f"server-error-message for {SERVER}:22: `Exceeded MaxStartups` on two connections",
            f"server-error-message for {SERVER}:22: no host key type in common on one, with both lists",
        ],
        never=["stale-reuse", "unread-data-reset", "anything of the one that was declined under encryption"],
        checks=[
            Check('tcp.payload contains "Exceeded MaxStartups"', 2, "refusals"),
            Check("ssh.message_code==20", 4, "offers of two connections"),
        ],
        ladders=[("refused", "tcp.stream==1"), ("nothing in common", "tcp.stream==3")],
    )


def ssh(lab, *options):
    words = ["ssh", *OPTIONS, *options, f"nobody@{SERVER}", "true"]
    lab.programs.start("client", words).wait(timeout=20)
