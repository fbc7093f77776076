"""A proxy that connects from its client's own address and port, and finds that port taken."""

import time

from labkit import clients
from labkit.network import command
from labkit.note import Check

CAPTURES = ("local-connect-failure.pcap",)
PROXY, SERVER = "10.0.1.254", "10.0.2.2"
PORTS = (47312, 47313, 47314)
HAPROXY = """
listen shop
  mode http
  bind :8080
  bind :8081
  retries 0
  http-reuse never
  server s1 10.0.2.2:80 source 0.0.0.0 usesrc client
"""
NGINX = """
  server {
    listen 80;
    location / { return 200 "ok\\n"; }
  }
"""
# What comes back for the client's address belongs to the proxy's socket.
TO_THE_PROXY = """
table ip lab {
  chain prerouting {
    type filter hook prerouting priority -150;
    iifname eth1 meta l4proto tcp socket transparent 1 meta mark set 1
  }
}
"""


def record(lab):
    lab.routed()
    lab.network.nft("router", TO_THE_PROXY)
    for device in ("all", "eth0", "eth1"):
        lab.network.sysctl("router", f"net.ipv4.conf.{device}.rp_filter", 0)
    with lab.network.inside("router"):
        command("ip", "rule", "add", "fwmark", "1", "lookup", "100")
        command("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", "100")
    lab.programs.nginx("server", NGINX, [80])
    lab.programs.haproxy("router", HAPROXY, [8080, 8081])
    with lab.capture(CAPTURES[0], where="router", interface="any"):
        for port in PORTS:
            first = clients.connect(lab.network, "client", PROXY, 8080, port)
            expect(first, "200")
            time.sleep(0.5)
            # To another port of the proxy from the same one: two connections here, one and the same beyond the proxy.
            second = clients.connect(lab.network, "client", PROXY, 8081, port)
            expect(second, "503")
            second.close()
            time.sleep(0.5)
            first.close()
            time.sleep(0.2)
    describe(lab)


def expect(sock, status):
    head = clients.exchange(sock)
    if not head.startswith(f"HTTP/1.1 {status}"):
        raise RuntimeError(head)


def describe(lab):
    lab.note(
        CAPTURES[0],
        title="a proxy answers 503, and no SYN leaves it: its client's port is taken",
        programs=["haproxy", "nginx", "nft"],
        how="""
            HAProxy on a router listens on ports 8080 and 8081 and connects to nginx from its client's address and port
            (`usesrc client`), as Cilium's Envoy does. Three clients ask at port 8080 and keep their connection; half a
            second later they ask at port 8081 from the same port of theirs. Captured on the router, all interfaces.""",
        shows="""
            The first request of each is passed on and answered. The second is answered 503 within 5 ms: no
            SYN leaves the router, whose kernel says EADDRNOTAVAIL.""",
        say=["local-connect-failure for 10.0.1.254:8081: 3 requests; the port was in use for 10.0.2.2:80"],
        never=["connection-refused", "anything of 10.0.2.2:80 as a failure"],
        checks=[
            Check("http.response.code==503 && ip.dst==10.0.1.1", 3, "answers 503"),
            Check("tcp.flags==0x002 && ip.dst==10.0.2.2", 3, "SYNs to the server: for the first requests alone"),
        ],
        ladders=[("both of the first client", "tcp.port==47312")],
    )
