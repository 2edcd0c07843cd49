/* What a caller says of a BMC: refused with the field's name, or taken over. */
#include <errno.h>
#include <string.h>

#include "conductor/bmc/ipmi/internal.h"
#include "lib/base/str.h"

int account_check(const struct ipmi_config *c, struct err *err)
{
	if (str_empty(c->address) || strlen(c->address) > 255)
		return err_set(err, EINVAL,
			"the address of the BMC is %s; set ipmi_address to a name or an address",
			str_empty(c->address) ? "missing" : "too long");
	if (c->username && strlen(c->username) > IPMI_USERNAME_MAX)
		return err_set(err, EINVAL,
			"the user name has %zu characters; IPMI allows %d: rename the BMC's user",
			strlen(c->username), IPMI_USERNAME_MAX);
	if (c->password && strlen(c->password) > IPMI_PASSWORD_MAX)
		return err_set(err, EINVAL,
			"the password has %zu bytes; IPMI allows %d: give the BMC's user a shorter "
			"one",
			strlen(c->password), IPMI_PASSWORD_MAX);
	if (c->kg_len > IPMI_KG_MAX || (c->kg_len && !c->kg))
		return err_set(err, EINVAL, "the BMC key (K_g) has %zu bytes; IPMI allows %d",
			c->kg_len, IPMI_KG_MAX);
	if (c->privilege > IPMI_PRIVILEGE_ADMIN)
		return err_set(err, EINVAL,
			"privilege level %u is none of callback (1), user, operator, administrator "
			"(4)",
			c->privilege);
	for (int i = 0; i < 4 && c->cipher_suites[i]; i++)
		if (!cipher_suite_find(c->cipher_suites[i]))
			return err_set(err, EINVAL,
				"cipher suite %u is none of 17 and 3; use one of them",
				c->cipher_suites[i]);
	return 0;
}

void account_set(struct ipmi_bmc *b, const struct ipmi_config *c)
{
	if (c->username) {
		b->who.username_len = (uint8_t)strlen(c->username);
		memcpy(b->who.username, c->username, b->who.username_len);
	}
	if (c->password)
		memcpy(b->who.password, c->password, strlen(c->password));
	if (c->kg_len)
		memcpy(b->who.kg, c->kg, c->kg_len);
	for (size_t i = 0; i < sizeof(b->who.kg); i++)
		b->who.has_kg |= b->who.kg[i] != 0;
	memcpy(b->suites, c->cipher_suites, 4);
	if (!b->suites[0])
		memcpy(b->suites, (const uint8_t[]){17, 3}, 2);
	b->privilege = c->privilege ? c->privilege : IPMI_PRIVILEGE_ADMIN;
}
