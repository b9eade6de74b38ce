"""What the host calls: the tools, and what answers them. The statistics are in `stats`."""

import json
from typing import Any

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.tool_types import (
    Content_Text,
    Streams,
    ToolCall,
    ToolDefinition,
    ToolError,
    ToolOutput,
)

import stats

NUMBER_OR_NONE = {"type": ["number", "null"]}


def numbers(about: str, least: int) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "number"}, "minItems": least, "description": about}


def tool(name: str, about: str, properties: dict[str, Any], output: dict[str, Any]) -> ToolDefinition:
    """All properties are required, of the arguments and of the output."""

    def schema(properties: dict[str, Any]) -> str:
        return json.dumps(
            {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            }
        )

    hints = [("read-only", "true"), ("idempotent", "true")]
    return ToolDefinition(name, None, about, schema(properties), schema(output), Streams(0), hints)


TOOLS = [
    tool(
        "describe",
        "Describes a list of numbers: count, mean, median, standard deviation, extremes and quartiles.",
        {"numbers": numbers("What is described.", 1)},
        {
            "count": {"type": "integer"},
            "mean": {"type": "number"},
            "median": {"type": "number"},
            "deviation": NUMBER_OR_NONE,
            "smallest": {"type": "number"},
            "largest": {"type": "number"},
            "lower_quartile": NUMBER_OR_NONE,
            "upper_quartile": NUMBER_OR_NONE,
        },
    ),
    tool(
        "correlation",
        "Pearson's correlation of two lists whose numbers belong together one by one.",
        {"x": numbers("The one list.", 2), "y": numbers("The other, as long.", 2)},
        {"correlation": {"type": "number"}},
    ),
]


class Tools(exports.Tools):
    def list_tools(self) -> list[ToolDefinition]:
        return TOOLS

    async def call(self, call: ToolCall) -> ToolOutput:
        arguments = json.loads(call.arguments)
        try:
            if call.name == "describe":
                return answer(stats.describe(arguments["numbers"]))
            return answer({"correlation": stats.correlation(arguments["x"], arguments["y"])})
        except ValueError as error:
            raise Err(ToolError("invalid-arguments", str(error), None, False)) from error


def answer(result: dict[str, Any]) -> ToolOutput:
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in result.items() if value is not None]
    return ToolOutput([Content_Text("\n".join(lines))], json.dumps(result))
