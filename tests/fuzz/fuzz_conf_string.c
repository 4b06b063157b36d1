/* SPDX-License-Identifier: MIT */
/* Any text as a connection string: what parses is written back and parses to the same pairs. */
#include <stdlib.h>
#include <string.h>

#include "driver/conf_string.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_again(const struct og_pairs *pairs)
{
    struct og_pairs again = {0};
    const char *what = NULL;
    struct og_buf out;

    og_buf_init(&out, 64u * 1024u * 1024u);
    for (size_t i = 0; i < pairs->n_items; i++)
        og_pairs_write(&out, pairs->items[i].key, pairs->items[i].value,
                       pairs->items[i].is_braced);
    require(!og_buf_is_failed(&out));
    require(og_pairs_parse(og_buf_str(&out), &again, &what) == 0);
    require(again.n_items == pairs->n_items);
    for (size_t i = 0; i < pairs->n_items; i++) {
        require(strcmp(again.items[i].key, pairs->items[i].key) == 0);
        require(strcmp(again.items[i].value, pairs->items[i].value) == 0);
        require(again.items[i].is_braced == pairs->items[i].is_braced);
    }
    og_pairs_release(&again);
    og_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    struct og_pairs pairs = {0};
    const char *what = NULL;
    char *text = malloc(n_bytes + 1);
    int r;

    if (!text)
        return 0;
    if (n_bytes)
        memcpy(text, data, n_bytes);
    text[n_bytes] = '\0';
    r = og_pairs_parse(text, &pairs, &what);
    require(r != OG_PAIRS_E_TEXT || what);
    if (r == 0)
        check_again(&pairs);
#ifdef OG_FUZZ_PLANTED
    for (size_t i = 0; r == 0 && i < pairs.n_items; i++)
        require(!pairs.items[i].is_braced || !strstr(pairs.items[i].value, "}}"));
#endif
    og_pairs_release(&pairs);
    free(text);
    return 0;
}
