"""The reviewer over TLS: tls.py CODEX FOLDER, with openssl

A server that nobody vouches for is refused by name of the fault, and one that a company vouches for is asked when SSL_CERT_FILE
says so. The servers are Python's, on this machine; each gives the same good answer to whoever speaks to it.
"""

import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
from pathlib import Path

CODEX, FOLDER = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
KEY = "sk-contract-0123456789abcdef"
VERDICT = {"id": "c1", "verdict": "compliant", "rationale": "r", "quote": "m.lock()"}
ANSWER = json.dumps({"schema": 1, "verdicts": [VERDICT]})
BODY = json.dumps({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}]}).encode()


class Model(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=FOLDER, check=True, capture_output=True)


def certificates():
    """One that vouches for itself, and two of a company: for this machine, and for another host."""
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    here = "subjectAltName=IP:127.0.0.1"
    openssl(*new, "-keyout", "self.key", "-out", "self.pem", "-subj", "/CN=self", "-addext", here)
    openssl(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=company")
    for name, host in [("good", here), ("other", "subjectAltName=DNS:other.example")]:
        (FOLDER / f"{name}.ext").write_text(f"{host}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext"]
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)


def serve(name):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    if name != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / f"{name}.pem", FOLDER / f"{name}.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def asked(port, believed):
    foreign = ("CODEX", "SSL_CERT", "CI", "GIT")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment |= {"XDG_CONFIG_HOME": str(FOLDER / "none"), "KEY": KEY} | ({"SSL_CERT_FILE": believed} if believed else {})
    options = ["--review-url", f"https://127.0.0.1:{port}", "--review-model", "m", "--review-key-env", "KEY", "--review-no-cache"]
    call = [CODEX, "check", "--all", "--exit-zero", "--review", "http", *options, "--format", "json"]
    run = subprocess.run(call, cwd=FOLDER / "code", env=environment, capture_output=True, text=True, timeout=120)
    assert KEY not in run.stdout + run.stderr, "the key came out"
    finding = json.loads(run.stdout)["findings"][0]
    return (finding["verdict"] or {}).get("verdict") or finding["not_reviewed"]


(FOLDER / "code/src").mkdir(parents=True)
(FOLDER / "code/src/a.rs").write_text("fn a(m: Mutex<u8>) -> u8 {\n    *m.lock().unwrap()\n}\n")
certificates()
UNKNOWN = "this machine does not know who signed its certificate (SSL_CERT_FILE)"
for server, believed, wanted in [
    ("good", "ca.pem", "compliant"),
    ("good", None, UNKNOWN),
    ("good", "self.pem", UNKNOWN),
    ("self", None, "its certificate is one that signs others, or itself"),
    ("other", "ca.pem", 'certificate not valid for name "127.0.0.1"'),
    ("plain", None, "it speaks no TLS"),
]:
    found = asked(serve(server), believed and str(FOLDER / believed))
    print(f"{server:<6} {believed or 'the system':<11} {found}")
    if not found.removeprefix("no safe connection to the reviewer: ").startswith(wanted):
        sys.exit(f"FAILED: {found!r} instead of {wanted!r}")
