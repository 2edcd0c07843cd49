/* Programs that are run: how they end, what they say, and that nothing of them stays. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/program.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

static char heard[1000];

static void hear(void *data, const char *line)
{
	size_t n = strlen(heard);

	snprintf(heard + n, sizeof(heard) - n, "%s|", line);
}

static int run(const char *script, unsigned timeout_s, const char *root, struct err *e)
{
	const char *argv[] = {"sh", "-c", script, NULL}, *env[] = {"WHO=me", NULL};
	struct program p = {
		.argv = argv, .env = env, .root = root, .timeout_s = timeout_s, .line = hear};

	heard[0] = 0;
	*e = (struct err){0};
	return program_run(&p, e);
}

int main(void)
{
	const char *missing[] = {"no-such-program", NULL};
	const struct program none = {.argv = missing, .timeout_s = 5};
	struct err e = {0};

	is_int(run("echo one; echo two >&2; echo \"$WHO $LC_ALL\"", 10, NULL, &e), 0, "ends well");
	is_str(heard, "one|two|me C|", "line by line, with its environment");
	is_int(run("echo it broke; exit 3", 10, NULL, &e), -ECHILD, "a status is a failure");
	is_str(e.text, "sh ended with status 3: it broke", "with the last line");
	is_int(run("printf 'a\\033[1mb\\n\\n'", 10, NULL, &e), 0, "control characters");
	is_str(heard, "a [1mb|", "are no longer there");
	is_int(run("kill -9 $$", 10, NULL, &e), -ECHILD, "a signal, too");
	ok(strstr(e.text, "signal 9"), "by number");
	is_int(run("echo slow; sleep 100 & sleep 100", 1, NULL, &e), -ETIMEDOUT, "it has its time");
	ok(strstr(e.text, "1 seconds") && strstr(e.text, "it said: slow"), "and no more");
	is_int(run("sleep 100 & echo gone", 50, NULL, &e), 0, "who stays behind holds nobody up");
	is_str(heard, "gone|", "all it said");
	is_int(program_run(&none, &e), -ENOENT, "a program that is not there");
	ok(strstr(e.text, "run no-such-program"), "by name");
	is_int(run("yes 0123456789012345678901234567890123456789 | head -c 100000 | tr -d '\\n'",
		       20, NULL, &e),
		0, "a line without end");
	ok(strlen(heard) == PROGRAM_LINE_MAX, "is cut");
	signal(SIGCHLD, SIG_IGN);
	is_int(run("exit 4", 10, NULL, &e), -ECHILD, "where children are ignored, too");
	ok(strstr(e.text, "status 4") && signal(SIGCHLD, SIG_DFL) == SIG_IGN, "and are again");
	if (geteuid() == 0) {
		is_int(run("echo $$", 10, "/", &e), 0, "under another root");
		is_str(heard, "1|", "it is alone");
	}
	return done_testing();
}
