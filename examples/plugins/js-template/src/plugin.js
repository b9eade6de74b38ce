// What the host calls: the tool, and what answers it. The templates are in template.js.

import { TemplateError, escapeHtml, render } from "./template.js";

/** @type {import("portcullis:tool/tool-types@0.1.0").ToolDefinition} */
const RENDER = {
  name: "render",
  description:
    "Renders text from a template and data. {{name}} and {{a.b}} are values, {{#list}}…{{/list}} is written for each item (or once, " +
    "where the value is there), {{^list}}…{{/list}} where there is none, {{.}} is the item itself, {{! …}} a remark.",
  inputSchema: JSON.stringify({
    type: "object",
    properties: {
      template: { type: "string", description: "The template." },
      data: { type: "object", description: "What its names stand for." },
      html: { type: "boolean", default: false, description: "Whether values are escaped for HTML." },
    },
    required: ["template", "data"],
    additionalProperties: false,
  }),
  outputSchema: JSON.stringify({
    type: "object",
    properties: {
      text: { type: "string" },
      missing: { type: "array", items: { type: "string" }, description: "Names that the data does not have." },
    },
    required: ["text", "missing"],
  }),
  streams: {},
  annotations: [
    ["read-only", "true"],
    ["idempotent", "true"],
  ],
};

/** @type {typeof import("portcullis:tool/tools@0.1.0")} */
export const tools = {
  listTools() {
    return [RENDER];
  },

  async call(call) {
    const { template, data, html } = JSON.parse(call.arguments);
    try {
      const rendered = render(template, data, html ? escapeHtml : undefined);
      return { content: [{ tag: "text", val: rendered.text }], structured: JSON.stringify(rendered) };
    } catch (error) {
      if (error instanceof TemplateError) {
        throw { code: "invalid-arguments", message: error.message, retryable: false };
      }
      throw error;
    }
  },
};
