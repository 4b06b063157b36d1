# SPDX-License-Identifier: MIT
# Three sets to choose from, a folder each, with the schema its tests run on.
nobase_dist_pkgdata_DATA = \
	policies/agents/agents.yaml \
	policies/agents/shop.sql \
	policies/default/default.yaml \
	policies/default/shop.sql \
	policies/observe/observe.yaml \
	policies/observe/shop.sql
