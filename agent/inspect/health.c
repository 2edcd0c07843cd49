/* A disk's health as JSON; see health.h. */
#include "agent/inspect/health.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
	{"power_on_hours", offsetof(struct health, power_on_hours)},
	{"wear_percent", offsetof(struct health, wear_percent)},
	{"spare_percent", offsetof(struct health, spare_percent)},
	{"reallocated_sectors", offsetof(struct health, reallocated)},
	{"pending_sectors", offsetof(struct health, pending)},
	{"media_errors", offsetof(struct health, media_errors)},
	{"unsafe_shutdowns", offsetof(struct health, unsafe_shutdowns)},
	{"read_bytes", offsetof(struct health, read_bytes)},
	{"written_bytes", offsetof(struct health, written_bytes)},
};

static int64_t *number(struct health *h, size_t i)
{
	return (int64_t *)((char *)h + numbers[i].offset);
}

void health_init(struct health *h)
{
	memset(h, 0, sizeof(*h));
	h->temperature_c = INT64_MIN;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		*number(h, i) = -1;
}

void health_fail(struct health *h, const char *reason)
{
	size_t n = strlen(h->reason);

	h->status = HEALTH_FAILING;
	snprintf(h->reason + n, sizeof(h->reason) - n, "%s%s", n ? "; " : "", reason);
}

json_t *health_json(const struct health *given)
{
	static const char *const names[HEALTH_STATUS_COUNT] = {
		[HEALTH_PASSED] = "passed", [HEALTH_FAILING] = "failing"};
	struct health h = *given;
	json_t *o = json_object();

	if (names[h.status])
		json_put_str(o, "status", names[h.status]);
	if (h.reason[0])
		json_put_str(o, "reason", h.reason);
	if (h.temperature_c != INT64_MIN)
		json_put_int(o, "temperature_c", h.temperature_c);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (*number(&h, i) >= 0)
			json_put_int(o, numbers[i].key, *number(&h, i));
	if (json_object_size(o))
		return o;
	json_decref(o);
	return NULL;
}
