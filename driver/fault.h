/* SPDX-License-Identifier: MIT */
/* fault.h - TEST BUILDS ONLY (--enable-planted-fault=wrapper): a layer over the guard that makes one
 * likely mistake of a wrapper, so that the differential test can be shown to find it. Which mistake:
 * the environment's OG_WRAPPER_FAULT; none of them without it. */
#ifndef OG_DRIVER_FAULT_H
#define OG_DRIVER_FAULT_H

#include "driver/calls.h"

og_layer_open og_fault_open;

#endif
