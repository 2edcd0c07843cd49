#!/bin/sh
# The conductor is restarted in the middle of forty deploys.
INGOT_DEPLOYS=${INGOT_DEPLOYS:-40} exec "$(dirname "$0")/../sim/together.t" restart_in_many_deploys
