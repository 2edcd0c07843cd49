/* The agent's own self-signed certificate, which the conductor pins. */
#ifndef AGENT_REPORT_CERTIFICATE_H
#define AGENT_REPORT_CERTIFICATE_H

#include "agent/init/paramwords.h"
#include "lib/base/err.h"

struct certificate {
	char *cert_pem;
	char *key_pem;
};

/*
 * ECDSA on that curve (P-384 by default), signed with SHA-512, subject CN=`host`, subjectAltName
 * the IP `address`, valid from an hour before the clock to 30 days after it. Where the clock stands
 * before this program was built, validity is counted from the build, so that a dead battery does
 * not make it invalid.
 */
int certificate_new(const char *address, const char *host, enum params_curve curve,
	struct certificate *ret, struct err *e);
void certificate_done(struct certificate *c);

#endif
