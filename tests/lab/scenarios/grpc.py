"""gRPC in clear: deadlines, statuses, a limit on the connection's age, a server that is killed.

Client and server need `pip install grpcio`.
"""

import contextlib
import sys
import time

from labkit.lab import SERVER
from labkit.note import Check

CAPTURES = ("grpc-failures.pcap",)
PORT, AGEING_PORT, MORTAL_PORT = 8080, 8088, 3128  # Of HTTP for tshark, which looks for HTTP/2 there.
SERVE = """
import sys, time
from concurrent import futures
import grpc

def slow(request, context):
    time.sleep(3)
    return request

def unavailable(request, context):
    context.abort(grpc.StatusCode.UNAVAILABLE, "backend is down")

def absent(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")

def stream(request, context):
    yield b"first"
    time.sleep(20)

class Calls(grpc.GenericRpcHandler):
    def service(self, details):
        method = details.method.rpartition("/")[2]
        unary = {"Echo": lambda request, _: request, "Slow": slow, "Unavailable": unavailable, "Absent": absent}
        if method in unary:
            return grpc.unary_unary_rpc_method_handler(unary[method])
        return grpc.unary_stream_rpc_method_handler(stream) if method == "Stream" else None

age = [("grpc.max_connection_age_ms", 1500), ("grpc.max_connection_age_grace_ms", 500)]
server = grpc.server(futures.ThreadPoolExecutor(20), options=age if "ages" in sys.argv else [])
server.add_generic_rpc_handlers((Calls(),))
server.add_insecure_port(f"0.0.0.0:{sys.argv[1]}")
server.start()
server.wait_for_termination()
"""
# Calls what the command line says, over one connection.
CALL = """
import sys
import grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    for call in sys.argv[2:]:
        method, _, deadline = call.partition("=")
        try:
            if method == "Stream":
                list(channel.unary_stream("/shop.Cart/Stream")(b"x"))
            else:
                channel.unary_unary("/shop.Cart/" + method)(b"x", timeout=float(deadline or 10))
            print(method, "OK")
        except grpc.RpcError as error:
            print(method, error.code().name, error.details())
"""


def record(lab):
    lab.pair()
    serve = [sys.executable, "-c", SERVE]
    lab.programs.start("server", [*serve, str(PORT)], [PORT])
    lab.programs.start("server", [*serve, str(AGEING_PORT), "ages"], [AGEING_PORT])
    mortal = lab.programs.start("server", [*serve, str(MORTAL_PORT)], [MORTAL_PORT])
    with lab.capture(CAPTURES[0]):
        call(lab, PORT, "Echo", "Slow=1", "Slow=1", "Slow=1", "Echo")
        call(lab, PORT, "Echo", "Unavailable", "Unavailable", "Absent")
        call(lab, PORT, "Echo", "Missing")
        call(lab, PORT, "Echo", "Absent")
        call(lab, AGEING_PORT, "Echo", "Stream")
        with calling(lab, MORTAL_PORT, "Echo", "Stream"):
            time.sleep(1.5)
            mortal.kill()
        time.sleep(0.3)
    describe(lab)


@contextlib.contextmanager
def calling(lab, port, *calls):
    client = lab.programs.start("client", [sys.executable, "-c", CALL, f"{SERVER}:{port}", *calls])
    yield
    client.wait(timeout=20)


def call(lab, port, *calls):
    with calling(lab, port, *calls):
        pass


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="calls of gRPC that fail, in clear",
        programs=[],
        how=f"""
            Servers and clients of grpcio. On port {PORT} four connections, one after the other: three calls with a
            deadline of 1 s whose answer takes 3 s, between two that work; two calls that end with UNAVAILABLE and
            one with NOT_FOUND; one of a method that is not there; one that works, and one with NOT_FOUND. On port
            {AGEING_PORT} a stream that a limit on the connection's age ends (1.5 s and 0.5 s of grace). On port
            {MORTAL_PORT} a stream whose server is killed (SIGKILL).""",
        shows="""
            At the deadline the client sends RST_STREAM (CANCEL). Statuses are in the last HEADERS of the server,
            compressed (RFC 7541). The ageing server sends GOAWAY twice, ends the stream with status 14 and closes.
            The killed one's kernel sends a FIN in the middle of the stream.""",
        say=[
            f"request-timeout for {SERVER}:{PORT}: three requests on one connection, taken back after 1 s",
            f"server-error-message for {SERVER}:{PORT}: UNAVAILABLE `backend is down`, UNIMPLEMENTED",
            f"server-error-message for {SERVER}:{AGEING_PORT}: UNAVAILABLE `max connection age`",
            f"answer-cut-short for {SERVER}:{MORTAL_PORT}: a request open when the server closed",
        ],
        never=["NOT_FOUND as a failure", "stale-reuse", "idle-close"],
        checks=[
            Check("http2.rst_stream.error==8 && tcp.dstport==8080", 3, "taken back"),
            Check(
                'http2.header.name=="grpc-status" && http2.header.value=="14" && tcp.srcport==8080', 2, "unavailable"
            ),
            Check(
                'http2.header.name=="grpc-status" && http2.header.value=="12" && tcp.srcport==8080', 1, "unimplemented"
            ),
            Check("http2.type==7 && tcp.srcport==8088", 2, "GOAWAY of the ageing server"),
            Check("tcp.srcport==3128 && tcp.flags.fin==1", 1, "FIN of the killed server"),
        ],
        ladders=[("deadlines", "tcp.stream==0"), ("too old", "tcp.stream==4"), ("killed", "tcp.stream==5")],
    )
