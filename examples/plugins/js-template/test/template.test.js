import assert from "node:assert/strict";
import { test } from "node:test";

import { TemplateError, escapeHtml, render } from "../src/template.js";

const text = (template, data, escape) => render(template, data, escape).text;

test("values are written, from inner and outer data", () => {
  assert.equal(text("Dear {{person.name}}, {{ greeting }}!", { person: { name: "Ada" }, greeting: "hello" }), "Dear Ada, hello!");
  assert.equal(text("{{#people}}{{name}} of {{town}}; {{/people}}", { town: "Bath", people: [{ name: "A" }, { name: "B" }] }), "A of Bath; B of Bath; ");
});

test("sections follow what is there", () => {
  const template = "{{#items}}- {{.}}\n{{/items}}{{^items}}nothing{{/items}}";
  assert.equal(text(template, { items: [1, 0] }), "- 1\n- 0\n");
  assert.equal(text(template, { items: [] }), "nothing");
  assert.equal(text("{{#count}}{{count}} left{{/count}}", { count: 0 }), "0 left");
  assert.equal(text("a{{! not shown }}b", {}), "ab");
});

test("names that are missing are told, and inherited ones are missing", () => {
  assert.deepEqual(render("{{a}}{{constructor}}{{__proto__.x}}", { a: 1 }), { text: "1", missing: ["constructor", "__proto__.x"] });
});

test("values are escaped where that is asked for", () => {
  assert.equal(text("<b>{{x}}</b>", { x: "<&'\">" }, escapeHtml), "<b>&lt;&amp;&#39;&quot;&gt;</b>");
});

test("templates that are not closed are refused", () => {
  for (const template of ["{{#a}}", "{{/a}}", "{{#a}}{{/b}}", "{{}}"]) {
    assert.throws(() => render(template, {}), TemplateError, template);
  }
});
