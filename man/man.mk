# SPDX-License-Identifier: MIT
dist_man_MANS += \
	man/guardctl.1 \
	man/guardfs.8 \
	man/odbcguard-policy.5 \
	man/odbcguard.7 \
	man/odbcguard.conf.5
