// What the host calls. The functions behind it are in modules of their own, which know nothing of a host.

import { write } from "portcullis:host/log@0.1.0";
import type { ToolCall, ToolDefinition, ToolError, ToolOutput } from "portcullis:tool/tool-types@0.1.0";
import { greet } from "./greeting.ts";

const GREET: ToolDefinition = {
  name: "greet",
  description: "Greets a person by name.",
  inputSchema: JSON.stringify({
    type: "object",
    properties: { name: { type: "string", description: "Who to greet." } },
    required: ["name"],
    additionalProperties: false,
  }),
  streams: {},
  annotations: [["read-only", "true"]],
};

export const tools: typeof import("portcullis:tool/tools@0.1.0") = {
  listTools(): ToolDefinition[] {
    return [GREET];
  },

  async call(call: ToolCall): Promise<ToolOutput> {
    // The host has checked the arguments against the schema.
    const { name } = JSON.parse(call.arguments) as { name: string };
    if (name.trim() === "") {
      throw invalid("the name is empty; say who to greet");
    }
    write("debug", "greeting", [["name", name]]);
    return { content: [{ tag: "text", val: greet(name) }] };
  },
};

function invalid(message: string): ToolError {
  return { code: "invalid-arguments", message, retryable: false };
}
