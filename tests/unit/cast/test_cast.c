/* Recordings: what is written is read again byte by byte, and what people get to see is plain. */
#include "lib/cast/cast.h"
#include "lib/base/fs.h"
#include "lib/cast/log.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* All output of the events in a text, joined. */
static void read_all(const char *text, struct buf *out, int64_t *last_us, int *headers)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		struct cast_line l;

		if (cast_read(text, len, &l, NULL) == 0) {
			if (l.header)
				++*headers;
			else if (l.code == 'o')
				buf_append(out, l.data, l.len);
			*last_us = l.time_us;
			cast_line_done(&l);
		}
		text += len + 1;
	}
}

static void round_trip(const char *what, const char *bytes, size_t len)
{
	struct buf b = BUF_INIT(65536), out = BUF_INIT(65536);
	int64_t at = 0;
	int headers = 0;

	cast_event(&b, 1234567, 'o', bytes, len);
	read_all(buf_str(&b), &out, &at, &headers);
	ok(out.len == len && !memcmp(out.data, bytes, len), "%s comes back as it was", what);
	is_int(at, 1234567, "%s: at its time", what);
	buf_done(&b);
	buf_done(&out);
}

static void test_events(void)
{
	static const char bad[] = "a\0b\xff\xfe-\xc3(\xed\xa0\x80\xf5";
	struct buf b = BUF_INIT(65536);

	round_trip("a plain line", "login: ", 7);
	round_trip("an escape sequence", "\033[1;31mred\033[0m\r\n\"\\", 18);
	round_trip("UTF-8", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9);
	round_trip("what is neither text nor UTF-8", bad, sizeof(bad) - 1);
	cast_event(&b, 2500000, 'o', "hi\r\n", 4);
	/* the form docs.asciinema.org gives for version 2 */
	is_str(buf_str(&b), "[2.500000, \"o\", \"hi\\u000d\\u000a\"]\n", "an event's form");
	buf_done(&b);
}

static void test_whole(void)
{
	is_int(cast_whole("ab\xe2\x82", 4), 2, "a character that is not whole is left for later");
	is_int(cast_whole("ab\xe2\x82\xac", 5), 5, "a whole one is not");
	is_int(cast_whole("ab\xff", 3), 3, "nor is what never becomes one");
	is_int(cast_whole("", 0), 0, "nothing is whole");
}

static void test_refused(void)
{
	static const char *const wrong[] = {"", "[]", "[1, \"o\"]", "[-1, \"o\", \"x\"]",
		"[1, \"oo\", \"x\"]", "[1, \"o\", 5]", "[1, \"x\", \"zz\"]", "[1, \"x\", \"abc\"]",
		"{\"version\": 1, \"timestamp\": 5}", "{\"version\": 2, \"timestamp\": -5}", "true",
		"[1, \"o\", \"x\""};
	struct cast_line l;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		ok(cast_read(wrong[i], strlen(wrong[i]), &l, &e) < 0, "refused: %s", wrong[i]);
}

static void plain(const char *in, const char *want, const char *what)
{
	struct buf b = BUF_INIT(1024);

	cast_plain(&b, in, strlen(in));
	is_str(buf_str(&b), want, "%s", what);
	buf_done(&b);
}

static void test_plain(void)
{
	plain("one\r\ntwo\r\n\r\n\r\n", "one\ntwo\n", "lines, without empty ones");
	plain("\033[2J\033[1;1HBIOS\033[5;3HPress \033[1mF2\033[0m", "BIOS\nPress F2\n",
		"a screen that is painted");
	plain(" 10%\r 50%\r100%\n", "100%\n", "a line written again and again");
	plain("long line\rab\033[K\n", "ab\n", "the rest of a line is erased");
	plain("abc\b\bX\n", "aXc\n", "a backspace goes back");
	plain("\033]0;title\aprompt$ ", "prompt$\n", "a title is no output");
	plain("\033]52;c;ZXZpbA==\033\\x", "x\n", "nor is what goes to the clipboard");
	plain("a\xc2\x9b"
	      "31mb\xff",
		"a31mb\n", "C1 controls and bytes that are no text go");
	plain("\xc3\xa9t\xc3\xa9\n", "\xc3\xa9t\xc3\xa9\n", "text in UTF-8 stays");
	plain("\033[", "", "a sequence cut short");
	plain("\033", "", "a lone escape character");
}

static void test_log(void)
{
	char dir[] = "/tmp/castXXXXXX";
	struct buf notes = BUF_INIT(65536), out = BUF_INIT(65536);
	int64_t last = 0, start = 1767225600000000;
	char *text = NULL;
	size_t len = 0;
	int headers = 0;
	struct err e;

	if (!mkdtemp(dir))
		return;
	is_int(cast_log_read(dir, "n", &text, &len, &e), -ENOENT, "nothing was recorded yet");
	cast_note(&notes, start, 'o', "first\n", 6);
	is_int(cast_log_append(dir, "n", "t", &notes, 4096, &e), 0, "a recording begins");
	buf_truncate(&notes, 0);
	cast_note(&notes, start + 3000000, 'o', "second\n", 7);
	is_int(cast_log_append(dir, "n", "t", &notes, 4096, &e), 0, "and goes on");
	is_int(cast_log_read(dir, "n", &text, &len, &e), 0, "it is read");
	read_all(text, &out, &last, &headers);
	is_str(buf_str(&out), "first\nsecond\n", "with all of its output");
	is_int(last, 3000000, "the second part's time counts from the first's");
	is_int(headers, 1, "under one header");
	free(text);
	for (int i = 0; i < 200; i++)
		cast_log_append(dir, "n", "t", &notes, 4096, &e);
	cast_log_read(dir, "n", &text, &len, &e);
	ok(len > 2048 && len <= 4096 + 128, "two hundred parts stay below the ceiling: %zu", len);
	free(text);
	cast_log_remove(dir, "n");
	is_int(rmdir(dir), 0, "nothing is left of a removed recording");
	buf_done(&notes);
	buf_done(&out);
}

int main(void)
{
	test_events();
	test_whole();
	test_refused();
	test_plain();
	test_log();
	return done_testing();
}
