#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The texts that the detectors were tuned on, in the form of apart.py (which was not looked at meanwhile)."""
import random

R = random.Random(1)


def luhn(body):
    total = sum(sum(divmod(int(c) * (2 - i % 2), 10)) for i, c in enumerate(reversed(body)))
    return body + str(-total % 10)


def num(n):
    return "".join(R.choice("0123456789") for _ in range(n))


def low(n):
    return "".join(R.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(n))


def mixed(n):
    return "".join(R.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(n))


def iban():
    country, n = R.choice([("DE", 18), ("FR", 23), ("NL", 14), ("SE", 20), ("FI", 14)])
    body = ("ABNA" + num(n - 4)) if country == "NL" else num(n)
    check = 98 - int("".join(str(int(c, 36)) for c in body + country + "00")) % 97
    value = "%s%02d%s" % (country, check, body)
    return R.choice([value, " ".join(value[i:i + 4] for i in range(0, len(value), 4))])


def card():
    v = luhn(R.choice(["4", "51", "55", "2720", "6011", "35"]).ljust(15, "x").replace("x", "7")[:6] + num(9))
    return R.choice([v, "-".join((v[:4], v[4:8], v[8:12], v[12:])), ".".join((v[:4], v[4:8], v[8:12], v[12:])),
                     "\u00a0".join((v[:4], v[4:8], v[8:12], v[12:])), " - ".join((v[:4], v[4:8], v[8:12], v[12:]))])


PHONES = ["+49 (0)30 1234-567", "+1-202-555-01%s" % "43", "+352 621 123 456", "0033 6 12 34 56 78", "(212) 555-0187",
          "1-800-555-0199", "0171 1234567", "0221/4710815", "044 668 18 00", "08-123 456 78", "011 91 22 2778 2778",
          "0800 123 4567", "03-1234-5678", "+81 90 1234 5678", "98765 43210", "138 1234 5678", "tel. 5551234", "fax: 4155550100",
          "call 912 345 678", "+5511987654321", "(030) 12 34 56 78", "01 23 45 67 89"]
SPANNED = ("tel. ", "fax: ", "call ")
FRAMES = ["%s", "a %s b", "(%s)", "%s,", "x=%s", "'%s'", "t: %s.", "<%s>", "A/%s" if False else "Nr. %s"]


def positives():
    for _ in range(1500):
        frame = R.choice(FRAMES)
        yield "email", frame % ("\u2039" + R.choice([low(5) + "@" + low(6) + ".com", low(3) + "." + low(6) + "@" + low(4) + "-x.co.uk",
                                                      "\u00fc" + low(4) + "@" + low(5) + ".de", low(4) + "+t" + num(2) + "@a.io"]) + "\u203a")
        yield "payment-card", frame % ("\u2039" + card() + "\u203a")
        yield "us-ssn", frame % ("\u2039%03d-%02d-%04d\u203a" % (R.randint(1, 665), R.randint(1, 99), R.randint(1, 9999)))
        yield "iban", frame % ("\u2039" + iban() + "\u203a")
        phone = R.choice(PHONES)
        for lead in SPANNED:
            if phone.startswith(lead):
                phone = lead + "\u2039" + phone[len(lead):] + "\u203a"
        if "\u2039" not in phone:
            phone = frame % ("\u2039" + phone + "\u203a")
        if not phone.startswith("011") and "\u2039011" not in phone:
            yield "phone", phone
        yield "ip-address", frame % ("\u2039" + R.choice(["10.0.0.%d" % R.randint(1, 254), "::1:%x" % R.randint(1, 9), "2001:db8::8a2e:370:7334"]) + "\u203a")
        yield "secret", R.choice([
            "k \u2039" + "AK" + "IA" + mixed(16).upper() + "\u203a", "\u2039gh" + "p_" + mixed(36) + "\u203a",
            "password=\u2039" + mixed(12) + "\u203a", "API-KEY: \u2039" + mixed(32) + "\u203a",
            "\u2039mysql://u:" + low(4) + num(4) + "@h/db\u203a", "{\"clientSecret\":\"\u2039" + mixed(30) + "\u203a\"}"])


CLEAN = ["2024-01-15 10:30:00", "01/02/2024 100 pcs", "1234567.89", "12,345,678.90", "order 1234567890", "v1.2.3.4", "version 10.0.0.1",
         "a::b", "std::string x", "10:30:15", "ratio 1:2:3", "3.14159265358979", "the password is wrong", "token: none", "secret santa",
         "c0ffee00-1234-4abc-8def-1234567890ab", "SKU 4711-0815-99", "9780306406157", "item #123456789", "2024/12/31", "31.12.2024, 24 h",
         "1 000 000 000", "123 456 789", "x@y", "@mention hi", "5 @ 3.50", "foo@bar baz", "api key: see wiki", "key=value", "id: 00012345678",
         "GB12 is a road", "AB12CD34", "DE89 is short", "1200 x 800 mm 2024", "12-34-56", "99.9% 100.0%", "page 12 of 345", "0.123456789",
         "-12.5 +13.2 +4711", "tel aviv 2024", "callback(123)", "phone number missing", "auth=basic", "2^31 = 2147483648", "1e10 1.5e-7",
         "sha256:" + "0f" * 32, "01-02-03", "08.15 Uhr", "Q1 2024 12 345", "US-12345-678", "0 1 2 3 4 5 6 7 8 9", "HTTP/1.1 200 OK"]


def main():
    for kind, text in positives():
        print(kind + "\t" + text)
    for text in CLEAN * 20:
        print("-\t" + text)
    for _ in range(4000):
        print("-\t" + " ".join(low(R.randint(1, 9)) for _ in range(R.randint(3, 30))))
        print("-\tinvoice %s of %d.%d.%d over %s.%s" % (num(R.randint(4, 12)), R.randint(1, 28), R.randint(1, 12), R.randint(2000, 2030), num(3), num(2)))


main()
