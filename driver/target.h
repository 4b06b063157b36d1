/* SPDX-License-Identifier: MIT */
/* target.h - the real driver: loaded by path, its functions in a call table. Is not: guarded; see
 * calls.h for og_target_open. Libraries stay loaded for the life of the process, because drivers keep
 * threads, keys and atexit handlers. */
#ifndef OG_DRIVER_TARGET_H
#define OG_DRIVER_TARGET_H

#include "driver/calls.h"

/* The dlopen handle of the layer's driver; borrowed. layer: one that og_target_open made. */
void *og_target_library(const struct og_layer *layer);

#endif
