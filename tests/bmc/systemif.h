/*
 * The BMC seen from inside its machine: what QEMU's ipmi-bmc-extern hands over from the guest's
 * KCS, BT or SSIF registers. It is the same BMC as the one on the network.
 */
#ifndef TESTS_BMC_SYSTEMIF_H
#define TESTS_BMC_SYSTEMIF_H

#include "tests/bmc/bmcemu.h"

struct systemif;

/*
 * Listens on a Unix socket and answers the machine that connects, one at a time; a new one takes
 * the place of the last. bmc has to outlive it. 0 or a negative errno with e filled. Loop thread.
 */
int systemif_new(uv_loop_t *loop, struct bmcemu *bmc, const char *path, struct systemif **ret,
	struct err *e);

/* Closes and removes the socket; the memory goes when the loop has run once more. Takes NULL. */
void systemif_free(struct systemif *s);

/*
 * One byte stream of the protocol, without a socket: bytes go in at systemif_feed(), answers go to
 * the sink, whole and escaped.
 */
#define SYSTEMIF_MESSAGE_MAX 300 /* sequence, network function, command, data, checksum */

typedef void (*systemif_sink)(void *data, const uint8_t *bytes, size_t len);

struct systemif_stream {
	struct bmcemu *bmc;
	systemif_sink sink;
	void *sink_data;
	bool escaped, too_long;
	size_t len;
	uint8_t message[SYSTEMIF_MESSAGE_MAX];
};

void systemif_feed(struct systemif_stream *s, const uint8_t *bytes, size_t len);

#endif
