/* Reads of many steps; see job.h. */
#include "conductor/bmc/ipmi/job.h"

#include <string.h>

#define STEP_DEADLINE_MS 20000
#define STEP_BUSY_TRIES	 5 /* 3 s: some answer "time-out" for ever for one record, not for all */
#define CHUNK_FIRST	 64
#define CHUNK_LEAST	 4

void *job_new(
	struct ipmi_bmc *b, size_t size, const struct job_type *type, const struct ipmi_opts *opts)
{
	unsigned ms = opts && opts->deadline_ms ? opts->deadline_ms : JOB_DEADLINE_MS;
	struct ipmi_job *j = xcalloc(1, size);

	if (!b->engine->in_callback)
		uv_update_time(b->engine->loop);
	j->bmc = b;
	j->engine = b->engine;
	j->type = type;
	j->priority = opts ? opts->priority : IPMI_PRIORITY_SWEEP;
	j->deadline_ms = engine_now(b->engine) + ms;
	list_append(&b->jobs, &j->link);
	return j;
}

static void end(struct ipmi_job *j, const struct err *e)
{
	list_remove(&j->link);
	j->type->end(j, e);
	free(j);
}

void job_done(struct ipmi_job *j)
{
	end(j, NULL);
}

void job_fail(struct ipmi_job *j, const struct err *e)
{
	struct err why = *e;

	err_prefix(&why, "%s (step %u)", j->type->what, j->steps);
	end(j, &why);
}

void job_fail_short(struct ipmi_job *j, const char *answer_to)
{
	struct err e;

	err_set(&e, IPMI_E_PROTOCOL, "the answer to %s is too short; update the BMC's firmware",
		answer_to);
	job_fail(j, &e);
}

static void on_answer(void *data, const struct ipmi_result *r, const struct err *e)
{
	struct ipmi_job *j = data;
	struct err gone;

	if (!j->bmc && !e) {
		err_set(&gone, IPMI_E_CANCELED, "canceled, as the BMC is no longer used");
		job_fail(j, &gone);
	} else if (e && (!r || e->code == IPMI_E_CANCELED || !j->bmc)) {
		job_fail(j, e);
	} else {
		j->type->answer(j, r, e);
	}
}

/*
 * A job that has used up its time or steps asks once more, with a deadline that is over: it ends
 * like any other request, later and with the BMC's name in the error.
 */
void job_ask(
	struct ipmi_job *j, uint8_t netfn, uint8_t lun, uint8_t cmd, const void *data, size_t len)
{
	int64_t left = j->deadline_ms - engine_now(j->engine);
	struct ipmi_opts opts = {.priority = j->priority,
		.lun = lun,
		.busy_tries = STEP_BUSY_TRIES,
		.deadline_ms = 1};

	if (left > 1 && j->steps < JOB_STEPS_MAX)
		opts.deadline_ms = left < STEP_DEADLINE_MS ? (unsigned)left : STEP_DEADLINE_MS;
	j->steps++;
	ipmi_request(j->bmc, netfn, cmd, data, len, &opts, on_answer, j);
}

unsigned job_chunk(const struct ipmi_job *j)
{
	return j->bmc->chunk ? j->bmc->chunk : CHUNK_FIRST;
}

/* C7h, C8h, CAh are what the standard has for "too many"; FFh is what many BMCs have. */
bool job_chunk_less(struct ipmi_job *j, uint8_t cc)
{
	if ((cc != 0xc7 && cc != 0xc8 && cc != 0xca && cc != 0xff) || job_chunk(j) <= CHUNK_LEAST)
		return false;
	j->bmc->chunk = (uint8_t)(job_chunk(j) / 2);
	return true;
}
