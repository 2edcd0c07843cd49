$(call unit_tests,tests/unit/store,store model json base,sqlite3 jansson)
