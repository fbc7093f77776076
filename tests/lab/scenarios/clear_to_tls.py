"""Clients that speak other protocols than HTTP in clear, to ports that speak TLS.

Needs redis-server (with TLS), mosquitto, gnutls-bin; clients need `pip install paho-mqtt kafka-python`.
"""

import pathlib
import subprocess
import sys
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("clear-to-tls.pcap",)
REDIS_PORT, MQTT_PORT, KAFKA_PORT, SMTP_PORT = 6380, 8883, 9093, 4650
MQTT = """
import sys, time
import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="meter-7")
try:
    client.connect(sys.argv[1], int(sys.argv[2]), keepalive=20)
    client.loop_start()
    time.sleep(0.4)
finally:
    client.disconnect()
    client.loop_stop()
"""
KAFKA = """
import sys
from kafka import KafkaConsumer

try:
    KafkaConsumer("shop", bootstrap_servers=f"{sys.argv[1]}:{sys.argv[2]}", bootstrap_timeout_ms=1500,
                  reconnect_backoff_ms=400)
except Exception as error:
    print(repr(error))
"""
SMTP = """
import smtplib, sys

try:
    smtplib.SMTP(sys.argv[1], int(sys.argv[2]), timeout=2)
except OSError as error:
    print(repr(error))
"""
MOSQUITTO = """
listener 8883 0.0.0.0
allow_anonymous true
certfile {chain}
keyfile {key}
"""


def record(lab):
    lab.pair()
    certificate = lab.certificate
    start_redis(lab, certificate)
    start_mosquitto(lab, certificate)
    gnutls = ["--echo", "--port", str(KAFKA_PORT), "--x509certfile", str(certificate.chain)]
    lab.programs.start("server", ["gnutls-serv", *gnutls, "--x509keyfile", str(certificate.key)], [KAFKA_PORT])
    lab.programs.s_server("server", SMTP_PORT, certificate)
    with lab.capture(CAPTURES[0]):
        for _ in range(3):
            redis_cli(lab)
        redis_cli(lab, "--tls", "--sni", "shop.example", "--cacert", str(certificate.authority))
        for _ in range(2):
            client(lab, MQTT, MQTT_PORT)
        client(lab, KAFKA, KAFKA_PORT)
        client(lab, SMTP, SMTP_PORT)
        time.sleep(0.3)
    describe(lab)


def start_redis(lab, certificate):
    options = ["--port", "0", "--tls-port", str(REDIS_PORT), "--bind", "0.0.0.0", "--save", ""]
    options += ["--protected-mode", "no"]
    tls = ["--tls-cert-file", certificate.chain, "--tls-key-file", certificate.key, "--tls-auth-clients", "no"]
    tls += ["--tls-ca-cert-file", certificate.authority]
    lab.programs.start("server", ["redis-server", *options, *map(str, tls)], [REDIS_PORT])


def start_mosquitto(lab, certificate):
    config = lab.scratch / "mosquitto.conf"
    config.write_text(MOSQUITTO.format(chain=certificate.chain, key=certificate.key))
    # It gives up its rights, and reads its key after that.
    lab.scratch.chmod(0o755)
    for path in (certificate.chain, certificate.key):
        pathlib.Path(path).chmod(0o644)
    lab.programs.start("server", ["mosquitto", "-c", str(config)], [MQTT_PORT])


def redis_cli(lab, *words):
    with lab.network.inside("client"):
        words = ["redis-cli", "-h", SERVER, "-p", str(REDIS_PORT), *words, "PING"]
        subprocess.run(words, check=False, timeout=20, capture_output=True)


def client(lab, code, port):
    lab.programs.start("client", [sys.executable, "-c", code, SERVER, str(port)]).wait(timeout=30)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="other protocols than HTTP in clear to ports of TLS",
        programs=["redis-server", "openssl"],
        how="""
            Redis and Mosquitto with TLS alone, `gnutls-serv` in the place of Kafka, `openssl s_server` in that of a
            mail server. redis-cli asks three times in clear and once by TLS, paho and a consumer of kafka-python
            connect in clear, and smtplib waits two seconds for the greeting.""",
        shows="""
            Redis and Mosquitto abort without a byte, gnutls-serv answers with an alert, and so does OpenSSL when the
            client of SMTP has closed.""",
        say=[
            f"plaintext-to-tls for {SERVER}:{REDIS_PORT}: 3 connections of Redis, as the same port speaks TLS",
            f"unread-data-reset for {SERVER}:{MQTT_PORT}: 2 connections of MQTT, as nothing shows what the port speaks",
            f"plaintext-to-tls for {SERVER}:{KAFKA_PORT}: by the alert",
            f"handshake-abandoned for {SERVER}:{SMTP_PORT}: the client waited for the server to speak first",
        ],
        never=["abortive-close", "anything of the connection of Redis by TLS"],
        checks=[
            Check(f"tcp.dstport=={REDIS_PORT} && tls.handshake.type==1", 1, "one ClientHello"),
            Check(f"tcp.srcport=={MQTT_PORT} && tcp.len>0", 0, "Mosquitto says nothing"),
        ],
        ladders=[("redis", "tcp.stream==0"), ("mqtt", "tcp.stream==4")],
    )
