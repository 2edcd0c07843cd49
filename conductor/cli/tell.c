/*
 * Verbs that change one thing of nodes below states: boot device and mode, traits, VIFs, virtual
 * media, indicators, NMI. A row says how the arguments become requests, which go out as a batch.
 */
#include "conductor/cli/tell.h"
#include "conductor/cli/act.h"
#include "conductor/cli/value.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static void add(json_t *requests, const char *method, const char *path, json_t *body)
{
	_cleanup_json_ json_t *one = ask_one(method, path, body);

	json_array_extend(requests, one);
}

static int nmi(const struct cli_line *line, json_t *requests, struct err *e)
{
	add(requests, "PUT", "/management/inject_nmi", json_object());
	return 0;
}

static int boot_device(const struct cli_line *line, json_t *requests, struct err *e)
{
	add(requests, "PUT", "/management/boot_device",
		json_pack("{s:s, s:b}", "boot_device", line->args[line->n_args - 1], "persistent",
			cli_flag(line, "persistent")));
	return 0;
}

static int boot_mode(const struct cli_line *line, json_t *requests, struct err *e)
{
	add(requests, "PUT", "/states/boot_mode",
		json_pack("{s:s}", "target", line->args[line->n_args - 1]));
	return 0;
}

static int indicator(const struct cli_line *line, json_t *requests, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/management/indicators/", line->args[1], "");

	add(requests, "PUT", path, json_pack("{s:s}", "state", line->args[2]));
	return 0;
}

static int add_traits(const struct cli_line *line, json_t *requests, struct err *e)
{
	for (int i = 1; i < line->n_args; i++) {
		_cleanup_free_ char *path = conn_path("/traits/", line->args[i], "");

		add(requests, "PUT", path, NULL);
	}
	return 0;
}

static int set_traits(const struct cli_line *line, json_t *requests, struct err *e)
{
	json_t *traits = json_array();

	for (int i = 1; i < line->n_args; i++)
		json_array_append_new(traits, json_string_or_null(line->args[i]));
	add(requests, "PUT", "/traits", json_pack("{s:o}", "traits", traits));
	return 0;
}

static int remove_traits(const struct cli_line *line, json_t *requests, struct err *e)
{
	bool all = cli_flag(line, "all");

	if (all == (line->n_args > 1))
		return err_set(e, EINVAL, "name the traits to remove, or say --all");
	if (all)
		add(requests, "DELETE", "/traits", NULL);
	for (int i = 1; i < line->n_args; i++) {
		_cleanup_free_ char *path = conn_path("/traits/", line->args[i], "");

		add(requests, "DELETE", path, NULL);
	}
	return 0;
}

static int attach_vif(const struct cli_line *line, json_t *requests, struct err *e)
{
	json_t *body = json_object();
	int r = value_pairs(line, "vif-info", true, body, e);

	if (r == 0 && json_object_get(body, "id"))
		r = err_set(e, EINVAL, "--vif-info id=: the VIF is the second argument");
	if (r < 0) {
		json_decref(body);
		return r;
	}
	json_put_str(body, "id", line->args[1]);
	if (cli_value(line, "port-uuid"))
		json_put_str(body, "port_uuid", cli_value(line, "port-uuid"));
	add(requests, "POST", "/vifs", body);
	return 0;
}

static int detach_vif(const struct cli_line *line, json_t *requests, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/vifs/", line->args[1], "");

	add(requests, "DELETE", path, NULL);
	return 0;
}

static int attach_media(const struct cli_line *line, json_t *requests, struct err *e)
{
	const char *type = cli_value(line, "device-type"), *url = cli_value(line, "image-url");
	const char *source = cli_value(line, "image-download-source");
	json_t *body;

	if (!url)
		return err_set(e, EINVAL, "--image-url URL is needed");
	body = json_pack("{s:s, s:s}", "device_type", type ? type : "cdrom", "image_url", url);
	if (source)
		json_put_str(body, "image_download_source", source);
	add(requests, "POST", "/vmedia", body);
	return 0;
}

static int detach_media(const struct cli_line *line, json_t *requests, struct err *e)
{
	const char *type = cli_value(line, "device-type");
	_cleanup_free_ char *path =
		type ? conn_path("/vmedia?device_types=", type, "") : xstrdup("/vmedia");

	add(requests, "DELETE", path, NULL);
	return 0;
}

static int delete_allocation(const struct cli_line *line, json_t *requests, struct err *e)
{
	add(requests, "DELETE", "/allocation", NULL);
	return 0;
}

/* Which of the arguments name nodes. */
enum whose { EVERY, FIRST, BUT_LAST };

static const struct tell {
	const char *verb;
	enum whose nodes;
	int (*requests)(const struct cli_line *line, json_t *requests, struct err *e);
	const char *destroys; /* see struct act */
} table[] = {
	{"inject nmi", EVERY, nmi, "Interrupt the system of"},
	{"boot device set", BUT_LAST, boot_device, NULL},
	{"boot mode set", BUT_LAST, boot_mode, NULL},
	{"indicator set", FIRST, indicator, NULL},
	{"add trait", FIRST, add_traits, NULL},
	{"trait add", FIRST, add_traits, NULL},
	{"trait set", FIRST, set_traits, NULL},
	{"remove trait", FIRST, remove_traits, NULL},
	{"trait remove", FIRST, remove_traits, NULL},
	{"vif attach", FIRST, attach_vif, NULL},
	{"vif detach", FIRST, detach_vif, NULL},
	{"vmedia attach", EVERY, attach_media, NULL},
	{"vmedia detach", EVERY, detach_media, NULL},
	{"allocation delete", EVERY, delete_allocation, "Free the allocation of"},
};

static json_t *same_requests(const char *node, void *requests)
{
	return json_incref(requests);
}

int verb_tell(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *requests = json_array();
	struct act a = {.ask = {same_requests, requests},
		.confirm = BLAST_ON_TERMINAL,
		.one_is_sure = true};
	const struct tell *t = table;
	struct err e = {0};

	while (!str_eq(t->verb, line->verb->verb))
		t++;
	if (t->requests(line, requests, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	a.destroys = t->destroys;
	if (t->nodes == EVERY)
		return act_on_args(line, 0, &a);
	return act_on_words(
		line, line->args, t->nodes == FIRST ? 1 : (size_t)(line->n_args - 1), &a);
}
