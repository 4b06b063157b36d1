/* SPDX-License-Identifier: MIT */
/* The ledger's keys: STATE/keys/anchor.pem signs anchors, STATE/keys/text.key keys digests. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fusefs/ledger_parts.h"

#define ANCHOR_KEY "anchor.pem"
#define ANCHOR_PUBLIC "anchor.pub.pem"
#define TEXT_KEY "text.key"
#define MAX_PEM_BYTES 4096u

static int bio_to_bytes(BIO *bio, char *out, size_t max_bytes, size_t *n_bytes)
{
    int n = BIO_read(bio, out, (int)max_bytes);

    if (n <= 0 || (size_t)n >= max_bytes)
        return -EIO;
    *n_bytes = (size_t)n;
    return 0;
}

static int public_pem(EVP_PKEY *key, char *out, size_t max_bytes, size_t *n_bytes)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int r = -ENOMEM;

    if (bio && PEM_write_bio_PUBKEY(bio, key) == 1)
        r = bio_to_bytes(bio, out, max_bytes, n_bytes);
    BIO_free(bio);
    return r;
}

static int make_key(struct og_ledger *ledger, int keys_fd)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char pem[MAX_PEM_BYTES];
    size_t n_bytes = 0;
    int r = -ENOMEM;

    ledger->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (bio && ledger->key &&
        PEM_write_bio_PrivateKey(bio, ledger->key, NULL, NULL, 0, NULL, NULL) == 1)
        r = bio_to_bytes(bio, pem, sizeof(pem), &n_bytes);
    if (r == 0)
        r = og_ledger_put_file(keys_fd, ANCHOR_KEY, 0600, pem, n_bytes);
    explicit_bzero(pem, sizeof(pem));
    BIO_free(bio);
    return r;
}

/* A key that others can read proves nothing. */
static int check_private(int keys_fd, const char *name, struct og_buf *why)
{
    struct stat info;

    if (fstatat(keys_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    if (S_ISREG(info.st_mode) && !(info.st_mode & 077))
        return 0;
    og_buf_printf(why, "keys/%s must be a file that only its owner can read: "
                       "chmod 600, or make new keys with a new state folder", name);
    return OG_LEDGER_E_BROKEN;
}

static int load_key(struct og_ledger *ledger, int keys_fd, struct og_buf *why)
{
    char pem[MAX_PEM_BYTES];
    size_t n_bytes = 0;
    BIO *bio = NULL;
    int r = check_private(keys_fd, ANCHOR_KEY, why);

    if (r == 0)
        r = og_ledger_get_file(keys_fd, ANCHOR_KEY, pem, sizeof(pem), &n_bytes);
    if (r == 0)
        bio = BIO_new_mem_buf(pem, (int)n_bytes);
    if (bio)
        ledger->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    explicit_bzero(pem, sizeof(pem));
    if (r == 0 && (!ledger->key || EVP_PKEY_get_id(ledger->key) != EVP_PKEY_ED25519)) {
        og_buf_append_str(why, "keys/" ANCHOR_KEY " is not an Ed25519 key: restore it from a copy");
        r = OG_LEDGER_E_BROKEN;
    }
    return r;
}

static int anchor_key(struct og_ledger *ledger, int keys_fd, struct og_buf *why)
{
    char pem[MAX_PEM_BYTES], there[MAX_PEM_BYTES];
    size_t n_bytes = 0, n_there = 0;
    bool has_public = faccessat(ledger->audit_fd, ANCHOR_PUBLIC, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    int r = load_key(ledger, keys_fd, why);

    if (r == -ENOENT && has_public) {
        og_buf_append_str(why, "keys/" ANCHOR_KEY " is missing while audit/" ANCHOR_PUBLIC
                               " is there: restore the key, or move the audit folder away");
        return OG_LEDGER_E_BROKEN;
    }
    if (r == -ENOENT)
        r = make_key(ledger, keys_fd);
    if (r)
        return r;
    r = public_pem(ledger->key, pem, sizeof(pem), &n_bytes);
    if (r)
        return r;
    if (!has_public)
        return og_ledger_put_file(ledger->audit_fd, ANCHOR_PUBLIC, 0644, pem, n_bytes);
    r = og_ledger_get_file(ledger->audit_fd, ANCHOR_PUBLIC, there, sizeof(there), &n_there);
    if (r == 0 && (n_there != n_bytes || memcmp(there, pem, n_bytes) != 0)) {
        og_buf_append_str(why, "audit/" ANCHOR_PUBLIC " does not belong to keys/" ANCHOR_KEY
                               ": restore the one that was replaced");
        r = OG_LEDGER_E_BROKEN;
    }
    return r;
}

static int text_key(struct og_ledger *ledger, int keys_fd, struct og_buf *why)
{
    size_t n_bytes = 0;
    int r = check_private(keys_fd, TEXT_KEY, why);

    if (r == -ENOENT) {
        if (RAND_bytes(ledger->text_key, OG_TEXT_KEY_BYTES) != 1)
            return -EIO;
        return og_ledger_put_file(keys_fd, TEXT_KEY, 0600, ledger->text_key, OG_TEXT_KEY_BYTES);
    }
    if (r == 0)
        r = og_ledger_get_file(keys_fd, TEXT_KEY, ledger->text_key, OG_TEXT_KEY_BYTES, &n_bytes);
    if (r == -EFBIG || (r == 0 && n_bytes != OG_TEXT_KEY_BYTES)) {
        og_buf_append_str(why, "keys/" TEXT_KEY " must have 32 bytes: restore it from a copy");
        r = OG_LEDGER_E_BROKEN;
    }
    return r;
}

int og_ledger_keys(struct og_ledger *ledger, struct og_buf *why)
{
    int keys_fd, r;

    if (mkdirat(ledger->state_fd, "keys", 0700) != 0 && errno != EEXIST)
        return -errno;
    keys_fd = openat(ledger->state_fd, "keys", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (keys_fd < 0)
        return -errno;
    r = anchor_key(ledger, keys_fd, why);
    if (r == 0)
        r = text_key(ledger, keys_fd, why);
    (void)close(keys_fd);
    return r;
}

int og_ledger_sign(const struct og_ledger *ledger, struct og_anchor *anchor)
{
    char text[OG_ANCHOR_TEXT_BYTES];
    size_t n_text = og_anchor_text(anchor, text);
    unsigned char signature[64];
    size_t n_signature = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context &&
                   EVP_DigestSignInit(context, NULL, NULL, NULL, ledger->key) == 1 &&
                   EVP_DigestSign(context, signature, &n_signature,
                                  (const unsigned char *)text, n_text) == 1 &&
                   n_signature == sizeof(signature);

    EVP_MD_CTX_free(context);
    if (!is_good)
        return -EIO;
    (void)EVP_EncodeBlock((unsigned char *)anchor->signature, signature, (int)n_signature);
    return 0;
}

int og_ledger_keyed(struct og_ledger *ledger, const void *bytes, size_t n_bytes,
                    char out_hex[static 65])
{
    uint8_t digest[OG_SHA256_BYTES];
    unsigned n_digest = 0;

    if (!HMAC(EVP_sha256(), ledger->text_key, (int)OG_TEXT_KEY_BYTES, bytes, n_bytes, digest,
              &n_digest) ||
        n_digest != sizeof(digest)) {
        memset(out_hex, 0, 65);
        return -ENOMEM;
    }
    og_hash_hex(digest, out_hex);
    return 0;
}
