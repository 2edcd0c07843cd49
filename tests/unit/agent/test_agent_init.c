/* Parts of process 1 that need no machine: time by SNTP, end markers, the watchdog, IPv6 addresses.
 */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/init/console.h"
#include "agent/init/markers.h"
#include "agent/init/net/netif6.h"
#include "agent/init/rescue.h"
#include "agent/init/sntp.h"
#include "agent/init/watchdog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A server's packet of 2026-01-01T00:00:00.5Z: NTP second 3976214400. */
static void packet(uint64_t nonce, uint8_t ret[static SNTP_BYTES])
{
	memset(ret, 0, SNTP_BYTES);
	ret[0] = 4 << 3 | 4;
	ret[1] = 2;
	for (int i = 0; i < 8; i++)
		ret[24 + i] = (uint8_t)(nonce >> (56 - 8 * i));
	memcpy(ret + 40, "\xed\x00\x37\x80\x80\0\0\0", 8);
}

static void test_sntp_packets(void)
{
	uint8_t p[SNTP_BYTES];
	int64_t us = 0;
	struct err e;

	sntp_request(0x0102030405060708, p);
	ok(p[0] == 0x23 && p[40] == 1 && p[47] == 8,
		"version 4, a client's, the nonce as transmit time");
	packet(7, p);
	is_int(sntp_parse(p, sizeof(p), 7, &us, &e), 0, "an answer");
	is_int(us, 1767225600500000, "its time");
	is_int(sntp_parse(p, sizeof(p), 8, &us, &e), -EPROTO, "to another request");
	is_int(sntp_parse(p, 47, 7, &us, &e), -EPROTO, "cut off");
	p[0] = 4 << 3 | 3;
	is_int(sntp_parse(p, sizeof(p), 7, &us, &e), -EPROTO, "a client's");
	packet(7, p);
	p[0] |= 3 << 6;
	is_int(sntp_parse(p, sizeof(p), 7, &us, &e), -EREMOTEIO,
		"a server that is not synchronised");
	packet(7, p);
	p[1] = 0;
	memcpy(p + 12, "RATE", 4);
	ok(sntp_parse(p, sizeof(p), 7, &us, &e) == -EREMOTEIO && strstr(e.text, "RATE"),
		"a kiss of death, by its code");
	packet(7, p);
	memcpy(p + 40, "\xd0\0\0\0", 4);
	is_int(sntp_parse(p, sizeof(p), 7, &us, &e), -ERANGE, "a time long past");
	packet(7, p);
	memcpy(p + 40, "\0\0\0\1\0\0\0", 8);
	ok(sntp_parse(p, sizeof(p), 7, &us, &e) == 0 && us > 2085978000000000,
		"the era after 2036");
}

/* Answers one request with nonsense first. */
static void *server(void *arg)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t rq[SNTP_BYTES], p[SNTP_BYTES];
	uint64_t nonce = 0;
	int fd = *(int *)arg;

	if (recvfrom(fd, rq, sizeof(rq), 0, (struct sockaddr *)&from, &len) < 0)
		return NULL;
	for (int i = 0; i < 8; i++)
		nonce = nonce << 8 | rq[40 + i];
	packet(nonce + 1, p);
	sendto(fd, p, sizeof(p), 0, (struct sockaddr *)&from, len);
	packet(nonce, p);
	sendto(fd, p, sizeof(p), 0, (struct sockaddr *)&from, len);
	return NULL;
}

static void test_sntp_exchange(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(sin);
	pthread_t thread;
	char port[8];
	int64_t us = 0;
	struct err e;

	bind(fd, (struct sockaddr *)&sin, sizeof(sin));
	getsockname(fd, (struct sockaddr *)&sin, &len);
	snprintf(port, sizeof(port), "%d", ntohs(sin.sin_port));
	pthread_create(&thread, NULL, server, &fd);
	is_int(sntp_ask("not.a.name.invalid, 127.0.0.1", port, 20000, &us, &e), 0,
		"the second server answers, its first packet is not for us");
	ok(us >= 1767225600500000 && us < 1767225630500000, "time, with half of the way");
	pthread_join(thread, NULL);
	close(fd);
	ok(sntp_ask("127.0.0.1", port, 200, &us, &e) < 0 && strstr(e.text, "127.0.0.1"),
		"nobody there: the error names the server");
}

static void mark(const char *path, const char *text)
{
	tree_write(path, text, strlen(text), false);
}

static void test_markers(void)
{
	_cleanup_free_ char *dir = NULL;
	char text[400] = "";

	dir = xasprintf("%s/m", tree_new());
	mark("/m/begin/agent", "4000000\n");
	mark("/m/end/agent", "4000000\n");
	mark("/m/begin/modules", "60000000\n");
	mark("/m/end/modules", "60000000\n");
	ok(markers_whole(dir, 256, true, text, sizeof(text)), "two archives, whole");
	mark("/m/begin/firmware", "100000000\n");
	ok(!markers_whole(dir, 256, true, text, sizeof(text)), "a third that did not end");
	ok(strstr(text, "unpacked firmware,") && strstr(text, "has 256 MB") &&
			strstr(text, "438 MB") && strstr(text, "rootfstype=ramfs"),
		"named, with the memory to give: %s", text);
	ok(!markers_whole(dir, 200, false, text, sizeof(text)) && strstr(text, "339 MB") &&
			!strstr(text, "rootfstype"),
		"less of it on a ramfs: %s", text);
	ok(!markers_whole("/nonexistent", 0, false, text, sizeof(text)) && strstr(text, "agent"),
		"no marker at all");
	tree_remove();
}

static void test_watchdog(void)
{
	char path[] = "/tmp/ingot-watchdog-XXXXXX", text[64] = "";
	int fd = mkstemp(path);
	struct journal *j = journal_new();
	struct watchdog *w = NULL;
	struct err e;
	ssize_t n = 0;

	is_int(watchdog_start(path, 60, j, &w, &e), 0, "starts");
	for (int i = 0; i < 1000 && (n = pread(fd, text, sizeof(text), 0)) <= 0; i++)
		usleep(10000);
	ok(n > 0 && text[0] == '\0', "pets it at once");
	watchdog_alive(w);
	watchdog_stop(w);
	n = pread(fd, text, sizeof(text), 0);
	ok(n > 1 && text[n - 1] == 'V', "turns it off by the magic character");
	watchdog_stop(NULL);
	watchdog_alive(NULL);
	is_int(watchdog_pause_ms(60), 10000, "every ten seconds");
	is_int(watchdog_pause_ms(10), 2500, "four times in a short time");
	is_int(watchdog_pause_ms(1), 1000, "never busier than once a second");
	close(fd);
	unlink(path);
	journal_free(j);
}

static void test_if_inet6(void)
{
	char text[IP_TEXT_MAX];
	struct ip ip;

	ok(netif6_line("fd77000000000000505400fffe770000 02 40 00 80     eth0", "eth0", &ip),
		"an address that reaches far");
	is_str(ip_text(&ip, text), "fd77::5054:ff:fe77:0", "it");
	ok(!netif6_line("fd77000000000000505400fffe770000 02 40 00 80     eth0", "eth1", &ip),
		"another interface's");
	ok(!netif6_line("fe80000000000000505400fffe770000 02 40 20 80     eth0", "eth0", &ip),
		"one of the link");
	ok(!netif6_line("fd77000000000000505400fffe770000 02 40 00 40     eth0", "eth0", &ip),
		"one that is still being checked");
	ok(!netif6_line("nonsense", "eth0", &ip), "no line");
}

static void test_console(void)
{
	const struct console_facts f = {
		.network = "eth0 52:54:00:00:00:01 10.0.0.5\neth1 52:54:00:00:00:02: no carrier\n",
		.conductor = "http://10.0.0.1:6385",
		.node = "r12u07 (uuid)",
		.last_error = "a very long error that does not fit on one line of a screen of "
			      "eighty columns",
		.tail = "said first\nsaid last\n",
		.up_s = 3725};
	struct buf b = BUF_INIT(16384);

	console_page(&f, &b);
	ok(str_starts(buf_str(&b), "\033[H") && str_ends(buf_str(&b), "\033[J"),
		"from the upper left, what was below is cleared");
	ok(strstr(buf_str(&b), "up 1:02:05\033[K\r\n"), "how long it runs");
	ok(strstr(buf_str(&b),
		   " network    eth0 52:54:00:00:00:01 10.0.0.5\033[K\r\n            eth1 "),
		"a line an interface");
	ok(strstr(buf_str(&b), " node       r12u07 (uuid)\033[K") &&
			strstr(buf_str(&b), "said last\033[K"),
		"the node, and what was said last");
	ok(strstr(buf_str(&b), "of a screen of eigh\033[K\r\n            ty columns\033[K"),
		"a long error goes on in the next row");
	ok(!strstr(buf_str(&b), "Enter") && !strstr(buf_str(&b), "problem"),
		"no more than there is");
	buf_done(&b);
	{
		const struct console_facts many = {.network = "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
			.tail = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt\nu\nv\n"
				"last\n"};
		int rows = 0;

		buf_init(&b, 16384);
		console_page(&many, &b);
		for (const char *p = buf_str(&b); (p = strchr(p, '\n')); p++)
			rows++;
		is_int(rows, 24, "a page is never higher than the screen");
		ok(strstr(buf_str(&b), "last"), "and ends with the newest");
		buf_done(&b);
	}
	ok(console_is_screen("tty0") && console_is_screen("tty1") && !console_is_screen("ttyS0") &&
			!console_is_screen("hvc0"),
		"which consoles are screens");
}

static void test_journal(void)
{
	struct journal *j = journal_new();
	char *text = journal_tail(j, 2);

	is_str(text, "", "nothing said");
	free(text);
	ok(!journal_last_error(j), "no error");
	say(j, "one");
	say_error(j, "two went wrong");
	say(j, "three");
	text = journal_tail(j, 2);
	is_str(text, "two went wrong\nthree\n", "the last two lines, without their times");
	free(text);
	text = journal_last_error(j);
	is_str(text, "two went wrong", "the last error");
	free(text);
	journal_free(j);
}

static void test_rescue_hash(void)
{
	ok(rescue_hash_valid("$5$rounds=5000$salt$abc./XYZ019"), "a hash of crypt(5)");
	ok(!rescue_hash_valid("a:b") && !rescue_hash_valid("a\nb") && !rescue_hash_valid(""),
		"nothing that breaks /etc/shadow");
}

int main(void)
{
	test_console();
	test_journal();
	test_rescue_hash();
	test_sntp_packets();
	test_sntp_exchange();
	test_markers();
	test_watchdog();
	test_if_inet6();
	return done_testing();
}
