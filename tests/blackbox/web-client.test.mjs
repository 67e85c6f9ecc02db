// The web client: that its page is whole and holds nothing inline, and that what
// it keeps of its chats is what the server has, whatever happened to its line.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import WebSocket from "ws";
import * as c from "./lib/client.mjs";
import { Server } from "./lib/server.mjs";

let server;

before(async () => {
  server = await Server.start();
});

after(async () => {
  c.closeAll();
  await server.stop();
});

describe("the page", () => {
  const TYPES = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

  // Follows what a page or a module names; gives the paths that it has seen.
  async function follow(path, seen) {
    if (seen.has(path)) return seen;
    seen.add(path);
    const { status, headers, text } = await server.get(`/${path}`);
    assert.equal(status, 200, path);
    const type = path === "" ? "text/html" : TYPES[path.split(".").pop()];
    assert.ok(headers.get("content-type").startsWith(type), path);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    const names = path === "" ? /(?:src|href)="([^"]+)"/g : /^(?:import|export) .* from "\.\/([^"]+)"/gm;
    for (const [, name] of text.matchAll(names)) await follow(name, seen);
    return seen;
  }

  test("everything that it names is served", async () => {
    const seen = await follow("", new Set());
    assert.ok(seen.has("app.js") && seen.has("connection.js") && seen.has("style.css"));
  });

  test("it holds nothing that its own policy forbids", async () => {
    const { headers, text } = await server.get("/");
    assert.match(headers.get("content-security-policy"), /default-src 'self'/);
    assert.doesNotMatch(text, /<style|\sstyle=|\son[a-z]+=|<script>|https?:\/\//);
  });

  test("no module makes markup of text", async () => {
    for (const path of await follow("", new Set())) {
      const { text } = await server.get(`/${path}`);
      assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/, path);
    }
  });
});

// ---- its model, in this process: only the page is left out ----

const kept = new Map();
globalThis.localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
};
globalThis.document = { visibilityState: "visible", addEventListener() {} };
globalThis.addEventListener = () => {};
const everySoOften = globalThis.setInterval;
globalThis.setInterval = (...args) => everySoOften(...args).unref();
const sockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.on("error", () => {});
    sockets.push(this);
  }
};
const web = "../../examples/web";
const { Connection } = await import(`${web}/connection.js`);
const { Outbox } = await import(`${web}/outbox.js`);
const { Store } = await import(`${web}/store.js`);
const { Sync } = await import(`${web}/sync.js`);

const WAIT_MS = 60000; // far above what anything takes

class Browser {
  constructor(account) {
    this.account = account;
    this.store = new Store();
    this.connection = new Connection(server.ws, {
      open: async () => {
        const session = await this.connection.call("session.open", { token: account.accessToken });
        this.store.me = session.userId;
        this.store.deviceId = session.deviceId;
        this.socket = sockets.find((socket) => socket.readyState === WebSocket.OPEN && !socket.owner);
        this.socket.owner = account.userId;
      },
      ready: async () => {
        this.outbox.open();
        await this.sync.begin().catch(() => {});
        this.outbox.flush();
        this.store.touch();
      },
      event: (method, params) => this.sync.event(method, params),
      state: () => this.store.touch(),
      ended: (why) => assert.fail(why),
    });
    this.sync = new Sync(this.connection, this.store);
    this.outbox = new Outbox(this.connection, this.store, this.sync);
  }

  async start() {
    this.connection.start();
    await this.until(() => this.connection.isReady && this.store.me);
    return this;
  }

  until(done) {
    return new Promise((resolve, reject) => {
      const end = (settle, value) => {
        clearTimeout(timer);
        this.store.removeEventListener("change", look);
        settle(value);
      };
      const look = () => done() && end(resolve);
      const timer = setTimeout(() => end(reject, new Error(`never: ${done}`)), WAIT_MS);
      this.store.addEventListener("change", look);
      look();
    });
  }

  drop() {
    this.socket.terminate();
  }

  isIdle() {
    return this.connection.isReady && !JSON.parse(kept.get(`chattermesh.outbox.${this.store.me}`) ?? "[]").some((item) => !item.error);
  }
}

const browser = async (prefix) => new Browser(await c.register(server, prefix)).start();

// What of a message two clients must agree on.
function essence(entry) {
  const { seq, kind, senderId, type, content, deleted, change } = entry;
  const reactions = (entry.reactions ?? [])
    .map(({ emoji, userIds, count }) => [emoji, count ?? [...userIds].sort()])
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return { seq, kind, senderId, type, content, deleted: deleted ?? false, change, reactions };
}

// Holds everything that a browser keeps to what the server says to a newcomer.
async function compare(who) {
  const fresh = await c.session(server, await c.login(server, who.account.username));
  const { chats } = await fresh.call("sync.pull", { limit: 200 });
  assert.equal(who.store.chats.size, chats.length);
  for (const state of chats) {
    const chat = who.store.chats.get(state.chatId);
    for (const name of ["lastSeq", "unread", "myRead", "memberCount", "pins", "muted"]) {
      assert.deepEqual(chat[name], state[name], `${name} of ${state.chatId}`);
    }
    assert.deepEqual(chat.last && essence(chat.last), state.last && essence(state.last));
    if (chat.isLoaded) {
      const { entries } = await fresh.call("chat.history", { chatId: state.chatId, limit: 200 });
      const shown = [...chat.messages.values()].sort((a, b) => a.seq - b.seq).map(essence);
      const logged = entries.filter(({ kind }) => kind === "message" || kind === "member");
      const first = shown[0]?.seq ?? Infinity;
      assert.deepEqual(shown, logged.filter(({ seq }) => seq >= first).map(essence));
    }
  }
  await fresh.close();
}

async function settle(...all) {
  for (const who of all) await who.until(() => who.isIdle());
  for (const who of all) {
    await who.sync.pull();
    for (const chat of who.store.chats.values()) {
      if (chat.isLoaded) await who.sync.fill(chat);
    }
  }
}

// The same numbers for the same seed, so that a failure can be seen again.
function chance(seed) {
  let state = seed;
  const next = () => (state = (state * 48271) % 2147483647);
  return (n) => next() % n;
}

describe("the model", () => {
  test("a message written without a line arrives once, in its order", async () => {
    const [ann, bob] = await Promise.all([browser("ann"), browser("bob")]);
    const { chatId } = await ann.connection.call("chat.open", { userId: bob.store.me });
    await ann.sync.pull();
    ann.drop();
    for (const words of ["one", "two", "three"]) {
      ann.outbox.add("chat.send", { chatId, ...c.text(words) });
    }
    assert.equal(ann.outbox.waiting(ann.store.chats.get(chatId)).length, 3);
    await bob.until(() => bob.store.chats.get(chatId)?.lastSeq === 3);
    const chat = bob.store.chats.get(chatId);
    await bob.sync.load(chat);
    const texts = [...chat.messages.values()].map((entry) => entry.content.text);
    assert.deepEqual(texts, ["one", "two", "three"]);
    assert.equal(chat.unread, 3);
    ann.connection.stop();
    bob.connection.stop();
  });

  for (const seed of [1, 2, 3]) {
    test(`after any schedule it has what the server has (seed ${seed})`, async () => {
      const all = await Promise.all([browser("ann"), browser("bob"), browser("carl")]);
      const [ann, bob, carl] = all;
      const ids = [ann.store.me, bob.store.me, carl.store.me];
      const group = await ann.connection.call("group.create", { title: "all", memberIds: ids });
      const direct = await ann.connection.call("chat.open", { userId: bob.store.me });
      await settle(...all);
      const control = await c.person(server);
      const pick = chance(seed);
      const act = [
        (who, target) => who.outbox.add("chat.send", { ...target.chat, ...c.text(`text ${pick(1000)}`) }),
        (who, target) => who.outbox.add("chat.send", { ...target.chat, ...c.text("again") }),
        (who, target) => who.outbox.add("chat.edit", { ...target, content: { text: `new ${pick(1000)}` } }),
        (who, target) => who.outbox.add("chat.delete", { ...target }),
        (who, target) => who.outbox.add("chat.react", { ...target, emoji: "👍", on: pick(3) > 0 }),
        (who) => pick(4) === 0 && who.drop(),
        (who, { chatId }) => {
          const chat = who.store.chats.get(chatId);
          return chat && who.sync.load(chat).catch(() => {});
        },
        (who, { chatId }) => who.connection.call("receipts.mark", { chatId, read: 1 + pick(3) }).then(
          (mark) => who.store.applyReceipt({ chatId, userId: who.store.me, ...mark }),
          () => {},
        ),
      ];
      for (let i = 0; i < 200; i++) {
        const who = all[pick(3)];
        const { chatId } = who === carl || pick(2) ? group : direct;
        const last = who.store.chats.get(chatId)?.lastSeq || 1;
        const target = { chatId, target: 1 + pick(last) };
        Object.defineProperty(target, "chat", { value: { chatId } });
        act[pick(act.length)](who, target);
        // Sometimes the others have time to hear of it, sometimes even to come back.
        if (pick(3) === 0) await control.settle();
        if (pick(12) === 0) await who.until(() => who.connection.isReady);
      }
      await settle(...all);
      await settle(...all);
      for (const who of all) {
        await compare(who);
        who.connection.stop();
      }
    });
  }
});
