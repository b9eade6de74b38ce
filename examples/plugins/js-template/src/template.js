// Templates in the manner of Mustache: {{name}}, {{a.b}}, {{#list}}…{{/list}}, {{^list}}…{{/list}}, {{! a remark}}.

/** Why a template can't be rendered. */
export class TemplateError extends Error {}

/**
 * Renders a template.
 *
 * @param {string} template
 * @param {unknown} data What names are looked up in.
 * @param {(text: string) => string} escape What every value goes through.
 * @returns {{ text: string, missing: string[] }} The text, and the names that the data does not have.
 */
export function render(template, data, escape = (text) => text) {
  const missing = new Set();
  const text = written(parsed(template), [data], escape, missing);
  return { text, missing: [...missing] };
}

/** @param {string} text */
export function escapeHtml(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}

const TAG = /\{\{\s*([#^/!]?)\s*([\s\S]*?)\s*\}\}/g;

/**
 * @typedef {string | { kind: "" | "#" | "^", name: string, inside: Node[] }} Node
 */

/**
 * @param {string} template
 * @returns {Node[]}
 */
function parsed(template) {
  const open = [{ name: "", inside: [] }];
  let from = 0;
  for (const { 0: tag, 1: kind, 2: name, index } of template.matchAll(TAG)) {
    const { inside } = open.at(-1);
    inside.push(template.slice(from, index));
    from = index + tag.length;
    if (kind === "!") {
      continue;
    }
    if (name === "") {
      throw new TemplateError(`the tag ${tag} has no name`);
    }
    if (kind === "/") {
      const section = open.pop();
      if (open.length === 0 || section.name !== name) {
        throw new TemplateError(`${tag} closes no section of that name that is open`);
      }
      continue;
    }
    const node = { kind, name, inside: [] };
    inside.push(node);
    if (kind !== "") {
      open.push(node);
    }
  }
  if (open.length > 1) {
    throw new TemplateError(`the section {{#${open.at(-1).name}}} is never closed`);
  }
  open[0].inside.push(template.slice(from));
  return open[0].inside;
}

/**
 * @param {Node[]} nodes
 * @param {unknown[]} scopes What names are looked up in, the innermost last.
 */
function written(nodes, scopes, escape, missing) {
  return nodes
    .map((node) => {
      if (typeof node === "string") {
        return node;
      }
      const value = found(node.name, scopes);
      if (value === undefined) {
        missing.add(node.name);
      }
      const items = Array.isArray(value) ? value : value || value === 0 ? [value] : [];
      switch (node.kind) {
        case "#":
          return items.map((item) => written(node.inside, [...scopes, item], escape, missing)).join("");
        case "^":
          return items.length === 0 ? written(node.inside, scopes, escape, missing) : "";
        default:
          return escape(shown(value));
      }
    })
    .join("");
}

/** `.` is the innermost value itself. */
function found(name, scopes) {
  if (name === ".") {
    return scopes.at(-1);
  }
  const [first, ...rest] = name.split(".");
  const scope = scopes.findLast((scope) => own(scope, first) !== undefined);
  return [first, ...rest].reduce(own, scope);
}

/** Never what objects inherit. */
function own(value, key) {
  return value !== null && typeof value === "object" && Object.hasOwn(value, key) ? value[key] : undefined;
}

function shown(value) {
  if (value === undefined || value === null) {
    return "";
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
