/*
 * What was acknowledged is there after SIGKILL at any moment, after an orderly end and after a
 * second start. A child process acknowledges through a pipe; the parent kills it and compares.
 */
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/store/fixture.h"

#define KILLS 6

static int ack_fd;

static void acknowledge(void *data, int r, const struct err *e)
{
	char line[UUID_TEXT_MAX + 1];

	if (r == 0 && data) {
		snprintf(line, sizeof(line), "%s\n", (char *)data);
		if (write(ack_fd, line, strlen(line)) < 0)
			_exit(1);
	}
	free(data);
}

/* Submits as fast as it may, never ends by itself. */
static void child(int fd)
{
	struct store *s = fixture_open("crash");
	struct store_stats stats;

	ack_fd = fd;
	for (;;) {
		struct store_txn *t = store_txn_new();
		struct node n;

		fixture_node(&n, NULL);
		store_txn_put(t, &node_type, &n);
		store_submit(s, t, acknowledge, xstrdup(n.uuid));
		node_done(&n);
		do {
			store_get_stats(s, &stats);
			if (stats.queued > 64)
				usleep(100);
		} while (stats.queued > 64);
	}
}

static int missing(struct store *s, FILE *acks, int *ret_n)
{
	char uuid[64];
	int lost = 0;

	rewind(acks);
	*ret_n = 0;
	while (fscanf(acks, "%63s", uuid) == 1) {
		struct err e = {0};
		struct node n;

		if (strlen(uuid) != 36)
			continue; /* a line cut by the kill was no acknowledgement */
		node_init(&n);
		lost += store_get(s, &node_type, "uuid", uuid, &n, &e) < 0;
		node_done(&n);
		++*ret_n;
	}
	return lost;
}

/* Reads acknowledgements until there are `enough` more bytes, then kills in full flight. */
static void kill_one(FILE *acks, size_t enough)
{
	int fds[2], status;
	char buf[4096];
	size_t got = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		abort();
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fds[0]);
		child(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0) {
		fwrite(buf, 1, (size_t)n, acks);
		got += (size_t)n;
		if (got >= enough && enough) {
			kill(pid, SIGKILL);
			enough = 0;
		}
	}
	fputc('\n', acks);
	close(fds[0]);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child died in full flight");
}

static void survives_kill(void)
{
	FILE *acks = tmpfile();

	for (int i = 0; i < KILLS; i++) {
		struct store *s;
		int n = 0;

		kill_one(acks, (size_t)(37 + i * 1777));
		s = fixture_open("crash");
		is_int(missing(s, acks, &n), 0, "kill %d: nothing acknowledged is missing", i + 1);
		ok(n > i, "of %d acknowledged", n);
		store_close(s, 5000);
	}
	fclose(acks);
}

static void survives_restart(void)
{
	struct store *s = fixture_open("restart");
	struct store_txn *t = store_txn_new();
	struct node n;

	fixture_add(s, "one");
	fixture_add(s, "two");
	fixture_node(&n, "three");
	store_txn_put(t, &node_type, &n);
	node_done(&n);
	store_submit(s, t, NULL, NULL);
	store_close(s, 5000); /* what was submitted is still committed */
	s = fixture_open("restart");
	is_str(fixture_names(s, NULL), "one two three", "records and their order survive");
	fixture_add(s, "four");
	store_close(s, 5000);
	s = fixture_open("restart");
	is_str(fixture_names(s, NULL), "one two three four", "and new ones come behind");
	store_close(s, 5000);
}

int main(void)
{
	survives_restart();
	if (getenv("INGOT_TEST_STORE_URL"))
		ok(true, "# SKIP: the kills need a database of their own");
	else
		survives_kill();
	return done_testing();
}
