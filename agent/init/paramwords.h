/* Parameters that are one of a few words; apart from cmdline.h for those who need nothing else of
 * it. */
#ifndef AGENT_INIT_PARAMWORDS_H
#define AGENT_INIT_PARAMWORDS_H

enum params_protocol {
	PARAMS_PROTOCOL_AUTO, /* HTTPS where the API can take our certificate */
	PARAMS_PROTOCOL_HTTP,
	PARAMS_PROTOCOL_HTTPS
};
enum params_tls { PARAMS_TLS_1_2, PARAMS_TLS_1_3 };
enum params_curve { PARAMS_CURVE_P384, PARAMS_CURVE_P256, PARAMS_CURVE_P521 };

#endif
