$(call fuzz_target,mdns,agentreport json base,jansson gnutls)
