// Drives memjs, which speaks the binary protocol only.
"use strict";

const { amount, item, load, number, run, text, version } = require("./driver.js");

const memjs = load("memjs");
let client;

const expires = (exptime) => (exptime === null ? {} : { expires: exptime });

const driver = {
  open({ host, port, timeout }) {
    const logger = { log() {} };
    client = memjs.Client.create(`${host}:${port}`, { timeout, conntimeout: timeout, retries: 1, failoverTime: 0.1, logger });
  },
  close: () => client.close(),
  set: ({ key, value, exptime = 0 }) => client.set(text(key), value, expires(exptime)),
  add: ({ key, value, exptime = 0 }) => client.add(text(key), value, expires(exptime)),
  replace: ({ key, value, exptime = 0 }) => client.replace(text(key), value, expires(exptime)),
  append: ({ key, value }) => client.append(text(key), value),
  prepend: ({ key, value }) => client.prepend(text(key), value),
  async get({ key }) {
    const { value } = await client.get(text(key));
    return item(value);
  },
  delete: ({ key }) => client.delete(text(key)),
  incr: async ({ key, by = "1" }) => number((await client.increment(text(key), amount(by), {})).value),
  decr: async ({ key, by = "1" }) => number((await client.decrement(text(key), amount(by), {})).value),
  touch: ({ key, exptime }) => client.touch(text(key), exptime),
  async flush_all() {
    await new Promise((resolve, reject) => client.flush((error, value) => (error ? reject(error) : resolve(value))));
    return true;
  },
};

run({ client: "memjs", version: version("memjs"), protocols: ["binary"] }, driver);
