/* Opens the BMCs of a farm one address or one port after the other. */
#include "tests/bmc/bmcd/farm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/bmc/bmcd/play.h"

static int nth_address(const struct farm_config *c, size_t i, char *ret, size_t size, struct err *e)
{
	struct in_addr a;

	if (!c->step_address) {
		str_copy(ret, size, c->address);
		return 0;
	}
	if (inet_pton(AF_INET, c->address, &a) != 1)
		return err_set(e, EINVAL, "%s: only IPv4 addresses can be counted up", c->address);
	a.s_addr = htonl(ntohl(a.s_addr) + i);
	inet_ntop(AF_INET, &a, ret, size);
	return 0;
}

static void number(struct bmcemu_config *c, uint32_t i)
{
	c->number = i;
	for (int k = 0; k < 4; k++)
		c->guid[k] += i >> 8 * k;
	for (int k = 0; k < 3; k++)
		c->lan_mac[5 - k] += i >> 8 * k;
}

static void on_machine(void *data, enum bmcemu_machine_event event, const struct boot_choice *boot)
{
	struct farm_node *n = data;

	if (n->farm->play)
		play_event(n->farm->play, n - n->farm->nodes, event);
	if (n->farm->hook)
		n->farm->hook(n->farm->data, n - n->farm->nodes, event, boot);
}

static int open_node(
	struct farm *f, uv_loop_t *loop, const struct farm_config *c, size_t i, struct err *e)
{
	struct bmcemu_config bmc = c->bmc;
	struct simmachine_config machine = c->machine;
	char address[INET6_ADDRSTRLEN];
	int r = nth_address(c, i, address, sizeof(address), e);

	if (r < 0)
		return r;
	bmc.fd = -1;
	bmc.address = address;
	bmc.port = c->port && !c->step_address ? c->port + i : c->port;
	number(&bmc, i);
	r = bmcemu_new(loop, &bmc, &f->nodes[i].bmc, e);
	if (r < 0)
		return r;
	f->nodes[i].farm = f;
	machine.hook = on_machine;
	machine.data = &f->nodes[i];
	simmachine_new(loop, f->nodes[i].bmc, &machine, &f->nodes[i].machine);
	return 0;
}

int farm_open(struct farm *f, uv_loop_t *loop, const struct farm_config *c, struct err *e)
{
	int r = 0;

	if (c->port && !c->step_address && c->port + c->count - 1 > UINT16_MAX)
		return err_set(
			e, ERANGE, "%zu ports from %u on: there are 65535", c->count, c->port);
	f->nodes = xcalloc(c->count, sizeof(f->nodes[0]));
	for (f->n = 0; r == 0 && f->n < c->count; f->n += r == 0)
		r = open_node(f, loop, c, f->n, e);
	if (r < 0)
		farm_close(f);
	return r;
}

void farm_close(struct farm *f)
{
	for (size_t i = 0; i < f->n; i++) {
		simmachine_free(f->nodes[i].machine);
		bmcemu_free(f->nodes[i].bmc);
	}
	free(f->nodes);
	f->nodes = NULL;
	f->n = 0;
}
