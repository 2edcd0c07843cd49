/* network_data.json of a config drive that anybody may have made. */
#include "agent/init/net/netdata.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct netdata d;
	struct err e;

	if (netdata_parse((const char *)data, size, &d, &e) < 0)
		return 0;
	for (size_t i = 0; i < d.n_nets; i++)
		if (d.nets[i].link >= d.n_links || d.nets[i].n_routes > NETDATA_ROUTES_MAX)
			abort();
	for (size_t i = 0; i < d.n_links; i++)
		for (size_t k = 0; k < d.links[i].n_parents; k++)
			if (d.links[i].parents[k] >= d.n_links)
				abort();
	return 0;
}
