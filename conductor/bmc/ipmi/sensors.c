/* Reads all sensors: the records that describe them, then each one. See reads.h. */
#include <stdlib.h>
#include <string.h>

#include "conductor/bmc/ipmi/job.h"
#include "conductor/bmc/ipmi/reads.h"

#define NETFN_SENSOR 0x04
#define OWNER_BMC    0x20

enum stage { STAGE_WALK, STAGE_READING, STAGE_FACTORS, STAGE_THRESHOLDS };

struct sensors_job {
	struct ipmi_job job;
	struct sdr_walk walk;
	struct ipmi_sensors found;
	unsigned room, at;
	enum stage stage;
	enum sensors_how how;
	ipmi_sensors_done *done;
	void *done_data;
};

static bool can_be_read(uint8_t type)
{
	return type == SDR_FULL || type == SDR_COMPACT;
}

static bool can_speak(uint8_t type)
{
	return can_be_read(type) || type == SDR_EVENT_ONLY;
}

static void keep(struct sensors_job *s, const struct sdr_record *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		struct ipmi_sensor *new;

		if (s->found.n >= SENSORS_MAX) {
			s->walk.missing = "there are more sensors than are read at once";
			return;
		}
		if (s->found.n == s->room) {
			s->room = s->room ? 2 * s->room : 64;
			s->found.list = xrealloc(s->found.list, s->room * sizeof(*s->found.list));
		}
		new = &s->found.list[s->found.n++];
		memset(new, 0, sizeof(*new));
		sdr_shared(r, i, &new->sdr);
		new->factors = new->sdr.factors;
		new->thresholds_known = new->sdr.readable;
		memcpy(new->thresholds, new->sdr.thresholds, sizeof(new->thresholds));
	}
}

static void ask_one(struct sensors_job *s, enum stage stage)
{
	static const uint8_t commands[] = {
		[STAGE_READING] = 0x2d, [STAGE_FACTORS] = 0x23, [STAGE_THRESHOLDS] = 0x27};
	const struct ipmi_sensor *x = &s->found.list[s->at];
	const uint8_t data[2] = {x->sdr.number, x->reading.raw};

	s->stage = stage;
	job_ask(&s->job, NETFN_SENSOR, x->sdr.lun, commands[stage], data,
		stage == STAGE_FACTORS ? 2 : 1);
}

/* To the next sensor the BMC itself can be asked about. */
static void next_reading(struct sensors_job *s)
{
	while (s->at < s->found.n && s->found.list[s->at].sdr.owner != OWNER_BMC)
		s->found.list[s->at++].elsewhere = true;
	if (s->at < s->found.n && s->how != SENSORS_RECORDS)
		ask_one(s, STAGE_READING);
	else
		job_done(&s->job);
}

static void walked(struct sensors_job *s, enum walk_step step)
{
	struct sdr_record r;

	while (step == WALK_RECORD) {
		if (sdr_parse(s->walk.record, s->walk.have, &r) == 0)
			keep(s, &r);
		step = s->found.n < SENSORS_MAX ? walk_next(&s->job, &s->walk) : WALK_END;
	}
	if (step != WALK_END)
		return;
	s->found.records = s->walk.records;
	s->found.missing = s->walk.missing;
	next_reading(s);
}

/* After one answer about a sensor: what else has to be asked about it? */
static void go_on(struct sensors_job *s)
{
	const struct ipmi_sensor *x = &s->found.list[s->at];

	if (s->stage == STAGE_READING && x->reading.available && x->sdr.analog &&
		SENSOR_NONLINEAR(&x->sdr)) {
		ask_one(s, STAGE_FACTORS);
	} else if (s->stage != STAGE_THRESHOLDS && s->how == SENSORS_THRESHOLDS &&
		   x->sdr.readable) {
		ask_one(s, STAGE_THRESHOLDS);
	} else {
		s->at++;
		next_reading(s);
	}
}

static void take_thresholds(struct ipmi_sensor *x, const struct ipmi_result *r)
{
	if (r->cc || r->len < 7)
		return;
	x->thresholds_known = r->data[0] & 0x3f;
	memcpy(x->thresholds, r->data + 1, THRESHOLD_COUNT);
}

static void on_answer(struct ipmi_job *j, const struct ipmi_result *r, const struct err *cc_err)
{
	struct sensors_job *s = (struct sensors_job *)j;
	struct ipmi_sensor *x = s->found.list ? &s->found.list[s->at] : NULL;

	switch (s->stage) {
	case STAGE_WALK:
		walked(s, walk_answer(j, &s->walk, r, cc_err));
		return;
	case STAGE_READING:
		x->cc = r->cc;
		if (!r->cc && sensor_reading_parse(r->data, r->len, &x->reading) < 0)
			x->cc = 0xff;
		break;
	case STAGE_FACTORS:
		if (r->cc || sensor_factors_parse(r->data, r->len, &x->factors) < 0)
			x->sdr.analog = false;
		break;
	case STAGE_THRESHOLDS:
		take_thresholds(x, r);
		break;
	}
	go_on(s);
}

static void on_end(struct ipmi_job *j, const struct err *e)
{
	struct sensors_job *s = (struct sensors_job *)j;

	s->done(s->done_data, e ? NULL : &s->found, e);
	free(s->found.list);
}

void ipmi_sensors_read(struct ipmi_bmc *b, enum sensors_how how, const struct ipmi_opts *opts,
	ipmi_sensors_done *done, void *data)
{
	static const struct job_type type = {"read the sensors", on_answer, on_end};
	struct sensors_job *s = job_new(b, sizeof(*s), &type, opts);

	s->how = how;
	s->done = done;
	s->done_data = data;
	walk_start(&s->job, &s->walk, how == SENSORS_RECORDS ? can_speak : can_be_read);
}
