// Clients that flood, do not read, go silent or lie; what the log may not
// say; and how the server goes away. Nobody else notices any of it.
import { after, describe, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import * as c from "./lib/client.mjs";
import { killAll, Server } from "./lib/server.mjs";

after(() => {
  c.closeAll();
  killAll();
});

// Runs `body` with a server of its own, which must end well.
async function withServer(options, body) {
  const server = await Server.start(options);
  await body(server);
  c.closeAll();
  await server.stop();
  return server;
}

// Sends these bytes on a connection of their own and gives all that comes back until it ends.
async function exchange(server, bytes) {
  const socket = connect(server.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", () => {});
  socket.setTimeout(30000, () => socket.destroy());
  socket.write(bytes);
  await new Promise((resolve) => {
    socket.on("close", resolve);
    socket.on("data", () => /^HTTP\/1\.1 \d/.test(text) && text.includes("\r\n\r\n") && resolve());
  });
  socket.destroy();
  return text;
}

const statusOf = (text) => Number(text.match(/^HTTP\/1\.1 (\d+)/)?.[1] ?? 0);

function upgrade(headers = {}, { method = "GET", target = "/ws", version = "1.1" } = {}) {
  const all = {
    Host: "localhost", Upgrade: "websocket", Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13", ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== null);
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${target} HTTP/${version}\r\n${head}\r\n`;
}

describe("limits", () => {
  test("above the rate calls get rate_limited with retryAfterMs, and a user who waits is served", () =>
    withServer({ limits: "on", args: ["--set", "calls_per_s=20", "--set", "calls_burst=40"] }, async (server) => {
      const [ann, bob] = await c.people2(server);
      const answers = await Promise.all(Array.from({ length: 60 }, () => ann.ask("session.list", {})));
      const refused = answers.filter((a) => a.error);
      assert.ok(answers.length - refused.length >= 30, "the burst is served");
      assert.ok(refused.length > 0, "more is not");
      for (const { error } of refused) {
        assert.deepEqual([error.code, error.data.type], [-32029, "rate_limited"]);
        assert.ok(Number.isInteger(error.data.retryAfterMs) && error.data.retryAfterMs > 0);
        assert.ok(error.data.retryAfterMs <= 60000);
      }
      await bob.settle();
      let served = false;
      for (let i = 0; i < 40 && !served; i++) {
        const answer = await ann.ask("session.list", {});
        served = Boolean(answer.result);
        if (!served) {
          /* A client does as it is told; asking on and on would be a flood. */
          await new Promise((resolve) => setTimeout(resolve, answer.error.data.retryAfterMs));
        }
      }
      assert.ok(served);
    }));

  test("the rate is one user's, over all their connections and /rpc, which tells RateLimit and 429", () =>
    withServer({ limits: "on", args: ["--set", "calls_per_s=0.5", "--set", "calls_burst=20"] }, async (server) => {
      const account = await c.register(server);
      const first = await c.session(server, account);
      const second = await c.session(server, await c.login(server, account.username));
      const spend = () =>
        Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 ? first : second).ask("session.list", {})));
      assert.ok((await spend()).some((a) => a.error), "two connections share one burst");
      const asks = Array.from({ length: 20 }, () => server.get("/api/messages?chatId=none", account.accessToken));
      const rest = (await Promise.all(asks)).find((answer) => answer.status === 429);
      assert.ok(rest, "a spent rate holds for REST too");
      assert.match(rest.headers.get("content-type"), /problem\+json/);
      const names = [...rest.headers.keys()].join(" ");
      assert.match(names, /ratelimit/);
      const call = { jsonrpc: "2.0", id: 1, method: "session.list" };
      const calls = Array.from({ length: 20 }, () => server.post("/rpc", call, account.accessToken));
      const codes = (await Promise.all(calls)).map((answer) => answer.json.error?.code);
      assert.ok(codes.includes(-32029), `${codes}`);
    }));

  test("who goes on through 100 rate_limited answers is closed 4429, and nobody else notices", () =>
    withServer({ limits: "on", args: ["--set", "calls_per_s=5", "--set", "calls_burst=50"] }, async (server) => {
      const [ann, bob] = await c.people2(server);
      let refused = 0;
      const flood = async () => {
        while (!ann.closed) {
          const answer = await ann.ask("session.list", {});
          if (answer?.error) {
            assert.equal(answer.error.code, -32029);
            refused++;
          }
        }
      };
      await Promise.all(Array.from({ length: 8 }, flood));
      assert.equal(ann.closed.code, 4429);
      assert.ok(refused >= 90 && refused <= 120, `${refused} refusals`);
      await bob.settle();
    }));

  test("--limits off lifts the rate", () =>
    withServer({ args: ["--set", "calls_per_s=1", "--set", "calls_burst=1"] }, async (server) => {
      const ann = await c.person(server);
      const answers = await Promise.all(Array.from({ length: 300 }, () => ann.ask("session.list", {})));
      assert.ok(answers.every((a) => a.result));
    }));
});

describe("slow and silent clients", () => {
  test("a client that never reads gets sync.reset or 4408, and the others get everything", () =>
    withServer({ args: ["--set", "outbox_bytes_max=65536", "--set", "slow_s_max=2"] }, async (server) => {
      const [ann, bob, slow] = await Promise.all([c.person(server), c.person(server), c.person(server)]);
      const memberIds = [bob.userId, slow.userId];
      const { chatId } = await ann.call("group.create", { title: "loud", memberIds });
      slow.socket.pause();
      const words = "x".repeat(12000);
      const count = 900; // more than the kernel's buffers of both sides and the queue hold
      const got = [];
      let next = 0;
      const lane = async () => {
        while (next < count) {
          next++;
          const { seq } = await c.send(ann, chatId, words);
          got.push((await bob.event("chat.message", (e) => e.seq === seq)).seq);
        }
      };
      await Promise.all(Array.from({ length: 4 }, lane));
      assert.equal(new Set(got).size, count);
      assert.deepEqual(bob.seen("chat.message"), [], "nothing comes twice");
      assert.deepEqual(bob.seen("sync.reset"), []);
      slow.socket.resume();
      await slow.until(() => (slow.closed || slow.seen("sync.reset").length ? true : undefined), "a reset");
      const resets = slow.seen("sync.reset");
      if (slow.closed) {
        assert.ok([4408, 1006].includes(slow.closed.code), `${slow.closed.code}`);
      } else {
        assert.equal(resets.length, 1);
        assert.deepEqual(resets[0], {});
        const { chats } = await slow.call("sync.pull");
        assert.equal(chats[0].lastSeq, count + 1);
      }
      const { entries } = await ann.call("chat.history", { chatId, limit: 1 });
      assert.equal(entries[0].seq, count + 1);
    }));

  test("answers are never dropped: 150 pages asked for by a client that reads late all come", () =>
    withServer({ args: ["--set", "outbox_bytes_max=65536"] }, async (server) => {
      const ann = await c.person(server);
      const { chatId } = await ann.call("chat.open", { userId: ann.userId });
      for (let i = 0; i < 10; i++) await c.send(ann, chatId, `${i}${"x".repeat(8000)}`);
      ann.socket.pause();
      const asked = Array.from({ length: 150 }, () => ann.ask("chat.history", { chatId }));
      const bob = await c.person(server);
      for (let i = 0; i < 50; i++) await bob.settle();
      ann.socket.resume();
      const answers = await Promise.all(asked);
      assert.ok(answers.every((a) => a?.result?.entries.length === 10));
    }));

  test("a client without a word is pinged and dropped, one that answers pings stays", () =>
    withServer({ args: ["--set", "ping_idle_s=1", "--set", "silence_s_max=3"] }, async (server) => {
      const ann = await c.person(server);
      const silent = await c.Client.dial(server, { autoPong: false });
      await silent.call("session.open", { token: (await c.register(server)).accessToken });
      let pings = 0;
      silent.socket.on("ping", () => pings++);
      const talker = await c.Client.dial(server, { autoPong: false });
      await talker.call("session.open", { token: (await c.register(server)).accessToken });
      const talking = async () => {
        while (!silent.closed) await talker.settle();
      };
      await Promise.all([silent.closing(), talking()]);
      assert.ok(pings >= 1);
      await ann.settle();
      await talker.settle();
      assert.deepEqual([ann.closed, talker.closed], [undefined, undefined]);
    }));

  test("half a request, half a frame and half-open sockets leave the server serving", () =>
    withServer({}, async (server) => {
      const ann = await c.person(server);
      const sockets = [];
      const halves = ["", "G", "GET /ws HT", "GET / HTTP/1.1\r\nHost: a\r\n", upgrade().slice(0, -2)];
      halves.push("POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
      halves.push(upgrade() + "\x81\xfe\xff\xff");
      for (let i = 0; i < 140; i++) {
        const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
        socket.on("error", () => {});
        await once(socket, "connect");
        socket.write(Buffer.from(halves[i % halves.length], "latin1"));
        if (i % 2) socket.end();
        sockets.push(socket);
      }
      await ann.settle();
      sockets.forEach((socket, i) => (i % 3 ? socket.destroy() : socket.resetAndDestroy()));
      await ann.settle();
      assert.equal((await server.get("/healthz")).status, 200);
    }));
});

describe("requests that lie", () => {
  test("an upgrade that is none is answered by an HTTP error, and the server lives", () =>
    withServer({}, async (server) => {
      const lies = {
        "no key": upgrade({ "Sec-WebSocket-Key": null }),
        "a short key": upgrade({ "Sec-WebSocket-Key": "c2hvcnQ=" }),
        "a key that is no base64": upgrade({ "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" }),
        "no version": upgrade({ "Sec-WebSocket-Version": null }),
        "another version": upgrade({ "Sec-WebSocket-Version": "99" }),
        "no connection": upgrade({ Connection: null }),
        "a connection that closes": upgrade({ Connection: "close" }),
        "another protocol": upgrade({ Upgrade: "h2c" }),
        "no upgrade": upgrade({ Upgrade: null }),
        "POST": upgrade({}, { method: "POST" }),
        "HTTP/1.0": upgrade({}, { version: "1.0" }),
        "another path": upgrade({}, { target: "/other" }),
        "no host": upgrade({ Host: null }),
        "two hosts": upgrade({ Host: "a\r\nHost: b" }),
        "two keys": upgrade({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: eA==" }),
        "a huge header": upgrade({ "X-Long": "x".repeat(100000) }),
        "many headers": upgrade(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`X-${i}`, "1"]))),
        "a huge target": upgrade({}, { target: `/ws?${"x".repeat(100000)}` }),
        "a null byte": upgrade({ "X-Null": "a\0b" }),
        "a bare line feed": upgrade({ "X-Split": "a\nInjected: b" }),
        "length and chunks": "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two lengths": "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}{",
        "a negative length": "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "a length beyond all": "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "a space before the colon": "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n",
        "TLS on a plain port": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".padEnd(300, "\0"),
        "another protocol altogether": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      };
      const judge = async ([name, bytes]) => {
        const status = statusOf(await exchange(server, Buffer.from(bytes, "latin1")));
        assert.ok(status === 0 || (status >= 400 && status <= 505), `${name}: ${status}`);
      };
      await Promise.all(Object.entries(lies).map(judge));
      const ann = await c.person(server);
      await ann.settle();
    }));

  test("an upgrade with more headers than needed goes through", () =>
    withServer({}, async (server) => {
      const odd = upgrade({ Connection: "keep-alive, uPGRADE", Upgrade: "WebSocket", Origin: "https://a.example" });
      assert.equal(statusOf(await exchange(server, odd)), 101);
    }));
});

describe("the log", () => {
  test("no line of the log has content, a password or a token in it, whatever went wrong", async () => {
    const marks = ["m4rk-text", "m4rk-edit", "m4rk-secret-pass", "m4rk-wrong-pass", "m4rk-token", "m4rk-raw"];
    const secrets = [];
    const options = { limits: "on", args: ["--set", "log_level=debug"] };
    const server = await withServer(options, async (server) => {
      const post = (body, token) => server.post("/rpc", body, token);
      const name = c.newName();
      const ask = async (method, params) => (await post({ jsonrpc: "2.0", id: 1, method, params })).json;
      const password = "m4rk-secret-pass";
      const { result } = await ask("user.register", { username: name, password });
      secrets.push(result.accessToken, result.refreshToken);
      await ask("user.login", { username: name, password: "m4rk-wrong-pass" });
      await ask("user.register", { username: name, password });
      await ask("user.refresh", { refreshToken: "m4rk-token" });
      await post({ jsonrpc: "2.0", id: 1, method: "session.list" }, "m4rk-token");
      const ann = await c.session(server, result);
      const { chatId } = await ann.call("chat.open", { userId: ann.userId });
      const { seq } = await c.send(ann, chatId, "m4rk-text");
      await c.send(ann, chatId, "m4rk-text", { clientMsgId: "x".repeat(65) }).catch(() => {});
      await ann.ask("chat.send", { chatId: "m4rk-text", clientMsgId: "1", ...c.text("m4rk-text") });
      await ann.ask("chat.send", { chatId, clientMsgId: "2", type: "m4rk-text", content: "m4rk-text" });
      const content = { text: "m4rk-edit" };
      await ann.call("chat.edit", { chatId, target: seq, content, clientMsgId: "3" });
      await ann.raw('{"m4rk-raw": tru');
      await ann.raw('{"jsonrpc":"2.0","id":1,"method":"m4rk-raw","params":{"a":"m4rk-raw"}}');
      await server.post("/api/messages", { senderId: ann.userId, chatId, content: "m4rk-text" }, result.accessToken);
      await server.post("/api/messages", '{"content":"m4rk-raw', result.accessToken);
      await server.get("/api/messages?chatId=m4rk-raw", "m4rk-token");
      await exchange(server, upgrade({ Authorization: "Bearer m4rk-token" }));
      const next = await ann.call("user.refresh", { refreshToken: result.refreshToken });
      secrets.push(next.accessToken, next.refreshToken);
      await ask("user.refresh", { refreshToken: result.refreshToken });
      await ann.closing();
    });
    const logged = server.log;
    assert.ok(logged.length > 0);
    for (const mark of [...marks, ...secrets]) {
      const line = logged.split("\n").find((l) => l.includes(mark));
      assert.equal(line, undefined, `${mark} is in the log`);
    }
    for (const line of logged.trimEnd().split("\n")) {
      assert.ok(["debug", "info", "warn", "error"].includes(JSON.parse(line).level), line);
    }
  });
});

describe("drain", () => {
  test("SIGTERM closes every socket with 1001 and a delay in ms, and the status is 0", async () => {
    const server = await Server.start();
    const clients = await Promise.all(Array.from({ length: 6 }, () => c.person(server)));
    clients.push(await c.Client.dial(server));
    const { code } = await server.term();
    const closes = await Promise.all(clients.map((client) => client.closing()));
    for (const close of closes) {
      assert.equal(close.code, 1001);
      assert.match(close.reason, /^\d+$/);
      assert.ok(Number(close.reason) <= 60000);
    }
    assert.equal(code, 0);
    server.remove();
  });

  test("calls in flight at SIGTERM are answered or their connection ends, and none acknowledged is lost", async () => {
    const server = await Server.start();
    const [ann, bob] = await c.people2(server);
    const chatId = await c.direct(ann, bob);
    const acknowledged = [];
    const lane = async () => {
      while (!ann.closed) {
        const { result, error } = (await ann.ask("chat.send", {
          chatId, clientMsgId: c.newId(), ...c.text("a"),
        })) ?? {};
        if (result) acknowledged.push(result.seq);
        else if (error) assert.equal(error.code, -32050, JSON.stringify(error));
      }
    };
    const lanes = Array.from({ length: 16 }, lane);
    await bob.until(() => (bob.seen("chat.message").length > 50 ? true : undefined), "50 messages");
    const { code } = await server.term();
    await Promise.all(lanes);
    assert.deepEqual([code, ann.closed.code], [0, 1001]);
    await server.run();
    const later = await c.session(server, bob.account);
    const seqs = new Set();
    for (let more = true, last = 0; more; ) {
      const page = await later.call("chat.history", { chatId, after: last, limit: 200 });
      for (const entry of page.entries) seqs.add((last = entry.seq));
      ({ more } = page);
    }
    assert.ok(acknowledged.every((seq) => seqs.has(seq)));
    c.closeAll();
    await server.stop();
  });

  test("SIGHUP keeps every connection", async () => {
    const server = await Server.start();
    const ann = await c.person(server);
    server.child.kill("SIGHUP");
    for (let i = 0; i < 20; i++) await ann.settle();
    assert.equal(ann.closed, undefined);
    c.closeAll();
    await server.stop();
  });
});
