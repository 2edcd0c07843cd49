/* Reads the FRUs of a BMC: which there are, then the bytes of each in pieces. See reads.h. */
#include <stdlib.h>
#include <string.h>

#include "conductor/bmc/ipmi/job.h"
#include "conductor/bmc/ipmi/reads.h"
#include "lib/base/bytes.h"

#define NETFN_STORAGE 0x0a
#define OWNER_BMC     0x20

enum stage { STAGE_WALK, STAGE_SIZE, STAGE_DATA };

struct frus_job {
	struct ipmi_job job;
	struct sdr_walk walk;
	struct ipmi_frus found;
	unsigned at;
	enum stage stage;
	bool words;	   /* the device counts in words of two bytes */
	size_t size, have; /* of the FRU at hand */
	uint8_t data[FRU_SIZE_MAX];
	ipmi_frus_done *done;
	void *done_data;
};

static bool wants(uint8_t type)
{
	return type == SDR_FRU_LOCATOR;
}

static void add(struct frus_job *f, uint8_t id, const char *name)
{
	struct ipmi_fru_device *d;

	for (unsigned i = 0; i < f->found.n; i++)
		if (f->found.list[i].id == id) {
			memcpy(f->found.list[i].name, name, SDR_NAME_MAX);
			return;
		}
	if (f->found.n >= FRUS_MAX)
		return;
	f->found.list = xrealloc(f->found.list, (f->found.n + 1) * sizeof(*f->found.list));
	d = &f->found.list[f->found.n++];
	memset(d, 0, sizeof(*d));
	d->id = id;
	memcpy(d->name, name, SDR_NAME_MAX);
}

static void ask_size(struct frus_job *f)
{
	f->stage = STAGE_SIZE;
	f->have = f->size = 0;
	job_ask(&f->job, NETFN_STORAGE, 0, 0x10, &f->found.list[f->at].id, 1);
}

/* IPMI 34.2: offset and count in the device's own unit. */
static void ask_data(struct frus_job *f)
{
	size_t end = fru_needed(f->data, f->have), count;
	unsigned unit = f->words ? 2 : 1;
	uint8_t data[4] = {f->found.list[f->at].id};

	if (end > f->size)
		end = f->size;
	count = end - f->have;
	if (count > job_chunk(&f->job))
		count = job_chunk(&f->job);
	put_le16(data + 1, (uint16_t)(f->have / unit));
	data[3] = (uint8_t)((count + unit - 1) / unit);
	f->stage = STAGE_DATA;
	job_ask(&f->job, NETFN_STORAGE, 0, 0x11, data, sizeof(data));
}

static void next_fru(struct frus_job *f)
{
	if (++f->at < f->found.n)
		ask_size(f);
	else
		job_done(&f->job);
}

static void finish_fru(struct frus_job *f, const char *why)
{
	struct ipmi_fru_device *d = &f->found.list[f->at];

	d->readable = !why && fru_parse(f->data, f->have, &d->fru) == 0;
	d->why = why ? why : d->readable ? NULL : "it holds no FRU data";
	next_fru(f);
}

static void on_size(struct frus_job *f, const struct ipmi_result *r)
{
	if (r->cc || r->len < 3) {
		finish_fru(f, r->cc ? ipmi_cc_text(r->cc) : "the BMC's answer is too short");
		return;
	}
	f->size = get_le16(r->data);
	f->words = r->data[2] & 1;
	if (f->size > FRU_SIZE_MAX)
		f->size = FRU_SIZE_MAX;
	if (f->size < 8)
		finish_fru(f, "it holds no FRU data");
	else
		ask_data(f);
}

/* The count that was read comes first; some BMCs count words, some bytes: what came is what counts.
 */
static void on_data(struct frus_job *f, const struct ipmi_result *r)
{
	size_t n = r->len ? r->len - 1u : 0;

	if (r->cc && job_chunk_less(&f->job, r->cc)) {
		ask_data(f);
		return;
	}
	if (f->words)
		n &= ~(size_t)1;
	if (r->cc || !n) { /* what is there already may do */
		finish_fru(f, f->have < 8 ? ipmi_cc_text(r->cc) : NULL);
		return;
	}
	if (n > sizeof(f->data) - f->have)
		n = sizeof(f->data) - f->have;
	memcpy(f->data + f->have, r->data + 1, n);
	f->have += n;
	if (f->have < f->size && f->have < fru_needed(f->data, f->have))
		ask_data(f);
	else
		finish_fru(f, NULL);
}

static void walked(struct frus_job *f, enum walk_step step)
{
	struct sdr_record r;

	while (step == WALK_RECORD) {
		if (sdr_parse(f->walk.record, f->walk.have, &r) == 0 && r.fru.logical &&
			r.fru.access == OWNER_BMC && r.fru.lun == 0)
			add(f, r.fru.id, r.fru.name);
		step = walk_next(&f->job, &f->walk);
	}
	if (step == WALK_END)
		ask_size(f);
}

static void on_answer(struct ipmi_job *j, const struct ipmi_result *r, const struct err *cc_err)
{
	struct frus_job *f = (struct frus_job *)j;

	if (f->stage == STAGE_SIZE) {
		on_size(f, r);
	} else if (f->stage == STAGE_DATA) {
		on_data(f, r);
	} else if (r->cc && f->walk.records == 0 && f->walk.device && !f->walk.reserve) {
		ask_size(f); /* no sensor records at all: FRU 0 may be there all the same */
	} else {
		walked(f, walk_answer(j, &f->walk, r, cc_err));
	}
}

static void on_end(struct ipmi_job *j, const struct err *e)
{
	struct frus_job *f = (struct frus_job *)j;

	f->done(f->done_data, e ? NULL : &f->found, e);
	free(f->found.list);
}

void ipmi_frus_read(
	struct ipmi_bmc *b, const struct ipmi_opts *opts, ipmi_frus_done *done, void *data)
{
	static const struct job_type type = {"read the FRUs", on_answer, on_end};
	struct frus_job *f = job_new(b, sizeof(*f), &type, opts);
	static const char builtin[SDR_NAME_MAX] = "Builtin FRU Device";

	f->done = done;
	f->done_data = data;
	add(f, 0, builtin);
	walk_start(&f->job, &f->walk, wants);
}
