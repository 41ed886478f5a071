# SPDX-License-Identifier: GPL-2.0-or-later
"""Those who are told: a mail server and a web server in a node's namespace that keep what they get."""
import email
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from .wait import PATIENCE, wait_until

USER, PASSWORD = "holdfast", "se cret"


class _Server:
    def __init__(self, node, directory, name, *arguments):
        self.directory = os.path.join(directory, name)
        os.mkdir(self.directory)
        self._process = subprocess.Popen(
            node.command("/usr/bin/python3", "-m", "netlab.post", self.directory, *arguments),
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        wait_until(lambda: os.path.exists(os.path.join(self.directory, "ready")), what=f"{name} listens", timeout=120, interval=0.05)

    def _texts(self):
        names = sorted(name for name in os.listdir(self.directory) if name.startswith("got-"))
        texts = []
        for name in names:
            with open(os.path.join(self.directory, name), encoding="utf-8") as handle:
                texts.append(handle.read())
        return texts

    def close(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class MailServer(_Server):
    """`tls`: (certificate, key) for STARTTLS; login: only after AUTH with USER and PASSWORD; reject: how many
    mails are put off, all told; postpone: words that every mail is put off for."""

    def __init__(self, node, directory, address, port=25, *, tls=None, login=False, reject=0, postpone="",
                 name="mail"):
        super().__init__(node, directory, name, "mail", address, str(port), *(tls or ("", "")),
                         "login" if login else "", str(reject), postpone)

    def mails(self):
        """[(envelope, message)] so far; envelope: {"from", "to", "helo", "tls", "login"}."""
        found = []
        for text in self._texts():
            envelope, _, message = text.partition("\n")
            found.append((json.loads(envelope), email.message_from_string(message)))
        return found

    def wait(self, subject, timeout=PATIENCE):
        """The first mail whose subject contains this."""
        def look():
            return next((one for one in self.mails() if subject in one[1]["Subject"]), None)
        return wait_until(look, what=f"a mail about {subject!r}", timeout=timeout, interval=0.05)


class Hook(_Server):
    """A web server that takes JSON; the first `reject` posts get another status."""

    def __init__(self, node, directory, address, port=8080, *, reject=0, status=503, name="hook"):
        super().__init__(node, directory, name, "hook", address, str(port), str(reject), str(status))

    def posts(self):
        """[(headers, object)]"""
        return [tuple(json.loads(text)) for text in self._texts()]

    def wait(self, timeout=PATIENCE, **fields):
        def look():
            return next((one for one in self.posts()
                         if all(one[1].get(key) == value for key, value in fields.items())), None)
        return wait_until(look, what=f"a post with {fields}", timeout=timeout, interval=0.05)


class _Store:
    def __init__(self, directory):
        self.directory = directory
        self.count = 0

    def ready(self):
        with open(os.path.join(self.directory, "ready"), "w", encoding="ascii"):
            pass

    def keep(self, text):
        path = os.path.join(self.directory, f"part-{self.count:04d}")
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
        os.rename(path, os.path.join(self.directory, f"got-{self.count:04d}"))
        self.count += 1


def _serve_mail(store, address, port, certificate, key, login, reject, postpone):
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    left = [int(reject)]

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            if left[0] > 0:
                left[0] -= 1
                return "451 try again"
            if postpone and postpone.encode() in envelope.content:
                return "451 not this one"
            facts = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "helo": session.host_name,
                     "tls": session.ssl is not None, "login": session.auth_data is not None}
            store.keep(json.dumps(facts) + "\n" + envelope.content.decode().replace("\r\n", "\n"))
            return "250 taken"

    def authenticate(server, session, envelope, mechanism, data):
        good = data.login == USER.encode() and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False, auth_data=data)

    more = {}
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        more.update(tls_context=context, require_starttls=True)
    if login:
        more.update(authenticator=authenticate, auth_required=True, auth_require_tls=bool(certificate))
    Controller(Handler(), hostname=address, port=int(port), **more).start()
    store.ready()
    while True:
        time.sleep(60)


def _serve_hook(store, address, port, reject, status):
    left = [int(reject)]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            refused = left[0] > 0
            left[0] -= refused
            self.send_response(int(status) if refused else 204)
            self.end_headers()
            if not refused:
                store.keep(json.dumps([dict(self.headers), json.loads(body)]))

        def log_message(self, *_):
            pass

    server = HTTPServer((address, int(port)), Handler)
    store.ready()
    server.serve_forever()


if __name__ == "__main__":
    {"mail": _serve_mail, "hook": _serve_hook}[sys.argv[2]](_Store(sys.argv[1]), *sys.argv[3:])
