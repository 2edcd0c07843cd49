/*
 * A read of many steps: one request on its way at any time, bounded in steps and time, and ended
 * when its BMC goes. Internal to ipmi/.
 */
#ifndef CONDUCTOR_BMC_IPMI_JOB_H
#define CONDUCTOR_BMC_IPMI_JOB_H

#include "conductor/bmc/ipmi/internal.h"
#include "conductor/bmc/ipmi/sdr.h"

#define JOB_DEADLINE_MS 120000
#define JOB_STEPS_MAX	20000

struct ipmi_job;

struct job_type {
	const char *what; /* "read the sensors" */
	/*
	 * An answer came, perhaps with a completion code; it is what job_ask() asked for last. Has
	 * to call job_ask(), job_done() or job_fail(). cc_err: what the code means, for job_fail().
	 */
	void (*answer)(struct ipmi_job *j, const struct ipmi_result *r, const struct err *cc_err);
	/* Calls back; e is NULL when it went well. What the job holds is freed by it. */
	void (*end)(struct ipmi_job *j, const struct err *e);
};

/* The first member of a job's own struct, which is freed with it. */
struct ipmi_job {
	struct list link;     /* in the BMC's jobs */
	struct ipmi_bmc *bmc; /* NULL: it is gone */
	struct ipmi_engine *engine;
	const struct job_type *type;
	enum ipmi_priority priority;
	int64_t deadline_ms;
	unsigned steps;
};

/* size: of the job's own struct; all of it zero. */
void *job_new(
	struct ipmi_bmc *b, size_t size, const struct job_type *type, const struct ipmi_opts *opts);
void job_ask(
	struct ipmi_job *j, uint8_t netfn, uint8_t lun, uint8_t cmd, const void *data, size_t len);
void job_done(struct ipmi_job *j);
void job_fail(struct ipmi_job *j, const struct err *e);
void job_fail_short(struct ipmi_job *j, const char *answer_to); /* an answer breaks the standard */

/* How many bytes one step may ask for. False: the BMC cannot do with less; give up. */
unsigned job_chunk(const struct ipmi_job *j);
bool job_chunk_less(struct ipmi_job *j, uint8_t cc);

/* --- the walk over the SDR repository, a part of more than one job -------------------------- */

struct sdr_walk {
	bool (*wants)(uint8_t type); /* records of these types are read whole, others left out */
	bool device;		     /* the device's own records, as it has no repository */
	bool reserve;		     /* a reservation is asked for next */
	uint16_t reservation, id, next;
	size_t have;
	unsigned lost, records;
	const char *missing; /* why the end was not reached; NULL: it was */
	uint8_t record[SDR_LEN_MAX];
};

enum walk_step {
	WALK_ASKED,  /* a request is on its way */
	WALK_RECORD, /* record holds `have` bytes of a record that is wanted; then walk_next() */
	WALK_END,
	WALK_FAILED, /* the job has ended */
};
void walk_start(struct ipmi_job *j, struct sdr_walk *w, bool (*wants)(uint8_t type));
enum walk_step walk_answer(struct ipmi_job *j, struct sdr_walk *w, const struct ipmi_result *r,
	const struct err *cc_err);
enum walk_step walk_next(struct ipmi_job *j, struct sdr_walk *w);

#endif
