#!/bin/sh
# The mix of all calls with forty ends; a short one of the same runs with the other simulated scenarios.
INGOT_KILLS=${INGOT_KILLS:-40} exec "$(dirname "$0")/../sim/mix.t"
