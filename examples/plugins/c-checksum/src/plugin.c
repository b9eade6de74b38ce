// What the host calls: the tool, and what answers it.

#include <stdio.h>
#include <stdlib.h>

#include "checksum.h"
#include "json.h"
#include "plugin.h"

// The bindings' names say where a type comes from; these are shorter.
typedef exports_portcullis_tool_sync_tools_tool_definition_t tool_definition;
typedef exports_portcullis_tool_sync_tools_list_tool_definition_t tool_definitions;
typedef exports_portcullis_tool_sync_tools_tool_call_t tool_call;
typedef exports_portcullis_tool_sync_tools_tool_output_t tool_output;
typedef exports_portcullis_tool_sync_tools_tool_error_t tool_error;

#define INPUT                                                                                     \
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"text\": "          \
    "{\"type\": \"string\", \"description\": \"What is summed, as UTF-8; without it the first "    \
    "attachment is.\"}}}"

#define OUTPUT                                                                                    \
    "{\"type\": \"object\", \"required\": [\"bytes\", \"crc32\", \"adler32\"], \"properties\": {"  \
    "\"bytes\": {\"type\": \"integer\"}, \"crc32\": {\"type\": \"string\"}, "                      \
    "\"adler32\": {\"type\": \"string\"}}}"

// Everything that is returned is freed by the bindings afterwards, so all of it is on the heap.
void exports_portcullis_tool_sync_tools_list_tools(tool_definitions *tools) {
    tool_definition *tool = calloc(1, sizeof *tool);
    plugin_string_dup(&tool->name, "checksum");
    plugin_string_dup(&tool->description, "CRC-32 and Adler-32 of a text or of an attachment, in hexadecimal.");
    plugin_string_dup(&tool->input_schema, INPUT);
    tool->output_schema.is_some = true;
    plugin_string_dup(&tool->output_schema.val, OUTPUT);
    plugin_tuple2_string_string_t *hint = calloc(1, sizeof *hint);
    plugin_string_dup(&hint->f0, "read-only");
    plugin_string_dup(&hint->f1, "true");
    tool->annotations.ptr = hint;
    tool->annotations.len = 1;
    tools->ptr = tool;
    tools->len = 1;
}

static void answer(const uint8_t *bytes, size_t length, tool_output *output) {
    uint32_t crc = crc32(bytes, length), adler = adler32(bytes, length);
    char text[96];
    snprintf(text, sizeof text, "crc32 %08x, adler32 %08x of %zu bytes", crc, adler, length);
    portcullis_tool_tool_types_content_t *content = calloc(1, sizeof *content);
    content->tag = PORTCULLIS_TOOL_TOOL_TYPES_CONTENT_TEXT;
    plugin_string_dup(&content->val.text, text);
    output->content.ptr = content;
    output->content.len = 1;

    snprintf(text, sizeof text, "{\"bytes\": %zu, \"crc32\": \"%08x\", \"adler32\": \"%08x\"}", length, crc, adler);
    output->structured.is_some = true;
    plugin_string_dup(&output->structured.val, text);
}

// False is an error.
bool exports_portcullis_tool_sync_tools_call(tool_call *call, tool_output *output, tool_error *error) {
    *output = (tool_output){0};
    const uint8_t *bytes = NULL;
    size_t length = 0;
    bool given = json_only_string(call->arguments.ptr, call->arguments.len, &bytes, &length);
    if (!given && call->attachments.len > 0) {
        given = true;
        bytes = call->attachments.ptr[0].data.ptr;
        length = call->attachments.ptr[0].data.len;
    }
    if (given) {
        answer(bytes, length, output);
    } else {
        *error = (tool_error){0};
        plugin_string_dup(&error->code, "invalid-arguments");
        plugin_string_dup(&error->message, "there is neither a text nor an attachment; give one of the two");
    }
    exports_portcullis_tool_sync_tools_tool_call_free(call);
    return given;
}
