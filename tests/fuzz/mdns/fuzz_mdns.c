/* Answers of multicast DNS: whatever they say, a URL that comes of them is one. */
#include "agent/report/mdns.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same twice: an answer that comes again changes nothing of the URL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mdns m = {0};
	uint8_t *packet = malloc(size ? size : 1);
	char *url;

	memcpy(packet, data, size);
	(void)mdns_take(&m, packet, size);
	(void)mdns_take(&m, packet, size);
	free(packet);
	url = mdns_url(&m);
	if (url && ((!str_starts(url, "http://") && !str_starts(url, "https://")) ||
			   strpbrk(url, " \t\r\n?#\"")))
		abort();
	free(url);
	if (m.n_addresses > MDNS_ADDRESSES_MAX || strpbrk(m.inspection_callback_url, " \r\n"))
		abort();
	return 0;
}
