/* ingot node deploy and rebuild: what goes into instance_info and the config drive, then target
 * active. */
#include "conductor/cli/act.h"
#include "conductor/cli/deploy.h"
#include "conductor/cli/isodir.h"
#include "conductor/cli/value.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DRIVE_MAX ((size_t)48 * 1024 * 1024)

static bool is_hex(const char *s)
{
	for (; *s; s++)
		if (!isxdigit((unsigned char)*s))
			return false;
	return true;
}

int deploy_checksum(const char *text, json_t *info, struct err *e)
{
	size_t n = strlen(text);

	if (str_starts(text, "http://") || str_starts(text, "https://")) {
		json_put_str(info, "image_checksum", text);
		return 0;
	}
	if (!is_hex(text) || (n != 64 && n != 128))
		return err_set(e, EINVAL,
			"--checksum %.32s: expected the URL of a checksum file, or 64 (SHA-256) or "
			"128 "
			"(SHA-512) hex digits",
			text);
	json_put_str(info, "image_os_hash_algo", n == 64 ? "sha256" : "sha512");
	json_put_str(info, "image_os_hash_value", text);
	return 0;
}

int deploy_hints(const char *text, json_t **ret, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(text);
	_cleanup_json_ json_t *hints = NULL;
	char *save = NULL;

	if (*text == '{') {
		*ret = json_loads(text, 0, NULL);
		return *ret ? 0 : err_set(e, EINVAL, "--root-device: not JSON");
	}
	hints = json_object();
	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(s, '=');

		if (!equals)
			return err_set(e, EINVAL,
				"--root-device: '%s': expected HINT=VALUE, as in serial=ABC or "
				"size=\">= 100\"",
				s);
		*equals = 0;
		json_put_str(hints, str_trim(s), str_trim(equals + 1));
	}
	*ret = TAKE_PTR(hints);
	return 0;
}

/* Base64 text, a gzipped image, or JSON: what Ironic takes (contract 2.11). */
int deploy_drive(const char *data, size_t len, json_t **ret, struct err *e)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/=\r\n";
	size_t space = strspn(data, " \t\r\n");
	_cleanup_free_ char *b64 = NULL;

	if (len > 2 && !memcmp(data, "\x1f\x8b", 2)) {
		b64 = b64_encode(data, len);
		*ret = json_string(b64);
		return 0;
	}
	if (data[space] == '{')
		return json_parse(data, len, JSON_DEPTH_MAX, ret, e);
	if (len && strlen(data) == len && strspn(data, alphabet) == len) {
		*ret = json_string(data);
		return 0;
	}
	return err_set(e, EINVAL, "expected JSON, a gzipped ISO image, or base64 of one");
}

static int read_drive(const char *value, json_t **ret, struct err *e)
{
	_cleanup_free_ char *data = NULL;
	struct stat st;
	size_t len;
	int r;

	if (*value == '{')
		return deploy_drive(value, strlen(value), ret, e);
	if (str_starts(value, "http://") || str_starts(value, "https://")) {
		*ret = json_string(value);
		return 0;
	}
	if (stat(value, &st) == 0 && S_ISDIR(st.st_mode))
		r = isodir_pack(value, &data, &len, e);
	else
		r = fs_read(value, DRIVE_MAX, &data, &len, e);
	if (r == 0)
		r = deploy_drive(data, len, ret, e);
	return r < 0 ? err_prefix(e, "--config-drive %.128s", value) : 0;
}

struct deploy {
	json_t *info;  /* members for instance_info */
	json_t *drive; /* NULL: none */
	json_t *steps; /* NULL: none */
	const char *hostname;
	bool rebuild;
};

/* Text with every {name} replaced by the node's. */
static char *with_name(const char *text, const char *name)
{
	struct buf b = BUF_INIT(4096);
	const char *at;

	for (; (at = strstr(text, "{name}")); text = at + 6) {
		buf_append(&b, text, (size_t)(at - text));
		buf_puts(&b, name);
	}
	buf_puts(&b, text);
	return buf_take(&b);
}

/* The drive of one node: --hostname goes into meta_data. */
static json_t *drive_of(const struct deploy *d, const char *node)
{
	json_t *drive = d->drive ? json_deep_copy(d->drive) : NULL, *meta;

	if (!d->hostname)
		return drive;
	drive = drive ? drive : json_object();
	meta = json_object_get(drive, "meta_data");
	if (!json_is_object(meta)) {
		json_object_set_new(drive, "meta_data", json_object());
		meta = json_object_get(drive, "meta_data");
	}
	_cleanup_free_ char *hostname = with_name(d->hostname, node);
	json_put_str(meta, "hostname", hostname);
	json_put_str(meta, "name", hostname);
	return drive;
}

static json_t *patch_of(const json_t *info)
{
	json_t *patch = json_array(), *value;
	const char *key;

	json_object_foreach ((json_t *)info, key, value) {
		_cleanup_free_ char *at = xasprintf("/instance_info/%s", key);

		json_array_append_new(patch,
			json_pack("{s:s, s:s, s:O}", "op", "add", "path", at, "value", value));
	}
	return patch;
}

static json_t *deploy_requests(const char *node, void *data)
{
	const struct deploy *d = data;
	_cleanup_json_ json_t *drive = drive_of(d, node),
			      *verb = act_target(d->rebuild ? "rebuild" : "active");
	json_t *requests =
		json_object_size(d->info) ? ask_one("PATCH", "", patch_of(d->info)) : json_array();

	if (drive)
		json_object_set(
			json_object_get(json_array_get(verb, 0), "body"), "configdrive", drive);
	if (d->steps)
		json_object_set(
			json_object_get(json_array_get(verb, 0), "body"), "deploy_steps", d->steps);
	json_array_extend(requests, verb);
	return requests;
}

static int read_options(const struct cli_line *line, struct deploy *d, struct err *e)
{
	const char *image = cli_value(line, "image"), *sum = cli_value(line, "checksum");
	const char *hints = cli_value(line, "root-device"),
		   *drive = cli_value(line, "config-drive");
	json_t *root = NULL;
	int r = 0;

	d->rebuild = cli_flag(line, "rebuild") || str_eq(line->verb->verb, "rebuild");
	d->hostname = cli_value(line, "hostname");
	if (image)
		json_put_str(d->info, "image_source", image);
	if (cli_value(line, "disk-format"))
		json_put_str(d->info, "image_disk_format", cli_value(line, "disk-format"));
	/* said either way, so that what an earlier deploy asked for does not stay */
	json_object_set_new(d->info, "ingot_keep_data", json_boolean(cli_flag(line, "keep-data")));
	json_object_set_new(d->info, "ingot_kexec", json_boolean(cli_flag(line, "kexec")));
	if (cli_value(line, "deploy-steps"))
		r = value_json("deploy-steps", cli_value(line, "deploy-steps"), &d->steps, e);
	if (r == 0 && d->steps && !json_is_array(d->steps))
		r = err_set(e, EINVAL, "--deploy-steps: expected a list of steps");
	if (r == 0 && sum)
		r = deploy_checksum(sum, d->info, e);
	if (r == 0 && hints)
		r = deploy_hints(hints, &root, e);
	if (root)
		json_object_set_new(d->info, "root_device", root);
	if (r == 0 && drive)
		r = read_drive(drive, &d->drive, e);
	if (r == 0 && d->hostname && d->drive && !json_is_object(d->drive))
		r = err_set(e, EINVAL, "--hostname needs a config drive that is JSON, or none");
	return r;
}

int verb_node_deploy(struct cli_line *line, void *data)
{
	struct deploy d = {.info = json_object()};
	struct act a = {.ask = {deploy_requests, &d}, .provision_state = "active"};
	struct err e;
	int code;

	if (read_options(line, &d, &e) < 0) {
		code = (fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE);
	} else {
		a.destroys = d.rebuild ? "Overwrite the systems of" : "Write the image to";
		a.confirm = d.rebuild ? BLAST_ALWAYS : BLAST_ON_TERMINAL;
		code = act_on_args(line, 0, &a);
	}
	json_decref(d.info);
	json_decref(d.drive);
	json_decref(d.steps);
	return code;
}
