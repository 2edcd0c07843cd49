/* Injecting files; see injectfiles.h. How one gets where it belongs: agent/system/inject.h. */
#include "agent/injectfiles.h"
#include "agent/system/inject.h"
#include "lib/base/str.h"
#include "lib/http/client.h"

#include <errno.h>
#include <stdio.h>

struct source {
	struct agent *a;
	bool insecure;
};

static int fetch(void *data, const char *url, char **ret, size_t *ret_len, struct err *e)
{
	const struct source *s = data;
	struct http_request rq = {.url = url,
		.tls = {.ca_file = s->a->params->ca_file, .insecure = s->insecure},
		.response_max = INJECT_BYTES_MAX,
		.redirects = 5};

	return http_get(&rq, ret, ret_len, e);
}

static void load_module(void *data, const char *name)
{
	agent_load_module(data, name);
}

static void show(struct agent *a, const json_t *file, size_t i, size_t n)
{
	struct progress_state s = {.bytes_done = 0};

	snprintf(s.phase, sizeof(s.phase), "inject_files");
	snprintf(s.message, sizeof(s.message), "file %zu of %zu: %.200s", i + 1, n,
		json_str(file, "path"));
	progress_set(a->progress, &s);
	say(a->journal, "%s: %s%s", s.phase, s.message,
		json_flag(file, "deleted", false) ? ", deleted" : "");
}

static int inject_all(struct agent *a, const json_t *node, const json_t *files, const json_t *disk,
	bool insecure, struct err *e)
{
	struct source source = {.a = a, .insecure = insecure};
	struct volumes *v = xcalloc(1, sizeof(*v));
	struct inject x = {.volumes = v, .node = node, .fetch = fetch, .data = &source};
	const json_t *file;
	struct err closing;
	size_t i;
	int r = volumes_open(v, a->sr, json_str(disk, "name"), (uint64_t)json_int(disk, "size", 0),
		(unsigned)json_int(disk, "logical_sectors", 512), load_module, a, e);

	json_array_foreach ((json_t *)files, i, file) {
		if (r < 0)
			break;
		show(a, file, i, json_array_size(files));
		r = inject_file(&x, file, e);
	}
	if (volumes_close(v, &closing) < 0 && r == 0)
		r = err_set(e, closing.code, "%s", closing.text);
	free(v);
	return r;
}

/* A list and what is no list are told apart by who checks. */
static int join(json_t *all, const json_t *more, struct err *e)
{
	if (!more || json_is_null(more))
		return 0;
	if (!json_is_array(more))
		return err_set(e, EINVAL, "files to inject must be a list");
	json_array_extend(all, (json_t *)more);
	return 0;
}

int inject_files(struct agent *a, const json_t *args, json_t **ret_result, struct err *e)
{
	_cleanup_json_ json_t *node = agent_node(a), *files = json_array(), *disk = NULL;
	bool insecure = !json_flag(args, "verify_ca", !a->params->insecure);
	int r = join(
		files, json_object_get(json_object_get(node, "properties"), "inject_files"), e);

	if (r == 0)
		r = join(files, json_object_get(args, "files"), e);
	if (r == 0)
		r = inject_check(files, e);
	if (r == 0 && !json_array_size(files)) {
		say(a->journal, "inject_files: there are none");
		return 0;
	}
	if (r == 0)
		r = agent_root_disk(a, &disk, e);
	if (r == 0)
		r = inject_all(a, node, files, disk, insecure, e);
	return r < 0 ? err_prefix(e, "inject_files") : 0;
}
