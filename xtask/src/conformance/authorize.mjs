// Loaded before the suite, which can't be told to send a token: adds it to each request, and changes nothing else.
import { getGlobalDispatcher, setGlobalDispatcher } from "undici";

const value = `Bearer ${process.env.MCP_TOKEN}`;

// undici's own requests, with the Host and Origin that a scenario gives them.
const authorize = (dispatch) => (options, handler) =>
  dispatch({ ...options, headers: { ...options.headers, authorization: value } }, handler);
setGlobalDispatcher(getGlobalDispatcher().compose(authorize));

// What goes through the platform's fetch: raw requests, and those of the SDK's client.
const plain = globalThis.fetch;
globalThis.fetch = (resource, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set("authorization", value);
  return plain(resource, { ...init, headers });
};
