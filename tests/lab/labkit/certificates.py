"""Certificates for one recording, made by openssl in the scratch directory. They and their keys are gone afterwards."""

import dataclasses
import pathlib

from .network import command

NAMES = ("shop.example", "api.example", "static.example")


@dataclasses.dataclass(frozen=True)
class Certificate:
    authority: str
    chain: str
    key: str


def make(scratch):
    """An authority of our own and a certificate by it for `NAMES`; P-256, so that the captures stay small."""
    at = pathlib.Path(scratch) / "certificates"
    at.mkdir(exist_ok=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command(
        "openssl",
        "req",
        "-x509",
        *curve,
        "-days",
        "3650",
        "-subj",
        "/CN=lab authority",
        "-keyout",
        f"{at}/ca.key",
        "-out",
        f"{at}/ca.pem",
    )
    command("openssl", "req", *curve, "-subj", f"/CN={NAMES[0]}", "-keyout", f"{at}/leaf.key", "-out", f"{at}/leaf.csr")
    extensions = at / "leaf.ext"
    extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in NAMES) + "\n")
    command(
        "openssl",
        "x509",
        "-req",
        "-in",
        f"{at}/leaf.csr",
        "-CA",
        f"{at}/ca.pem",
        "-CAkey",
        f"{at}/ca.key",
        "-days",
        "3650",
        "-extfile",
        str(extensions),
        "-out",
        f"{at}/leaf.pem",
    )
    return Certificate(f"{at}/ca.pem", f"{at}/leaf.pem", f"{at}/leaf.key")


def expired(scratch):
    """Another certificate by the same authority for the same names; its time was January 2024. Call `make` first."""
    at = pathlib.Path(scratch) / "certificates"
    (at / "index.txt").write_text("")
    (at / "ca.conf").write_text(
        f"[ca]\ndefault_ca = lab\n[lab]\ndatabase = {at}/index.txt\nnew_certs_dir = {at}\nrand_serial = yes\n"
        "default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
    )
    words = [
        "openssl",
        "ca",
        "-batch",
        "-notext",
        "-config",
        f"{at}/ca.conf",
        "-cert",
        f"{at}/ca.pem",
        "-keyfile",
        f"{at}/ca.key",
    ]
    words += ["-startdate", "20240101000000Z", "-enddate", "20240131000000Z", "-extfile", f"{at}/leaf.ext"]
    command(*words, "-in", f"{at}/leaf.csr", "-out", f"{at}/expired.pem")
    return Certificate(f"{at}/ca.pem", f"{at}/expired.pem", f"{at}/leaf.key")
