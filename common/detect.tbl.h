/* SPDX-License-Identifier: MIT */
/* detect.tbl.h - kinds of sensitive text that detectors find (common/detect.h).
 * DETECT(NAME, word in policies, class for partial masks, part of the default, one line) */
DETECT(EMAIL,        "email",        EMAIL,        true,  "e-mail addresses")
DETECT(PAYMENT_CARD, "payment-card", PAYMENT_CARD, true,  "numbers of payment cards, by Luhn and issuer")
DETECT(US_SSN,       "us-ssn",       US_SSN,       true,  "US social security numbers in ranges that were issued")
DETECT(IBAN,         "iban",         IBAN,         true,  "bank accounts, by country's length and mod 97")
DETECT(PHONE,        "phone",        PHONE,        true,  "telephone numbers, E.164 and national forms")
DETECT(SECRET,       "secret",       SECRET,       true,  "keys, tokens, private keys, passwords in assignments and URLs")
DETECT(IP_ADDRESS,   "ip-address",   OTHER,        false, "addresses of IP 4 and 6")
DETECT(PASSPORT,     "passport",     OTHER,        false, "passport numbers beside a word that says so")
