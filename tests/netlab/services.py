# SPDX-License-Identifier: GPL-2.0-or-later
"""Real servers of the distribution in a node's namespace, each with a directory of its own.

    services = Services(node, directory)
    services.nginx(configuration); services.postgresql(5432); ...
    services.wait()         until all of them listen
    services.close()
"""
import glob
import os
import shutil
import socket
import subprocess

from . import ns
from .wait import wait_until

PYTHON = "/usr/bin/python3"

GRPC_HEALTH = r"""
import sys
from concurrent import futures
import grpc

SERVICES = {b"": 1, b"good": 1, b"bad": 2}

def check(request, context):
    name = request[2:] if request else b""
    if name not in SERVICES:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, SERVICES[name]])

class Health(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(check)

server = grpc.server(futures.ThreadPoolExecutor(2), handlers=(Health(),))
server.add_insecure_port(f"0.0.0.0:{sys.argv[1]}")
with open(sys.argv[3], "rb") as key, open(sys.argv[4], "rb") as certificate:
    server.add_secure_port(f"0.0.0.0:{sys.argv[2]}",
                           grpc.ssl_server_credentials([(key.read(), certificate.read())]))
server.start()
server.wait_for_termination()
"""

SMTP = r"""
import sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

class Refuses(Sink):
    async def handle_HELO(self, server, session, envelope, hostname):
        return "550 not with you"

for port, handler in ((int(sys.argv[1]), Sink()), (int(sys.argv[2]), Refuses())):
    Controller(handler, hostname="0.0.0.0", port=port).start()
while True:
    time.sleep(60)
"""

# An agent of HAProxy's agent-check: each port has its word.
AGENT = r"""
import socketserver, sys, threading
class Says(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.server.word.encode() + b"\n")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
for argument in sys.argv[1:]:
    port, _, word = argument.partition("=")
    server = Server(("0.0.0.0", int(port)), Says)
    server.word = word
    threading.Thread(target=server.serve_forever).start()
"""


class Services:
    def __init__(self, node, directory):
        self.node, self.directory = node, directory
        self._processes, self._ports, self._words = {}, [], {}
        os.chmod(directory, 0o755)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as handle:
            handle.write(text)
        os.chmod(self.path(name), 0o644)
        return self.path(name)

    def _home(self, name, user=None):
        os.mkdir(self.path(name))
        if user:
            shutil.chown(self.path(name), user, user)
        return self.path(name)

    def start(self, name, *argv, ports=(), udp_ports=()):
        """A server that stays in the foreground."""
        with open(self.path(f"{name}.log"), "ab") as log:
            self._processes[name] = subprocess.Popen(self.node.command(*argv), stdin=subprocess.DEVNULL, stdout=log,
                                                     stderr=log, cwd=self.directory, start_new_session=True)
        self._ports += [(name, socket.SOCK_STREAM, port) for port in ports]
        self._ports += [(name, socket.SOCK_DGRAM, port) for port in udp_ports]

    @staticmethod
    def _as(user, *argv):
        return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *argv]

    # -- the servers ----------------------------------------------------------------------------

    def nginx(self, servers, ports):
        """`servers`: server blocks."""
        home = self._home("nginx")
        paths = "".join(f"{name}_temp_path {home}/{name};\n"
                        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = self.write("nginx.conf", f"user root;\ndaemon off;\nworker_processes 1;\npid {home}/pid;\n"
                          f"error_log {home}/error.log;\nevents {{}}\nhttp {{\naccess_log {home}/access.log;\n"
                          f"default_type text/plain;\n{paths}{servers}\n}}\n")
        self.start("nginx", "/usr/sbin/nginx", "-c", conf, "-p", home, "-e", f"{home}/error.log", ports=ports)

    def dnsmasq(self, port, *options):
        self.start("dnsmasq", "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                   "--no-hosts", "--user=root", "--pid-file=", f"--port={port}", *options, udp_ports=[port])

    def postgresql(self, port, authentication="trust"):
        binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        home = self._home("postgresql", "postgres")
        subprocess.run(self._as("postgres", f"{binaries}/initdb", "-D", f"{home}/data", "-N", "-A", authentication,
                                *(["--pwfile", self.write("pw", "secret\n")] if authentication != "trust" else [])),
                       check=True, capture_output=True, cwd=home)
        self.start("postgresql", *self._as("postgres", f"{binaries}/postgres", "-D", f"{home}/data", "-k", home,
                                           "-p", str(port), "-c", "listen_addresses=*", "-c", "fsync=off",
                                           # in its home: a killed one leaves nothing in /dev/shm
                                           "-c", "dynamic_shared_memory_type=mmap"),
                   ports=[port])
        self._words["postgresql"] = "ready to accept connections"  # it listens before
        with open(f"{home}/data/pg_hba.conf", "a", encoding="ascii") as handle:
            handle.write("host all all 0.0.0.0/0 scram-sha-256\n")

    def mariadb(self, port):
        home = self._home("mariadb", "mysql")
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={home}/data", "--user=mysql",
                        "--skip-test-db", "--auth-root-authentication-method=normal"],
                       check=True, capture_output=True, cwd=home)
        self.start("mariadb", "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={home}/data", "--user=mysql",
                   f"--socket={home}/socket", f"--pid-file={home}/pid", f"--port={port}", "--bind-address=0.0.0.0",
                   "--init-file=" + self.write("users.sql", "CREATE USER health@'%';\n"),
                   "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=8M", "--skip-name-resolve", ports=[port])

    def redis(self, port, *options, name="redis"):
        home = self._home(name)
        self.start(name, "/usr/bin/redis-server", "--port", str(port), "--bind", "0.0.0.0", "--dir", home,
                   "--save", "", "--protected-mode", "no", *options, ports=[port])

    def smtp(self, port, refusing_port):
        self.start("smtp", PYTHON, "-c", SMTP, str(port), str(refusing_port), ports=[port, refusing_port])

    def grpc(self, port, tls_port, certificate, key):
        self.start("grpc", PYTHON, "-c", GRPC_HEALTH, str(port), str(tls_port), key, certificate,
                   ports=[port, tls_port])

    def agents(self, words):
        """{port: word}"""
        self.start("agents", PYTHON, "-c", AGENT, *(f"{port}={word}" for port, word in words.items()),
                   ports=list(words))

    def haproxy(self, conf, socket_path):
        self.start("haproxy", "/usr/sbin/haproxy", "-db", "-f", self.write("haproxy.cfg", conf))
        wait_until(lambda: os.path.exists(socket_path), what="haproxy's socket", interval=0.05)

    # -- life -----------------------------------------------------------------------------------

    def _listening(self):
        def read():
            found = set()
            for file, kind, state in (("tcp", socket.SOCK_STREAM, "0A"), ("tcp6", socket.SOCK_STREAM, "0A"),
                                      ("udp", socket.SOCK_DGRAM, "07"), ("udp6", socket.SOCK_DGRAM, "07")):
                with open(f"/proc/thread-self/net/{file}", encoding="ascii") as handle:
                    rows = [line.split() for line in handle][1:]
                found |= {(kind, int(row[1].rpartition(":")[2], 16)) for row in rows if row[3] == state}
            return found
        return ns.inside(self.node.namespace, read)

    def wait(self, timeout=40):
        def missing():
            listening = self._listening()
            return ([entry for entry in self._ports if entry[1:] not in listening]
                    + [(name,) for name, words in self._words.items() if words not in self.log(name)])
        try:
            wait_until(lambda: not missing(), what="servers listen", timeout=timeout, interval=0.1)
        except AssertionError as error:
            logs = "".join(f"--- {name}\n{self.log(name)}" for name in {entry[0] for entry in missing()})
            raise AssertionError(f"{error}: {missing()}\n{logs}") from None

    def process(self, name):
        """Its pid."""
        return self._processes[name].pid

    def log(self, name):
        with open(self.path(f"{name}.log"), encoding="utf-8", errors="replace") as handle:
            return handle.read()

    def close(self):
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
