$(call unit_tests,tests/unit/agent,agent agentchroot agentsystem agentnvram agentinit agentreport agentinspect agenterase image cli hwid http json base,jansson gnutls zlib)
