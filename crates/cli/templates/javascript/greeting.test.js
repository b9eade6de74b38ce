import assert from "node:assert/strict";
import { test } from "node:test";

import { greet } from "../src/greeting.js";

test("a greeting has the name", () => {
  assert.equal(greet("World"), "Hello, World!");
});
