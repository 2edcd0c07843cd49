/* Macros that cppcheck cannot parse as they are; forced in by lint.sh, seen by no compiler. */
#define json_object_foreach(o, k, v)	     for (k = "", v = json_object_get(o, k); v; v = v)
#define json_object_foreach_safe(o, n, k, v) for (k = "", v = json_object_get(o, k); v; v = v)
#define json_array_foreach(a, i, v)	     for (i = 0, v = json_array_get(a, i); v; i++)
