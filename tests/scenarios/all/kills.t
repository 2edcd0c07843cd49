#!/bin/sh
# The kill test with fifty ends; a short one of the same runs with the other simulated scenarios.
INGOT_KILLS=${INGOT_KILLS:-50} exec "$(dirname "$0")/../sim/kills.t"
