/* Reads and clears the system event log (IPMI 31). See reads.h. */
#include <stdlib.h>
#include <string.h>

#include "conductor/bmc/ipmi/job.h"
#include "conductor/bmc/ipmi/reads.h"
#include "lib/base/bytes.h"

#define NETFN_STORAGE 0x0a
#define GET_INFO      0x40
#define RESERVE	      0x42
#define GET_ENTRY     0x43
#define CLEAR	      0x47
#define GET_TIME      0x48
#define LOST_MAX      16

enum stage {
	STAGE_INFO,
	STAGE_TIME,
	STAGE_LAST,    /* the latest entry, to guess where to begin */
	STAGE_ENTRIES, /* one after the other */
	STAGE_RESERVE, /* and then what `after` says */
	STAGE_CLEAR,
	STAGE_ERASED, /* has it ended? */
};

struct sel_job {
	struct ipmi_job job;
	struct ipmi_sel found;
	unsigned room, last, lost;
	enum stage stage, after;
	uint16_t reservation, id;
	bool guessed; /* the first entry asked for may not be there */
	ipmi_sel_done *done;
	void *done_data;
};

static void ask(struct sel_job *s, enum stage stage, uint8_t cmd, const uint8_t *data, size_t len)
{
	s->stage = stage;
	job_ask(&s->job, NETFN_STORAGE, 0, cmd, data, len);
}

static void reserve(struct sel_job *s, enum stage after)
{
	s->after = after;
	ask(s, STAGE_RESERVE, RESERVE, NULL, 0);
}

/* A whole entry: that needs no reservation, but some BMCs want one all the same. */
static void ask_entry(struct sel_job *s, enum stage stage, uint16_t id)
{
	uint8_t data[6] = {0, 0, 0, 0, 0, 0xff};

	s->id = id;
	put_le16(data, s->reservation);
	put_le16(data + 2, id);
	ask(s, stage, GET_ENTRY, data, sizeof(data));
}

static void ask_clear(struct sel_job *s, enum stage stage)
{
	uint8_t data[6] = {0, 0, 'C', 'L', 'R', stage == STAGE_CLEAR ? 0xaa : 0x00};

	put_le16(data, s->reservation);
	ask(s, stage, CLEAR, data, sizeof(data));
}

/* Entries are mostly numbered without gaps, so the n-th before the last is looked for first. */
static void begin(struct sel_job *s, uint16_t latest)
{
	unsigned n = s->last;

	s->guessed = s->found.info.entries > n && latest > n;
	ask_entry(s, STAGE_ENTRIES, s->guessed ? (uint16_t)(latest - n + 1) : 0);
}

/* Keeps the newest ones: when it is full, the older half goes. */
static void keep(struct sel_job *s, const uint8_t *record)
{
	struct ipmi_sel *f = &s->found;

	if (f->n == s->room && s->room < 2 * s->last) {
		s->room = s->room ? 2 * s->room : 64;
		f->list = xrealloc(f->list, s->room * sizeof(*f->list));
	} else if (f->n == s->room) {
		memmove(f->list, f->list + f->n / 2, (f->n - f->n / 2) * sizeof(*f->list));
		f->n -= f->n / 2;
		f->older = true;
	}
	sel_parse(record, &f->list[f->n++]);
}

static void finish(struct sel_job *s)
{
	struct ipmi_sel *f = &s->found;

	if (f->n > s->last) {
		memmove(f->list, f->list + f->n - s->last, s->last * sizeof(*f->list));
		f->n = s->last;
		f->older = true;
	}
	f->older |= s->guessed;
	job_done(&s->job);
}

static void on_entry(struct sel_job *s, const struct ipmi_result *r, const struct err *cc_err)
{
	uint16_t next;

	if (r->cc == 0xc5 && s->lost++ < LOST_MAX) {
		reserve(s, STAGE_ENTRIES);
	} else if (r->cc && s->guessed && s->found.n == 0) {
		s->guessed = false;
		ask_entry(s, STAGE_ENTRIES, 0);
	} else if (r->cc == 0xcb) { /* empty, or erased while it was read */
		finish(s);
	} else if (r->cc) {
		job_fail(&s->job, cc_err);
	} else if (r->len < 2 + SEL_RECORD_LEN) {
		job_fail_short(&s->job, "Get SEL Entry");
	} else {
		keep(s, r->data + 2);
		next = get_le16(r->data);
		/* a BMC may go round in a circle: not longer than a log can be */
		if (next == SEL_LAST || next == s->id || s->job.steps > 0xffff / 4)
			finish(s);
		else
			ask_entry(s, STAGE_ENTRIES, next);
	}
}

static void on_reserved(struct sel_job *s, const struct ipmi_result *r)
{
	s->reservation = !r->cc && r->len >= 2 ? get_le16(r->data) : 0;
	if (s->after == STAGE_ENTRIES)
		ask_entry(s, STAGE_ENTRIES, s->id);
	else
		ask_clear(s, STAGE_CLEAR);
}

/* Others may take the reservation away between the two requests. */
static void on_cleared(struct sel_job *s, const struct ipmi_result *r, const struct err *cc_err)
{
	if (r->cc == 0xc5 && s->lost++ < LOST_MAX)
		reserve(s, STAGE_CLEAR);
	else if (r->cc)
		job_fail(&s->job, cc_err);
	else if (r->len >= 1 && (r->data[0] & 0x0f) == 0)
		ask_clear(s, STAGE_ERASED);
	else
		job_done(&s->job);
}

static void on_info(struct sel_job *s, const struct ipmi_result *r, const struct err *cc_err)
{
	if (r->cc)
		job_fail(&s->job, cc_err);
	else if (sel_info_parse(r->data, r->len, &s->found.info) < 0)
		job_fail_short(&s->job, "Get SEL Info");
	else
		ask(s, STAGE_TIME, GET_TIME, NULL, 0);
}

static void on_answer(struct ipmi_job *j, const struct ipmi_result *r, const struct err *cc_err)
{
	struct sel_job *s = (struct sel_job *)j;

	switch (s->stage) {
	case STAGE_INFO:
		on_info(s, r, cc_err);
		break;
	case STAGE_TIME:
		s->found.clock_s = !r->cc && r->len >= 4 ? get_le32(r->data) : 0;
		if (s->found.info.entries > s->last)
			ask_entry(s, STAGE_LAST, SEL_LAST);
		else
			begin(s, 0);
		break;
	case STAGE_LAST:
		begin(s, !r->cc && r->len >= 4 ? get_le16(r->data + 2) : 0);
		break;
	case STAGE_ENTRIES:
		on_entry(s, r, cc_err);
		break;
	case STAGE_RESERVE:
		on_reserved(s, r);
		break;
	default:
		on_cleared(s, r, cc_err);
	}
}

static void on_end(struct ipmi_job *j, const struct err *e)
{
	struct sel_job *s = (struct sel_job *)j;

	s->done(s->done_data, e || s->stage >= STAGE_CLEAR ? NULL : &s->found, e);
	free(s->found.list);
}

static struct sel_job *new_job(struct ipmi_bmc *b, const char *what, const struct ipmi_opts *opts,
	ipmi_sel_done *done, void *data)
{
	static const struct job_type read = {"read the event log", on_answer, on_end};
	static const struct job_type clear = {"clear the event log", on_answer, on_end};
	struct sel_job *s = job_new(b, sizeof(*s), what ? &clear : &read, opts);

	s->done = done;
	s->done_data = data;
	return s;
}

void ipmi_sel_read(struct ipmi_bmc *b, unsigned last, const struct ipmi_opts *opts,
	ipmi_sel_done *done, void *data)
{
	struct sel_job *s = new_job(b, NULL, opts, done, data);

	s->last = last && last < SEL_MAX ? last : SEL_MAX;
	ask(s, STAGE_INFO, GET_INFO, NULL, 0);
}

void ipmi_sel_clear(
	struct ipmi_bmc *b, const struct ipmi_opts *opts, ipmi_sel_done *done, void *data)
{
	reserve(new_job(b, "clear", opts, done, data), STAGE_CLEAR);
}
