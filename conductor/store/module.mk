$(eval $(call library,store,conductor/store,sqlite3 jansson))
