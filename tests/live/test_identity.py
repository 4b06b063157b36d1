#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Signed tokens as evidence: what is accepted and what it is worth, and what must be refused. Keys and tokens
are made here, at run time."""
import base64
import hashlib
import hmac
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402

try:
    import jwt
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
except ImportError:
    rig.skip_all("python3-jwt and python3-cryptography are not installed")

ISSUER, OTHER_ISSUER = "https://idp.example", "https://once.example"
CLIENT_UID, ALICE_UID, DORA_UID = rig.REQUESTER_UID, rig.OTHER_UID, rig.APPROVER_UID
CLIENT = """
import pyodbc, sys
try:
    c = pyodbc.connect("DSN=" + sys.argv[1], autocommit=True)
    for sql in sys.argv[2:]:
        cursor = c.cursor().execute(sql)
        print("ok", cursor.fetchone() if cursor.description else cursor.rowcount)
except pyodbc.Error as e:
    print("error", e.args[1])
"""
STAYS = """
import pyodbc, sys, time
c = pyodbc.connect("DSN=" + sys.argv[1], autocommit=True)
print("ok", c.cursor().execute("SELECT count(*) FROM orders").fetchone()[0])
time.sleep(float(sys.argv[2]))
try:
    print("ok", c.cursor().execute("SELECT count(*) FROM orders").fetchone()[0])
except pyodbc.Error as e:
    print("error", e.args[1])
"""
POLICY = """
policy: analysts
applies-to: {principals: ["group:analysts"], targets: [token, strict]}
mode: enforce
data-mode: enforce
data:
  - columns: [customers.email]
    class: email
    mask: partial
rules:
  - id: read
    when: {effect: select}
    then: allow
  - id: pay
    when: {effect: update, tables: [payments]}
    then: approve
    by: {group: dba, within: 30m}
  - id: write
    when: {effect: update, tables: [orders], evidence: token}
    then: allow
---
""".replace("---\n", "")
AGENTS = """
policy: agents
applies-to: {principals: ["agent:report-bot"], targets: [token, strict]}
mode: enforce
data-mode: enforce
data:
  - columns: [customers.phone]
    mask: sql-null
rules:
  - id: read
    when: {effect: select}
    then: allow
  - id: pay
    when: {effect: update, tables: [payments]}
    then: allow
  - id: no-orders
    when: {effect: update, tables: [orders]}
    then: deny
"""


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n):
    return b64(n.to_bytes((n.bit_length() + 7) // 8, "big"))


class Keys:
    """One key of each kind, as JWKs."""

    def __init__(self, prefix=""):
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()
        self.prefix = prefix

    def jwks(self):
        r, e = self.rsa.public_key().public_numbers(), self.ec.public_key().public_numbers()
        d = self.ed.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"keys": [
            {"kty": "RSA", "kid": self.prefix + "r", "use": "sig", "n": number(r.n), "e": number(r.e)},
            {"kty": "EC", "kid": self.prefix + "e", "crv": "P-256", "x": b64(e.x.to_bytes(32, "big")),
             "y": b64(e.y.to_bytes(32, "big"))},
            {"kty": "OKP", "kid": self.prefix + "d", "crv": "Ed25519", "x": b64(d)}]}

    def sign(self, claims, alg="RS256", **headers):
        key = {"RS256": self.rsa, "RS512": self.rsa, "ES256": self.ec, "EdDSA": self.ed}[alg]
        kid = {"R": "r", "E": "e"}[alg[0]] if alg != "EdDSA" else "d"
        return jwt.encode(claims, key, algorithm=alg, headers=dict({"kid": self.prefix + kid}, **headers))


def claims(**more):
    now = int(time.time())
    out = {"iss": ISSUER, "aud": "odbcguard", "sub": "alice", "groups": ["analysts"], "iat": now, "exp": now + 600}
    out.update(more)
    return {k: v for k, v in out.items() if v is not None}


class Place:
    def __init__(self, tap, the_rig, keys):
        self.tap, self.rig, self.keys, self.n = tap, the_rig, keys, 0

    def connect(self, token, *sql, dsn="token-guarded", uid=CLIENT_UID, program=CLIENT):
        """The token goes by file, as it should."""
        self.n += 1
        path = self.rig.path("token%d" % self.n)
        with open(path, "w") as file:
            file.write(token + "\n")
        os.chmod(path, 0o644)
        return self.run(dsn + ";GuardApproval=fail;GuardAgentTokenFile=" + path, *sql, uid=uid, program=program)

    def run(self, dsn, *sql, uid=CLIENT_UID, program=CLIENT, **env):
        result = self.rig.as_uid(uid, [sys.executable, "-c", program, dsn] + list(sql), env=dict(os.environ, **env))
        return (result.stdout + result.stderr).strip()

    def refused(self, token, why, name, **more):
        said = self.connect(token, "SELECT 1", **more)
        return self.tap.ok("error" in said and "71007" in said and why in said, "refused: " + name, said)


def accepted(p):
    tap = p.tap
    for alg in ("RS256", "ES256", "EdDSA"):
        tap.like(p.connect(p.keys.sign(claims(), alg), "SELECT email FROM customers WHERE id = 1"), "a***@example.com",
                 "accepted: " + alg)
    tap.like(p.run("token-guarded", "SELECT 1 FROM orders"), "no policy allows", "without a token the uid has no rights here")
    token = p.keys.sign(claims())
    tap.like(p.run("token-guarded;GuardAgentToken=" + token, "SELECT count(*) FROM orders"), "ok (4", "by keyword")
    path = p.rig.path("token-env")
    with open(path, "w") as file:
        file.write(token)
    os.chmod(path, 0o644)
    tap.like(p.run("token-guarded", "SELECT count(*) FROM orders", ODBCGUARD_TOKEN_FILE=path), "ok (4", "by environment")
    tap.like(p.run("token-guarded;GuardAgentToken=%s;GuardAgentTokenFile=%s" % (token, path)), "71008",
             "two tokens are an error")
    tap.like(p.run("token-guarded;GuardAgentTokenFile=/nowhere"), "71008", "a token file that is not there is an error")
    tap.like(p.connect(p.keys.sign(claims(aud=["x", "odbcguard"])), "SELECT count(*) FROM orders"), "ok (4",
             "one of several audiences")
    tap.like(p.connect(p.keys.sign(claims(exp=int(time.time()) - 20)), "SELECT count(*) FROM orders"), "ok (4",
             "expired by less than the skew")
    tap.like(p.connect(p.keys.sign(claims()), "UPDATE orders SET total = total WHERE id = 1"), "ok 1",
             "a rule that asks for the evidence of a token")
    tap.like(p.connect(p.keys.sign(claims(groups=None)), "SELECT 1 FROM orders"), "no policy allows",
             "without its group the subject has no rights")


def refused(p):
    now = int(time.time())
    keys = p.keys
    header = b64(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    body = b64(json.dumps(claims()).encode())
    p.refused(header + "." + body + ".", "no signed JWT", "alg none")
    p.refused(b64(json.dumps({"alg": "NONE"}).encode()) + "." + body + ".", "", "alg NONE")
    public = keys.rsa.public_key().public_bytes(serialization.Encoding.PEM,
                                                serialization.PublicFormat.SubjectPublicKeyInfo)
    head = b64(json.dumps({"alg": "HS256", "kid": "r"}).encode())
    mac = hmac.new(public, (head + "." + body).encode(), hashlib.sha256).digest()
    p.refused(head + "." + body + "." + b64(mac), "algorithm", "the public key as a shared secret")
    p.refused(keys.sign(claims(), "RS512"), "algorithm", "an algorithm that is not accepted")
    good = keys.sign(claims())
    parts = good.split(".")
    p.refused(parts[0] + "." + b64(json.dumps(claims(sub="root")).encode()) + "." + parts[2], "signature",
              "a changed body")
    p.refused(good[:-8] + "AAAAAAAA", "signature", "a changed signature")
    p.refused(Keys().sign(claims()), "signature", "a key of somebody else under a known kid")
    p.refused(Keys("x").sign(claims()), "signature", "an unknown kid")
    own = Keys("jwk")
    p.refused(own.sign(claims(), jwk=own.jwks()["keys"][0]), "", "a key in the header")
    p.refused(own.sign(claims(), jku="http://127.0.0.1:1/keys"), "", "an address of keys in the header")
    p.refused(keys.sign(claims(), crit=["exp"]), "", "critical extensions")
    p.refused(keys.sign(claims(exp=now - 120)), "expired", "an expired token")
    p.refused(keys.sign(claims(exp=None)), "expiry", "a token without expiry")
    p.refused(keys.sign(claims(exp="tomorrow") if False else dict(claims(), exp=1e18)), "", "an absurd expiry")
    p.refused(keys.sign(claims(nbf=now + 900)), "not valid yet", "a token of the future (nbf)")
    p.refused(keys.sign(claims(iat=now + 900)), "not valid yet", "a token of the future (iat)")
    p.refused(keys.sign(claims(aud="someone-else")), "audience", "another audience")
    p.refused(keys.sign(claims(aud=None)), "audience", "no audience")
    p.refused(keys.sign(claims(iss="https://evil.example")), "issuer", "an unknown issuer")
    p.refused(keys.sign(claims(iss=OTHER_ISSUER)), "signature", "another issuer's name with this one's key")
    p.refused(keys.sign(claims(sub=None)), "subject", "no subject")
    p.refused(keys.sign(claims(sub="alice\x1fuser:root")), "subject", "a subject that smuggles a separator")
    p.refused(keys.sign(claims(groups="analysts")), "groups", "groups that are no list")
    p.refused(keys.sign(claims(groups=["g%d" % i for i in range(500)])), "groups", "far too many groups")
    deep = {"sub": "a"}
    for _ in range(30):
        deep = {"sub": "a", "act": deep}
    p.refused(keys.sign(claims(act=deep)), "actors", "a chain that is too long")
    p.refused(keys.sign(claims(act={"sub": "bot", "iss": "https://evil.example"})), "another issuer",
              "an actor of another issuer")
    said = p.run("token-guarded;GuardAgentToken=" + keys.sign(claims(padding="x" * 14000)), "SELECT 1")
    p.tap.ok("error" in said and ("71007" in said or "71008" in said or "71006" in said), "refused: a token that is too long", said)
    p.refused("not a token at all", "no signed JWT", "no token at all")
    nested = header + "." + b64(("[" * 6000 + "]" * 6000).encode()) + "."
    p.refused(nested, "", "nesting without end")
    p.refused(good, "not accepted from this account", "a token that was stolen by another account", uid=ALICE_UID)
    said = p.run("strict-guarded", "SELECT 1")
    p.tap.ok("71007" in said and "without a token" in said, "refused: a target that requires a token", said)
    p.tap.like(p.connect(good, "SELECT count(*) FROM orders", dsn="strict-guarded"), "ok (4", "which takes one with it")


def chains(p):
    tap = p.tap
    on_behalf = p.keys.sign(claims(act={"sub": "bot-7"}))
    tap.like(p.connect(on_behalf, "SELECT email, phone FROM customers WHERE id = 1"), "('a***@example.com', None)",
             "an agent for a person: the strictest mask of both")
    tap.like(p.connect(on_behalf, "UPDATE orders SET total = 0 WHERE id = 1"), "agents/no-orders",
             "what the agent may not do, it may not do for anybody")
    tap.like(p.connect(p.keys.sign(claims(sub="nobody", groups=None, act={"sub": "bot-7"})), "SELECT 1 FROM orders"),
             "no policy allows", "nor may it do what the person may not")
    said = p.connect(on_behalf, "UPDATE payments SET amount = 1 WHERE id = 1")
    tap.like(said, "71002", "the person's rule asks for an approval of what the agent alone could do")
    request = os.listdir(os.path.join(p.rig.mount, "approvals/pending"))[0]
    path = os.path.join(p.rig.mount, "approvals/pending", request)
    text = p.rig.read("approvals/pending", request)
    tap.ok("report-bot for alice" in text and "evidence: token" in text, "the request says who for whom", text[:600])
    approve = "s/^decision: pending/decision: approve/"
    own = p.rig.as_uid(ALICE_UID, ["sed", "-i", approve, path])
    tap.ok(own.returncode != 0, "the person it acts for cannot approve it from their own account", own)
    other = p.keys.sign(claims(sub="bob", act={"sub": "bot-7"}))
    tap.is_(p.rig.as_uid(DORA_UID, ["sed", "-i", approve, path]).returncode, 0, "somebody else can")
    tap.like(p.connect(other, "UPDATE payments SET amount = 1 WHERE id = 1"), "71002",
             "the grant is not another principal's, even of the same account")
    tap.like(p.connect(on_behalf, "UPDATE payments SET amount = 1 WHERE id = 1"), "ok 1", "it is theirs")
    records = [r["unmapped"]["guard"] for r in p.rig.ledger()]
    ours = [r for r in records if r.get("principal") == "report-bot for alice"]
    tap.ok(ours and all(r["evidence"] == "token" for r in ours), "the ledger names both, with the evidence",
           {r.get("principal") for r in records})


def sessions_end(p):
    token = p.keys.sign(claims(exp=int(time.time()) - 57))  # three seconds of the skew are left
    said = p.connect(token, "8", program=STAYS)
    lines = said.splitlines()
    p.tap.ok(len(lines) == 2 and lines[0].startswith("ok") and "expired" in lines[1],
             "a session ends at its next statement after the token", said)


def rotation(p, jwks):
    tap = p.tap
    old, new = p.keys, Keys("n")
    with open(jwks, "w") as file:
        file.write('{"keys": [ this is no JWKS')
    tap.like(p.connect(old.sign(claims()), "SELECT count(*) FROM orders"), "ok (4", "a broken key file leaves the keys")
    health = p.rig.read("health")
    tap.ok(health.startswith("ok") and "earlier ones are in force" in health, "health says so", health)
    with open(jwks + ".new", "w") as file:
        json.dump({"keys": old.jwks()["keys"] + new.jwks()["keys"]}, file)
    os.chmod(jwks + ".new", 0o644)
    os.rename(jwks + ".new", jwks)
    tap.like(p.connect(new.sign(claims()), "SELECT count(*) FROM orders"), "ok (4", "a new key after rotation")
    tap.like(p.connect(old.sign(claims()), "SELECT count(*) FROM orders"), "ok (4", "the old one while it is there")
    with open(jwks + ".new", "w") as file:
        json.dump(new.jwks(), file)
    os.rename(jwks + ".new", jwks)
    p.refused(old.sign(claims()), "signature", "the old key once it is gone")
    p.keys = new


def once(p, keys):
    token = keys.sign(claims(iss=OTHER_ISSUER, jti="number-1"))
    p.tap.like(p.connect(token, "SELECT 1 FROM orders"), "no policy allows", "a token that counts once opens a session")
    p.refused(token, "used before", "the same token again")
    p.rig.stop()
    p.rig.start()
    p.refused(token, "used before", "the same token after a restart of guardfs")
    p.refused(keys.sign(claims(iss=OTHER_ISSUER)), "number", "a token without a number where one is needed")
    p.tap.like(p.connect(keys.sign(claims(iss=OTHER_ISSUER, jti="number-2")), "SELECT 1 FROM orders"), "no policy allows",
               "another number")


def never_shown(p, tokens):
    """No part of a signature in the ledger, in files of the mount or in the state folder."""
    found = []
    for top in (p.rig.state, p.rig.mount):
        for folder, _, files in os.walk(top):
            for name in files:
                path = os.path.join(folder, name)
                if name == "stream":
                    continue
                try:
                    with open(path, "rb") as file:
                        data = file.read()
                except OSError:
                    continue
                found += [path for t in tokens if t.split(".")[2][:40].encode() in data]
    p.tap.is_(found, [], "no token is kept or shown anywhere")


def main():
    rig.need_root()
    tap = rig.Tap()
    keys, once_keys = Keys(), Keys("o")
    the_rig = rig.Rig({"analysts.yaml": POLICY, "agents.yaml": AGENTS}, "placeholder")
    jwks, once_jwks = the_rig.path("idp.jwks"), the_rig.path("once.jwks")
    the_rig.write("idp.jwks", json.dumps(keys.jwks()))
    the_rig.write("once.jwks", json.dumps(once_keys.jwks()))
    the_rig.write("config.yaml", """
issuers:
  %s: {jwks: %s, audience: [odbcguard], uids: [uid:%d]}
  %s: {jwks: %s, audience: [odbcguard], once: yes}
people: {alice: ["token:%s/alice", uid:%d], dora: [uid:%d]}
agents: {report-bot: ["token:%s/bot-7"]}
groups: {dba: [user:dora, user:alice], analysts: ["token-group:%s/analysts"]}
roles: {approver: [group:dba], auditor: [group:dba], admin: [user:dora]}
targets: {strict: {require: token}}
""" % (ISSUER, jwks, CLIENT_UID, OTHER_ISSUER, once_jwks, ISSUER, ALICE_UID, DORA_UID, ISSUER, ISSUER))
    the_rig.sqlite("token", rig.SHOP_SQL)
    the_rig.sqlite("strict", rig.SHOP_SQL)
    the_rig.start()
    p = Place(tap, the_rig, keys)
    canary = keys.sign(claims())
    p.connect(canary, "SELECT 1 FROM orders")
    accepted(p)
    refused(p)
    chains(p)
    sessions_end(p)
    rotation(p, jwks)
    once(p, once_keys)
    never_shown(p, [canary])
    tap.is_(the_rig.guardctl("verify", os.path.join(the_rig.state, "audit")).returncode, 0, "the chain verifies")
    tap.done()


main()
