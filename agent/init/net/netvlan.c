/* VLAN interfaces: those that are asked for by name, or that the switch names by LLDP. */
#include "agent/init/net/netlink.h"
#include "agent/init/net/netstate.h"
#include "lib/base/bytes.h"
#include "lib/base/str.h"
#include "lib/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE	    "8021q"
#define VIDS_MAX    32 /* of one port, by LLDP */
#define TLV_PRIVATE 127
#define VLAN_NAME   "0080c203" /* IEEE 802.1Q D.2.3: OUI and subtype, then two bytes of number */

static bool module_there(struct net *n)
{
	if (n->no_vlans)
		return false;
	if (!n->c.load || n->c.load(n->c.data, MODULE) ||
		sysroot_exists(n->c.sr, "/proc/net/vlan/config"))
		return true;
	say_error(n->c.journal, "no VLANs: the ramdisk has no module " MODULE);
	n->no_vlans = true;
	return false;
}

struct nic *netvlan_get(struct net *n, struct nic *parent, int vid)
{
	char name[IFNAMSIZ];
	struct nic *nic;
	int r;

	if (snprintf(name, sizeof(name), "%s.%d", parent->name, vid) >= (int)sizeof(name)) {
		say_error(n->c.journal, "VLAN %d of %s: its name would be too long", vid,
			parent->name);
		return NULL;
	}
	nic = net_nic(n, name);
	if (nic || !module_there(n))
		return nic;
	r = netlink_vlan(name, parent->ifindex, vid);
	if (r < 0) {
		say_error(n->c.journal, "make VLAN interface %s: %s", name, strerror(-r));
		return NULL;
	}
	nic = net_add(n, name);
	if (nic)
		nic->stacked = true;
	return nic;
}

/* The VLANs that a port's neighbour has told of. */
static void by_lldp(struct net *n, const json_t *heard, struct nic *nic)
{
	const json_t *tlv;
	unsigned made = 0;
	size_t i;

	json_array_foreach (json_object_get(heard, nic->name), i, tlv) {
		const char *hex = json_string_value(json_array_get(tlv, 1));
		uint8_t vid[2];

		if (json_integer_value(json_array_get(tlv, 0)) != TLV_PRIVATE || !hex ||
			!str_starts(hex, VLAN_NAME) || strlen(hex) < 12 || made == VIDS_MAX)
			continue;
		char digits[5] = {hex[8], hex[9], hex[10], hex[11], 0};
		if (hex_decode(digits, vid, 2) != 2)
			continue;
		if (get_be16(vid) > 0 && get_be16(vid) < 4095 && netvlan_get(n, nic, get_be16(vid)))
			made++;
	}
}

static void lldp_word(struct net *n, const char *word)
{
	_cleanup_json_ json_t *heard = NULL;
	struct lldp *lldp;
	size_t n_nics = n->n_nics; /* VLANs are added behind */

	pthread_mutex_lock(&n->lock);
	lldp = n->lldp;
	pthread_mutex_unlock(&n->lock);
	heard = lldp_heard(lldp, 0);
	for (size_t i = 0; i < n_nics; i++)
		if (!n->nics[i].stacked && (str_eq(word, "all") || str_eq(word, n->nics[i].name)))
			by_lldp(n, heard, &n->nics[i]);
}

/* "eth0.101"; -1 when it is another kind of word. */
static int vid_of(const char *word, char ret_parent[static IFNAMSIZ])
{
	const char *dot = strrchr(word, '.');
	int vid;

	if (!dot || dot - word >= IFNAMSIZ || str_to_int(dot + 1, 1, 4094, &vid) < 0)
		return -1;
	memcpy(ret_parent, word, (size_t)(dot - word));
	ret_parent[dot - word] = '\0';
	return vid;
}

void netvlan_scan(struct net *n)
{
	const char *given = n->c.params->vlan_interfaces;
	_cleanup_free_ char *list = xstrdup(given ? given : "");
	char *save = NULL, parent[IFNAMSIZ];

	for (char *w = strtok_r(list, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
		int vid = vid_of(w, parent);
		struct nic *nic = vid > 0 ? net_nic(n, parent) : NULL;

		if (nic)
			(void)netvlan_get(n, nic, vid);
		else if (vid < 0)
			lldp_word(n, w);
	}
}
