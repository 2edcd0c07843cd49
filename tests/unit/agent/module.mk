$(call unit_tests,tests/unit/agent,agent agentchroot agentsystem agentnvram agentinit agentreport agentinspect agenterase image hwid http json base,jansson gnutls zlib)
