// What the host calls. The functions behind it are in modules of their own, which know nothing of a host.

import { write } from "portcullis:host/log@0.1.0";
import { greet } from "./greeting.js";

/** @type {import("portcullis:tool/tool-types@0.1.0").ToolDefinition} */
const GREET = {
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

/** @type {typeof import("portcullis:tool/tools@0.1.0")} */
export const tools = {
  listTools() {
    return [GREET];
  },

  async call(call) {
    // The host has checked the arguments against the schema.
    const { name } = JSON.parse(call.arguments);
    if (name.trim() === "") {
      throw { code: "invalid-arguments", message: "the name is empty; say who to greet", retryable: false };
    }
    write("debug", "greeting", [["name", name]]);
    return { content: [{ tag: "text", val: greet(name) }] };
  },
};
