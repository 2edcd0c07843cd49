$(eval $(call library,agentreport,agent/report,jansson gnutls zlib))
