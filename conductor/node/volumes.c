/* Volume connectors and targets: they change only while the machine that uses them is off. */
#include "conductor/node/rules.h"

#include <errno.h>

int volume_check(struct record_change *ch, struct err *e)
{
	if (!ch->old || !ch->node || ch->node->power == POWER_OFF)
		return 0;
	return err_set(e, EINVAL,
		"%s %s can not be changed while node %s is in state \"%s\"; power it off first",
		ch->kind->called, ch->resident->uuid, ch->node->uuid,
		ch->node->power ? power_state_names[ch->node->power] : "unknown");
}
