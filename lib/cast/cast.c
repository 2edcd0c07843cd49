/* Writing and reading recordings; see cast.h. */
#include "lib/cast/cast.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

size_t cast_whole(const char *data, size_t len)
{
	for (size_t back = 1; back <= 3 && back <= len; back++)
		if (utf8_character(data + len - back, back) < 0)
			return len - back;
	return len;
}

static void put_string(struct buf *b, const unsigned char *p, size_t len)
{
	buf_puts(b, "\"");
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '"' || p[i] == '\\')
			buf_printf(b, "\\%c", p[i]);
		else if (p[i] < 0x20 || p[i] == 0x7f)
			buf_printf(b, "\\u%04x", p[i]);
		else
			buf_append(b, p + i, 1);
	}
	buf_puts(b, "\"");
}

void cast_header(struct buf *b, int64_t start_us, const char *title, const char *id)
{
	buf_printf(b,
		"{\"version\": 2, \"width\": 80, \"height\": 25, \"timestamp\": %" PRId64
		".%06d, \"title\": ",
		start_us / 1000000, (int)(start_us % 1000000));
	put_string(b, (const unsigned char *)title, strlen(title));
	if (id) {
		buf_puts(b, ", \"ingot_id\": ");
		put_string(b, (const unsigned char *)id, strlen(id));
	}
	buf_puts(b, "}\n");
}

static void put_line(struct buf *b, int64_t at_us, char code, const unsigned char *p, size_t len)
{
	char code_text[2] = {code, '\0'};

	if (at_us < 0)
		at_us = 0;
	buf_printf(b, "[%" PRId64 ".%06d, \"%s\", ", at_us / 1000000, (int)(at_us % 1000000),
		code_text);
	if (code == 'x') {
		buf_puts(b, "\"");
		for (size_t i = 0; i < len; i++)
			buf_printf(b, "%02x", p[i]);
		buf_puts(b, "\"");
	} else {
		put_string(b, p, len);
	}
	buf_puts(b, "]\n");
}

void cast_event(struct buf *b, int64_t at_us, char code, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len) {
		bool text = utf8_character((const char *)p, len) > 0;
		size_t n = 0;
		int c;

		while (n < len && ((c = utf8_character((const char *)p + n, len - n)) > 0) == text)
			n += text ? (size_t)c : 1;
		put_line(b, at_us, text ? code : 'x', p, n);
		p += n;
		len -= n;
	}
}

static int read_header(const json_t *json, struct cast_line *ret, struct err *e)
{
	double at = json_number_value(json_object_get(json, "timestamp"));

	if (json_int(json, "version", 0) != 2 || !(at >= 0 && at < 1e11))
		return err_set(e, EINVAL, "not an asciicast of version 2");
	ret->header = true;
	ret->time_us = (int64_t)(at * 1e6 + 0.5);
	ret->id = xstrdup(json_str(json, "ingot_id"));
	return 0;
}

static int read_event(const json_t *json, struct cast_line *ret, struct err *e)
{
	const json_t *at = json_array_get(json, 0), *data = json_array_get(json, 2);
	const char *code = json_string_value(json_array_get(json, 1));
	double s = json_number_value(at);

	if (!json_is_number(at) || !code || !code[0] || code[1] || !json_is_string(data) ||
		!(s >= 0 && s < 1e11))
		return err_set(e, EINVAL, "not an event of an asciicast");
	ret->time_us = (int64_t)(s * 1e6 + 0.5);
	ret->code = *code;
	ret->len = json_string_length(data);
	ret->data = xmalloc(ret->len + 1);
	memcpy(ret->data, json_string_value(data), ret->len + 1);
	if (*code == 'x') {
		int n = hex_decode(ret->data, ret->data, ret->len);

		if (n < 0) {
			free(TAKE_PTR(ret->data));
			return err_set(e, EINVAL, "bytes of an asciicast that are no digits");
		}
		ret->len = (size_t)n;
		ret->data[n] = '\0';
		ret->code = 'o';
	}
	return 0;
}

int cast_read(const char *text, size_t len, struct cast_line *ret, struct err *e)
{
	_cleanup_json_ json_t *json = NULL;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (len > CAST_LINE_MAX)
		return err_set(e, EINVAL, "a line longer than %d bytes", CAST_LINE_MAX);
	r = json_parse(text, len, 4, &json, e);
	if (r < 0)
		return -EINVAL;
	return json_is_object(json) ? read_header(json, ret, e) : read_event(json, ret, e);
}

void cast_line_done(struct cast_line *l)
{
	free(l->data);
	free(l->id);
	memset(l, 0, sizeof(*l));
}
