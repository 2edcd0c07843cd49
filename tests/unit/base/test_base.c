/* The small tools everything stands on: errors, buffers, maps, lists, strings, clocks, UUIDs. */
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/fs.h"
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/base/uuid.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static void errors(void)
{
	struct err e;
	char *longer = xmalloc(2000);

	is_int(err_set(&e, ENOENT, "GET %s: 404", "http://x/"), -ENOENT, "gives the negative code");
	is_int(err_prefix(&e, "write image"), -ENOENT, "a prefix keeps the code");
	err_advise(&e, "check image_source");
	is_str(e.text, "write image: GET http://x/: 404; check image_source",
		"the chain reads outside in");
	err_errno(&e, EACCES, "open %s", "/x");
	is_str(e.text, "open /x: Permission denied", "errno in words");
	is_int(err_set(NULL, EBUSY, "nobody listens"), -EBUSY, "NULL is fine");
	memset(longer, 'x', 1999);
	longer[1999] = '\0';
	err_set(&e, EIO, "%s", longer);
	is_int(strlen(e.text), sizeof(e.text) - 1, "too long a text is cut");
	err_prefix(&e, "p");
	ok(str_starts(e.text, "p: xxx"), "and still takes a prefix");
	free(longer);
}

static void buffers(void)
{
	struct buf b = BUF_INIT(10);
	char *s;

	is_str(buf_str(&b), "", "empty reads as empty");
	is_int(buf_puts(&b, "12345"), 0, "fits");
	is_int(buf_printf(&b, "%d", 67890), 0, "fills to the brim");
	is_int(buf_puts(&b, "x"), -ENOSPC, "one more does not fit");
	ok(b.overflow, "and is remembered");
	is_str(buf_str(&b), "1234567890", "what was there stays");
	buf_consume(&b, 4);
	is_str(buf_str(&b), "567890", "consumed at the front");
	buf_truncate(&b, 2);
	s = buf_take(&b);
	is_str(s, "56", "taken");
	is_int(b.len, 0, "and empty");
	free(s);
	buf_done(&b);
}

/* Against a plain array that does the same slowly. */
static void maps(void)
{
	enum { N = 3000 };
	static bool there[N];
	struct map m = {0};
	unsigned seed = 7, wrong = 0, count = 0;
	size_t pos = 0;
	char key[16];

	for (int step = 0; step < 60000; step++) {
		seed = seed * 1103515245u + 12345u;
		unsigned i = (seed >> 8) % N;

		snprintf(key, sizeof(key), "k%u", i);
		if (seed & 0x40000000) {
			wrong += (map_put(&m, key, (void *)(size_t)(i + 1)) != NULL) != there[i];
			there[i] = true;
		} else {
			wrong += (map_remove(&m, key) != NULL) != there[i];
			there[i] = false;
		}
	}
	for (unsigned i = 0; i < N; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		wrong += map_get(&m, key) != (there[i] ? (void *)(size_t)(i + 1) : NULL);
		count += there[i];
	}
	is_int(wrong, 0, "60,000 random puts and removes");
	is_int(m.n, count, "the count is right");
	count = 0;
	while (map_next(&m, &pos, NULL, NULL))
		count++;
	is_int(count, m.n, "the walk meets each once");
	map_done(&m);
	ok(map_get(&m, "k1") == NULL, "an empty map has nothing");
}

struct item {
	int n;
	struct list link;
};

static void lists(void)
{
	struct item items[4];
	struct item *it, *tmp;
	struct list head;
	int sum = 0;

	list_init(&head);
	for (int i = 0; i < 4; i++) {
		items[i].n = i;
		list_append(&head, &items[i].link);
	}
	list_for_each_safe (it, tmp, &head, link)
		if (it->n % 2)
			list_remove(&it->link);
	list_for_each (it, &head, link)
		sum = sum * 10 + it->n;
	is_int(sum, 2, "0 and 2 are left, in order");
	list_remove(&items[1].link);
	is_int(list_first(&head, struct item, link)->n, 0, "removing twice is harmless");
}

static void strings(void)
{
	char small[4], hex[9], text[] = "  a b \n";
	unsigned char raw[4];
	bool yes = false;
	uint64_t v = 0;
	int n = 0;

	ok(!str_copy(small, sizeof(small), "abcdef"), "a cut copy says so");
	is_str(small, "abc", "and ends in NUL");
	is_str(str_trim(text), "a b", "trimmed");
	is_int(str_to_u64("18446744073709551615", 0, UINT64_MAX, &v), 0, "the largest number");
	is_int(str_to_u64("18446744073709551616", 0, UINT64_MAX, &v), -ERANGE, "one more");
	is_int(str_to_u64("12x", 0, 100, &v), -EINVAL, "no number");
	is_int(str_to_u64("", 0, 100, &v), -EINVAL, "nothing");
	is_int(str_to_int("-5", -10, 10, &n), 0, "negative");
	is_int(n, -5, "read right");
	is_int(str_to_int("11", -10, 10, &n), -ERANGE, "out of range");
	is_int(str_to_bool("True", &yes), 0, "Python's True");
	ok(yes, "is true");
	is_int(str_to_bool("maybe", &yes), -EINVAL, "maybe is neither");
	is_str(hex_encode("\x01\xff\xa0", 3, hex), "01ffa0", "hex out");
	is_int(hex_decode("01FFa0", raw, sizeof(raw)), 3, "hex in");
	is_int(raw[1], 0xff, "value");
	is_int(hex_decode("0g", raw, sizeof(raw)), -EINVAL, "no hex digit");
	is_int(hex_decode("0102030405", raw, sizeof(raw)), -EINVAL, "too long");
}

/* RFC 4648, section 10. */
static void base64(void)
{
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}};
	void *raw = NULL;
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_free_ char *text = b64_encode(vectors[i][0], strlen(vectors[i][0]));

		is_str(text, vectors[i][1], "encode \"%s\"", vectors[i][0]);
		is_int(b64_decode(text, strlen(text), &raw, &len), 0, "decode it");
		is_int(len, strlen(vectors[i][0]), "its length");
		free(raw);
	}
	is_int(b64_decode("Zg=", 3, &raw, &len), -EINVAL, "cut padding is refused");
	is_int(b64_decode("Z!==", 4, &raw, &len), -EINVAL, "a foreign character is refused");
}

static void secrets(void)
{
	_cleanup_free_ char *a = secret_new(32), *b = secret_new(32);

	is_int(strlen(a), 43, "32 bytes are 43 characters, as Ironic's tokens");
	ok(!str_eq(a, b), "two differ");
	ok(!strpbrk(a, "+/="), "URL-safe");
	ok(secret_eq(a, a) && !secret_eq(a, b) && !secret_eq("", a) && !secret_eq(a, "") &&
			!secret_eq("abab", "ab"),
		"compared");
}

static void times(void)
{
	char text[TIME_TEXT_MAX];
	int64_t us = 0;

	is_str(time_format(1471559308643434, text, sizeof(text)),
		"2016-08-18T22:28:28.643434+00:00", "as Ironic writes it");
	is_int(time_parse("2016-08-18T22:28:28.643434+00:00", &us), 0, "read back");
	is_int(us, 1471559308643434, "the same");
	is_int(time_parse("2016-08-19T00:28:28+02:00", &us), 0, "another zone, no fraction");
	is_int(us, 1471559308000000, "is the same second");
	is_int(time_parse("1970-01-01T00:00:00Z", &us), 0, "Z");
	is_int(us, 0, "the epoch");
	ok(time_parse("2016-08-18", &us) < 0 && time_parse("2016-08-18T22:28:28 x", &us) < 0,
		"nonsense is refused");
}

static void uuids(void)
{
	char a[UUID_TEXT_MAX], b[UUID_TEXT_MAX];

	uuid_new(a);
	uuid_new(b);
	ok(uuid_valid(a) && a[14] == '4' && strchr("89ab", a[19]),
		"version 4, RFC 4122 section 4.4");
	ok(!str_eq(a, b), "two differ");
	ok(uuid_valid("27874313-A385-4dd0-9e5d-ba73e7bc4ef6"), "any case");
	ok(!uuid_valid("27874313a3854dd09e5dba73e7bc4ef6") && !uuid_valid(NULL) &&
			!uuid_valid("27874313-a385-4dd0-9e5d-ba73e7bc4ef67"),
		"others are refused");
}

static void files(void)
{
	char dir[] = "/tmp/ingot-base-XXXXXX", path[64], deep[96];
	char *text = NULL;
	struct stat st;
	struct err e;
	size_t len;

	if (!ok(mkdtemp(dir) != NULL, "a folder"))
		return;
	snprintf(path, sizeof(path), "%s/f", dir);
	snprintf(deep, sizeof(deep), "%s/a/b/c", dir);
	is_int(fs_write_atomic(path, "hello\n", 6, 0600, &e), 0, "written");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "with its mode");
	is_int(fs_read(path, 100, &text, &len, &e), 0, "read");
	is_str(text, "hello\n", "the same");
	free(text);
	text = fs_read_line(path);
	is_str(text, "hello", "as a line");
	free(text);
	is_int(fs_read(path, 3, &text, NULL, &e), -EFBIG, "more than allowed is refused");
	is_int(fs_read("/nonexistent", 3, &text, NULL, &e), -ENOENT, "absent");
	is_str(e.text, "read /nonexistent: No such file or directory", "and named");
	is_int(fs_mkdir_p(deep, 0755, &e), 0, "folders in folders");
	is_int(fs_rm_rf(dir, &e), 0, "removed");
	ok(access(dir, F_OK) != 0, "gone");
	is_int(fs_rm_rf(dir, &e), 0, "removing what is not there is fine");
}

int main(void)
{
	errors();
	buffers();
	maps();
	lists();
	strings();
	base64();
	secrets();
	times();
	uuids();
	files();
	return done_testing();
}
