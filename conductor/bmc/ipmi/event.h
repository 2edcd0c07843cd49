/*
 * What sensor types, event types and their offsets mean, in words and in weight (IPMI tables 42-1
 * to 42-3 and 43-13). Pure tables; used for discrete sensors and for the event log.
 */
#ifndef CONDUCTOR_BMC_IPMI_EVENT_H
#define CONDUCTOR_BMC_IPMI_EVENT_H

#include <stdint.h>

#define EVENT_THRESHOLD 0x01 /* event/reading type: thresholds */
#define EVENT_SPECIFIC	0x6f /* the offsets mean what the sensor's type says */

/* How bad it is that something is so. */
enum ipmi_weight { WEIGHT_OK, WEIGHT_WARNING, WEIGHT_CRITICAL };

struct event_text {
	const char *text; /* "power supply failure detected" */
	enum ipmi_weight weight;
};

/* Of bit or event `offset` (0 to 14); NULL where the specification names none. */
const struct event_text *event_text(uint8_t event_type, uint8_t sensor_type, uint8_t offset);

const char *sensor_type_name(uint8_t type); /* "temperature"; never NULL */
const char *entity_name(uint8_t entity);    /* "power supply"; never NULL */

#endif
