/*
 * A node's driver_info as API clients write it, up to the command line of a program: nothing in it
 * becomes an option, and no secret an argument.
 */
#include "conductor/driver/ipmitool.h"
#include "lib/base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* Options stand alone or before a value that is a number, a word of ours, or names the BMC. */
static void check_call(const struct ipmitool_call *call, const struct ipmitool_settings *s)
{
	static const char *const options[] = {
		"-I", "-H", "-p", "-U", "-L", "-C", "-E", "-K", "-m", "-B", "-T", "-b", "-t"};

	for (int i = 1; i < call->n_args; i++) {
		const char *word = call->argv[i];
		bool known = word == s->address || word == s->username || word == s->privilege ||
			     str_eq(word, "lan") || str_eq(word, "lanplus") || is_number(word);

		for (size_t k = 0; k < ARRAY_SIZE(options); k++)
			known |= *word == '-' && str_eq(word, options[k]);
		if (!known || word == s->password || word == (const char *)s->kg)
			abort();
	}
	if (call->argv[call->n_args] || call->env[call->n_env])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipmitool_settings s;
	struct ipmitool_call call;
	json_t *info = NULL;
	struct node n;
	struct err e;

	if (json_parse((const char *)data, size, JSON_DEPTH_MAX, &info, &e) < 0)
		return 0;
	node_init(&n);
	json_decref(n.driver_info);
	n.driver_info = info;
	if (ipmitool_settings(&n, &s, &e) == 0) {
		if (s.port < 1 || s.port > 65535 || s.suite < -1 || s.suite > 255)
			abort();
		ipmitool_begin(&call, &s, s.suite, NULL);
		check_call(&call, &s);
	} else if (ipmitool_validate(&n, &e) == 0 || !*e.text) {
		abort();
	}
	node_done(&n);
	return 0;
}
