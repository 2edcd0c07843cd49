/* http_basic against bcrypt entries; the hashes were made with htpasswd -B and with crypt(3). */
#include "conductor/api/auth.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/ingot-test-auth-XXXXXX";

static void write_entry(const char *user, const char *password)
{
	struct crypt_data data = {0};
	const char *hash = crypt_r(password, "$2y$04$abcdefghijklmnopqrstuu", &data);
	_cleanup_free_ char *line = xasprintf("# people\n#former:%s\n%s:%s\nother:%s\n", hash, user,
		hash,
		"$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"); /* "myPassword" */

	fs_write_atomic(path, line, strlen(line), 0600, NULL);
}

static int check(struct auth *a, const char *pair, char **user)
{
	_cleanup_free_ char *b64 = b64_encode(pair, strlen(pair));
	_cleanup_free_ char *header = xasprintf("Basic %s", b64);

	return auth_check(a, header, user, NULL);
}

static void test_passwords(struct auth *a)
{
	static const char *const malformed[] = {"Bearer abc", "Basic !!!", "Basic", "Basic ",
		"BasicYWRtaW46c2VjcmV0", "", "Basic YWRtaW4=", "Basic AAAAOgAA"};
	static const char *const bad[] = {"admin:wrong", "admin:", ":secret", "nobody:secret",
		"admi:secret", "admin:secretx", "other:secret", "#:x", "former:secret",
		"#former:secret", "# people\nadmin:secret"};
	char *user = NULL;

	is_int(check(a, "admin:secret", &user), 0, "the right password");
	is_str(user, "admin", "names the user");
	free(user);
	is_int(check(a, "admin:secret", &user), 0, "again, remembered");
	free(user);
	is_int(check(a, "other:myPassword", &user), 0, "the entry of Apache's manual");
	free(user);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		is_int(check(a, bad[i], &user), -EACCES, "refused: %s", bad[i]);
	is_int(auth_check(a, NULL, &user, NULL), -EACCES, "no header");
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++)
		is_int(auth_check(a, malformed[i], &user, NULL), -EINVAL, "malformed: %s",
			malformed[i]);
	is_int(auth_check(a, "  bAsIc \t YWRtaW46c2VjcmV0", &user, NULL), 0,
		"spaces, and letters of any case");
	free(user);
}

static void test_change(struct auth *a)
{
	char *user = NULL;

	write_entry("admin", "changed-it");
	is_int(check(a, "admin:secret", &user), -EACCES,
		"the old password ends with the file's change");
	is_int(check(a, "admin:changed-it", &user), 0, "the new one begins");
	free(user);
}

static void test_bad_file(void)
{
	static const char text[] = "admin:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/\n";
	struct auth *a = NULL;
	struct err e = {0};

	fs_write_atomic(path, text, sizeof(text) - 1, 0600, NULL);
	ok(auth_new(path, &a, &e) < 0 && strstr(e.text, "htpasswd -B"), "only bcrypt: %s", e.text);
	unlink(path);
	ok(auth_new(path, &a, &e) < 0, "a file that is not there: %s", e.text);
}

int main(void)
{
	struct auth *a = NULL;
	struct err e;
	int fd = mkstemp(path);

	close(fd);
	write_entry("admin", "secret");
	is_int(auth_new(path, &a, &e), 0, "the file is read");
	if (a) {
		test_passwords(a);
		test_change(a);
	}
	auth_free(a);
	test_bad_file();
	unlink(path);
	return done_testing();
}
