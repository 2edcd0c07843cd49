/* Console output of a machine: as recording, read again, and as plain lines. */
#include "lib/cast/cast.h"

#include <stdlib.h>
#include <string.h>

/* What is written must be read again, byte by byte. */
static void there_and_back(const char *data, size_t size)
{
	struct buf b = BUF_INIT(8 << 20), out = BUF_INIT(8 << 20);
	struct cast_line l;

	cast_event(&b, 5, 'o', data, size);
	for (const char *p = buf_str(&b); *p; p += strcspn(p, "\n") + 1) {
		if (strcspn(p, "\n") > CAST_LINE_MAX)
			goto out;
		if (cast_read(p, strcspn(p, "\n"), &l, NULL) < 0)
			abort();
		buf_append(&out, l.data, l.len);
		cast_line_done(&l);
	}
	if (out.len != size || (size && memcmp(out.data, data, size)))
		abort();
out:
	buf_done(&b);
	buf_done(&out);
}

/* Nothing that a terminal would obey may be left. */
static void plain(const char *data, size_t size)
{
	struct buf b = BUF_INIT(65536);

	cast_plain(&b, data, size);
	for (size_t i = 0; i < b.len; i++)
		if ((unsigned char)b.data[i] < 0x20 && b.data[i] != '\n')
			abort();
	if (cast_whole(data, size) > size)
		abort();
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct buf b = BUF_INIT(65536);
	struct cast_line l;
	char title[32] = "";

	if (cast_read(text, size, &l, NULL) == 0)
		cast_line_done(&l);
	there_and_back(text, size);
	plain(text, size);
	memcpy(title, data, size < 31 ? size : 31);
	cast_header(&b, 1767225600000000, title, title);
	buf_done(&b);
	return 0;
}
