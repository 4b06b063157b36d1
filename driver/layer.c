/* SPDX-License-Identifier: MIT */
/* Which layer the entry points open: the one place that knows placements and test builds. */
#include "config.h"

#include <string.h>

#include "driver/calls.h"
#include "driver/conf.h"
#include "driver/fault.h"

og_layer_open *og_layer_for(const struct og_conf *conf)
{
    if (conf->is_broker)
        return og_remote_open;
#ifdef OG_TEST_PASSTHROUGH
    return og_target_open;
#else
#ifdef OG_TEST_FAULT
    if (strcmp(OG_TEST_FAULT, "wrapper") == 0)
        return og_fault_open;
#endif
    return og_guard_open;
#endif
}
