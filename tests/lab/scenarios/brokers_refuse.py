"""RabbitMQ and Mosquitto say why they end connections, or close without a word after a silence that was agreed on.

Needs rabbitmq-server and mosquitto; clients need `pip install pika paho-mqtt`.
"""

import subprocess
import sys
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("brokers-refuse.pcap",)
AMQP_PORT, MQTT_PORT = 5672, 1883
AMQP = """
import sys, time
import pika

def connect(password, vhost="/", heartbeat=None):
    user = pika.PlainCredentials("app", password)
    return pika.BlockingConnection(pika.ConnectionParameters(sys.argv[1], credentials=user, virtual_host=vhost,
                                                            heartbeat=heartbeat, connection_attempts=1))

try:
    if sys.argv[2] == "password":
        connect("wrong")
    elif sys.argv[2] == "vhost":
        connect("right", vhost="nope")
    else:
        connection = connect("right", heartbeat=2)
        connection.channel().queue_declare("jobs")
        if sys.argv[2] == "busy":
            time.sleep(8)
        connection.close()
except pika.exceptions.AMQPError as error:
    print(repr(error))
"""
MQTT = """
import socket, sys, time
import paho.mqtt.client as mqtt

version = {"4": mqtt.MQTTv311, "5": mqtt.MQTTv5}[sys.argv[2]]
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="meter-7", protocol=version)
client.username_pw_set("app", sys.argv[3])
client.connect(sys.argv[1], keepalive=2)
client.loop_start()
time.sleep(1)
if sys.argv[4] == "sleeps":
    client.loop_stop()
    time.sleep(6)
else:
    client.disconnect()
    client.loop_stop()
"""
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
MOSQUITTO = """
listener 1883 0.0.0.0
allow_anonymous false
password_file {folder}/passwords
"""


def record(lab):
    lab.pair()
    rabbit = start_rabbitmq(lab)
    start_mosquitto(lab)
    try:
        with lab.capture(CAPTURES[0]):
            for what in ("password", "vhost", "busy", "well"):
                client(lab, AMQP, SERVER, what)
            for version, password, what in (
                ("4", "wrong", "leaves"),
                ("5", "wrong", "leaves"),
                ("4", "right", "sleeps"),
                ("4", "right", "leaves"),
            ):
                client(lab, MQTT, SERVER, version, password, what)
            time.sleep(0.3)
    finally:
        stop_rabbitmq(lab, rabbit)
    describe(lab)


def start_rabbitmq(lab):
    folder = lab.scratch / "rabbit"
    folder.mkdir()
    settings = "listeners.tcp.1 = 0.0.0.0:5672\ndefault_user = app\ndefault_pass = right\nloopback_users = none\n"
    (folder / "rabbit.conf").write_text(settings)
    names = {
        "HOME": folder,
        "RABBITMQ_NODENAME": "lab@localhost",
        "RABBITMQ_MNESIA_BASE": folder,
        "RABBITMQ_LOG_BASE": folder,
        "RABBITMQ_CONFIG_FILE": folder / "rabbit",
        "RABBITMQ_ENABLED_PLUGINS_FILE": folder / "plugins",
    }
    words = ["env", *(f"{name}={value}" for name, value in names.items()), RABBITMQ]
    program = lab.programs.start("server", words)
    with lab.network.inside("server"):
        for _ in range(120):
            if subprocess.run(["ss", "-Hltn", "sport = :5672"], capture_output=True, text=True, check=True).stdout:
                return program
            time.sleep(0.5)
    raise RuntimeError("RabbitMQ does not listen")


def stop_rabbitmq(lab, program):
    """Erlang's daemon of names stays behind unless it is told."""
    program.terminate()
    program.wait(timeout=30)
    with lab.network.inside("server"):
        subprocess.run(["epmd", "-kill"], capture_output=True, check=False)


def start_mosquitto(lab):
    passwords = lab.scratch / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "app", "right"], check=True)
    # It gives up its rights before it reads them.
    lab.scratch.chmod(0o755)
    passwords.chmod(0o644)
    config = lab.scratch / "mosquitto.conf"
    config.write_text(MOSQUITTO.format(folder=lab.scratch))
    lab.programs.start("server", ["mosquitto", "-c", str(config)], [MQTT_PORT])


def client(lab, code, *words):
    lab.programs.start("client", [sys.executable, "-c", code, *words]).wait(timeout=30)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="brokers that refuse, and that close after a silence",
        programs=[],
        how="""
            RabbitMQ and clients of pika: a wrong password, a vhost that is not there, a client with a heartbeat of
            2 s that sleeps for 8 s in its only thread, and one that works. Mosquitto and clients of paho: a wrong
            password by MQTT 3.1.1 and by 5, a client with a keep-alive of 2 s that sleeps, and one that works.""",
        shows="""
            RabbitMQ sends Close (403, 530), and a RST without a word to the client that sleeps. Mosquitto sends
            CONNACK with 5 and 0x87, and a FIN without a word to the one that sleeps.""",
        say=[
            f"server-error-message for {SERVER}:{AMQP_PORT}: 403, 530, and two missed heartbeats",
            f"server-error-message for {SERVER}:{MQTT_PORT}: not authorized on two, and a keep-alive that was missed",
        ],
        never=["abortive-close", "idle-close", "stale-reuse", "anything of the two that work"],
        checks=[
            Check("amqp.method.method==50 && tcp.srcport==5672", 2, "Close of the broker"),
            Check("mqtt.conack.val==5", 1, "CONNACK with 5"),
            Check("tcp.srcport==5672 && tcp.flags.reset==1 && tcp.stream==2", 1, "RST after missed heartbeats"),
        ],
        ladders=[("refused", "tcp.stream==0"), ("silent", "tcp.stream==2")],
    )
