/*
 * The headers by which a client asks for a part of a file, or for nothing when it has it already.
 * The first byte chooses the file's size, then come lines of "Name: value".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/http/fileview.h"
#include "lib/http/req.h"

#define LINES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_header(struct http_req *req, char *line)
{
	char *colon = strstr(line, ": ");

	if (!colon || req->headers.n == LINES_MAX)
		return;
	*colon = '\0';
	req_field_add(req, &req->headers, line, colon + 2);
}

/* Never a byte beyond the file, and a part only where one was asked for. */
static void check(const struct http_req *req, const struct fileview *v)
{
	bool asks = http_header(req, "Range") != NULL;

	if (v->first > v->size || v->count > v->size - v->first)
		abort();
	if (v->status == 200	   ? v->count != v->size
		: v->status == 206 ? !v->count || !asks
				   : (v->status != 304 && v->status != 416) || v->count)
		abort();
	if (v->status == 416 && !asks)
		abort();
}

/* Who sends back what it was told has the file. */
static void has_it(const struct stat *st, const struct fileview *v)
{
	struct http_req *req = req_new(NULL, "/");
	struct fileview again;
	char line[128];

	snprintf(line, sizeof(line), "If-None-Match: W/\"x\", %s", v->etag);
	add_header(req, line);
	fileview_make(req, st, &again);
	if (again.status != 304)
		abort();
	req->headers.n--;
	snprintf(line, sizeof(line), "If-Modified-Since: %s", v->modified);
	add_header(req, line);
	fileview_make(req, st, &again);
	if (again.status != 304)
		abort();
	req_unref(req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const off_t sizes[] = {0, 1, 1000, (off_t)1 << 40};
	struct stat st = {.st_ino = 0x1f, .st_mtim = {784111777, 5}};
	struct http_req *req;
	struct fileview v;
	char *text, *save = NULL;

	if (!size)
		return 0;
	st.st_size = sizes[data[0] % 4];
	text = strndup((const char *)data + 1, size - 1);
	req = req_new(NULL, "/");
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		add_header(req, l);
	fileview_make(req, &st, &v);
	check(req, &v);
	has_it(&st, &v);
	req_unref(req);
	free(text);
	return 0;
}
