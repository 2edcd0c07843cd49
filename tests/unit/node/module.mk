$(call unit_tests,tests/unit/node,node flow iso driver child cast agentlink ipmi hwdb store model hwid boot httpasync http json base,libuv)
