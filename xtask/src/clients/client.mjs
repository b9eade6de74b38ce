// What the official TypeScript client makes of `portcullis serve`.
//
//     client.mjs APPEARS FOLDER http URL                 with the token in MCP_TOKEN
//     client.mjs APPEARS FOLDER stdio COMMAND ARGUMENT…
//
// FOLDER is the one that is served. While the client is connected, the plugin APPEARS is put there.
import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

const [appears, folder, kind, ...where] = process.argv.slice(2);

function transport() {
  if (kind === "stdio") {
    const [command, ...args] = where;
    return new StdioClientTransport({ command, args });
  }
  const headers = { authorization: `Bearer ${process.env.MCP_TOKEN}` };
  return new StreamableHTTPClientTransport(new URL(where[0]), { requestInit: { headers } });
}

// The names by which the plugin's own are there.
async function tools(client) {
  const { tools } = await client.listTools();
  assert(tools.every((tool) => tool.description && tool.inputSchema.type === "object"));
  return new Map(tools.map(({ name }) => [name.split("__").at(-1), name]));
}

async function calls(client, names) {
  const { content } = await client.callTool({ name: names.get("test_multiple_content_types") });
  const [text, image, resource] = content;
  assert.equal(text.text, "Multiple content types test:");
  assert.equal(image.mimeType, "image/png");
  assert.equal(resource.resource.uri, "test://mixed-content-resource");
  const failed = await client.callTool({ name: names.get("test_error_handling") });
  assert(failed.isError && failed.content[0].text.includes("intentionally"));
}

async function asks(client, names) {
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    assert(params.message.endsWith("Who is there?"), params.message);
    return { action: "accept", content: { username: "ada", email: "ada@example.org" } };
  });
  const call = { name: names.get("test_elicitation"), arguments: { message: "Who is there?" } };
  const { content } = await client.callTool(call);
  assert(content[0].text.includes("username: ada"), content[0].text);
}

async function follows(client, names) {
  const heard = [];
  const onprogress = ({ progress, total }) => heard.push([progress, total]);
  await client.callTool({ name: names.get("test_tool_with_progress") }, undefined, { onprogress });
  // This client loses what arrives together with the result, as the last may.
  assert.deepEqual(heard.slice(0, 2), [[0, 100], [50, 100]]);
}

async function cancels(client, names) {
  const controller = new AbortController();
  const options = { signal: controller.signal, onprogress: () => controller.abort("enough") };
  const call = client.callTool({ name: names.get("test_cancellation") }, undefined, options);
  await assert.rejects(call, /enough/);
  await client.callTool({ name: names.get("test_simple_text") });
}

async function sees(client) {
  let changed;
  const next = () => new Promise((resolve) => { changed = resolve; });
  let change = next();
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changed();
    change = next();
  });
  const until = async (there) => {
    for (let seen = change; (await tools(client)).has("greet") !== there; seen = change) await seen;
  };
  // It was taken away just before this client came: the server may tell of that first.
  await until(false);
  copyFileSync(appears, join(folder, basename(appears)));
  await until(true);
}

rmSync(join(folder, basename(appears)), { force: true });
const client = new Client({ name: "portcullis-test", version: "1.0.0" }, { capabilities: { elicitation: {} } });
await client.connect(transport());
const names = await tools(client);
await calls(client, names);
await asks(client, names);
await follows(client, names);
await cancels(client, names);
await sees(client);
await client.close();
console.log(`  ${kind}: listed, called, asked, followed, cancelled, told of a change`);
// A stream that the server holds open would keep the process.
process.exit(0);
