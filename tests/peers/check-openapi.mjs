// Checks recorded requests against GitHub's published OpenAPI description.
//
//   node check-openapi.mjs RECORDING.jsonl
//
// Each line of the recording is `{"method", "path", "query", "headers": [names], "body"}`; `body` is JSON or null.
// A request is right when its path and method are described, its path and query parameters are known and valid, and
// its body is valid with no field that is not described. One line per mistake; exit 1 when there is one, 2 on misuse.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv2020 from "ajv/dist/2020.js";

const [recording] = process.argv.slice(2);
if (!recording) {
  console.error("usage: check-openapi.mjs RECORDING.jsonl");
  process.exit(2);
}
const description = createRequire(import.meta.url)("@octokit/openapi/generated/api.github.com.json");
const ajv = new Ajv2020.default({ strict: false, validateFormats: false, coerceTypes: false, allErrors: true });

/** What a `$ref` in the description stands for. */
function resolved(node) {
  let found = node;
  while (found?.$ref) {
    found = found.$ref.slice(2).split("/").reduce((at, key) => at[key.replace(/~1/g, "/").replace(/~0/g, "~")], description);
  }
  return found;
}

/** The schema with references inlined, OpenAPI's `nullable` kept, and every field that is not described forbidden. */
function strict(schema) {
  const node = { ...resolved(schema) };
  delete node.discriminator;
  delete node.example;
  delete node.examples;
  for (const key of ["oneOf", "anyOf", "allOf"]) {
    if (node[key]) node[key] = node[key].map((part) => loose(part));
  }
  if (node.properties) node.properties = mapValues(node.properties, strict);
  if (node.items) node.items = strict(node.items);
  const open = node.additionalProperties !== undefined && node.additionalProperties !== false;
  const described = node.properties || node.oneOf || node.anyOf || node.allOf;
  if (described && !open) node.unevaluatedProperties = false;
  return node;
}

/** As `strict`, for a part of a combination: the whole forbids what no part describes. */
function loose(schema) {
  const node = strict(schema);
  delete node.unevaluatedProperties;
  return node;
}

const mapValues = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

/** The described paths as patterns; literal segments win over parameters. */
const paths = Object.entries(description.paths).map(([template, item]) => {
  const segments = template.split("/").slice(1);
  const names = segments.flatMap((segment) => [...segment.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]));
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = segments.map((segment) => segment.split(/\{[^}]+\}/).map(escape).join("([^/]+)")).join("/");
  const literals = segments.map((segment) => (segment.includes("{") ? "1" : "0")).join("");
  return { template, item, names, literals, pattern: new RegExp(`^/${pattern}$`) };
});

function described(path) {
  const fitting = paths.map((entry) => ({ ...entry, match: entry.pattern.exec(path) })).filter((entry) => entry.match);
  return fitting.sort((left, right) => left.literals.localeCompare(right.literals))[0];
}

/** A parameter's text as the type that its schema asks for. */
function typed(text, schema) {
  const type = resolved(schema)?.type;
  if ((type === "integer" || type === "number") && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  return text;
}

function valid(schema, value, where, mistakes) {
  const validate = ajv.compile(schema);
  if (validate(value)) return;
  for (const error of validate.errors) {
    const field = error.params?.unevaluatedProperty ?? error.params?.additionalProperty;
    mistakes.push(`${where}${error.instancePath}: ${error.message}${field ? ` (\`${field}\`)` : ""}`);
  }
}

/** The mistakes of one request. */
function check(request) {
  const found = described(request.path);
  if (!found) return ["the path is not described"];
  const operation = found.item[request.method.toLowerCase()];
  if (!operation) return [`${request.method} is not described for ${found.template}`];
  const mistakes = [];
  const parameters = [...(found.item.parameters ?? []), ...(operation.parameters ?? [])].map(resolved);
  found.names.forEach((name, index) => {
    const parameter = parameters.find((candidate) => candidate.in === "path" && candidate.name === name);
    const text = decodeURIComponent(found.match[index + 1]);
    if (!parameter) mistakes.push(`path parameter \`${name}\` is not described`);
    else valid(strict(parameter.schema), typed(text, parameter.schema), `path parameter \`${name}\``, mistakes);
  });
  const query = [...new URLSearchParams(request.query ?? "")];
  for (const [name, text] of query) {
    const parameter = parameters.find((candidate) => candidate.in === "query" && candidate.name === name);
    if (!parameter) mistakes.push(`query parameter \`${name}\` is not described`);
    else valid(strict(parameter.schema), typed(text, parameter.schema), `query parameter \`${name}\``, mistakes);
  }
  for (const parameter of parameters.filter((candidate) => candidate.in === "query" && candidate.required)) {
    if (!query.some(([name]) => name === parameter.name)) mistakes.push(`query parameter \`${parameter.name}\` is missing`);
  }
  const body = resolved(operation.requestBody);
  const given = request.body !== null && request.body !== undefined;
  if (given && !body) mistakes.push("a body is not described");
  if (!given && body?.required) mistakes.push("the body is missing");
  if (given && body) {
    const schema = body.content["application/json"]?.schema;
    if (!schema) mistakes.push("a JSON body is not described");
    else valid(strict(schema), request.body, "body", mistakes);
    if (!request.headers.includes("content-type")) mistakes.push("`content-type` is missing");
  }
  if (!request.headers.includes("user-agent")) mistakes.push("`user-agent` is missing, which GitHub refuses");
  return mistakes;
}

const requests = readFileSync(recording, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
let wrong = 0;
for (const request of requests) {
  const mistakes = check(request);
  if (mistakes.length > 0) wrong += 1;
  for (const mistake of mistakes) console.log(`${request.method} ${request.path}: ${mistake}`);
}
console.log(`${requests.length} requests, ${wrong} wrong`);
process.exit(wrong > 0 ? 1 : 0);
