// Drives the npm package memcached.
"use strict";

const { amount, called, item, items, load, number, run, text, version } = require("./driver.js");

const Memcached = load("memcached");
let client;

const call = (name, ...args) => called(client[name].bind(client), ...args);
// A store that is refused is an error without words, or one that says so.
const stored = (promise) => promise.then(Boolean, (error) => {
  if (/not stored|exists|not found/i.test(String(error && error.message))) return false;
  throw error;
});
const found = (value) => (value === false ? null : value);

const driver = {
  open({ host, port, timeout }) {
    const options = { timeout: timeout * 1000, retries: 0, failures: 1000, retry: 50, reconnect: 50, idle: 60000 };
    client = new Memcached(`${host}:${port}`, options);
    for (const event of ["issue", "failure", "reconnecting"]) client.on(event, () => {});
  },
  close: () => client.end(),
  set: ({ key, value, exptime = 0 }) => stored(call("set", text(key), value, exptime)),
  add: ({ key, value, exptime = 0 }) => stored(call("add", text(key), value, exptime)),
  replace: ({ key, value, exptime = 0 }) => stored(call("replace", text(key), value, exptime)),
  append: ({ key, value }) => stored(call("append", text(key), value)),
  prepend: ({ key, value }) => stored(call("prepend", text(key), value)),
  cas: ({ key, value, cas, exptime = 0 }) => stored(call("cas", text(key), value, cas, exptime)),
  get: async ({ key }) => item(found(await call("get", text(key)))),
  async gets({ key }) {
    const value = await call("gets", text(key));
    return value ? item(found(value[text(key)]), value.cas) : null;
  },
  async get_many({ keys }) {
    const value = await call("getMulti", keys.map(text));
    return items(Object.entries(value || {}).map(([key, one]) => [key, item(found(one))]));
  },
  delete: async ({ key }) => Boolean(await call("del", text(key))),
  incr: async ({ key, by = "1" }) => number(await call("incr", text(key), amount(by))),
  decr: async ({ key, by = "1" }) => number(await call("decr", text(key), amount(by))),
  touch: async ({ key, exptime }) => Boolean(await call("touch", text(key), exptime)),
  flush_all: async () => { await call("flush"); return true; },
  async version() {
    const [value] = await call("version");
    return value ? { text: String(value.version) } : null;
  },
  async stats() {
    const [value] = await call("stats");
    return Object.entries(value || {}).filter(([name]) => name !== "server").map(([name, one]) => [name, String(one)]);
  },
};

run({ client: "memcached (npm)", version: version("memcached"), protocols: ["text"] }, driver);
