/* One emulated BMC with a simulated machine and no socket, for unit tests. */
#ifndef TESTS_UNIT_BMCEMU_EMU_H
#define TESTS_UNIT_BMCEMU_EMU_H

#include <stdlib.h>

#include "tests/bmc/simmachine.h"
#include "tests/unit/bmcemu/console.h"

struct emu {
	uv_loop_t loop;
	struct bmcemu *bmc;
	struct simmachine *machine;
};

static struct bmcemu_user emu_users[5];

static void emu_start(struct emu *e, unsigned suites, const char *kg)
{
	static const struct {
		const char *name, *password;
		enum bmcemu_privilege privilege;
	} users[] = {
		{"admin", "secret123", BMCEMU_PRIV_ADMIN},
		{"op", "op-secret", BMCEMU_PRIV_OPERATOR},
		{"twin", "as-user", BMCEMU_PRIV_USER},
		{"twin", "as-admin", BMCEMU_PRIV_ADMIN},
		{"long", "twenty-bytes-exactly", BMCEMU_PRIV_ADMIN},
	};
	struct simmachine_config machine = {0};
	struct bmcemu_config c;

	bmcemu_config_init(&c);
	for (int i = 0; i < 5; i++)
		if (bmcemu_user_set(&emu_users[i], users[i].name, users[i].password,
			    strlen(users[i].password), users[i].privilege, NULL) < 0)
			abort();
	c.users = emu_users;
	c.n_users = 5;
	c.suites = suites;
	if (kg)
		memcpy(c.kg, kg, strlen(kg));
	for (int i = 0; i < 16; i++)
		c.guid[i] = 0x10 + i;
	if (uv_loop_init(&e->loop) < 0 || bmcemu_new(&e->loop, &c, &e->bmc, NULL) < 0)
		abort();
	simmachine_new(&e->loop, e->bmc, &machine, &e->machine);
}

static void emu_end(struct emu *e)
{
	simmachine_free(e->machine);
	bmcemu_free(e->bmc);
	uv_run(&e->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&e->loop) < 0)
		abort();
}

#endif
