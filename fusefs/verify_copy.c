/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "fusefs/verify_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool og_anchor_is_signed(EVP_PKEY *key, const struct og_anchor *anchor)
{
    unsigned char signature[OG_SIGNATURE_CHARS / 4 * 3];
    char text[OG_ANCHOR_TEXT_BYTES], again[OG_SIGNATURE_CHARS + 1];
    size_t n_text = og_anchor_text(anchor, text);
    EVP_MD_CTX *context;
    bool is_good;

    if (!key || EVP_DecodeBlock(signature, (const unsigned char *)anchor->signature,
                                (int)OG_SIGNATURE_CHARS) != (int)sizeof(signature))
        return false;
    /* One spelling only: a decoder looks away from the last bits and from what pads them. */
    (void)EVP_EncodeBlock((unsigned char *)again, signature, 64);
    if (strcmp(again, anchor->signature) != 0)
        return false;
    context = EVP_MD_CTX_new();
    is_good = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(context, signature, 64, (const unsigned char *)text, n_text) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
}

int og_verify_copy_open(struct og_verify_copy *copy, const char *name)
{
    struct stat info;

    *copy = (struct og_verify_copy){.fd = -1, .lines.fd = -1, .name = name};
    if (!name)
        return 0;
    copy->fd = open(name, O_RDONLY | O_CLOEXEC);
    if (copy->fd < 0 || fstat(copy->fd, &info) != 0)
        return -errno;
    return og_lines_open(copy->fd, 0, (uint64_t)info.st_size, &copy->lines);
}

void og_verify_copy_close(struct og_verify_copy *copy)
{
    if (copy->fd < 0)
        return;
    og_lines_close(&copy->lines);
    (void)close(copy->fd);
    copy->fd = -1;
}

int og_verify_copy_next(struct og_verify_copy *copy, EVP_PKEY *key)
{
    uint64_t sequence = copy->next.sequence, epoch = copy->next.epoch;
    const char *line;
    size_t n_bytes;
    int r = 0;

    copy->has_next = false;
    while (copy->fd >= 0 && r == 0) {
        r = og_lines_next(&copy->lines, &line, &n_bytes);
        if (r == 0 && og_anchor_parse(line, n_bytes, &copy->next)) {
            copy->has_next = true;
            if (!og_anchor_is_signed(key, &copy->next))
                return OG_VERIFY_COPY_E_SIGNATURE;
            return copy->next.sequence < sequence || copy->next.epoch < epoch ? OG_VERIFY_COPY_E_ORDER
                                                                              : 0;
        }
        copy->n_skipped += r == 0 || r == OG_LINES_E_TORN || r == OG_LINES_E_LONG;
    }
    return r < 0 ? r : 0;
}
