$(call unit_tests,tests/unit/node,node flow driver agentlink ipmi hwdb store model hwid httpasync http json base,libuv)
