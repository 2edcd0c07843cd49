# The API's tables as JSON, for the check of openapi.yaml.
$(eval $(call program,api-tables,tests/api/tables.c,api cast http store model hwid json base,sqlite3 jansson libmicrohttpd libcurl gnutls libuv,$(obj)/tests/api/))
test_programs += $(obj)/tests/api/api-tables
