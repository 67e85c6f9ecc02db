// Plugins are replaced, fail to be replaced, go and come back while clients
// stay connected and talk.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as c from "./lib/client.mjs";
import { killAll, newFolder, Server } from "./lib/server.mjs";

const CHAT = new URL("../../plugins/chat", import.meta.url).pathname;
const CONNECTIONS = 20;
const RELOADS = 50;
const EVERY_MS = 40; // 20 connections send every 40 ms: 500 messages a second
const WAITING_MAX = 8; // a connection; a machine that is slower than that gets fewer
const WAIT_ROUNDS = 600;

after(() => {
  c.closeAll();
  killAll();
});

// A client's view of its chats: every event's entry by chat and seq, and how often it came.
function received(client) {
  const seen = new Map();
  for (const { method, params } of client.events) {
    if (method !== "chat.message") continue;
    const key = `${params.chatId}/${params.seq}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return seen;
}

describe("reload under load", () => {
  test("50 reloads of chat at 500 messages a second drop no socket, lose or double nothing, fail nothing", async () => {
    const server = await Server.start();
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, i) => c.person(server, `p${i}`)),
    );
    const chats = [];
    for (let i = 0; i < CONNECTIONS; i += 2) {
      chats[i] = chats[i + 1] = await c.direct(clients[i], clients[i + 1]);
    }
    const sent = []; // {i, answer}
    const waiting = clients.map(() => new Set());
    let running = true;
    const timers = clients.map((client, i) => {
      let n = 0;
      return setInterval(() => {
        if (!running || waiting[i].size >= WAITING_MAX) return;
        const params = { chatId: chats[i], clientMsgId: `${n}`, ...c.text(`${i}.${n++}`) };
        const asking = client.ask("chat.send", params).then((answer) => {
          sent.push({ i, text: params.content.text, answer });
          waiting[i].delete(asking);
        });
        waiting[i].add(asking);
      }, EVERY_MS);
    });
    const generations = new Set();
    for (let i = 0; i < RELOADS; i++) {
      const { code, stdout, stderr } = await server.cli("plugin", "reload", "chat");
      assert.equal(code, 0, `${stdout}${stderr}`);
      const list = await server.cli("plugin", "list", "--json");
      const plugins = JSON.parse(list.stdout).plugins ?? JSON.parse(list.stdout);
      generations.add(plugins.find((p) => p.name === "chat").generation);
    }
    running = false;
    timers.forEach(clearInterval);
    await Promise.all(waiting.flatMap((calls) => [...calls]));
    assert.equal(generations.size, RELOADS, "each reload is a generation of its own");
    const failed = sent.filter((s) => !s.answer?.result || s.answer.result.duplicate);
    assert.deepEqual(failed.slice(0, 3), []);
    assert.ok(sent.length > RELOADS * 5, `${sent.length} messages flowed`);
    for (const client of clients) assert.equal(client.closed, undefined);
    for (let i = 0; i < CONNECTIONS; i++) {
      const peer = clients[i ^ 1];
      const mine = sent.filter((s) => s.i === i).map((s) => `${chats[i]}/${s.answer.result.seq}`);
      await peer.until(() => (mine.every((key) => received(peer).has(key)) ? true : undefined));
      const seen = received(peer);
      assert.equal(seen.size, mine.length, "no event but of what was sent");
      assert.ok([...seen.values()].every((times) => times === 1), "no event comes twice");
    }
    for (let i = 0; i < CONNECTIONS; i += 2) {
      const texts = [];
      for (let more = true, last = 0; more; ) {
        const page = await clients[i].call("chat.history", { chatId: chats[i], after: last, limit: 200 });
        for (const entry of page.entries) {
          assert.equal(entry.seq, ++last);
          texts.push(entry.content.text);
        }
        ({ more } = page);
      }
      const expected = sent.filter((s) => s.i === i || s.i === i + 1).map((s) => s.text);
      assert.deepEqual(texts.sort(), expected.sort());
    }
    const errors = server.log.split("\n").filter((line) => /"level":"error"/.test(line));
    assert.deepEqual(errors, []);
    await server.stop();
  });
});

// A copy of the chat plugin that a test may break, served in the built-in's place.
class Copy {
  constructor() {
    this.folder = newFolder();
    this.plugin = join(this.folder, "chat");
    cpSync(CHAT, this.plugin, { recursive: true });
    this.init = readFileSync(join(this.plugin, "init.lua"), "utf8");
    this.manifest = readFileSync(join(this.plugin, "plugin.json"), "utf8");
  }

  // Replaced at once, as an editor does, so that no half of a file is ever read.
  write(name, text) {
    const path = join(this.plugin, name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  restore() {
    this.write("init.lua", this.init);
    this.write("plugin.json", this.manifest);
  }

  version(version) {
    this.write("plugin.json", this.manifest.replace(/"version": *"[^"]+"/, `"version": "${version}"`));
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function loaded(server, name = "chat") {
  const { code, stdout, stderr } = await server.cli("plugin", "list", "--json");
  assert.equal(code, 0, stderr);
  const all = JSON.parse(stdout);
  return (all.plugins ?? all).find((p) => p.name === name);
}

// Resolves when `check` holds; each look is a call to the server, so that nothing sleeps.
async function eventually(check) {
  for (let i = 0; i < WAIT_ROUNDS; i++) {
    const value = await check();
    if (value) return value;
  }
  return assert.fail(`it never came: ${check}`);
}

describe("versions", () => {
  let server, copy, ann, chatId;

  before(async () => {
    copy = new Copy();
    server = await Server.start({ args: ["--plugins", copy.folder] });
    ann = await c.person(server);
    ({ chatId } = await ann.call("chat.open", { userId: ann.userId }));
  });

  after(async () => {
    c.closeAll();
    await server.stop();
    copy.remove();
  });

  // Reloads what is in the folder, which must be refused, and leave all as it was.
  async function refused(...patterns) {
    const before = await loaded(server);
    const { code, stdout, stderr } = await server.cli("plugin", "reload", "chat");
    assert.equal(code, 1, stdout + stderr);
    for (const pattern of patterns) assert.match(stdout + stderr, pattern);
    const now = await loaded(server);
    assert.deepEqual([now.generation, now.version], [before.generation, before.version]);
    assert.ok((await c.send(ann, chatId, "the old one serves")).seq);
    copy.restore();
  }

  test("a copy of the plugin in a folder of its own is served instead of the built-in one", async () => {
    assert.notEqual((await loaded(server)).source, "built in");
    assert.ok((await c.send(ann, chatId, "a")).seq);
  });

  test("a new version is served after the reload, and session.open names it", async () => {
    copy.version("1.2.3");
    assert.equal((await server.cli("plugin", "reload", "chat")).code, 0);
    assert.equal((await loaded(server)).version, "1.2.3");
    const other = await c.person(server);
    const { version } = other.session.capabilities.find((p) => p.name === "chat");
    assert.equal(version, "1.2.3");
    copy.restore();
    assert.equal((await server.cli("plugin", "reload", "chat")).code, 0);
    await ann.settle();
  });

  test("a syntax error leaves the old one serving, and the command says file, line and reason", async () => {
    copy.write("init.lua", `${copy.init}\n\nlocal function broken( return end\n`);
    const line = copy.init.split("\n").length + 2;
    await refused(new RegExp(`init\\.lua:(${line}|${line - 1}):`), /expected|unexpected/);
  });

  test("a syntax error in another file of the plugin is told with that file", async () => {
    const rules = readFileSync(join(copy.plugin, "rules.lua"), "utf8");
    copy.write("rules.lua", `x = = 1\n${rules}`);
    await refused(/rules\.lua:1:/, /unexpected symbol/);
    copy.write("rules.lua", rules);
  });

  test("an error at start leaves the old one serving, and the command says file, line and reason", async () => {
    const broken = copy.init.replace(/(function \w+[.:]start\([^)]*\)\n)/, '$1  error("no way to start")\n');
    const text = broken === copy.init ? `error("no way to start")\n${copy.init}` : broken;
    const line = text.split("\n").findIndex((l) => l.includes("no way to start")) + 1;
    copy.write("init.lua", text);
    await refused(new RegExp(`init\\.lua:${line}:`), /no way to start/);
  });

  test("a start that never ends leaves the old one serving", async () => {
    copy.write("init.lua", `while true do end\n${copy.init}`);
    await refused(/init\.lua/, /time|CPU|budget|killed/i);
  });

  test("a start that takes all memory leaves the old one serving", async () => {
    copy.write("init.lua", `local t = {} for i = 1, 1e9 do t[i] = {i} end\n${copy.init}`);
    await refused(/memory|time|CPU|budget/i);
  });

  test("a failing probe leaves the old one serving and is told with its reason", async () => {
    const probe = '\n  function plugin.probe(mesh) error("the probe says no") end\n';
    const at = copy.init.lastIndexOf("return ");
    const name = copy.init.slice(at + 7).trim();
    const body = /^\w+$/.test(name) ? probe.replaceAll("plugin.probe", `${name}.probe`) : undefined;
    assert.ok(body, "init.lua returns its table by name");
    copy.write("init.lua", copy.init.slice(0, at) + body + copy.init.slice(at));
    await refused(/the probe says no/, /init\.lua:\d+/);
  });

  test("a manifest that is no JSON, or asks for what does not exist, is refused with its place", async () => {
    copy.write("plugin.json", copy.manifest.replace("{", "{,"));
    await refused(/plugin\.json/);
    const manifest = JSON.parse(copy.manifest);
    copy.write("plugin.json", JSON.stringify({ ...manifest, capabilities: { root: {} } }));
    await refused(/plugin\.json/, /root/);
    copy.write("plugin.json", JSON.stringify({ ...manifest, name: "other" }));
    await refused(/plugin\.json|other/);
  });

  test("a broken migration leaves the old one serving, and is told with its name and line", async () => {
    const name = join("migrations", "9999_broken.sql");
    copy.write(name, "CREATE TABLE chat_more (id INTEGER);\nCREATE TABEL oops (id);\n");
    await refused(/9999_broken.*line 2/, /TABEL.*syntax/);
    rmSync(join(copy.plugin, name));
    assert.equal((await server.cli("plugin", "reload", "chat")).code, 0);
  });

  test("reloading what does not exist fails with 1 and names it", async () => {
    const { code, stderr, stdout } = await server.cli("plugin", "reload", "no-such");
    assert.equal(code, 1);
    assert.match(stdout + stderr, /no-such/);
  });

  test("a disabled plugin's methods are gone or unavailable, other plugins serve, and it comes back", async () => {
    const off = await server.cli("plugin", "disable", "receipts");
    assert.equal(off.code, 0, off.stderr);
    const { error } = await ann.ask("receipts.mark", { chatId, read: 0 });
    assert.ok([-32050, -32601].includes(error?.code), JSON.stringify(error));
    assert.ok((await c.send(ann, chatId, "others serve")).seq);
    assert.notEqual((await loaded(server, "receipts"))?.state, "serving");
    const on = await server.cli("plugin", "enable", "receipts");
    assert.equal(on.code, 0, on.stderr);
    assert.deepEqual(await ann.call("receipts.mark", { chatId }), { delivered: 0, read: 0 });
    assert.equal(ann.closed, undefined);
  });

  test("after all of it the log has no gap, and no socket was dropped", async () => {
    const { entries } = await ann.call("chat.history", { chatId, limit: 200 });
    assert.deepEqual(entries.map((e) => e.seq), entries.map((_, i) => i + 1));
    assert.equal(ann.closed, undefined);
  });
});

describe("--dev", () => {
  test("a changed file is served without a command, and a broken one leaves the old one serving", async () => {
    const copy = new Copy();
    const server = await Server.start({ args: ["--plugins", copy.folder, "--dev"] });
    const ann = await c.person(server);
    const { chatId } = await ann.call("chat.open", { userId: ann.userId });
    copy.version("3.2.1");
    await eventually(async () => (await loaded(server)).version === "3.2.1");
    const before = (await loaded(server)).generation;
    copy.write("init.lua", "this is not lua\n");
    await eventually(async () => (await loaded(server)) && /init\.lua:1:/.test(server.log));
    assert.equal((await loaded(server)).generation, before);
    assert.ok((await c.send(ann, chatId, "served")).seq);
    copy.restore();
    copy.version("3.2.2");
    await eventually(async () => (await loaded(server)).version === "3.2.2");
    assert.equal(ann.closed, undefined);
    c.closeAll();
    await server.stop();
    copy.remove();
  });

  test("a plugin folder that appears while it runs is served when asked for", async () => {
    const copy = new Copy();
    const server = await Server.start({ args: ["--plugins", copy.folder] });
    const folder = join(copy.folder, "hello");
    mkdirSync(folder);
    const manifest = { name: "hello", version: "1.0.0", summary: "Says hello.", capabilities: {} };
    manifest.api = JSON.parse(copy.manifest).api;
    writeFileSync(join(folder, "plugin.json"), JSON.stringify(manifest));
    writeFileSync(join(folder, "init.lua"), "return { start = function() end }\n");
    const { code, stdout, stderr } = await server.cli("plugin", "enable", "hello");
    const loadedByReload = code === 0 || (await server.cli("plugin", "reload", "hello")).code === 0;
    assert.ok(loadedByReload, stdout + stderr);
    assert.equal((await loaded(server, "hello")).state, "serving");
    await server.stop();
    copy.remove();
  });
});
