// Drives a memcached library of Node.js: node driver.js PACKAGE HOST:PORT[,HOST:PORT...]
// Each line of standard input is a call, ["get", "key"]; each line of standard output its answer, {"value": ...}.
// The first line of output answers no call: it says that node runs.
"use strict";

const { createInterface } = require("node:readline");
const { promisify } = require("node:util");

const [name, servers] = process.argv.slice(2);
const library = require(require.resolve(name, { paths: [process.cwd()] }));

// What each library calls these, and what it answers: booleans, texts, null for a miss.
const makers = {
  memcached() {
    const client = new library(servers.split(","), {
      timeout: 2000, retries: 0, failures: 1000, retry: 100, reconnect: 100, remove: false,
    });
    const call = (method) => promisify(client[method].bind(client));
    // A store that is refused is an error without words, or one that says so.
    const stored = (promise) => promise.then(Boolean, (error) => {
      if (/not stored|exists/i.test(String(error && error.message))) return false;
      throw error;
    });
    const text = (value) => (value === undefined || value === false ? null : String(value));
    return {
      set: (key, value, seconds) => stored(call("set")(key, value, seconds)),
      get: (key) => call("get")(key).then(text),
      getMany: (keys) => call("getMulti")(keys),
      add: (key, value) => stored(call("add")(key, value, 0)),
      delete: (key) => call("del")(key).then(Boolean),
      incr: (key, by) => (by >= 0 ? call("incr")(key, by) : call("decr")(key, -by)),
      gets: (key) => call("gets")(key).then((found) => [text(found[key]), found.cas]),
      cas: (key, value, unique) => stored(call("cas")(key, value, unique, 0)),
      end: () => client.end(),
    };
  },
  memjs() {
    const client = library.Client.create(servers, { timeout: 2, conntimeout: 2, retries: 2, failoverTime: 1 });
    return {
      set: (key, value, seconds) => client.set(key, value, { expires: seconds }),
      get: (key) => client.get(key).then((found) => (found.value === null ? null : found.value.toString("utf8"))),
      add: (key, value) => client.add(key, value, { expires: 0 }),
      delete: (key) => client.delete(key),
      incr: (key, by) => (by >= 0 ? client.increment(key, by, {}) : client.decrement(key, -by, {}))
        .then((found) => found.value),
      end: () => client.close(),
    };
  },
};

const client = makers[name]();

async function answer(line) {
  try {
    const [method, ...args] = JSON.parse(line);
    const value = await client[method](...args);
    return { value: value === undefined ? null : value };
  } catch (error) {
    return { error: String((error && error.message) || error) };
  }
}

(async () => {
  process.stdout.write('{"value": true}\n');
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
  client.end();
  process.exit(0);
})();
