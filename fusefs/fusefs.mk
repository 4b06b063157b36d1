# SPDX-License-Identifier: MIT
# guardfs, the filesystem and trusted daemon; guardctl, the admin's tool.
