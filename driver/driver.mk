# SPDX-License-Identifier: MIT
# The driver: one core library and thin, separately linked faces over it.
