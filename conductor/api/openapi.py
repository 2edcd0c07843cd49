#!/usr/bin/env python3
"""openapi.yaml, the tables of the API, and the page made of both.

  openapi.py check TABLES      compare openapi.yaml with what api-tables prints, both ways
  openapi.py write TABLES      bring openapi.yaml in line with it; descriptions stay as they are
  openapi.py page              print the page, in HTML

Paths, methods, arguments, bodies, fields, types and versions come from the tables. People write
the descriptions and the codes of success; check refuses a file that lacks one.
"""

import html
import json
import os
import re
import sys

import yaml

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "openapi.yaml")
TIMES = {"type": ["string", "null"], "format": "date-time"}
LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
ERROR = {"$ref": "#/components/responses/error"}
SUCCESS = {"GET": "200", "POST": "201", "PUT": "204", "PATCH": "200", "DELETE": "204"}
COMMON = ("limit", "marker", "sort_key", "sort_dir")


def versions(row, versioned=True):
    """The extension that says since when something is there, and what older requests get."""
    if not versioned or row["since"] <= 1:
        return {}
    return {"x-openstack": {"min-ver": "1.%d" % row["since"], "below": row["below"]}}


def one_or_list(types):
    return types[0] if len(types) == 1 else types


def answer_type(kind):
    """The JSON schema of a field as answers hold it."""
    if kind == "time":
        return dict(TIMES)
    if kind == "links":
        return dict(LINKS)
    if kind == "uuid":
        return {"type": ["string", "null"], "format": "uuid"}
    return {"type": one_or_list(kind.split(","))}


def body_type(field):
    """The JSON schema of a field as bodies may hold it."""
    types = list(field["types"])
    if "boolean" in types and "string" not in types:
        types.append("string")  # "true", "0": what str_to_bool() reads
    out = {"type": one_or_list(types)}
    if "string" in field["types"]:
        out["maxLength"] = field["max"] or 255
    if "array" in types and field["max"]:
        out["maxItems"] = field["max"]
    if field["uuid"]:
        out["format"] = "uuid"
    if not field["create"]:
        out["x-patch-only"] = True
    if not field["patch"]:
        out["x-create-only"] = True
    return out


def answer_schema(resource):
    properties = {}
    for field in resource["fields"]:
        properties[field["name"]] = {**answer_type(field["type"]), **versions(field)}
    return {"type": "object", "properties": properties}


def body_schema(fields):
    properties = {f["name"]: {**body_type(f), **versions(f)} for f in fields}
    out = {"type": "object", "additionalProperties": False, "properties": properties}
    required = [f["name"] for f in fields if f["required"]]
    if required:
        out["required"] = required
    return out


def parameter(where, name, schema):
    return {"name": name, "in": where, "schema": schema, **({"required": True} if where == "path" else {})}


def argument(arg):
    schema = {"type": arg["type"]}
    if arg["type"] == "uuid":
        schema = {"type": "string", "format": "uuid"}
    return {**parameter("query", arg["name"], schema), **versions(arg)}


def json_content(schema):
    return {"application/json": {"schema": schema}}


def ref(kind, name):
    return {"$ref": "#/components/%s/%s" % (kind, name)}


def answer_content(route, tables):
    """What a successful answer holds, where the tables know it."""
    if not route["resource"]:
        return None
    item = ref("schemas", "answer." + route["resource"])
    if not route["list"]:
        return json_content(item)
    plural = tables["resources"][route["resource"]]["plural"]
    return json_content({"type": "object", "properties": {
        plural: {"type": "array", "items": item},
        "next": {"type": "string", "format": "uri"}}})


def route_parameters(route, tables):
    out = []
    if route["versioned"]:
        out.append(ref("parameters", "version"))
    out += [ref("parameters", "path." + name) for name in re.findall(r"{(\w+)}", route["path"])]
    if route["list"]:
        for arg in tables["resources"][route["resource"]]["args"]:
            name = arg["name"] if arg["name"] in COMMON else route["resource"] + "." + arg["name"]
            out.append(ref("parameters", name))
    elif route["resource"] and route["method"] == "GET":
        out.append(ref("parameters", route["resource"] + ".fields"))
    return out + [ref("parameters", "arg." + name) for name in route["args"]]


def request_body(route):
    if route["body"] == "none":
        return None
    if route["body"] == "patch":
        schema = ref("schemas", "patch")
    elif route["schema"]:
        schema = ref("schemas", "body." + route["schema"])
    else:
        schema = {"type": "object"}
    return {"required": route["body"] != "optional", "content": json_content(schema)}


def operation(route, tables, old):
    path = route["path"]
    tag = path.split("/")[2] if path.count("/") > 1 else path.strip("/") or "root"
    words = re.sub(r"[^a-z0-9_]+", "_", path.lower()).strip("_")
    out = {"summary": old.get("summary", ""), "tags": ["ingot" if "/ingot/" in path else tag],
           "operationId": "%s_%s" % (route["method"].lower(), words)}
    if "description" in old:
        out["description"] = old["description"]
    out.update(versions(route, route["versioned"]))
    if route["in_1_1"]:
        out["x-openstack"]["also"] = "1.1"
    if route["public"]:
        out["security"] = []
    parameters = route_parameters(route, tables)
    if parameters:
        out["parameters"] = parameters
    body = request_body(route)
    if body:
        out["requestBody"] = body
    good = {code: dict(answer) for code, answer in old.get("responses", {}).items() if code[0] == "2"}
    good = good or {SUCCESS[route["method"]]: {"description": ""}}
    content = answer_content(route, tables)
    for code, answer in good.items():
        if content and code in ("200", "201"):
            answer["content"] = content
    out["responses"] = {**good, "default": ERROR}
    return out


def wanted_components(tables):
    """(parameters, schemas) that the tables ask for."""
    parameters, schemas = {}, {}
    for name, resource in tables["resources"].items():
        schemas["answer." + name] = answer_schema(resource)
        for arg in resource["args"]:
            key = arg["name"] if arg["name"] in COMMON else name + "." + arg["name"]
            parameters[key] = argument(arg)
    for name, fields in tables["schemas"].items():
        schemas["body." + name] = body_schema(fields)
    for route in tables["routes"]:
        for name in re.findall(r"{(\w+)}", route["path"]):
            parameters["path." + name] = parameter("path", name, {"type": "string"})
        for name in route["args"]:
            parameters["arg." + name] = parameter("query", name, {"type": "string"})
    return parameters, schemas


def merge_schema(name, new, old, schemas):
    """Properties keep their descriptions; those of bodies may be those of the answer."""
    before = old.get("properties", {})
    answer = schemas.get("answer." + name.split(".", 1)[1], {}).get("properties", {})
    for key, prop in new["properties"].items():
        text = before.get(key, {}).get("description", "")
        if text or not (name.startswith("body.") and key in answer):
            new["properties"][key] = {"description": text, **prop}
    return {"description": old.get("description", ""), **new}


def build(tables, old):
    """The document that the tables and the descriptions of `old` make."""
    parts = old.get("components", {})
    kept, kept_schemas = parts.get("parameters", {}), parts.get("schemas", {})
    parameters, schemas = wanted_components(tables)
    paths = {}
    for route in tables["routes"]:
        method = route["method"].lower()
        before = old.get("paths", {}).get(route["path"], {}).get(method, {})
        paths.setdefault(route["path"], {})[method] = operation(route, tables, before)
    for key, new in parameters.items():
        parameters[key] = {"description": kept.get(key, {}).get("description", ""), **new}
    for key in sorted(schemas):
        schemas[key] = merge_schema(key, schemas[key], kept_schemas.get(key, {}), schemas)
    tags = sorted({t for p in paths.values() for o in p.values() for t in o["tags"]})
    known = {t["name"]: t["description"] for t in old.get("tags", [])}
    return {
        "openapi": "3.1.0",
        "info": {**old.get("info", {}), "version": "1.%d" % tables["max"]},
        "security": [{}, {"basic": []}],
        "tags": [{"name": t, "description": known.get(t, "")} for t in tags],
        "paths": paths,
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "responses": parts.get("responses", {}),
            "parameters": {"version": kept.get("version", {}), **dict(sorted(parameters.items()))},
            "schemas": {**{k: kept_schemas.get(k, {}) for k in ("link", "patch", "error")},
                        **dict(sorted(schemas.items()))},
        },
    }


class Dumper(yaml.SafeDumper):
    """Two spaces, lists indented, no anchors, codes in quotes."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True


def differences(have, want, where=""):
    """Lines that say where two documents differ."""
    if isinstance(have, dict) and isinstance(want, dict):
        for key in sorted(set(have) | set(want), key=str):
            here = "%s/%s" % (where, key)
            if key not in want:
                yield "%s: the tables have no such thing" % here
            elif key not in have:
                yield "%s: is missing" % here
            else:
                yield from differences(have[key], want[key], here)
    elif have != want:
        yield "%s: %s, and the tables say %s" % (where, json.dumps(have), json.dumps(want))


def undescribed(node, where=""):
    """Paths of descriptions that nobody has written."""
    if isinstance(node, dict):
        for key, value in node.items():
            here = "%s/%s" % (where, key)
            if key in ("summary", "description") and value == "":
                yield "%s: write one" % here
            else:
                yield from undescribed(value, here)
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from undescribed(value, "%s/%d" % (where, i))


def check(tables, have):
    complaints = list(differences(have, build(tables, have))) + list(undescribed(have))
    for line in complaints:
        print("openapi.yaml: " + line)
    if complaints:
        print("make openapi brings it in line; then describe what is new")
    return 1 if complaints else 0


def write(tables, have):
    document = build(tables, have)
    with open(FILE, "w", encoding="utf-8") as f:
        yaml.dump(document, f, Dumper=Dumper, sort_keys=False, width=110,
                  default_flow_style=None, allow_unicode=True)
    return 0


# --- the page --------------------------------------------------------------------------------------

STYLE = """body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}
h2{border-bottom:2px solid #888;margin-top:2em}h3{margin-bottom:.2em}code,h3{font-family:monospace}
table{border-collapse:collapse;margin:.4em 0}td,th{border:1px solid #ccc;padding:.15em .6em;text-align:left;
vertical-align:top}small{color:#666}.v{color:#666;font-size:85%}nav a{margin-right:.8em}"""


def since(node):
    x = node.get("x-openstack")
    if not x:
        return ""
    also = " and in %s" % x["also"] if "also" in x else ""
    return '<span class="v">since %s%s; older: %d</span>' % (x["min-ver"], also, x["below"])


def type_text(schema):
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return '<a href="#%s">%s</a>' % (name, name)
    kind = schema.get("type", "anything")
    text = " or ".join(kind) if isinstance(kind, list) else kind
    if "items" in schema:
        text += " of " + type_text(schema["items"])
    if "format" in schema:
        text += " (%s)" % schema["format"]
    if "maxLength" in schema:
        text += ", at most %d characters" % schema["maxLength"]
    return text


def rows(items):
    out = ["<table>"]
    for name, kind, notes, text in items:
        out.append("<tr><td><code>%s</code></td><td><small>%s</small></td><td>%s %s</td></tr>"
                   % (html.escape(name), kind, html.escape(text), notes))
    return "".join(out) + "</table>"


def resolve(doc, node):
    while "$ref" in node:
        target = doc
        for part in node["$ref"].split("/")[1:]:
            target = target[part]
        node = target
    return node


def operation_html(doc, path, method, o):
    out = ['<h3 id="%s">%s %s</h3><p>%s %s' % (o["operationId"], method.upper(), html.escape(path),
                                                html.escape(o["summary"]), since(o))]
    if o.get("security") == []:
        out.append(" <small>No password is asked for.</small>")
    out.append("</p>")
    if "description" in o:
        out.append("<p>%s</p>" % html.escape(o["description"]))
    args = [resolve(doc, p) for p in o.get("parameters", [])]
    args = [p for p in args if p["in"] != "header"]
    if args:
        out.append(rows((p["name"], p["in"] + ", " + type_text(p["schema"]), since(p), p["description"]) for p in args))
    if "requestBody" in o:
        body = o["requestBody"]
        out.append("<p>Body: %s%s</p>" % (type_text(body["content"]["application/json"]["schema"]),
                                          "" if body["required"] else ", or none"))
    for code, answer in o["responses"].items():
        if code != "default":
            content = answer.get("content", {}).get("application/json", {}).get("schema")
            parts = content.get("properties", {}) if content else {}
            text = ", ".join("<code>%s</code>: %s" % (k, type_text(v)) for k, v in parts.items())
            out.append("<p>%s: %s %s</p>" % (code, html.escape(answer["description"]),
                                             text or (type_text(content) if content and "$ref" in content else "")))
    return "".join(out)


def page(doc):
    by_tag = {}
    for path, methods in doc["paths"].items():
        for method, o in methods.items():
            by_tag.setdefault(o["tags"][0], []).append(operation_html(doc, path, method, o))
    print('<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>%s</title><style>%s</style><h1>%s</h1><p>%s</p>'
          % (doc["info"]["title"], STYLE, doc["info"]["title"], html.escape(doc["info"]["description"])))
    print("<nav>%s</nav>" % "".join('<a href="#tag-%s">%s</a>' % (t, t) for t in by_tag))
    for tag in doc["tags"]:
        print('<h2 id="tag-%s">%s</h2><p>%s</p>' % (tag["name"], tag["name"], html.escape(tag["description"])))
        print("\n".join(by_tag[tag["name"]]))
    print("<h2>Objects</h2>")
    for name, schema in doc["components"]["schemas"].items():
        same = doc["components"]["schemas"].get("answer." + name.split(".", 1)[-1], {}).get("properties", {})
        print('<h3 id="%s">%s</h3><p>%s</p>' % (name, name, html.escape(schema.get("description", ""))))
        print(rows((k, type_text(v), since(v), v.get("description") or same.get(k, {}).get("description", ""))
                   for k, v in schema.get("properties", {}).items()))
    return 0


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    have = {}
    if os.path.exists(FILE):
        with open(FILE, encoding="utf-8") as f:
            have = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    if mode == "page":
        return page(have)
    if mode not in ("check", "write") or len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[2], encoding="utf-8") as f:
        tables = json.load(f)
    return check(tables, have) if mode == "check" else write(tables, have)


if __name__ == "__main__":
    sys.exit(main())
