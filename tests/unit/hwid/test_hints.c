/*
 * Root device hints. Expectations are derived by hand from oslo.utils' documentation of the spec
 * matcher (operators, ranges, "=" meaning at least) and Ironic's of root device hints (size in GiB,
 * case, spaces in values, no operator meaning equal).
 */
#include <errno.h>

#include "lib/hwid/hints.h"
#include "lib/json/json.h"
#include "tests/unit/tap.h"

#define GIB (1ULL << 30)

static struct hints *parse(const char *text)
{
	json_t *json = NULL;
	struct hints *h = NULL;
	struct err e = {0};

	if (json_parse(text, strlen(text), 4, &json, &e) < 0 || hints_parse(json, &h, &e) < 0)
		printf("# %s: %s\n", text, e.text);
	json_decref(json);
	return h;
}

static const struct hints_disk disk = {.name = "/dev/sda",
	.model = "SAMSUNG MZ7 3T8",
	.serial = "S1A0",
	.vendor = "ATA",
	.wwn = "0x5002538e40a1b2c3",
	.hctl = "1:0:0:0",
	.by_path = "/dev/disk/by-path/pci-0000:00:17.0-ata-1.0",
	.tran = "sata",
	.size_bytes = 60 * GIB,
	.rotational = false};

static void test_matches(void)
{
	static const struct {
		const char *hints;
		bool match;
	} t[] = {
		{"{\"size\": 60}", true},
		{"{\"size\": \"60\"}", true},
		{"{\"size\": 61}", false},
		{"{\"size\": \"= 59\"}", true}, /* at least */
		{"{\"size\": \"= 61\"}", false},
		{"{\"size\": \"== 60\"}", true},
		{"{\"size\": \"==60\"}", true},
		{"{\"size\": \"!= 60\"}", false},
		{"{\"size\": \">= 60\"}", true},
		{"{\"size\": \"> 60\"}", false},
		{"{\"size\": \"<= 60\"}", true},
		{"{\"size\": \"< 60\"}", false},
		{"{\"size\": \"<or> 10 <or> 60\"}", true},
		{"{\"size\": \"<or> 10 <or> 20\"}", false},
		{"{\"size\": \"<range-in> [ 60 70 ]\"}", true},
		{"{\"size\": \"<range-in> ( 60 70 ]\"}", false},
		{"{\"size\": \"<range-in> [ 50 60 )\"}", false},
		{"{\"size\": \"<range-in> ( 50 60 ]\"}", true},
		{"{\"model\": \"samsung mz7 3t8\"}", true},
		{"{\"model\": \" Samsung MZ7 3T8 \"}", true},
		{"{\"model\": \"samsung\"}", false},
		{"{\"model\": \"s== samsung mz7 3t8\"}", true},
		{"{\"model\": \"s!= samsung mz7 3t8\"}", false},
		{"{\"model\": \"<in> MZ7 3\"}", true},
		{"{\"model\": \"<in> hitachi\"}", false},
		{"{\"model\": \"<all-in> mz7 samsung\"}", true},
		{"{\"model\": \"<all-in> mz7 hitachi\"}", false},
		{"{\"model\": \"<or> hitachi x <or> samsung mz7 3t8\"}", true},
		{"{\"model\": \"<or> hitachi <or> samsung\"}", false},
		{"{\"serial\": \"s> s0\"}", true},
		{"{\"serial\": \"s>= s1a0\"}", true},
		{"{\"serial\": \"s< s1a0\"}", false},
		{"{\"serial\": \"s<= s1a0\"}", true},
		{"{\"serial\": \"> 5\"}", false}, /* no number */
		{"{\"wwn\": \"0x5002538E40A1B2C3\"}", true},
		{"{\"wwn_with_extension\": \"s!= x\"}", false}, /* unknown: no hint matches */
		{"{\"rotational\": false}", true},
		{"{\"rotational\": \"False\"}", true},
		{"{\"rotational\": \"yes\"}", false},
		{"{\"rotational\": 0}", true},
		{"{\"hctl\": \"1:0:0:0\", \"tran\": \"SATA\", \"size\": \">= 50\"}", true},
		{"{\"hctl\": \"1:0:0:0\", \"tran\": \"nvme\", \"size\": \">= 50\"}", false},
		{"{\"by_path\": \"<in> ata-1\", \"name\": \"/dev/sda\"}", true},
		{"{\"by_path\": \"/dev/disk/by-path/pci-0000:00:17.0-ata-1.0\"}", true},
		{"{\"by_path\": \"/dev/disk/by-path/pci-0000:00:17.0-ata-1\"}", true}, /* older */
		{"{\"by_path\": \"/dev/disk/by-path/pci-0000:00:17.0-ata\"}", false},
	};
	char why[300];

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct hints *h = parse(t[i].hints);

		ok(h && hints_match(h, &disk, why, sizeof(why)) == t[i].match, "%s %s", t[i].hints,
			t[i].match ? "matches" : "does not match");
		hints_free(h);
	}
}

static void test_refusals(void)
{
	static const char *const bad[] = {"{\"colour\": \"red\"}", "[]", "\"x\"",
		"{\"size\": \"big\"}", "{\"size\": 0}", "{\"size\": -5}", "{\"size\": \"> 0\"}",
		"{\"size\": \"1.5\"}", "{\"size\": \"s== 5\"}", "{\"size\": \">=\"}",
		"{\"size\": true}", "{\"size\": \"> > 5\"}", "{\"size\": \"\"}",
		"{\"size\": \"<range-in> 10 20\"}", "{\"size\": \"<range-in> [ 20 10 ]\"}",
		"{\"size\": \"<range-in> [ 20 ]\"}", "{\"size\": \"<range-in> [\"}",
		"{\"serial\": 5}", "{\"serial\": \"\"}", "{\"serial\": \"s==\"}",
		"{\"serial\": \"<or> a <or>\"}", "{\"serial\": \"<all-in>  \"}",
		"{\"serial\": \">= x\"}", "{\"serial\": null}", "{\"rotational\": \"maybe\"}",
		"{\"rotational\": null}", "{\"size\": \"inf\"}", "{\"size\": \"> 1e300\"}"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *json = json_loads(bad[i], JSON_DECODE_ANY, NULL);
		struct hints *h = NULL;
		struct err e = {0};

		ok(hints_parse(json, &h, &e) == -EINVAL && e.text[0], "refused: %s", bad[i]);
		json_decref(json);
	}
}

static void test_choice(void)
{
	static const struct hints_disk disks[] = {
		{.name = "/dev/sdc", .size_bytes = 100 * GIB, .serial = "C"},
		{.name = "/dev/sdb", .size_bytes = 50 * GIB, .serial = "B"},
		{.name = "/dev/sda", .size_bytes = 50 * GIB, .serial = "A"},
		{.name = "/dev/sdd", .size_bytes = 4 * GIB - 512, .serial = "D"},
	};
	struct hints *h;
	struct err e;

	is_int(hints_choose(NULL, disks, 4, &e), -ENOTUNIQ,
		"no hint: two of the smallest size, and none is taken by chance");
	is_str(e.text,
		"choose root disk: 2 disks are equally good, and none is taken by chance: "
		"/dev/sdb (50.00 GiB, serial B), /dev/sda (50.00 GiB, serial A); say which in "
		"properties/root_device, as {\"serial\": \"B\"} for the first",
		"both are named, and the hint that decides");
	is_int(hints_choose(NULL, disks, 2, &e), 1, "no hint: the smallest");
	is_int(hints_choose(NULL, disks + 3, 1, &e), -ENODEV, "no hint: not one under 4 GiB");
	ok(strstr(e.text, "/dev/sdd: has only 4.00 GiB of the 4"), "and the size is told");
	is_int(hints_choose(NULL, NULL, 0, &e), -ENODEV, "no disk");
	h = parse("{\"size\": \">= 50\"}");
	is_int(hints_choose(h, disks, 2, &e), 1, "of those that match, the smallest");
	is_int(hints_choose(h, disks, 4, &e), -ENOTUNIQ, "never one of two");
	hints_free(h);
	h = parse("{\"size\": \">= 50\", \"serial\": \"s!= B\"}");
	is_int(hints_choose(h, disks, 4, &e), 2, "until a hint tells them apart");
	hints_free(h);
	h = parse("{\"serial\": \"X\"}");
	is_int(hints_choose(h, disks, 2, &e), -ENODEV, "nothing matches");
	is_str(e.text,
		"choose root disk: no disk matches the root device hints: /dev/sdc: serial "
		"is \"C\", hint wants \"X\"; /dev/sdb: serial is \"B\", hint wants \"X\"; "
		"correct properties/root_device",
		"and the reason of each disk is told");
	hints_free(h);
}

/* Two paths to one disk have one serial; what tells them apart is where they hang. */
static void test_telling(void)
{
	json_t *disks = json_loads(
		"[{\"name\": \"/dev/sda\", \"size\": 64424509440, \"serial\": \"M0\", \"wwn\": "
		"\"0x5\", \"hctl\": \"0:0:1:0\"}, {\"name\": \"/dev/sdb\", \"size\": 64424509440, "
		"\"serial\": \"M0\", \"wwn\": \"0x5\", \"hctl\": \"1:0:1:0\"}]",
		0, NULL);
	struct err e;

	is_int(hints_choose_json(NULL, disks, &e), -ENOTUNIQ, "two paths to one disk");
	ok(strstr(e.text, "{\"hctl\": \"0:0:1:0\"} for the first"), "%s", e.text);
	json_object_set_new(json_array_get(disks, 0), "unfit", json_string("is mounted at /srv"));
	is_int(hints_choose_json(NULL, disks, &e), 1, "a disk in use is not taken");
	json_object_set_new(json_array_get(disks, 1), "unfit", json_string("is read-only"));
	is_int(hints_choose_json(NULL, disks, &e), -ENODEV, "both are in use");
	ok(strstr(e.text, "/dev/sda: is mounted at /srv; /dev/sdb: is read-only"), "%s", e.text);
	json_decref(disks);
}

static void test_json(void)
{
	json_t *disks = json_loads("[{\"name\": \"/dev/sda\", \"size\": 64424509440, \"serial\":"
				   " [\"M0\", null, \"M1\"], \"rotational\": true},"
				   " {\"name\": \"/dev/sdb\", \"size\": 53687091200}]",
		0, NULL);
	struct hints *h = parse("{\"serial\": \"m1\", \"rotational\": true}");
	struct err e;
	json_t *nameless = json_loads("[{\"size\": 5}]", 0, NULL);

	is_int(hints_choose_json(h, disks, &e), 0, "any of a list of serials counts");
	is_int(hints_choose_json(NULL, disks, &e), 1, "no hint: the smallest");
	hints_free(h);
	h = parse("{\"rotational\": false}");
	is_int(hints_choose_json(h, disks, &e), -ENODEV, "an absent property matches nothing");
	is_int(hints_choose_json(h, nameless, &e), -EINVAL, "a disk needs a name");
	hints_free(h);
	json_decref(disks);
	json_decref(nameless);
}

int main(void)
{
	struct hints *h = (void *)1;

	test_matches();
	test_refusals();
	test_choice();
	test_json();
	test_telling();
	is_int(hints_parse(NULL, &h, NULL), 0, "no hints");
	ok(h == NULL, "is NULL");
	return done_testing();
}
