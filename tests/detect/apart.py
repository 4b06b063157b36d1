#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Texts that the detectors were not tuned on: one a line, KIND TAB TEXT, with the sensitive part between
U+2039 and U+203A; KIND "-" has none. Written before the detectors, from the public descriptions of the
formats, and never looked at while they were tuned (docs/decisions/0017-detectors.md has its hash); tune.py
is the other one, by another hand's habits and seed. Everything is made up here."""
import base64
import random
import string

R = random.Random(20261125)
N = 60  # of each form


def digits(n):
    return "".join(R.choice("0123456789") for _ in range(n))


def luhn(prefix, n):
    body = prefix + digits(n - len(prefix) - 1)
    total = 0
    for i, c in enumerate(reversed(body)):
        d = int(c)
        if i % 2 == 0:
            d = d * 2 - 9 if d > 4 else d * 2
        total += d
    return body + str(-total % 10)


NAMES = ("maria joão li priya ahmed olga søren chloe yuki kwame lena tomás ines pavel aisha bruno carla dmitri elif "
         "farid greta hugo irina jonas kemal lucia marek nadia oscar petra").split()
LASTS = ("silva müller chen sharma hassan ivanova nielsen dubois tanaka mensah schmidt garcia rossi novak khan costa "
         "bianchi popov yilmaz karimi larsson moreau sato owusu weber lopez ferrari svoboda").split()
HOSTS = ("mail.example", "firma.example.de", "uni-bonn.example", "corp.example.co.uk", "x1.example.io",
         "sub.domain.example.org", "example.museum", "post.example.fr")


def ascii_name():
    table = str.maketrans("ãöøáéíüı", "aooaeiui")
    return R.choice(NAMES).translate(table), R.choice(LASTS).translate(table)


def email():
    first, last = ascii_name()
    return R.choice([
        "%s.%s@%s" % (first, last, R.choice(HOSTS)), "%s%d@%s" % (first, R.randint(1, 99), R.choice(HOSTS)),
        "%s_%s@%s" % (last, first, R.choice(HOSTS)), "%s+%s@%s" % (first, "news", R.choice(HOSTS)),
        "%s-%s@%s" % (first[0], last, R.choice(HOSTS)), ("%s.%s@%s" % (first, last, R.choice(HOSTS))).upper(),
        "%s'%s@%s" % (first[0], last, R.choice(HOSTS))])


def group(number, sizes, by):
    out, at = [], 0
    for size in sizes:
        out.append(number[at:at + size])
        at += size
    return by.join(out)


def card():
    kind = R.choice(["visa", "mc", "amex", "disc", "jcb", "mc2"])
    number = {"visa": lambda: luhn("4", 16), "mc": lambda: luhn("5" + R.choice("12345"), 16),
              "amex": lambda: luhn(R.choice(["34", "37"]), 15), "disc": lambda: luhn("6011", 16),
              "jcb": lambda: luhn("3530", 16), "mc2": lambda: luhn("2221", 16)}[kind]()
    sizes = (4, 6, 5) if kind == "amex" else (4, 4, 4, 4)
    return R.choice([number, group(number, sizes, " "), group(number, sizes, "-")])


def ssn():
    area = R.choice([n for n in range(1, 900) if n != 666])
    return R.choice(["%03d-%02d-%04d", "%03d %02d %04d"]) % (area, R.randint(1, 99), R.randint(1, 9999))


IBANS = {"DE": (18, "n"), "FR": (23, "n"), "GB": (18, "b"), "NL": (14, "b"), "ES": (20, "n"), "IT": (23, "i"),
         "CH": (17, "n"), "SE": (20, "n"), "PL": (24, "n"), "BE": (12, "n"), "AT": (16, "n"), "NO": (11, "n"),
         "PT": (21, "n"), "IE": (18, "b"), "DK": (14, "n")}


def iban():
    country = R.choice(sorted(IBANS))
    n, shape = IBANS[country]
    letters = "".join(R.choice(string.ascii_uppercase) for _ in range(4))
    body = digits(n) if shape == "n" else letters + digits(n - 4) if shape == "b" else \
        letters[0] + digits(n - 1)
    value = "".join(str(int(c, 36)) for c in body + country + "00")
    number = country + "%02d" % (98 - int(value) % 97) + body
    return R.choice([number, " ".join(number[i:i + 4] for i in range(0, len(number), 4)),
                     "-".join(number[i:i + 4] for i in range(0, len(number), 4))])


def phone():
    d = digits
    return R.choice([
        lambda: "+1 %d%s-%d%s-%s" % (R.randint(2, 9), d(2), R.randint(2, 9), d(2), d(4)),
        lambda: "+49 %s %s" % (R.choice(["30", "89", "221", "151"]), d(R.randint(6, 8))),
        lambda: "+44 20 %s %s" % (d(4), d(4)), lambda: "+33 %s %s %s %s %s" % (R.choice("123456"), d(2), d(2), d(2), d(2)),
        lambda: "+46-8-%s %s %s" % (d(3), d(2), d(2)), lambda: "+91" + R.choice("6789") + d(9),
        lambda: "0049 (0)%s %s" % (R.choice(["30", "40"]), d(7)),
        lambda: "(%d%s) %d%s-%s" % (R.randint(2, 9), d(2), R.randint(2, 9), d(2), d(4)),
        lambda: "%d%s-%d%s-%s" % (R.randint(2, 9), d(2), R.randint(2, 9), d(2), d(4)),
        lambda: "%d%s.%d%s.%s" % (R.randint(2, 9), d(2), R.randint(2, 9), d(2), d(4)),
        lambda: "020 %s %s" % (d(4), d(4)), lambda: "07%s %s" % (d(3), d(6)),
        lambda: "0%s %s %s %s %s" % (R.choice("123456"), d(2), d(2), d(2), d(2)),
        lambda: "0%s.%s.%s.%s.%s" % (R.choice("67"), d(2), d(2), d(2), d(2)),
        lambda: "030 / %s" % d(7), lambda: "0%s-%s" % (R.choice(["171", "160", "89"]), d(7)),
        lambda: "(0%s) %s %s" % (R.choice("2378"), d(4), d(4)), lambda: "04%s %s %s" % (d(2), d(3), d(3)),
        lambda: "06-%s" % d(8), lambda: "0%s-%s-%s" % (R.choice("36"), d(4), d(4)),
    ])()


def ip():
    if R.random() < 0.6:
        return ".".join(str(R.randint(1, 254)) for _ in range(4))
    parts = ["%x" % R.randint(1, 65535) for _ in range(8)]
    return R.choice([":".join(parts), "2001:db8::%s" % parts[0], "fe80::%s:%s:%s:%s" % tuple(parts[:4])])


def alnum(n, more=""):
    return "".join(R.choice(string.ascii_letters + string.digits + more) for _ in range(n))


def jwt():
    def part(text):
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return ".".join([part('{"alg":"HS256","typ":"JWT"}'), part('{"sub":"%s","exp":%s}' % (alnum(8), digits(10))),
                     alnum(43, "-_")])


def secret():
    return R.choice([
        lambda: "AK" + "IA" + "".join(R.choice(string.ascii_uppercase + "234567") for _ in range(16)),
        lambda: "gh" + R.choice("pos") + "_" + alnum(36), lambda: "glp" + "at-" + alnum(20),
        lambda: "xox" + "b-" + digits(12) + "-" + digits(12) + "-" + alnum(24),
        lambda: "sk_" + "live_" + alnum(24), lambda: "AI" + "za" + alnum(35, "-_"), jwt,
        lambda: "SG" + "." + alnum(22, "-_") + "." + alnum(43, "-_"), lambda: "np" + "m_" + alnum(36),
        lambda: "-----BEGIN " + "RSA PRIVATE KEY----- " + alnum(64, "+/") + " -----END RSA PRIVATE " + "KEY-----",
        lambda: "postgres://app:" + alnum(14) + "@db.example:5432/shop",
        lambda: "mongodb+srv://root:" + alnum(12) + "@cluster.example.net/x"])()


KEYWORDS = ("password", "api_key", "secret", "client_secret", "DB_PASSWORD", "access-token", "auth_token")
MAKERS = {"email": email, "payment-card": card, "us-ssn": ssn, "iban": iban, "phone": phone, "ip-address": ip,
          "secret": secret}
FRAMES = ("%s", "%s is what they gave us", "please use %s from now on", "Kunde: %s (neu)", "contact=%s;", "\"%s\"",
          "see <%s>", "[%s]", "moved, reachable under %s.", "note from 12 March: %s", "id 4711, %s, ok", "→ %s ←",
          "Adresse geändert; %s", "%s\\nsecond line", "«%s»", "1) %s 2) none", "old value %s, new value pending")


def positives():
    for kind, make in MAKERS.items():
        for frame in FRAMES:
            for _ in range(N):
                yield kind, frame % ("\u2039" + make() + "\u203a")
    for _ in range(N * 6):
        word, value = R.choice(KEYWORDS), alnum(R.randint(12, 40))
        form = R.choice(["%s=%s", "%s: %s", '"%s": "%s"', "export %s='%s'"])
        yield "secret", form % (word, "\u2039" + value + "\u203a")


WORDS = ("the order was shipped on time and customer asked about invoice payment terms next week we will call back "
         "warehouse reports stock low for item blue chair table lamp return requested due to damage in transit please "
         "check with support team about refund status account closed after review contract renewed until december "
         "sehr geehrte damen und herren vielen dank für ihre bestellung la commande est arrivée hier matin").split()


def sentence(n):
    return " ".join(R.choice(WORDS) for _ in range(n))


def negatives():
    d = digits
    makers = [
        lambda: sentence(R.randint(4, 40)), lambda: "%04d-%02d-%02d" % (R.randint(1970, 2030), R.randint(1, 12), R.randint(1, 28)),
        lambda: "%02d.%02d.%04d %02d:%02d" % (R.randint(1, 28), R.randint(1, 12), R.randint(1970, 2030), R.randint(0, 23), R.randint(0, 59)),
        lambda: "%04d-%02d-%02dT%02d:%02d:%02d.%sZ" % (2024, R.randint(1, 12), R.randint(1, 28), R.randint(0, 23), R.randint(0, 59), R.randint(0, 59), d(3)),
        lambda: "%d.%s" % (R.randint(0, 999999), d(2)), lambda: "%s,%s,%s.%s EUR" % (R.randint(1, 99), d(3), d(3), d(2)),
        lambda: "ORD-%s-%s" % (d(4), d(6)), lambda: "INV%s" % d(8), lambda: "SKU %s-%s" % (alnum(3).upper(), d(5)),
        lambda: "%s-%s-4%s-a%s-%s" % tuple(("%0*x" % (n, R.getrandbits(4 * n))) for n in (8, 4, 3, 3, 12)),
        lambda: "version %d.%d.%d" % (R.randint(0, 20), R.randint(0, 50), R.randint(0, 99)),
        lambda: "%s @ %s each" % (d(2), d(2)), lambda: "follow @%s on the site" % R.choice(LASTS),
        lambda: "https://www.example.com/%s/%s?id=%s" % (R.choice(WORDS), R.choice(WORDS), d(5)),
        lambda: "%dx%dx%d cm, %s kg" % (R.randint(1, 300), R.randint(1, 300), R.randint(1, 300), d(2)),
        lambda: "lat %d.%s lon %d.%s" % (R.randint(-89, 89), d(5), R.randint(-179, 179), d(5)),
        lambda: "%064x" % R.getrandbits(256), lambda: "%040x" % R.getrandbits(160),
        lambda: "room %d, floor %d, building %s" % (R.randint(1, 999), R.randint(0, 30), R.choice("ABC")),
        lambda: "%s chapters, %s pages, %s words" % (d(2), d(3), d(5)), lambda: "tracking 1Z%s" % alnum(16).upper(),
        lambda: "%s%%" % d(2), lambda: "Q%d %d: %s units" % (R.randint(1, 4), R.randint(2000, 2030), d(4)),
        lambda: "ean %s" % ("40" + d(11)), lambda: "isbn 978-3-%s-%s-%s" % (d(2), d(6), d(1)),
        lambda: "epoch 17%s" % d(8), lambda: "epoch ms 17%s" % d(11), lambda: "batch %s of %s" % (d(3), d(3)),
        lambda: "password must have at least 8 characters", lambda: "the secret of good coffee: patience",
        lambda: "your token expires in %s minutes" % d(2), lambda: "api key rotation is planned for %s" % R.choice(["May", "June"]),
        lambda: "%s %s %s" % (d(3), d(3), d(3)), lambda: "line %s col %s" % (d(3), d(2)),
        lambda: "row %s: %s -> %s" % (d(4), d(4), d(4)), lambda: "10:30-11:15, 14:00-15:30", lambda: "ratio 16:9 or 4:3",
        lambda: "§ 12 Abs. 3 Nr. 4 BGB", lambda: "C++17, ISO 8601, RFC 5321", lambda: "HH:MM:SS %02d:%02d:%02d" % (R.randint(0, 23), R.randint(0, 59), R.randint(0, 59)),
        lambda: "{\"id\": %s, \"qty\": %s, \"price\": %s.%s}" % (d(5), d(2), d(3), d(2)),
        lambda: "mac %s" % ":".join("%02x" % R.randint(0, 255) for _ in range(6)),
    ]
    for make in makers:
        for _ in range(N * 3):
            yield "-", make()


def main():
    for kind, text in list(positives()) + list(negatives()):
        print(kind + "\t" + text)


main()
