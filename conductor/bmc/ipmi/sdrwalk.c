/*
 * The way through the SDR repository (IPMI 33.11, 33.12) or a device's own records (35.3, 35.4):
 * each record's header, then what is behind it in pieces. The count a BMC gives is not believed;
 * the end is where the next record is FFFFh, or where the ids go round in a circle.
 */
#include "conductor/bmc/ipmi/job.h"
#include "lib/base/bytes.h"

#include <string.h>

#define NETFN_SENSOR  0x04
#define NETFN_STORAGE 0x0a
#define RECORD_END    0xffff
#define LOST_MAX      16
#define RECORDS_MAX   4096

/* Its two commands have other numbers for a repository than for a device. */
static void reserve(struct ipmi_job *j, struct sdr_walk *w)
{
	w->reserve = true;
	job_ask(j, w->device ? NETFN_SENSOR : NETFN_STORAGE, 0, 0x22, NULL, 0);
}

static void ask_piece(struct ipmi_job *j, struct sdr_walk *w)
{
	size_t want = SDR_HEADER_LEN;
	uint8_t data[6];

	if (w->have >= SDR_HEADER_LEN)
		want = sdr_length(w->record) - w->have;
	if (want > job_chunk(j))
		want = job_chunk(j);
	put_le16(data, w->reservation);
	put_le16(data + 2, w->id);
	data[4] = (uint8_t)w->have;
	data[5] = (uint8_t)want;
	job_ask(j, w->device ? NETFN_SENSOR : NETFN_STORAGE, 0, w->device ? 0x21 : 0x23, data,
		sizeof(data));
}

void walk_start(struct ipmi_job *j, struct sdr_walk *w, bool (*wants)(uint8_t type))
{
	memset(w, 0, sizeof(*w));
	w->wants = wants;
	reserve(j, w);
}

/* Record 0 names the first; each names the next. */
enum walk_step walk_next(struct ipmi_job *j, struct sdr_walk *w)
{
	if (w->next == RECORD_END)
		return WALK_END;
	if (w->next == w->id || w->records >= RECORDS_MAX) {
		w->missing = "the BMC's sensor records go round in a circle";
		return WALK_END;
	}
	w->id = w->next;
	w->have = 0;
	ask_piece(j, w);
	return WALK_ASKED;
}

/* What one BMC does not let read does not hide the rest of what was read. */
static enum walk_step stop(
	struct ipmi_job *j, struct sdr_walk *w, uint8_t cc, const struct err *cc_err)
{
	if (!w->device && w->records == 0 && cc != 0xd4) {
		w->device = true;
		w->id = w->next = 0;
		w->have = 0;
		reserve(j, w);
		return WALK_ASKED;
	}
	if (w->records == 0) {
		job_fail(j, cc_err);
		return WALK_FAILED;
	}
	w->missing = ipmi_cc_text(cc);
	return WALK_END;
}

static enum walk_step refused(
	struct ipmi_job *j, struct sdr_walk *w, uint8_t cc, const struct err *cc_err)
{
	if (w->reserve) { /* reservations are optional: 0 reads records as a whole */
		w->reserve = false;
		w->reservation = 0;
		ask_piece(j, w);
		return WALK_ASKED;
	}
	if (cc == 0xc5 && w->lost++ < LOST_MAX) {
		w->have = 0;
		reserve(j, w);
		return WALK_ASKED;
	}
	if (w->have >= SDR_HEADER_LEN && job_chunk_less(j, cc)) {
		ask_piece(j, w);
		return WALK_ASKED;
	}
	return stop(j, w, cc, cc_err);
}

/* A piece came: is it all of the record? */
static enum walk_step piece(struct ipmi_job *j, struct sdr_walk *w, const uint8_t *p, size_t len)
{
	size_t room = sizeof(w->record) - w->have, all;
	bool first = w->have == 0;

	if (len < 3 || (first && len < 2 + SDR_HEADER_LEN)) {
		job_fail_short(j, "Get SDR");
		return WALK_FAILED;
	}
	w->next = get_le16(p);
	len = len - 2 < room ? len - 2 : room;
	memcpy(w->record + w->have, p + 2, len);
	w->have += len;
	all = sdr_length(w->record);
	if (first) {
		w->records++;
		if (!w->wants(w->record[3]))
			return walk_next(j, w);
	}
	if (w->have < all) {
		ask_piece(j, w);
		return WALK_ASKED;
	}
	w->have = all;
	return WALK_RECORD;
}

enum walk_step walk_answer(struct ipmi_job *j, struct sdr_walk *w, const struct ipmi_result *r,
	const struct err *cc_err)
{
	if (r->cc)
		return refused(j, w, r->cc, cc_err);
	if (!w->reserve)
		return piece(j, w, r->data, r->len);
	w->reserve = false;
	w->reservation = r->len >= 2 ? get_le16(r->data) : 0;
	ask_piece(j, w);
	return WALK_ASKED;
}
