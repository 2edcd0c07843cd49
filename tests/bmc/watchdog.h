/* The BMC's watchdog over the machine's software. */
#ifndef TESTS_BMC_WATCHDOG_H
#define TESTS_BMC_WATCHDOG_H

struct watchdog;

/* Stops it; NULL is fine. */
void watchdog_free(struct watchdog *w);

#endif
