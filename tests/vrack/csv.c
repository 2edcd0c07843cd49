/* CSV as in RFC 4180: a field with a comma, a quote or white space stands in quotes. */
#include "tests/vrack/csv.h"

#include <string.h>

static void field(struct buf *out, const char *value, const char *end)
{
	if (!strpbrk(value, ",\" \r\n")) {
		buf_printf(out, "%s%s", value, end);
		return;
	}
	buf_puts(out, "\"");
	for (; *value; value++)
		buf_printf(out, "%s%c", *value == '"' ? "\"" : "", *value);
	buf_printf(out, "\"%s", end);
}

void csv_write(const struct rack *rack, struct buf *out)
{
	buf_puts(out, CSV_HEADER "\n");
	for (unsigned i = 0; i < rack->n_machines; i++) {
		const struct rack_machine *m = &rack->machines[i];

		field(out, m->name, ",");
		field(out, m->bmc.address, ",");
		buf_printf(out, "%u,", m->bmc.port);
		field(out, m->bmc.user, ",");
		field(out, m->bmc.password, ",");
		field(out, rack_boot_mac(m), ",");
		field(out, rack_firmware_names[m->firmware], ",");
		field(out, m->smbios.serial, "\n");
	}
}
