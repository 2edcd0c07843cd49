/* Sensor data records; see sdr.h. Offsets are those of IPMI 43, counted from 0. */
#include "conductor/bmc/ipmi/sdr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

const char *const threshold_names[THRESHOLD_COUNT] = {"lower_non_critical", "lower_critical",
	"lower_non_recoverable", "upper_non_critical", "upper_critical", "upper_non_recoverable"};

size_t sdr_length(const uint8_t header[SDR_HEADER_LEN])
{
	return SDR_HEADER_LEN + (size_t)header[4];
}

/* The type/length byte at `at` and the text behind it, as much of it as there is. */
static void read_name(const uint8_t *p, size_t len, size_t at, char out[static SDR_NAME_MAX])
{
	size_t n = at < len ? p[at] & 0x1f : 0;
	enum chars_code code = at < len ? (enum chars_code)(p[at] >> 6) : CHARS_LATIN1;

	if (at + 1 + n > len)
		n = at < len ? len - at - 1 : 0;
	if (n > 16)
		n = 16;
	chars_decode(code == CHARS_BINARY ? CHARS_UCS2 : code, at < len ? p + at + 1 : p, n, out,
		SDR_NAME_MAX);
}

static int16_t ten_bits(uint8_t low, uint8_t high)
{
	int v = low | (high & 0xc0) << 2;

	return (int16_t)(v & 0x200 ? v - 0x400 : v);
}

static int8_t four_bits(uint8_t v)
{
	return (int8_t)(v & 8 ? v - 16 : v);
}

static void read_owner(const uint8_t *p, struct sdr_sensor *s)
{
	s->owner = p[5];
	s->lun = p[6] & 0x03;
	s->number = p[7];
	s->entity = p[8];
	s->instance = p[9];
}

/* What full and compact records have in the same place. */
static void read_kind(const uint8_t *p, struct sdr_sensor *s)
{
	read_owner(p, s);
	s->sensor_type = p[12];
	s->event_type = p[13];
	s->format = p[20] >> 6;
	s->units = p[20];
	s->base_unit = p[21];
	s->modifier_unit = p[22];
}

static void read_full(const uint8_t *p, struct sdr_sensor *s)
{
	/* UNR, UC, UNC, LNR, LC, LNC follow each other from byte 36 on. */
	static const uint8_t places[THRESHOLD_COUNT] = {41, 40, 39, 38, 37, 36};

	read_kind(p, s);
	s->analog = s->format != 3;
	s->linearization = p[23] & 0x7f;
	s->factors = (struct sdr_factors){.m = ten_bits(p[24], p[25]),
		.b = ten_bits(p[26], p[27]),
		.r_exp = four_bits(p[29] >> 4),
		.b_exp = four_bits(p[29] & 0x0f)};
	if (s->event_type == 1)
		s->readable = p[18] & 0x3f;
	for (int t = 0; t < THRESHOLD_COUNT; t++)
		s->thresholds[t] = p[places[t]];
}

static void read_sharing(const uint8_t *p, struct sdr_record *r)
{
	r->count = p[0] & 0x0f ? p[0] & 0x0f : 1;
	r->alpha = (p[0] >> 4 & 0x03) == 1;
	r->instances_count_up = p[1] & 0x80;
	r->offset = p[1] & 0x7f;
}

static void read_fru(const uint8_t *p, struct sdr_fru *f)
{
	f->access = p[5];
	f->id = p[6];
	f->logical = p[7] & 0x80;
	f->lun = p[7] >> 3 & 0x03;
	f->channel = p[8] >> 4;
	f->entity = p[12];
	f->instance = p[13];
}

static const struct shape {
	uint8_t type;
	uint8_t name_at; /* of the type/length byte; a record that ends before it is broken */
} shapes[] = {
	{SDR_FULL, 47},
	{SDR_COMPACT, 31},
	{SDR_EVENT_ONLY, 16},
	{SDR_FRU_LOCATOR, 15},
};

static const struct shape *shape_of(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (shapes[i].type == type)
			return &shapes[i];
	return NULL;
}

int sdr_parse(const uint8_t *p, size_t len, struct sdr_record *ret)
{
	const struct shape *shape;

	if (len < SDR_HEADER_LEN)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	ret->type = p[3];
	shape = shape_of(p[3]);
	if (!shape)
		return 0;
	if (len < shape->name_at)
		return -EBADMSG;
	switch (p[3]) {
	case SDR_FULL:
		read_full(p, &ret->sensor);
		ret->count = 1;
		break;
	case SDR_COMPACT:
		read_kind(p, &ret->sensor);
		read_sharing(p + 23, ret);
		break;
	case SDR_EVENT_ONLY:
		read_owner(p, &ret->sensor);
		ret->sensor.sensor_type = p[10];
		ret->sensor.event_type = p[11];
		read_sharing(p + 12, ret);
		break;
	default:
		read_fru(p, &ret->fru);
	}
	read_name(
		p, len, shape->name_at, p[3] == SDR_FRU_LOCATOR ? ret->fru.name : ret->sensor.name);
	return 0;
}

void sdr_shared(const struct sdr_record *r, unsigned i, struct sdr_sensor *ret)
{
	unsigned n = r->offset + i;
	char suffix[8];
	size_t len;

	*ret = r->sensor;
	ret->number = (uint8_t)(ret->number + i);
	if (r->instances_count_up)
		ret->instance = (uint8_t)(ret->instance + i);
	if (r->count < 2)
		return;
	if (!r->alpha)
		snprintf(suffix, sizeof(suffix), "%u", n);
	else if (n < 26)
		snprintf(suffix, sizeof(suffix), "%c", 'A' + (int)n);
	else
		snprintf(suffix, sizeof(suffix), "%c%c", 'A' + (int)(n / 26 - 1) % 26,
			'A' + (int)n % 26);
	len = strlen(ret->name);
	if (len + strlen(suffix) < sizeof(ret->name))
		memcpy(ret->name + len, suffix, strlen(suffix) + 1);
}
