/* What is typed on a console: our escapes, as ssh has them, and all else for the machine. */
#include "conductor/cli/castview.h"
#include "conductor/cli/keys.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <stdlib.h>

/* Types all of it, piece by piece; gives what the machine gets. */
static const char *type(struct keys *k, const char *text, size_t piece, enum keys_wish *wish)
{
	static char got[256];
	size_t len = strlen(text), done = 0, n = 0, out;

	*wish = KEYS_NONE;
	while (done < len && *wish == KEYS_NONE) {
		size_t part = len - done < piece ? len - done : piece;

		done += keys_read(k, text + done, part, got + n, &out, wish);
		n += out;
	}
	got[n] = '\0';
	return got;
}

static void test_keys(void)
{
	static const struct {
		const char *typed, *machine;
		enum keys_wish wish;
	} rows[] = {
		{"ls ~.\r", "ls ~.\r", KEYS_NONE},
		{"~.", "", KEYS_LEAVE},
		{"ls\r~.", "ls\r", KEYS_LEAVE},
		{"ls\n~?", "ls\n", KEYS_HELP},
		{"\r~t", "\r", KEYS_TAKE},
		{"~~.", "~.", KEYS_NONE},
		{"~/bin\r", "~/bin\r", KEYS_NONE},
		{"~\r~.", "~\r", KEYS_LEAVE},
		{"\003\032\004", "\003\032\004", KEYS_NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t piece = 1; piece < 9; piece += 7) {
			struct keys k = {.fresh = true};
			enum keys_wish wish;

			is_str(type(&k, rows[i].typed, piece, &wish), rows[i].machine,
				"row %zu, %zu at a time: what the machine gets", i, piece);
			is_int(wish, rows[i].wish, "what the person wants");
		}
	}
}

static void test_since(void)
{
	int64_t now = 1767225600000000, at = 0;
	struct err e;

	ok(castview_since("10m", now, &at, &e) == 0 && at == now - 600000000, "ten minutes ago");
	ok(castview_since("1d", now, &at, &e) == 0 && at == now - 86400000000, "a day ago");
	ok(castview_since("2026-01-01T00:00:00Z", 0, &at, &e) == 0 && at == now, "a time");
	is_int(castview_since("soon", now, &at, &e), -EINVAL, "no time");
	is_int(castview_since("m", now, &at, &e), -EINVAL, "no number");
	is_int(castview_since("", now, &at, &e), -EINVAL, "nothing");
}

static void test_log(void)
{
	static const char cast[] =
		"{\"version\": 2, \"width\": 80, \"height\": 25, \"timestamp\": 1767225600}\n"
		"\n"
		"[0.5, \"m\", \"connected\"]\n"
		"[1.25, \"o\", \"\\u001b[1mhel\"]\n"
		"no line of it\n"
		"[2.0, \"o\", \"lo\\u001b[0m\\r\\nlogin: \"]\n";
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	setenv("TZ", "UTC", 1);
	castview_log(cast, strlen(cast), 0, f);
	fclose(f);
	is_str(text,
		"2026-01-01 00:00:00.500  -- connected\n"
		"2026-01-01 00:00:01.250  hello\n"
		"2026-01-01 00:00:02.000  login:\n",
		"a recording as lines with the time each began");
	free(text);
}

int main(void)
{
	test_keys();
	test_since();
	test_log();
	return done_testing();
}
