/* SPDX-License-Identifier: MIT */
#include "driver/worker.h"

int main(void)
{
    return og_worker_main();
}
