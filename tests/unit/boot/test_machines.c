/* Leases map addresses to machines; a token belongs to one boot of one machine. */
#include <stdlib.h>

#include "boot/machines.h"
#include "boot/text.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#define A "52:54:00:00:00:0a"
#define B "52:54:00:00:00:0b"
#define C "52:54:00:00:00:0c"

static void test_leases(void)
{
	struct machines m;

	machines_init(&m, 10, 1000);
	machines_lease(&m, "10.0.0.1", A);
	machines_lease(&m, "10.0.0.2", B);
	is_str(machines_mac_of(&m, "10.0.0.1"), A, "by address");
	machines_lease(&m, "10.0.0.1", B);
	is_str(machines_mac_of(&m, "10.0.0.1"), B, "an address that was given to another");
	is_str(machines_mac_of(&m, "10.0.0.2"), "", "and the one it had before");
	is_str(machines_mac_of(&m, "10.0.0.3"), "", "an unknown address");
	machines_done(&m);
}

static void test_tokens(void)
{
	struct machines m;
	_cleanup_free_ char *first = NULL, *second = NULL;

	machines_init(&m, 10, 60000);
	first = xstrdup(machines_new_token(&m, machines_get(&m, A), "/k", "/r"));
	is_int(strlen(first), BOOT_TOKEN_TEXT - 1, "a token's length");
	ok(machines_by_token(&m, first) == machines_find(&m, A), "the token names its machine");
	is_str(machines_by_token(&m, first)->kernel, "/k", "and what it boots");
	second = xstrdup(machines_new_token(&m, machines_get(&m, A), "/k", "/r"));
	ok(!machines_by_token(&m, first), "a newer boot ends the token");
	ok(machines_by_token(&m, second) != NULL, "and has its own");
	machines_end_token(&m, machines_get(&m, A));
	ok(!machines_by_token(&m, second), "an ended token is over");
	machines_done(&m);

	machines_init(&m, 10, 0);
	free(first);
	first = xstrdup(machines_new_token(&m, machines_get(&m, A), "/k", "/r"));
	ok(!machines_by_token(&m, first), "a token past its time is over");
	machines_done(&m);
}

static void test_bound(void)
{
	struct machines m;

	machines_init(&m, 2, 1000);
	machines_lease(&m, "10.0.0.1", A);
	machines_get(&m, B);
	machines_get(&m, A); /* B was quiet for longest now */
	machines_get(&m, C);
	is_int(m.n, 2, "never more than allowed");
	ok(!machines_find(&m, B), "the quietest is forgotten");
	is_str(machines_mac_of(&m, "10.0.0.1"), A, "the others stay");
	machines_done(&m);
}

static void test_text(void)
{
	char mac[BOOT_MAC_TEXT] = "";

	ok(text_mac("52-54-00-AB-cd-0E", mac), "a MAC address");
	is_str(mac, "52:54:00:ab:cd:0e", "in its own form");
	ok(!text_mac("52:54:00:ab:cd", mac), "too short");
	ok(!text_mac("52:54:00:ab:cd:0e:", mac), "too long");
	ok(!text_mac("52:54:00:ab:cd:0g", mac), "not hexadecimal");
	ok(!text_mac("", mac), "nothing");
	ok(text_file_name("ipxe.efi"), "a file name");
	ok(!text_file_name("../x"), "no way up");
	ok(!text_file_name("a/b"), "no folder");
	ok(!text_file_name(""), "no empty name");
}

int main(void)
{
	test_leases();
	test_tokens();
	test_bound();
	test_text();
	return done_testing();
}
