/*
 * What the store's tests share: a fresh store per test, in a folder that goes away with the
 * process. The suite is written against store.h only; INGOT_TEST_STORE_URL names another backend's
 * database, which has to be empty and is then used by one test program at a time.
 */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conductor/model/node.h"
#include "conductor/store/store.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/base/uuid.h"
#include "tests/unit/tap.h"

static char fixture_dir[64];
static pid_t fixture_pid;

static inline void fixture_remove(void)
{
	if (fixture_dir[0] && getpid() == fixture_pid)
		fs_rm_rf(fixture_dir, NULL);
}

/*
 * A process that waits for the end of this one, however it comes, and cleans up after it. It holds
 * none of its files.
 */
static inline void fixture_guard(void)
{
	int fds[2];
	char c;

	if (pipe2(fds, O_CLOEXEC) < 0)
		abort();
	fflush(NULL);
	if (fork()) {
		close(fds[0]);
		return; /* the other end stays open until the end */
	}
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	close(fds[1]);
	while (read(fds[0], &c, 1) < 0 && errno == EINTR)
		;
	fs_rm_rf(fixture_dir, NULL);
	_exit(0);
}

static inline const char *fixture_folder(void)
{
	if (!fixture_dir[0]) {
		snprintf(fixture_dir, sizeof(fixture_dir), "/tmp/ingot-store-XXXXXX");
		if (!mkdtemp(fixture_dir))
			abort();
		fixture_pid = getpid();
		fixture_guard();
		atexit(fixture_remove);
	}
	return fixture_dir;
}

/* The URL of a database called name; the same name is the same database. */
static inline const char *fixture_url(const char *name)
{
	static char url[256];
	const char *env = getenv("INGOT_TEST_STORE_URL");

	if (env)
		snprintf(url, sizeof(url), "%s", env);
	else
		snprintf(url, sizeof(url), "sqlite:%s/%s.db", fixture_folder(), name);
	return url;
}

static inline struct store *fixture_open(const char *name)
{
	struct store *s = NULL;
	struct err e = {0};

	if (store_open(fixture_url(name), &s, &e) < 0) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
	return s;
}

static inline void fixture_node(struct node *n, const char *name)
{
	char uuid[UUID_TEXT_MAX];

	node_init(n);
	uuid_new(uuid);
	n->uuid = xstrdup(uuid);
	n->name = xstrdup(name);
	n->driver = xstrdup("fake-hardware");
	n->provision_state = PS_ENROLL;
	n->created_at = n->updated_at = time_wall_us();
}

static inline int fixture_put(struct store *s, const struct node *n, struct err *e)
{
	struct store_txn *t = store_txn_new();

	store_txn_put(t, &node_type, n);
	return store_commit(s, t, e);
}

/* Stores a new node of this name; gives its uuid in a buffer that the next call reuses. */
static inline const char *fixture_add(struct store *s, const char *name)
{
	static char uuid[UUID_TEXT_MAX];
	struct err e = {0};
	struct node n;

	fixture_node(&n, name);
	str_copy(uuid, sizeof(uuid), n.uuid);
	if (fixture_put(s, &n, &e) < 0)
		printf("# put %s: %s\n", name ? name : "(no name)", e.text);
	node_done(&n);
	return uuid;
}

/* The names of the nodes a query gives, joined by spaces, in a buffer the next call reuses. */
static inline int fixture_add_name(void *data, const void *rec)
{
	char *names = data;
	const struct node *n = rec;
	size_t len = strlen(names);

	snprintf(names + len, 4096 - len, "%s%s", len ? " " : "", n->name ? n->name : "-");
	return 0;
}

static inline const char *fixture_names(struct store *s, const struct store_query *q)
{
	static char names[4096];
	struct err e = {0};
	int r;

	names[0] = '\0';
	r = store_list(s, &node_type, q, fixture_add_name, names, &e);
	if (r < 0)
		snprintf(names, sizeof(names), "error %d: %s", -r, e.text);
	return names;
}

#endif
