/* SPDX-License-Identifier: MIT */
/* detect_pattern.tbl.h - the patterns behind the gate of common/detect_gate.h, in order of preference.
 * PATTERN(kind, gate, where a match begins, check, expression)
 * Where: AT the gate's place; NUMBER: there, with a + or ( before it; LOCAL, WORD, HEX: at the begin of the
 * run of such characters. Expressions are anchored there; a first group is the span, else all of it.
 * L: a letter or digit of any script as UTF-8 bytes, without punctuation. S: what stands between
 * groups of digits: space, point, stroke, dash, also no-break and typographic ones, spaces round it.
 * Sources: RFC 5322 and 6531 (what is in use of them), ISO/IEC 7812-1, ITU-T E.123 and E.164, SSA's number
 * ranges, ISO 13616-1, RFC 4291, RFC 7519, RFC 7468, the token formats that their services publish. */
#define L "(?:[A-Za-z0-9]|[\\xC3-\\xDF][\\x80-\\xBF]|[\\xE0\\xE1\\xE3-\\xED][\\x80-\\xBF]{2})"
#define S "(?: ?(?:[-./]|\\xE2\\x80[\\x90-\\x95]) ?| {1,2}|\\xC2\\xA0|\\xE2\\x80[\\x89\\xAF])"
#define END "(?![A-Za-z0-9_]|[-./:,]\\d)"
#define P "(?:" S "|" S "?[()]" S "?)"

PATTERN(EMAIL, EMAIL, LOCAL, NOTHING,
    "(?:" L "|[_%+-])(?:(?:" L "|[._%+'-]){0,62}(?:" L "|[_%+-]))?@"
    "(?:" L "(?:(?:" L "|-){0,61}" L ")?\\.)+(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})(?![A-Za-z0-9_])")

PATTERN(IBAN, IBAN, AT, IBAN, "[A-Za-z]{2}\\d{2}(?:" S "?[A-Za-z0-9]){11,30}")

PATTERN(PAYMENT_CARD, NUMBER, NUMBER, CARD, "\\d{4}" S "\\d{4}" S "\\d{4}" S "\\d{4}(?:" S "\\d{1,3})?" END)
PATTERN(PAYMENT_CARD, NUMBER, NUMBER, CARD, "\\d{4}" S "\\d{4}" S "\\d{4}" S "\\d{4}(?![A-Za-z0-9_])")
PATTERN(PAYMENT_CARD, NUMBER, NUMBER, CARD, "\\d{4}" S "\\d{6}" S "\\d{4,5}" END)
PATTERN(PAYMENT_CARD, NUMBER, NUMBER, CARD, "\\d{12,19}" END)
PATTERN(US_SSN, NUMBER, NUMBER, SSN, "\\d{3}(" S ")\\d{2}" S "\\d{4}" END)
PATTERN(US_SSN, NUMBER, NUMBER, SSN_PLAIN, "\\d{9}" END)
PATTERN(IP_ADDRESS, NUMBER, NUMBER, IP4, "\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}(?![A-Za-z0-9_]|\\.\\d)")
PATTERN(PASSPORT, NUMBER, NUMBER, PASSPORT, "\\d{7,9}" END)
PATTERN(PHONE, NUMBER, NUMBER, PHONE_WORLD, "\\+\\d(?:" P "{0,2}\\d){6,14}(?![A-Za-z0-9_])")
PATTERN(PHONE, NUMBER, NUMBER, PHONE_00, "00[1-9]\\d{0,2}(?:" P "{1,2}\\d{1,8}){1,6}" END)
PATTERN(PHONE, NUMBER, NUMBER, PHONE_AREA, "\\(\\d(?: ?\\d){1,4}\\)" S "?\\d{2,8}(?:" S "\\d{2,5}){0,4}" END)
PATTERN(PHONE, NUMBER, NUMBER, PHONE_NANP, "(?:1" S ")?[2-9]\\d\\d(" S ")[2-9]\\d\\d" S "\\d{4}" END)
PATTERN(PHONE, NUMBER, NUMBER, PHONE_TRUNK, "0[1-9]\\d{0,4}(?:" S "\\d{1,8}){1,5}" END)
PATTERN(PHONE, NUMBER, NUMBER, PHONE_PLAIN, "0[1-9]\\d{8,9}" END)
PATTERN(PHONE, NUMBER, NUMBER, PHONE_MOBILE, "(?:1[3-9]\\d" S "\\d{4}" S "\\d{4}|[6-9]\\d{4}" S "\\d{5})" END)
PATTERN(PHONE, NUMBER, NUMBER, PHONE_NAMED, "\\d(?:" P "{0,2}\\d){6,14}" END)
PATTERN(IP_ADDRESS, COLON, HEX, IP6, "[0-9A-Fa-f:]{3,39}(?:\\d{1,3}\\.\\d{1,3}\\.\\d{1,3})?(?![0-9A-Za-z_:])")

PATTERN(SECRET, UPPER, AT, TOKEN, "(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])")
PATTERN(SECRET, UPPER, AT, TOKEN, "AIza[0-9A-Za-z_-]{35}")
PATTERN(SECRET, UPPER, AT, TOKEN, "eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}")
PATTERN(SECRET, UPPER, AT, TOKEN, "SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}")
PATTERN(SECRET, LOWER, AT, TOKEN, "gh[pousr]_[A-Za-z0-9]{36,251}")
PATTERN(SECRET, LOWER, AT, TOKEN, "github_pat_[A-Za-z0-9_]{22,251}")
PATTERN(SECRET, LOWER, AT, TOKEN, "glpat-[A-Za-z0-9_-]{20,}")
PATTERN(SECRET, LOWER, AT, TOKEN, "xox[abeposr]-[A-Za-z0-9-]{10,}")
PATTERN(SECRET, LOWER, AT, TOKEN, "npm_[A-Za-z0-9]{36}")
PATTERN(SECRET, LOWER, AT, TOKEN, "pypi-[A-Za-z0-9_-]{50,}")
PATTERN(SECRET, LOWER, AT, TOKEN, "dop_v1_[a-f0-9]{64}")
PATTERN(SECRET, LOWER, AT, TOKEN, "shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}")
PATTERN(SECRET, LOWER, AT, TOKEN, "ya29\\.[0-9A-Za-z_-]{20,}")
PATTERN(SECRET, LOWER, AT, TOKEN, "xapp-[0-9]-[A-Za-z0-9-]{20,}")
PATTERN(SECRET, MARK, AT, TOKEN, "[srp]k_(?:live|test)_[A-Za-z0-9]{10,}")
PATTERN(SECRET, MARK, AT, TOKEN, "sk-(?:proj-|ant-[a-z0-9]{1,12}-|or-v1-)?[A-Za-z0-9_-]{20,}")
PATTERN(SECRET, MARK, AT, TOKEN, "hf_[A-Za-z0-9]{30,}")
PATTERN(SECRET, MARK, AT, NOTHING,
    "-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]++|-(?!----))*+"
    "(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\\z)")
PATTERN(SECRET, WORD, SCHEME, NOTHING,
    "[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\\s:/@\"'<>]{0,64}:[^\\s@/\"'<>]{3,128}@"
    "[A-Za-z0-9.:_\\[\\]%/?&=+#~,-]{0,255}[A-Za-z0-9_%/=+#~-]")
PATTERN(SECRET, WORD, WORD, VALUE,
    "[A-Za-z0-9_.-]{0,40}?(?i:passw(?:or)?d|passphrase|pwd|passwd|secret|token|api[_-]?key|access[_-]?key|"
    "account[_-]?key|private[_-]?key|auth[_-]?key|encryption[_-]?key|credentials?)[A-Za-z0-9_-]{0,20}"
    "[\"']?[ \\t]{0,3}(?:=>|:=|[=:])[ \\t]{0,3}[\"']?([^\\s\"',;&<>{}()\\[\\]]{8,512})")
#undef L
#undef S
#undef END
#undef P
