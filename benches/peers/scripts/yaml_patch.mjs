// Patches by the npm package `yaml` (its folder is the argument): the lines of `writ patch --batch` on standard
// input, its answers on standard output.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const { parseAllDocuments, isScalar, isSeq } = createRequire(import.meta.url)(process.argv[2]);

const tokens = (pointer) => pointer.split('/').slice(1).map((token) => token.replace(/~1/g, '/').replace(/~0/g, '~'));

function apply(document, { op, path: pointer, value }) {
  const path = [];
  let node = document.contents;
  let parent;
  for (const token of tokens(pointer)) {
    parent = node;
    const key = isSeq(node) ? (token === '-' ? node.items.length : Number(token)) : token;
    path.push(key);
    node = node?.get?.(key, true);
  }
  if (op === 'remove') document.deleteIn(path);
  else if (op === 'add' && isSeq(parent)) parent.items.splice(path.at(-1), 0, document.createNode(value));
  // A scalar keeps its quotes and its comment when only its value changes.
  else if (isScalar(node) && (typeof value !== 'object' || value === null)) node.value = value;
  else document.setIn(path, document.createNode(value));
}

function patched({ file, document, patch }) {
  const text = readFileSync(file, 'utf8');
  const documents = parseAllDocuments(text);
  for (const one of documents) if (one.errors.length) throw one.errors[0];
  for (const operation of patch) apply(documents[document], operation);
  // Lists as most of the file's lists stand: level with their key, or further in.
  const lines = text.split('\n');
  const indentOf = (line) => line.length - line.trimStart().length;
  const level = lines.filter((line, at) => at && /^ *- /.test(line) && /:\s*$/.test(lines[at - 1]) && indentOf(line) === indentOf(lines[at - 1]));
  const further = lines.filter((line, at) => at && /^ *- /.test(line) && /:\s*$/.test(lines[at - 1]) && indentOf(line) > indentOf(lines[at - 1]));
  return documents.map((one) => one.toString({ lineWidth: 0, indentSeq: further.length >= level.length })).join('');
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  let answer;
  try {
    answer = { id: job.id, ok: true, output: patched(job) };
  } catch (error) {
    answer = { id: job.id, ok: false, error: String(error) };
  }
  console.log(JSON.stringify(answer));
}
