/* Who the BMC is and how it is on the network: short reads of several steps. See reads.h. */
#include <stdlib.h>
#include <string.h>

#include "conductor/bmc/ipmi/job.h"
#include "conductor/bmc/ipmi/reads.h"

#define NETFN_APP	0x06
#define NETFN_TRANSPORT 0x0c
#define CHANNEL_THIS	0x0e /* the one the request came by, IPMI 6.3 */
#define CHANNEL_MAX	0x0b

/* --- device id, GUID, self test ------------------------------------------------------------- */

struct info_job {
	struct ipmi_job job;
	struct ipmi_info info;
	unsigned at;
	ipmi_info_done *done;
	void *done_data;
};

static const uint8_t questions[] = {0x01, 0x37, 0x04};

static void info_answer(struct ipmi_job *j, const struct ipmi_result *r, const struct err *cc_err)
{
	struct info_job *i = (struct info_job *)j;
	struct ipmi_info *info = &i->info;

	if (i->at == 0 && r->cc) {
		job_fail(j, cc_err);
		return;
	}
	if (i->at == 0 && device_id_parse(r->data, r->len, &info->device) < 0) {
		job_fail_short(j, "Get Device ID");
		return;
	}
	if (i->at == 0) {
		info->support = r->data[5];
		info->has_aux = r->len >= 15;
		memcpy(info->aux, info->has_aux ? r->data + 11 : r->data, info->has_aux ? 4 : 0);
	} else if (i->at == 1 && !r->cc && r->len >= 16) {
		info->has_guid = true;
		memcpy(info->guid, r->data, 16);
	} else if (i->at == 2 && !r->cc && r->len >= 2) {
		info->has_self_test = true;
		memcpy(info->self_test, r->data, 2);
	}
	if (++i->at < ARRAY_SIZE(questions))
		job_ask(j, NETFN_APP, 0, questions[i->at], NULL, 0);
	else
		job_done(j);
}

static void info_end(struct ipmi_job *j, const struct err *e)
{
	struct info_job *i = (struct info_job *)j;

	i->done(i->done_data, e ? NULL : &i->info, e);
}

void ipmi_info_read(
	struct ipmi_bmc *b, const struct ipmi_opts *opts, ipmi_info_done *done, void *data)
{
	static const struct job_type type = {"ask the BMC who it is", info_answer, info_end};
	struct info_job *i = job_new(b, sizeof(*i), &type, opts);

	i->done = done;
	i->done_data = data;
	job_ask(&i->job, NETFN_APP, 0, questions[0], NULL, 0);
}

const char *ipmi_self_test_text(const uint8_t result[static 2])
{
	static const char *const damages[] = {"controller's operational firmware corrupted",
		"controller's update firmware corrupted", "internal use area corrupted",
		"SDR repository empty", "no access to the IPMB", "no access to a FRU",
		"no access to the SDR repository", "no access to the event log"};

	switch (result[0]) {
	case 0x55:
		return "no error";
	case 0x56:
		return "not implemented";
	case 0x58:
		return "fatal hardware error";
	case 0x57:
		for (int bit = 7; bit >= 0; bit--)
			if (result[1] >> bit & 1)
				return damages[bit];
		return "corrupted or inaccessible data";
	}
	return "a failure of the maker's own";
}

/* --- LAN parameters ----------------------------------------------------------------------- */

struct lan_job {
	struct ipmi_job job;
	struct ipmi_lan lan;
	const struct lan_parameter *at;
	ipmi_lan_done *done;
	void *done_data;
};

static void ask_parameter(struct lan_job *l)
{
	const uint8_t data[4] = {l->lan.channel, l->at->number, 0, 0};

	job_ask(&l->job, NETFN_TRANSPORT, 0, 0x02, data, sizeof(data));
}

/* The first parameter shows which channel is a LAN's. */
static void next_channel(struct lan_job *l, const struct err *cc_err)
{
	l->lan.channel = l->lan.channel == CHANNEL_THIS ? 1 : l->lan.channel + 1;
	if (l->lan.channel > CHANNEL_MAX)
		job_fail(&l->job, cc_err);
	else
		ask_parameter(l);
}

static void lan_answer(struct ipmi_job *j, const struct ipmi_result *r, const struct err *cc_err)
{
	struct lan_job *l = (struct lan_job *)j;
	unsigned n = l->lan.n;

	if (r->cc && l->at == lan_parameters) {
		next_channel(l, cc_err);
		return;
	}
	if (!r->cc && n < LAN_FIELDS_MAX &&
		lan_parse(l->at, r->data, r->len, l->lan.fields[n].text) == 0)
		l->lan.fields[l->lan.n++].name = l->at->name;
	l->at++;
	if (l->at->name)
		ask_parameter(l);
	else
		job_done(j);
}

static void lan_end(struct ipmi_job *j, const struct err *e)
{
	struct lan_job *l = (struct lan_job *)j;

	l->done(l->done_data, e ? NULL : &l->lan, e);
}

void ipmi_lan_read(
	struct ipmi_bmc *b, const struct ipmi_opts *opts, ipmi_lan_done *done, void *data)
{
	static const struct job_type type = {"read the LAN parameters", lan_answer, lan_end};
	struct lan_job *l = job_new(b, sizeof(*l), &type, opts);

	l->lan.channel = CHANNEL_THIS;
	l->at = lan_parameters;
	l->done = done;
	l->done_data = data;
	ask_parameter(l);
}
