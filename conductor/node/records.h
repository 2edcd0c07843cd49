/*
 * Stored records that are not nodes, as the engine holds them: ports, port groups, chassis,
 * volumes, deploy templates, runbooks ... All of a kind are in memory from the start, each as a
 * small struct and its JSON as text without what is as in a new record; it is parsed for who asks
 * for it. It is found by its uuid and by what no two of its kind may share (its name, its MAC).
 *
 * A change is staged in a commit, beside whatever else is in that: what has to be unique is taken
 * at once, so that of two in flight one is refused; memory follows when the commit is durable.
 * Clients' changes come as REQ_RECORD_* (recordreq.c) and pass the rules of their kind (rules.c).
 *
 * To add a kind: its record type in conductor/model, a row in rules.c, a resource in conductor/api.
 *
 * Internal to node/; everything here is the engine's thread's.
 */
#ifndef CONDUCTOR_NODE_RECORDS_H
#define CONDUCTOR_NODE_RECORDS_H

#include "conductor/node/enode.h"

#define UNIQUES_MAX	 3
#define RECORD_KINDS_MAX 16

struct record_kind;
struct resident;
struct record_change;

/* Fields that no two records of a kind share; one that is null shares nothing. */
struct unique {
	const char *fields[2]; /* the second may be NULL */
};

struct record_kind {
	const struct record_type *type;
	const char *called;		    /* in messages: "Port group" */
	struct unique uniques[UNIQUES_MAX]; /* beside uuid; a name is an identifier, too */
	const char *node_field;		    /* names its node, with which it goes; NULL: has none */
	bool node_optional;		    /* it may be null */
	const char *parent_field; /* names a record that has to stay while this one does */
	const struct record_type *parent;
	/*
	 * The kind's own rules, over those of the table: 0, or a negative errno that becomes the
	 * answer. May complete change->new. NULL: none.
	 */
	int (*check)(struct record_change *change, struct err *e);
	/* Adds to the transaction what goes with the change. NULL: nothing. */
	void (*with)(struct record_change *change, struct commit *c);
	/* Told when the change is durable, before its request is answered. NULL: nothing. */
	void (*after)(struct record_change *change);
};

/* A client's change, while it is looked at. */
struct record_change {
	struct engine *en;
	const struct record_kind *kind;
	struct request *request;
	struct resident *resident; /* NULL: it is created */
	void *old, *new;	   /* records of the kind's type; NULL: created, deleted */
	struct enode *node;	   /* that of `new`, else of `old`; NULL: none */
	struct resident *parent;   /* the same; NULL: none */
	bool announced;		   /* the node waits for it */
};

struct resident {
	const struct record_kind *kind;
	struct enode *node;	  /* NULL: none */
	struct resident *sibling; /* the next of the same node, of any kind */
	struct resident *parent;
	char *doc;
	int64_t created_at, updated_at;
	unsigned users; /* records and nodes that name it, those in flight too */
	bool fresh;	/* not durable yet: nobody finds it */
	bool busy;	/* a change of it is in flight */
	bool leaving;	/* its deletion is: nobody finds it */
	char uuid[UUID_TEXT_MAX];
};

/* All of one kind. */
struct record_table {
	struct map uuids; /* uuid -> struct resident */
	struct map keys;  /* what is unique -> struct resident */
};

/* rules.c: all kinds; those that nodes name (chassis) come first, parents before children. */
extern const struct record_kind record_kinds[];
extern const int n_record_kinds;

/* By uuid or name; NULL when there is none that is durable and stays. */
struct resident *resident_find(struct engine *en, const struct record_type *t, const char *ident);
/* By the value of a field that is unique by itself. */
struct resident *resident_by(
	struct engine *en, const struct record_type *t, const char *field, const char *value);
/* Walks those of a kind, in no order; start with *pos = 0; nothing may be staged meanwhile. */
struct resident *resident_next(struct engine *en, const struct record_type *t, size_t *pos);
/* Those of a node: begins with node->residents, goes on with sibling; this one skips other kinds.
 */
struct resident *resident_of_node(
	const struct enode *e, const struct record_type *t, const struct resident *after);
/* Fills a struct of its type, which need not be initialised; the caller's to record_done(). */
void resident_read(const struct resident *r, void *ret_rec);

/*
 * Stages a record: a new one, or (its uuid is known) a changed one. -EEXIST when something unique
 * is taken: the text names who has it. -EBUSY while another change of it is in flight: a record of
 * a node changes only while nothing else of that node does, in a commit of its node.
 */
int record_put(struct commit *c, const struct record_type *t, const void *rec, struct err *e);
/* Stages its end. */
void record_remove(struct commit *c, struct resident *r);
/* It stays at least until the commit is finished. */
void record_pin(struct commit *c, struct resident *r);

/* For commit.c: c->r says whether what was staged holds. */
void records_finish(struct commit *c);

int records_load(struct engine *en, bool of_nodes, struct err *e);
void records_free(struct engine *en);

/* recordreq.c */
void on_record(struct engine *en, struct request *r);
void on_records_clear(struct engine *en, struct request *r);
void on_record_of_node(struct enode *e, struct request *r);
void records_wake(struct engine *en); /* requests in record_waits are looked at again */

#endif
