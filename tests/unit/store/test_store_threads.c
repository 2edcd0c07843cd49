/* Many threads at once: every answer is true, groups form, and 5,000 nodes fit. */
#include <pthread.h>

#include "tests/unit/store/fixture.h"

#define SUBMITTERS 4
#define PER_THREAD 60

struct submitter {
	struct store *s;
	int index;
	int good, conflicts, other;
};

/* Every third transaction takes a name that all threads want. */
static void *submit_many(void *arg)
{
	struct submitter *me = arg;

	for (int i = 0; i < PER_THREAD; i++) {
		struct err e = {0};
		char name[64];
		struct node n;
		int r;

		if (i % 3)
			snprintf(name, sizeof(name), "own-%d-%d", me->index, i);
		else
			snprintf(name, sizeof(name), "wanted-%d", i);
		fixture_node(&n, name);
		r = fixture_put(me->s, &n, &e);
		if (r == 0)
			me->good++;
		else if (r == -EEXIST)
			me->conflicts++;
		else
			me->other++;
		node_done(&n);
	}
	return NULL;
}

struct reader {
	struct store *s;
	bool stop;
	pthread_mutex_t lock;
	int walks, errors, torn;
};

/* Pairs are written in one transaction: seeing one without the other would be a torn read. */
static int count_pairs(void *data, const void *rec)
{
	const struct node *n = rec;
	int *pairs = data;

	if (str_eq(n->name, "pair-a"))
		pairs[0] = atoi(n->description);
	if (str_eq(n->name, "pair-b"))
		pairs[1] = atoi(n->description);
	return 0;
}

static void *read_many(void *arg)
{
	struct reader *me = arg;
	bool stop = false;

	while (!stop) {
		struct err e = {0};
		int pairs[2] = {0, 0};

		if (store_list(me->s, &node_type, NULL, count_pairs, pairs, &e) < 0)
			me->errors++;
		me->torn += pairs[0] != pairs[1];
		me->walks++;
		pthread_mutex_lock(&me->lock);
		stop = me->stop;
		pthread_mutex_unlock(&me->lock);
	}
	return NULL;
}

static void write_pairs(struct store *s, struct node *a, struct node *b)
{
	for (int i = 1; i <= 40; i++) {
		struct store_txn *t = store_txn_new();
		struct err e = {0};
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		str_replace(&a->description, text);
		str_replace(&b->description, text);
		store_txn_put(t, &node_type, a);
		store_txn_put(t, &node_type, b);
		if (store_commit(s, t, &e) < 0)
			printf("# %s\n", e.text);
	}
}

static void stop_reader(struct reader *r, pthread_t thread)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
	pthread_join(thread, NULL);
}

static void submitters_and_readers(struct store *s)
{
	struct submitter sub[SUBMITTERS] = {0};
	struct reader readers[2] = {0};
	pthread_t threads[SUBMITTERS], reading[2];
	struct node a, b;
	int good = 0, conflicts = 0, other = 0;
	int64_t n = 0;

	fixture_node(&a, "pair-a");
	fixture_node(&b, "pair-b");
	for (int i = 0; i < 2; i++) {
		readers[i] = (struct reader){.s = s, .lock = PTHREAD_MUTEX_INITIALIZER};
		pthread_create(&reading[i], NULL, read_many, &readers[i]);
	}
	for (int i = 0; i < SUBMITTERS; i++) {
		sub[i] = (struct submitter){.s = s, .index = i};
		pthread_create(&threads[i], NULL, submit_many, &sub[i]);
	}
	write_pairs(s, &a, &b);
	for (int i = 0; i < SUBMITTERS; i++) {
		pthread_join(threads[i], NULL);
		good += sub[i].good;
		conflicts += sub[i].conflicts;
		other += sub[i].other;
	}
	for (int i = 0; i < 2; i++)
		stop_reader(&readers[i], reading[i]);
	is_int(good, SUBMITTERS * (PER_THREAD - PER_THREAD / 3) + PER_THREAD / 3,
		"each wanted name went to one thread, all others succeeded");
	is_int(conflicts, (SUBMITTERS - 1) * PER_THREAD / 3, "all others were told");
	is_int(other, 0, "no other failure");
	is_int(readers[0].errors + readers[1].errors, 0, "no read failed");
	is_int(readers[0].torn + readers[1].torn, 0, "no read saw half a transaction");
	ok(readers[0].walks > 0 && readers[1].walks > 0, "both readers read");
	store_count(s, &node_type, NULL, &n, NULL);
	is_int(n, good + 2, "what succeeded is there, and nothing else");
	node_done(&a);
	node_done(&b);
}

struct tally {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int done, failed, last;
	bool in_order;
};

struct one {
	struct tally *tally;
	int index;
};

static void count_done(void *data, int r, const struct err *e)
{
	struct one *one = data;
	struct tally *t = one->tally;

	pthread_mutex_lock(&t->lock);
	t->failed += r < 0;
	t->in_order = t->in_order && one->index == t->last + 1;
	t->last = one->index;
	t->done++;
	pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
}

static void five_thousand_in_groups(struct store *s)
{
	struct tally tally = {.lock = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER,
		.last = -1,
		.in_order = true};
	struct one *ones = xcalloc(5000, sizeof(*ones));
	struct store_stats before, after;
	int64_t n = 0;

	store_get_stats(s, &before);
	for (int i = 0; i < 5000; i++) {
		struct store_txn *t = store_txn_new();
		char name[32];
		struct node node;

		snprintf(name, sizeof(name), "bulk-%d", i == 2500 ? 2499 : i);
		fixture_node(&node, name);
		store_txn_put(t, &node_type, &node);
		node_done(&node);
		ones[i] = (struct one){&tally, i};
		store_submit(s, t, count_done, &ones[i]);
	}
	pthread_mutex_lock(&tally.lock);
	while (tally.done < 5000)
		pthread_cond_wait(&tally.cond, &tally.lock);
	pthread_mutex_unlock(&tally.lock);
	store_get_stats(s, &after);
	is_int(tally.failed, 1, "one of 5,000 conflicts, the others are not harmed");
	ok(tally.in_order, "answers come in the order of submission");
	is_int(after.transactions - before.transactions, 5000, "5,000 transactions");
	is_int(after.failed - before.failed, 1, "of which one failed");
	is_int(after.queued, 0, "nothing waits");
	ok(after.commits - before.commits < 2500, "many share a commit");
	store_count(s, &node_type,
		&(struct store_query){
			.filters = &(struct store_filter){"name", STORE_CONTAINS, "bulk-"},
			.n_filters = 1},
		&n, NULL);
	is_int(n, 4999, "and all are there");
	free(ones);
}

int main(void)
{
	struct store *s = fixture_open("threads");

	submitters_and_readers(s);
	five_thousand_in_groups(s);
	store_close(s, 5000);
	return done_testing();
}
