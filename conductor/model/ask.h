/* What clients ask of a node's interfaces beside power, boot device, BMC and vendor methods. */
#ifndef CONDUCTOR_MODEL_ASK_H
#define CONDUCTOR_MODEL_ASK_H

enum node_ask {
	ASK_BOOT_MODE,	   /* {"target": "uefi" or "bios"} */
	ASK_SECURE_BOOT,   /* {"target": bool} */
	ASK_NMI,	   /* none */
	ASK_INDICATORS,	   /* none -> {component: {name: {"readonly", "states": [...]}}} */
	ASK_INDICATOR,	   /* {"component", "name"} -> the state, as a string */
	ASK_INDICATOR_SET, /* {"component", "name", "state"} */
	ASK_VMEDIA,	   /* none -> an array of devices */
	ASK_VMEDIA_ATTACH, /* {"device_type", "image_url", "image_download_source"} */
	ASK_VMEDIA_DETACH, /* {"device_types": [...]}, without it: all */
	ASK_VIFS,	   /* none -> an array of {"id"} */
	ASK_VIF_ATTACH,	   /* {"id", ...} */
	ASK_VIF_DETACH,	   /* {"id"} */
	ASK_COUNT
};

#endif
