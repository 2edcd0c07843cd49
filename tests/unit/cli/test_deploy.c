/* Options of deploy, verdicts and lines of the live view. */
#include "conductor/cli/deploy.h"
#include "conductor/cli/watch.h"
#include "tests/unit/tap.h"

static void test_checksum(void)
{
	json_t *info = json_object();
	char sha512[129];
	struct err e;

	memset(sha512, 'a', 128);
	sha512[128] = 0;
	is_int(deploy_checksum("http://h/SHA256SUMS", info, &e), 0, "a URL");
	is_str(json_str(info, "image_checksum"), "http://h/SHA256SUMS", "is image_checksum");
	is_int(deploy_checksum(sha512 + 64, info, &e), 0, "64 digits");
	is_str(json_str(info, "image_os_hash_algo"), "sha256", "are SHA-256");
	is_int(deploy_checksum(sha512, info, &e), 0, "128 digits");
	is_str(json_str(info, "image_os_hash_algo"), "sha512", "are SHA-512");
	ok(deploy_checksum("abc", info, &e) < 0, "others are refused: %s", e.text);
	sha512[0] = 'x';
	ok(deploy_checksum(sha512, info, &e) < 0, "no hex");
	json_decref(info);
}

static void test_hints(void)
{
	json_t *hints = NULL;
	struct err e;

	is_int(deploy_hints("serial=ABC, size=>= 100", &hints, &e), 0, "pairs");
	is_str(json_str(hints, "serial"), "ABC", "the first");
	is_str(json_str(hints, "size"), ">= 100", "only the first '=' parts");
	json_decref(hints);
	is_int(deploy_hints("{\"rotational\": false}", &hints, &e), 0, "JSON");
	ok(json_is_false(json_object_get(hints, "rotational")), "as it is");
	json_decref(hints);
	ok(deploy_hints("serial", &hints, &e) < 0, "no value: %s", e.text);
	ok(deploy_hints("{", &hints, &e) < 0, "bad JSON: %s", e.text);
}

static void test_drive(void)
{
	static const char gzip[] = "\x1f\x8b\x08";
	json_t *drive = NULL;
	struct err e;

	is_int(deploy_drive(" {\"meta_data\": {}}", 18, &drive, &e), 0, "JSON");
	ok(json_is_object(drive), "is an object");
	json_decref(drive);
	is_int(deploy_drive(gzip, 3, &drive, &e), 0, "gzip");
	is_str(json_string_value(drive), "H4sI", "is base64 of it");
	json_decref(drive);
	is_int(deploy_drive("H4sI\n", 5, &drive, &e), 0, "base64 stays");
	json_decref(drive);
	ok(deploy_drive("CD001 \x01", 7, &drive, &e) < 0, "others are refused: %s", e.text);
}

static void test_verdict(void)
{
	static const struct {
		const char *state, *target, *error;
		int want;
	} cases[] = {
		{"active", NULL, NULL, 1},
		{"deploying", "active", NULL, 0},
		{"active", "active", NULL, 0},
		{"deploy failed", "active", "no disk", -1},
		{"error", NULL, NULL, -1},
		{"enroll", NULL, "BMC silent", -1},
	};
	const struct watch_goal goal = {"active", NULL, 0}, rest = {"", NULL, 0};
	_cleanup_json_ json_t *well = json_pack("{s:s}", "provision_state", "available"),
			      *ill = json_pack("{s:s, s:s}", "provision_state", "enroll",
				      "last_error", "BMC silent");
	struct err why;

	is_int(watch_verdict(well, &rest, &why), 1, "an available node rests");
	is_int(watch_verdict(ill, &rest, &why), -1, "one that rests after a failure has failed");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};
		json_t *row = json_pack("{s:s, s:s?, s:s?}", "provision_state", cases[i].state,
			"target_provision_state", cases[i].target, "last_error", cases[i].error);

		is_int(watch_verdict(row, &goal, &e), cases[i].want, "%s on its way to %s",
			cases[i].state, cases[i].target ? cases[i].target : "nothing");
		if (cases[i].error)
			ok(strstr(e.text, cases[i].error), "with its reason: %s", e.text);
		json_decref(row);
	}
}

static void test_power_verdict(void)
{
	const struct watch_goal goal = {NULL, "power on", 0};
	_cleanup_json_ json_t *under_way = json_pack("{s:s, s:s}", "power_state", "power off",
				      "target_power_state", "power on"),
			      *done = json_pack("{s:s, s:n}", "power_state", "power on",
				      "target_power_state"),
			      *failed = json_pack("{s:s, s:n, s:s}", "power_state", "power off",
				      "target_power_state", "last_error", "wrong password");
	struct err e = {0};

	is_int(watch_verdict(under_way, &goal, &e), 0, "a power change under way");
	is_int(watch_verdict(done, &goal, &e), 1, "one that is done");
	ok(watch_verdict(failed, &goal, &e) < 0 && strstr(e.text, "wrong password"),
		"one that failed is not waited for: %s", e.text);
}

static void test_line(void)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:{s:s, s:I, s:I, s:I}}", "name", "u1",
		"provision_state", "deploying", "waits_for", "the agent", "progress", "phase",
		"write_image", "bytes_done", (json_int_t)213000000, "bytes_total",
		(json_int_t)300000000, "rate_bps", (json_int_t)34500000);
	char *line = watch_line(row, 4);

	is_str(line,
		"u1    deploying       write_image 71% 213 MB of 300 MB, 34 MB/s  waits for: the "
		"agent",
		"a live line");
	free(line);
	json_decref(row);
}

int main(void)
{
	test_checksum();
	test_hints();
	test_drive();
	test_verdict();
	test_power_verdict();
	test_line();
	return done_testing();
}
