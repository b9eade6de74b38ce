"""What the host calls. The functions behind it are in modules of their own, which know nothing of a host."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import log
from wit_world.imports.tool_types import (
    Content_Text,
    Streams,
    ToolCall,
    ToolDefinition,
    ToolError,
    ToolOutput,
)

from greeting import greet

GREET = ToolDefinition(
    name="greet",
    title=None,
    description="Greets a person by name.",
    input_schema=json.dumps(
        {
            "type": "object",
            "properties": {"name": {"type": "string", "description": "Who to greet."}},
            "required": ["name"],
            "additionalProperties": False,
        }
    ),
    output_schema=None,
    streams=Streams(0),
    annotations=[("read-only", "true")],
)


class Tools(exports.Tools):
    def list_tools(self) -> list[ToolDefinition]:
        return [GREET]

    async def call(self, call: ToolCall) -> ToolOutput:
        # The host has checked the arguments against the schema.
        name = json.loads(call.arguments)["name"]
        if not name.strip():
            raise Err(ToolError("invalid-arguments", "the name is empty; say who to greet", None, False))
        log.write(log.Level.DEBUG, "greeting", [("name", name)])
        return ToolOutput([Content_Text(greet(name))], None)
