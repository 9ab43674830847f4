// The loop of a driver in Node.js: JSON lines in, JSON lines out; docs/clients.md has the form.
// `run` takes what the driver says of itself, and an object with a method an operation; methods may return promises.
"use strict";

const { createInterface } = require("node:readline");
const { writeSync } = require("node:fs");

class Unsupported extends Error {}

const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
// What a client prints is no answer of the driver.
console.log = console.info = console.error;

// A key as text, which is how the clients take it.
function text(key) {
  const found = key.toString("utf8");
  if (!Buffer.from(found, "utf8").equals(key)) throw new Unsupported("keys are text");
  return found;
}

// A value that a client gave, as the result of a get.
function item(value, cas) {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") value = Buffer.from(value, "utf8");
  if (!Buffer.isBuffer(value)) return { odd: `${typeof value} ${JSON.stringify(value)}`.slice(0, 200) };
  return { value: value.toString("base64"), ...(cas === undefined ? {} : { cas: String(cas) }) };
}

function items(pairs) {
  const found = pairs.filter(([, one]) => one !== null);
  const odd = found.find(([, one]) => "odd" in one);
  return odd ? odd[1] : found.map(([key, one]) => ({ key: Buffer.from(key, "utf8").toString("base64"), ...one }));
}

// A number that a client gave for incr or decr.
function number(value) {
  if (value === null || value === undefined || value === false) return null;
  return ["number", "bigint"].includes(typeof value) || /^[0-9]+ *$/.test(value)
    ? BigInt(value).toString() : { odd: JSON.stringify(value) };
}

// An amount as the clients take it; beyond 2^53 it is another number.
function amount(by) {
  if (!Number.isSafeInteger(Number(by))) throw new Unsupported("amounts are numbers of JavaScript");
  return Number(by);
}

// Settle a call of a client that takes a callback.
const called = (method, ...args) => new Promise((resolve, reject) => {
  method(...args, (error, value) => (error ? reject(error) : resolve(value)));
});

function fields(line) {
  const found = { ...line };
  for (const name of ["flags", "noreply"]) if (name in line) throw new Unsupported(`the client takes no ${name}`);
  for (const name of ["key", "value"]) if (name in found) found[name] = Buffer.from(found[name], "base64");
  if (found.keys) found.keys = found.keys.map((key) => Buffer.from(key, "base64"));
  if (found.exptime && typeof found.exptime === "object") throw new Unsupported("times are numbers");
  return found;
}

async function answer(line, driver) {
  try {
    const result = await driver[line.op](fields(line));
    return { id: line.id, result: result === undefined ? null : result };
  } catch (error) {
    if (error instanceof Unsupported) return { id: line.id, unsupported: error.message };
    const name = (error && error.constructor && error.constructor.name) || typeof error;
    return { id: line.id, error: { class: name, text: String((error && error.message) || error).slice(0, 500) } };
  }
}

function run(hello, driver) {
  say({ language: `Node.js ${process.version}`, operations: [...Object.keys(driver), "tick"], concurrent: true, ...hello });
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (raw) => {
    const line = JSON.parse(raw);
    if (line.op === "tick") say({ id: line.id, result: true });
    else answer(line, driver).then(say);
  });
  lines.on("close", () => process.exit(0));
}

// A package, found from the current folder.
const load = (name) => require(require.resolve(name, { paths: [process.cwd()] }));
const version = (name) => load(`${name}/package.json`).version;

module.exports = { amount, called, item, items, load, number, run, text, version };
