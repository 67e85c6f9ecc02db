// A client on the `ws` package that knows JSON-RPC and nothing of ours. It
// keeps every event, answer and close it gets; waiting is for one of them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import WebSocket from "ws";

const WAIT_MS = 30000; // far above what anything takes; only a lost answer meets it
const open = new Set();

export class RpcError extends Error {
  constructor(method, error) {
    super(`${method}: ${JSON.stringify(error)}`);
    this.code = error.code;
    this.type = error.data?.type;
    this.data = error.data;
    this.error = error;
  }
}

export class Client {
  constructor(server, { token, protocols, ...options } = {}) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    this.socket = new WebSocket(server.ws, protocols ?? [], {
      headers,
      perMessageDeflate: false,
      ...options,
    });
    this.events = []; // {method, params}
    this.stray = []; // answers nobody waits for, as they came
    this.texts = []; // every frame's text
    this.calls = new Map();
    this.waits = new Set();
    this.nextId = 1;
    this.closed = undefined; // {code, reason}
    open.add(this);
    this.socket.on("message", (bytes) => this.#take(bytes.toString()));
    this.socket.on("close", (code, reason) => this.#end(code, reason.toString()));
    this.socket.on("error", (error) => (this.failure = error));
    this.opened = new Promise((resolve, reject) => {
      this.socket.once("open", () => resolve(this));
      this.socket.once("error", reject);
    });
    this.opened.catch(() => {});
  }

  static dial(server, options) {
    return new Client(server, options).opened;
  }

  #take(text) {
    const message = JSON.parse(text);
    this.texts.push(text);
    const call = Array.isArray(message) ? undefined : this.calls.get(message.id);
    if (call && message.method === undefined) {
      this.calls.delete(message.id);
      call(message, text);
    } else if (message.method !== undefined) {
      assert.equal(message.jsonrpc, "2.0");
      assert.ok(!("id" in message), "an event is a notification");
      this.events.push({ method: message.method, params: message.params });
    } else {
      this.stray.push(message);
    }
    this.#wake();
  }

  #end(code, reason) {
    this.closed = { code, reason };
    open.delete(this);
    for (const call of this.calls.values()) call(null);
    this.calls.clear();
    this.#wake();
  }

  #wake() {
    for (const wait of [...this.waits]) wait();
  }

  // Resolves with what `done` gives once that is not undefined.
  until(done, what = done.toString()) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waits.delete(look);
        const tail = JSON.stringify(this.events.slice(-5));
        reject(new Error(`nothing came: ${what}; closed ${JSON.stringify(this.closed)}; ${tail}`));
      }, WAIT_MS);
      const look = () => {
        const value = done();
        if (value === undefined) return;
        clearTimeout(timer);
        this.waits.delete(look);
        resolve(value);
      };
      this.waits.add(look);
      look();
    });
  }

  closing() {
    return this.until(() => this.closed, "a close");
  }

  // The next event of that name which `fits` and was not taken before.
  event(method, fits = () => true) {
    return this.until(() => {
      const at = this.events.findIndex((e) => e.method === method && fits(e.params));
      return at < 0 ? undefined : this.events.splice(at, 1)[0].params;
    }, `event ${method}`);
  }

  seen(method, fits = () => true) {
    return this.events.filter((e) => e.method === method && fits(e.params)).map((e) => e.params);
  }

  // Sends what it is given, and gives the next answer without a caller.
  async raw(message) {
    this.socket.send(typeof message === "object" ? JSON.stringify(message) : message);
    return this.answer();
  }

  answer() {
    return this.until(() => this.stray.shift(), "an answer");
  }

  // The whole answer, {result} or {error}; null when the connection ends first.
  ask(method, params, id = this.nextId++) {
    return new Promise((resolve) => {
      if (this.closed) return resolve(null);
      const timer = setTimeout(() => {
        this.calls.delete(id);
        resolve({ error: { code: 0, message: "no answer came in time" } });
      }, WAIT_MS);
      this.calls.set(id, (message, text) => {
        clearTimeout(timer);
        if (message) Object.defineProperty(message, "text", { value: text });
        resolve(message);
      });
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  async call(method, params = {}) {
    const answer = await this.ask(method, params);
    if (answer === null) {
      throw new Error(`${method}: closed ${JSON.stringify(this.closed)}`);
    }
    if (answer.error) {
      throw new RpcError(method, answer.error);
    }
    return answer.result;
  }

  notify(method, params) {
    this.socket.send(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  // Everything sent before this was handled when it resolves: a call of this
  // connection has gone there and back.
  settle() {
    return this.call("session.list");
  }

  close() {
    this.socket.close();
    return this.closing();
  }
}

// Ends whatever a failed test left behind, so that the runner ends too.
export function closeAll() {
  for (const client of open) {
    client.socket.terminate();
  }
}

let people = 0;

export function newName(prefix = "u") {
  return `${prefix}${process.pid.toString(36)}${(people++).toString(36)}${randomUUID().slice(0, 6)}`;
}

export const PASSWORD = "correct horse battery";

// Registers somebody new: {username, userId, deviceId, accessToken, refreshToken, expiresIn}.
export async function register(server, prefix = "u", more = {}) {
  const username = newName(prefix);
  const params = { username, password: PASSWORD, ...more };
  const answer = await server.post("/rpc", { jsonrpc: "2.0", id: 1, method: "user.register", params });
  assert.ok(answer.json?.result, `user.register: ${answer.status} ${answer.text}`);
  return { username, ...answer.json.result };
}

export async function login(server, username, device) {
  const params = { username, password: PASSWORD, ...(device ? { device } : {}) };
  const answer = await server.post("/rpc", { jsonrpc: "2.0", id: 1, method: "user.login", params });
  assert.ok(answer.json?.result, `user.login: ${answer.status} ${answer.text}`);
  return { username, ...answer.json.result };
}

// A connection with an open session of that login.
export async function session(server, account, options) {
  const client = await Client.dial(server, options);
  client.session = await client.call("session.open", { token: account.accessToken });
  client.userId = account.userId;
  client.account = account;
  return client;
}

// Somebody new, connected.
export async function person(server, prefix, more) {
  return session(server, await register(server, prefix, more));
}

export function people2(server) {
  return Promise.all([person(server, "ann"), person(server, "bob")]);
}

export const newId = () => randomUUID();

export function text(words) {
  return { type: "text", content: { text: words } };
}

// Sends a text; `more` may say otherwise about any member.
export function send(client, chatId, words, more = {}) {
  return client.call("chat.send", { chatId, clientMsgId: newId(), ...text(words), ...more });
}

export async function direct(a, b) {
  return (await a.call("chat.open", { userId: b.userId })).chatId;
}

// Holds a call to an error's code and type, and gives its data.
export async function refuses(promise, code, type) {
  let result;
  try {
    result = await promise;
  } catch (error) {
    assert.ok(error instanceof RpcError, String(error.stack ?? error));
    assert.deepEqual([error.code, error.type], [code, type], error.message);
    return error.data;
  }
  return assert.fail(`answered ${JSON.stringify(result)} instead of ${type}`);
}

export const unauthenticated = (p) => refuses(p, -32001, "unauthenticated");
export const forbidden = (p) => refuses(p, -32003, "forbidden");
export const notFound = (p) => refuses(p, -32004, "not_found");
export const conflict = (p) => refuses(p, -32009, "conflict");
export const tooLarge = (p) => refuses(p, -32013, "too_large");
export const unavailable = (p) => refuses(p, -32050, "unavailable");

// -32602, and its data.path when one is expected.
export async function invalid(promise, path) {
  const data = await refuses(promise, -32602, "invalid_params");
  if (path !== undefined) {
    assert.equal(data.path, path);
  }
}
