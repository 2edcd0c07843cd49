/*
 * A request's target as a hostile client sends it: split, decoded, its arguments walked. A path
 * that is encoded anew is decoded to itself.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/http/req.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decodes_to_itself(const char *path)
{
	char *text = malloc(3 * strlen(path) + 1), *out = text;

	for (const char *p = path; *p; p++)
		out += sprintf(out, "%%%02x", (unsigned char)*p);
	*out = 0;
	if (uri_decode(text, false) < 0 || strcmp(text, path) != 0)
		abort();
	free(text);
}

/* Every argument is found by its name, with the value of the first that has it. */
static size_t walk_args(const struct http_req *req)
{
	const char *name, *value;
	size_t pos = 0, n = 0;

	while (http_arg_next(req, &pos, &name, &value)) {
		n += strlen(name) + strlen(value);
		if (!http_arg(req, name))
			abort();
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *uri = malloc(size + 1);
	struct http_req *req;

	memcpy(uri, data, size);
	uri[size] = 0;
	req = req_new(NULL, uri);
	if (req_parse_uri(req) == 0) {
		if (*http_path(req) != '/' || strlen(http_path(req)) > strlen(uri) + 1)
			abort();
		if (walk_args(req) > strlen(uri))
			abort();
		decodes_to_itself(http_path(req));
	}
	req_unref(req);
	free(uri);
	return 0;
}
