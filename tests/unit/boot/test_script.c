/* Scripts say what they should, and nothing from outside becomes a command. */
#include "boot/script.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

static bool has(const struct buf *b, const char *part)
{
	return strstr(buf_str(b), part) != NULL;
}

static void test_all_render(void)
{
	const struct script_values v = {.base = "http://10.0.0.1:8080",
		.message = "hello",
		.token = "TOKEN",
		.cmdline = "quiet",
		.retry_s = 7};

	for (int i = 0; i < SCRIPT_COUNT; i++) {
		struct buf b = BUF_INIT(8192);

		is_int(script_render((enum script)i, &v, &b), 0, "script %d renders", i);
		ok(!strncmp(buf_str(&b), "#!ipxe\n", 7), "script %d is an iPXE script", i);
		ok(!strchr(buf_str(&b), '%'), "script %d has no placeholder left", i);
		buf_done(&b);
	}
}

static void test_agent(void)
{
	struct script_values v = {.base = "http://10.0.0.1:8080",
		.message = "deploy",
		.token = "TOKEN",
		.cmdline = "a=b BOOTIF=01-52"};
	struct buf b = BUF_INIT(8192);

	script_render(SCRIPT_AGENT, &v, &b);
	ok(has(&b, "\nkernel --name vmlinuz http://10.0.0.1:8080/boot/TOKEN/kernel initrd=ramdisk "
		   "a=b BOOTIF=01-52 ||"),
		"the kernel, its token and its command line");
	ok(has(&b, "\ninitrd --name ramdisk http://10.0.0.1:8080/boot/TOKEN/ramdisk ||"),
		"the ramdisk");
	ok(!has(&b, "archive"), "and nothing else");
	buf_truncate(&b, 0);
	v.archives = 2;
	script_render(SCRIPT_AGENT, &v, &b);
	ok(has(&b, "/kernel initrd=ramdisk initrd=archive0 initrd=archive1 a=b"),
		"further archives are named to the kernel");
	ok(has(&b, "\ninitrd --name archive1 http://10.0.0.1:8080/boot/TOKEN/archive1 || goto "
		   "failed\n"),
		"and fetched");
	v.archives = 0;
	buf_truncate(&b, 0);
	v.retry_s = 5;
	v.message = "no slot free";
	script_render(SCRIPT_WAIT, &v, &b);
	ok(has(&b, "\necho Ingot: no slot free\n"), "the reason is shown");
	ok(has(&b, "\nsleep 5\n"), "the pause");
	buf_done(&b);
}

static void test_message(void)
{
	struct buf b = BUF_INIT(1024);
	char big[1000];

	script_message("${net0/mac} || reboot && # x\nexit\\", &b);
	is_str(buf_str(&b), "S{net0/mac} // reboot ++ + x?exit/", "a message adds no command");
	buf_truncate(&b, 0);
	memset(big, 'y', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	script_message(big, &b);
	is_int(b.len, 200, "a long message is cut");
	buf_done(&b);
}

static void is_cmdline(const char *text, const char *want)
{
	struct buf b = BUF_INIT(4096);
	int r = script_cmdline(text, "TT", "52:54:00:ab:cd:ef", &b, NULL);

	is_str(r == 0 ? buf_str(&b) : NULL, want, "command line '%.40s'", text);
	buf_done(&b);
}

static void test_cmdline(void)
{
	struct err e = {0};
	struct buf b = BUF_INIT(4096);
	char big[1600];

	is_cmdline("quiet", "quiet BOOTIF=01-52-54-00-ab-cd-ef");
	is_cmdline("t=%token% m=%mac%", "t=TT m=52:54:00:ab:cd:ef BOOTIF=01-52-54-00-ab-cd-ef");
	is_cmdline("x BOOTIF=01-%mac% y", "x BOOTIF=01-52:54:00:ab:cd:ef y");
	is_cmdline("NOBOOTIF=1", "NOBOOTIF=1 BOOTIF=01-52-54-00-ab-cd-ef");
	is_cmdline("a=b#c d||e", "a=b#c d||e BOOTIF=01-52-54-00-ab-cd-ef");
	is_cmdline("a\nreboot", NULL);
	is_cmdline("a || reboot", NULL);
	is_cmdline("a && reboot", NULL);
	is_cmdline("a #b", NULL);
	is_cmdline("a=${net0/ip}", NULL);
	is_cmdline("a=%secret%", NULL);
	is_cmdline("100%", NULL);
	memset(big, 'z', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	is_cmdline(big, NULL);
	is_int(script_cmdline("a || b", "T", "52:54:00:ab:cd:ef", &b, &e), -22, "refused");
	ok(strstr(e.text, "iPXE reads as its own"), "and says why: %s", e.text);
	buf_done(&b);
}

int main(void)
{
	test_all_render();
	test_agent();
	test_message();
	test_cmdline();
	return done_testing();
}
