/* Conditions and ranges; see fileview.h. */
#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/http/fileview.h"

static void http_date(time_t t, char *ret, size_t size)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(ret, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* Only the preferred form of a date is read; another one counts as not sent (RFC 9110 5.6.7). */
static bool parse_http_date(const char *s, time_t *ret)
{
	struct tm tm = {0};
	const char *end = strptime(s, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	if (!end || *end)
		return false;
	*ret = timegm(&tm);
	return true;
}

/* Whether a list of entity tags holds ours, by weak comparison. */
static bool etag_listed(const char *list, const char *etag)
{
	const char *p = list;
	size_t n = strlen(etag);

	if (!strcmp(list, "*"))
		return true;
	while ((p = strstr(p, etag))) {
		if ((p == list || strchr(" ,/", p[-1])) && (!p[n] || strchr(" ,", p[n])))
			return true;
		p += n;
	}
	return false;
}

static bool not_modified(const struct http_req *req, const struct fileview *f)
{
	const char *none = http_header(req, "If-None-Match");
	const char *since = http_header(req, "If-Modified-Since");
	time_t t;

	if (none)
		return etag_listed(none, f->etag);
	return since && parse_http_date(since, &t) && f->mtime <= t;
}

/* If-Range: the range counts only when the file is still the one the client has a part of. */
static bool range_applies(const struct http_req *req, const struct fileview *f)
{
	const char *v = http_header(req, "If-Range");
	time_t t;

	if (!v)
		return true;
	if (*v == '"')
		return !strcmp(v, f->etag);
	return parse_http_date(v, &t) && t == f->mtime;
}

/* Reads "first-last", "first-" or "-suffix"; false for anything else, which is then ignored. */
static bool range_numbers(
	const char *s, bool *ret_has_first, uint64_t *ret_first, uint64_t *ret_last)
{
	char copy[64], *dash;

	if (!str_copy(copy, sizeof(copy), s) || !(dash = strchr(copy, '-')))
		return false;
	*dash++ = 0;
	*ret_has_first = *copy;
	*ret_last = UINT64_MAX;
	if (*copy && str_to_u64(copy, 0, UINT64_MAX, ret_first) < 0)
		return false;
	if (*dash && str_to_u64(dash, 0, UINT64_MAX, ret_last) < 0)
		return false;
	return *ret_has_first ? *ret_first <= *ret_last : *dash;
}

static void apply_range(const struct http_req *req, struct fileview *f)
{
	const char *v = http_header(req, "Range");
	uint64_t first = 0, last;
	bool has_first;

	if (!v || strncmp(v, "bytes=", 6) || !range_applies(req, f))
		return;
	if (!range_numbers(v + 6, &has_first, &first, &last))
		return;
	if (!has_first) {
		first = last < f->size ? f->size - last : 0;
		if (!last)
			first = f->size;
		last = UINT64_MAX;
	}
	if (first >= f->size) {
		f->status = 416;
		f->count = 0;
		return;
	}
	if (last >= f->size)
		last = f->size - 1;
	f->status = 206;
	f->first = first;
	f->count = last - first + 1;
}

void fileview_make(const struct http_req *req, const struct stat *st, struct fileview *f)
{
	*f = (struct fileview){.size = st->st_size, .count = st->st_size, .status = 200};
	f->mtime = st->st_mtim.tv_sec;
	http_date(f->mtime, f->modified, sizeof(f->modified));
	snprintf(f->etag, sizeof(f->etag), "\"%llx-%llx-%llx.%lx\"", (unsigned long long)st->st_ino,
		(unsigned long long)st->st_size, (unsigned long long)st->st_mtim.tv_sec,
		(unsigned long)st->st_mtim.tv_nsec);
	if (not_modified(req, f)) {
		f->status = 304;
		f->count = 0;
	} else {
		apply_range(req, f);
	}
}
