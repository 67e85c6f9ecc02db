// Section 9 of the protocol: everything that speaks HTTP.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { request } from "node:http";
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

const rpc = (body, token) => server.post("/rpc", body, token);
const one = (method, params, id = 1) => ({ jsonrpc: "2.0", id, method, params });

async function pair() {
  const [ann, bob] = await c.people2(server);
  return { ann, bob, chatId: await c.direct(ann, bob), token: ann.account.accessToken };
}

function isProblem(answer, status) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get("content-type"), /^application\/problem\+json/);
  assert.equal(answer.json.status ?? status, status);
  assert.equal(typeof (answer.json.title ?? answer.json.type), "string");
}

describe("http", { concurrency: 8 }, () => {
  test("a send by /rpc reaches the WebSocket sessions of all, the sender's too", async () => {
    const { ann, bob, chatId, token } = await pair();
    const params = { chatId, clientMsgId: "h", ...c.text("by http") };
    const answer = await rpc(one("chat.send", params, "x"), token);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type"), /^application\/json/);
    assert.deepEqual([answer.json.id, answer.json.result.seq], ["x", 1]);
    for (const who of [ann, bob]) {
      assert.equal((await who.event("chat.message")).content.text, "by http");
    }
    const retry = await rpc(one("chat.send", params, "y"), token);
    assert.deepEqual([retry.json.result.seq, retry.json.result.duplicate], [1, true]);
  });

  test("errors of JSON-RPC come inside of 200, parse errors too", async () => {
    const { token } = await pair();
    const cases = [
      ["{", -32700], ["", -32700], ['{"foo":1}', -32600], ["[]", -32600],
      [JSON.stringify(one("no.such", {})), -32601],
      [JSON.stringify(one("session.list", [])), -32602],
      [`${"[".repeat(10000)}${"]".repeat(10000)}`, -32700],
    ];
    for (const [body, code] of cases) {
      const answer = await rpc(body, token);
      assert.deepEqual([answer.status, answer.json?.error?.code], [200, code], body.slice(0, 50));
    }
  });

  test("a body that is not UTF-8 is no JSON", async () => {
    const { token } = await pair();
    const answer = await rpc(Buffer.from('{"a":"\xff"}', "latin1"), token);
    assert.ok(answer.status === 400 || answer.json?.error?.code === -32700, answer.text);
  });

  test("a batch by /rpc is answered by an array, and notifications alone by 204", async () => {
    const { token } = await pair();
    const batch = [one("session.list", {}, 1), { foo: 1 }, one("no.such", {}, 3)];
    const answer = await rpc(batch, token);
    assert.equal(answer.status, 200);
    assert.equal(answer.json.length, 3);
    const note = { jsonrpc: "2.0", method: "session.list" };
    for (const body of [note, [note, note]]) {
      const silent = await rpc(body, token);
      assert.deepEqual([silent.status, silent.text], [204, ""]);
    }
  });

  test("a missing or bad token is 401 where one is needed, and not where none is", async () => {
    const username = c.newName();
    const credentials = { username, password: c.PASSWORD };
    assert.equal((await rpc(one("session.list", {}))).status, 401);
    assert.equal((await rpc(one("session.list", {}), "nonsense")).status, 401);
    assert.equal((await rpc(one("user.register", credentials))).status, 200);
    const login = await rpc(one("user.login", credentials));
    assert.equal(login.status, 200);
    assert.equal((await rpc(one("session.list", {}), login.json.result.accessToken)).status, 200);
    assert.equal((await rpc(one("rpc.discover", {}))).status, 200);
    const wrong = await rpc(one("user.login", { username, password: "wrong password" }));
    assert.deepEqual([wrong.status, wrong.json.error.code], [200, -32001]);
  });

  test("a body over the message limit is 413", async () => {
    const { token } = await pair();
    const answer = await rpc(" ".repeat(262145), token);
    assert.equal(answer.status, 413);
    const edge = await rpc(" ".repeat(262144), token);
    assert.equal(edge.status, 200);
  });

  test("other methods on /rpc are 405 and unknown paths 404", async () => {
    assert.equal((await fetch(`${server.url}/rpc`)).status, 405);
    assert.equal((await fetch(`${server.url}/rpc`, { method: "DELETE" })).status, 405);
    for (const path of ["/no/such", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/rpc/x"]) {
      assert.equal((await fetch(server.url + path)).status, 404, path);
    }
  });

  test("POST /api/messages answers 201 with what chat.send answers", async () => {
    const { ann, bob, chatId, token } = await pair();
    const senderId = ann.userId;
    const first = await server.post(
      "/api/messages",
      { senderId, receiverId: bob.userId, content: "short", clientMsgId: "r1" },
      token,
    );
    assert.equal(first.status, 201, first.text);
    assert.deepEqual([first.json.chatId, first.json.seq, first.json.duplicate], [chatId, 1, false]);
    assert.deepEqual((await bob.event("chat.message")).content, { text: "short" });
    const full = { senderId, chatId, type: "x.a", content: { a: 1 }, clientMsgId: "r2" };
    assert.equal((await server.post("/api/messages", full, token)).json.seq, 2);
    const retry = await server.post("/api/messages", full, token);
    assert.deepEqual([retry.json.seq, retry.json.duplicate], [2, true]);
    const plain = await server.post("/api/messages", { senderId, chatId, content: "no id" }, token);
    assert.deepEqual([plain.status, plain.json.seq], [201, 3]);
  });

  test("errors of /api/messages are problem+json with the right status", async () => {
    const { ann, bob, chatId, token } = await pair();
    const post = (body, t = token) => server.post("/api/messages", body, t);
    const good = { senderId: ann.userId, chatId, content: "a" };
    isProblem(await post(good, null), 401);
    isProblem(await post(good, "nonsense"), 401);
    isProblem(await post({ ...good, senderId: bob.userId }), 403);
    isProblem(await post({ ...good, chatId: "unknown" }), 404);
    isProblem(await post({ ...good, content: 5 }), 400);
    isProblem(await post({ senderId: ann.userId, content: "a" }), 400);
    isProblem(await post("{"), 400);
    await post({ ...good, clientMsgId: "same" });
    isProblem(await post({ ...good, content: "b", clientMsgId: "same" }), 409);
    isProblem(await server.get("/api/messages?chatId=unknown", token), 404);
    isProblem(await server.get("/api/messages", token), 400);
    isProblem(await server.get(`/api/messages?chatId=${chatId}&limit=0`, token), 400);
    isProblem(await server.get(`/api/messages?chatId=${chatId}&limit=abc`, token), 400);
    isProblem(await server.get(`/api/messages?chatId=${chatId}`), 401);
  });

  test("GET /api/messages pages a chat, by its id or by the other side, before a time", async () => {
    const { ann, bob, chatId, token } = await pair();
    for (const words of ["1", "2", "3"]) await c.send(ann, chatId, words);
    const get = async (query) => (await server.get(`/api/messages?${query}`, token)).json;
    const all = await get(`chatId=${chatId}`);
    assert.deepEqual([all.entries.map((e) => e.seq), all.more], [[1, 2, 3], false]);
    assert.deepEqual(await get(`userId=${bob.userId}`), all);
    const two = await get(`chatId=${chatId}&limit=2`);
    assert.deepEqual([two.entries.map((e) => e.seq), two.more], [[2, 3], true]);
    const before = await get(`chatId=${chatId}&timestamp=${all.entries[0].sentAt}`);
    assert.deepEqual(before.entries, []);
    const later = await get(`chatId=${chatId}&timestamp=${all.entries[2].sentAt + 1}`);
    assert.equal(later.entries.length, 3);
  });

  test("asking for the messages with somebody does not tell whether they exist", async () => {
    const { token } = await pair();
    const eve = await c.register(server, "eve");
    const answers = await Promise.all(
      [eve.userId, "unknown"].map((id) => server.get(`/api/messages?userId=${id}`, token)),
    );
    assert.equal(answers[1].status, 404);
    assert.deepEqual(answers[0].status === 404 || answers[0].json.entries.length === 0, true);
  });

  test("rpc.discover and /openrpc.json are one document that names every method and its schemas", async () => {
    const document = await server.get("/openrpc.json");
    assert.equal(document.status, 200);
    const { result } = (await rpc(one("rpc.discover", {}))).json;
    assert.deepEqual(result, document.json);
    assert.match(result.openrpc, /^1\./);
    const names = result.methods.map((m) => m.name);
    const expected = ["user.register", "session.open", "chat.send", "chat.history", "sync.pull"];
    expected.push("receipts.mark", "typing.set", "presence.watch", "group.create");
    for (const name of expected) assert.ok(names.includes(name), name);
    const send = result.methods.find((m) => m.name === "chat.send");
    const params = send.params.map((p) => p.name);
    for (const name of ["chatId", "receiverId", "clientMsgId", "type", "content"]) {
      assert.ok(params.includes(name), name);
    }
    assert.ok(send.result.schema);
  });

  test("/openapi.json describes /api/messages", async () => {
    const { status, json } = await server.get("/openapi.json");
    assert.equal(status, 200);
    assert.match(json.openapi, /^3\./);
    assert.ok(json.paths["/api/messages"].post && json.paths["/api/messages"].get);
  });

  test("/healthz and /readyz are 200 while it serves", async () => {
    assert.equal((await server.get("/healthz")).status, 200);
    assert.equal((await server.get("/readyz")).status, 200);
    const head = await fetch(`${server.url}/healthz`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
  });

  test("/metrics is Prometheus text that counts connections, messages, commits and plugins", async () => {
    const { ann, chatId } = await pair();
    await c.send(ann, chatId, "counted");
    const { status, text, headers } = await server.get("/metrics");
    assert.equal(status, 200);
    assert.match(headers.get("content-type"), /^text\/plain/);
    const line = /^[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="([^"\\\n]|\\.)*",?)*\})? (NaN|[+-]Inf|-?[\d.e+-]+)$/;
    const names = new Set();
    for (const row of text.trimEnd().split("\n")) {
      if (row.startsWith("#")) {
        assert.match(row, /^# (HELP|TYPE) \S+ /);
      } else {
        assert.match(row, line);
        names.add(row.match(/^[\w:]+/)[0]);
      }
    }
    const all = [...names].join(" ");
    for (const word of ["connections", "messages", "fsync", "commit", "plugin", "generation", "_bucket"]) {
      assert.ok(all.includes(word), `${word} in ${all}`);
    }
    assert.ok(!text.includes(ann.userId) && !text.includes(ann.account.username));
  });

  test("two requests sent at once on one connection are answered in order", async () => {
    const { connect } = await import("node:net");
    const socket = connect(server.port, "127.0.0.1");
    const get = (path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    socket.write(get("/healthz") + get("/no/such") + get("/healthz"));
    let text = "";
    const count = () => (text.match(/HTTP\/1\.1 \d+/g) ?? []).length;
    await new Promise((resolve, reject) => {
      socket.on("data", (chunk) => {
        text += chunk;
        if (count() === 3) resolve();
      });
      socket.on("close", () => (count() >= 3 ? resolve() : reject(new Error(text))));
    });
    socket.destroy();
    const statuses = text.match(/HTTP\/1\.1 \d+/g).map((s) => Number(s.slice(9)));
    assert.deepEqual(statuses, [200, 404, 200]);
  });

  test("a chunked body is read as one, or refused for want of a length", async () => {
    const { token } = await pair();
    const answer = await new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${token}`, "Transfer-Encoding": "chunked" };
      const req = request(`${server.url}/rpc`, { method: "POST", headers }, (res) => {
        let text = "";
        res.on("data", (chunk) => (text += chunk));
        res.on("end", () => resolve({ status: res.statusCode, text }));
      });
      req.on("error", reject);
      const body = JSON.stringify(one("session.list", {}));
      req.write(body.slice(0, 10));
      req.end(body.slice(10));
    });
    assert.ok(answer.status === 411 || JSON.parse(answer.text).result?.sessions, answer.text);
  });
});
