/* Checksum files, as sha256sum, openssl and people write them (contract section 5). */
#include "agent/image/checksum.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

int main(void)
{
	static const struct {
		const char *text, *want, *what;
	} t[] = {
		{A "\n", A, "only the digest"},
		{A, A, "without line end"},
		{A "  other.raw\n", A, "a single line counts whatever its name"},
		{"# " B "\n\n  " A "  x\r\n", A, "comments and empty lines do not count"},
		{B "  a.raw\n" A "  img.raw\n", A, "by name"},
		{B "  a.raw\n" A " *img.raw\n", A, "binary mode"},
		{B "  img.raw.zst\n" A "  ./dir/img.raw\n", A, "by last part of a path"},
		{"MD5 (a) = " B "\nMD5 (img.raw) = " A "\n", A, "BSD form"},
		{B "  a.raw\n" A "  b.raw\n", NULL, "no line for it"},
		{"not found\n", NULL, "no digest"},
		{"", NULL, "empty"},
		{"<html>\n<body>\n", NULL, "a page"},
	};
	char got[129];

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		bool found = checksum_find(t[i].text, "img.raw", got);

		is_str(found ? got : NULL, t[i].want, "%s", t[i].what);
	}
	return done_testing();
}
