// What the host calls: the tool, and what answers it.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

// The bindings' names say where a type comes from; these are shorter.
typedef exports_portcullis_tool_sync_tools_tool_definition_t tool_definition;
typedef exports_portcullis_tool_sync_tools_list_tool_definition_t tool_definitions;
typedef exports_portcullis_tool_sync_tools_tool_call_t tool_call;
typedef exports_portcullis_tool_sync_tools_tool_output_t tool_output;
typedef exports_portcullis_tool_sync_tools_tool_error_t tool_error;

// C has no JSON of its own: the pattern leaves nothing to be unescaped.
#define INPUT                                                                                     \
    "{\"type\": \"object\", \"required\": [\"name\"], \"additionalProperties\": false, "           \
    "\"properties\": {\"name\": {\"type\": \"string\", \"pattern\": \"^[^\\\\\\\\\\\"]{1,64}$\", "  \
    "\"description\": \"Who to greet.\"}}}"

// Everything that is returned is freed by the bindings afterwards, so all of it is on the heap.
void exports_portcullis_tool_sync_tools_list_tools(tool_definitions *tools) {
    tool_definition *tool = calloc(1, sizeof *tool);
    plugin_string_dup(&tool->name, "greet");
    plugin_string_dup(&tool->description, "Greets a person by name.");
    plugin_string_dup(&tool->input_schema, INPUT);
    tools->ptr = tool;
    tools->len = 1;
}

// False is an error.
bool exports_portcullis_tool_sync_tools_call(tool_call *call, tool_output *output, tool_error *error) {
    (void)error;
    *output = (tool_output){0};
    // The host has checked the arguments against the schema: {"name":"…"}, with or without spaces.
    char name[512];
    snprintf(name, sizeof name, "%.*s", (int)call->arguments.len, (const char *)call->arguments.ptr);
    char *value = strchr(strchr(name, ':'), '"') + 1;
    *strchr(value, '"') = '\0';

    char text[600];
    snprintf(text, sizeof text, "Hello, %s!", value);
    portcullis_tool_tool_types_content_t *content = calloc(1, sizeof *content);
    content->tag = PORTCULLIS_TOOL_TOOL_TYPES_CONTENT_TEXT;
    plugin_string_dup(&content->val.text, text);
    output->content.ptr = content;
    output->content.len = 1;
    exports_portcullis_tool_sync_tools_tool_call_free(call);
    return true;
}
