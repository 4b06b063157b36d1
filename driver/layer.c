/* SPDX-License-Identifier: MIT */
/* Which layer the entry points open: the one place that knows placements and test builds. */
#include "config.h"

#include "driver/calls.h"

og_layer_open *og_layer_for(const struct og_conf *conf)
{
    (void)conf;
#ifdef OG_TEST_PASSTHROUGH
    return og_target_open;
#else
    return og_guard_open;
#endif
}
