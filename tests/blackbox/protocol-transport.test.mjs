// Section 1 of the protocol, spoken by packages from npm: frames, JSON-RPC,
// batches, identifiers of calls, and what is not one.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";
import { Client as GenericClient } from "rpc-websockets";
import * as c from "./lib/client.mjs";
import { Server } from "./lib/server.mjs";

const UNAUTHENTICATED = -32001;
const DISCOVER = { jsonrpc: "2.0", method: "rpc.discover" };
let server;

before(async () => {
  server = await Server.start();
});

after(async () => {
  c.closeAll();
  await server.stop();
});

const dial = (options) => c.Client.dial(server, options);

// An error without the members that are free: {code, type, id}.
function told(answer) {
  assert.equal(answer.jsonrpc, "2.0");
  assert.ok(answer.error, `an error, not ${JSON.stringify(answer).slice(0, 200)}`);
  assert.equal(typeof answer.error.message, "string");
  assert.ok(!("result" in answer));
  return { code: answer.error.code, type: answer.error.data?.type, id: answer.id };
}

const PARSE = { code: -32700, type: "parse_error", id: null };
const REQUEST = { code: -32600, type: "invalid_request", id: null };

// Holds a connection to being alive and to having said nothing else so far.
async function livesOn(client) {
  const answer = await client.ask("no.such", {});
  assert.equal(answer.error.code, -32601);
  assert.deepEqual(client.stray, []);
}

function refusedUpgrade(options, protocols = []) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(server.ws, protocols, options);
    socket.on("unexpected-response", (request, response) => {
      response.resume();
      request.destroy();
      resolve(response);
    });
    socket.on("open", () => reject(new Error("the upgrade went through")));
    socket.on("error", () => {});
  });
}

describe("transport", { concurrency: 8 }, () => {
  test("a client that offers no sub-protocol gets none", async () => {
    const client = await dial();
    assert.equal(client.socket.protocol, "");
    await client.close();
  });

  test("chattermesh.v1.json is selected wherever it stands among the offers", async () => {
    for (const offer of [["chattermesh.v1.json"], ["other", "chattermesh.v1.json", "more"]]) {
      const client = await dial({ protocols: offer });
      assert.equal(client.socket.protocol, "chattermesh.v1.json");
      await client.close();
    }
  });

  test("only unknown sub-protocols on offer are answered with HTTP 400", async () => {
    assert.equal((await refusedUpgrade({}, ["other"])).statusCode, 400);
    assert.equal((await refusedUpgrade({}, ["chattermesh.v2.json", "CHATTERMESH"])).statusCode, 400);
  });

  test("permessage-deflate is not agreed as long as the configuration does not allow it", async () => {
    const client = await dial({ perMessageDeflate: true });
    assert.equal(client.socket.extensions, "");
    await client.close();
  });

  test("a bad bearer token on the upgrade is answered with HTTP 401", async () => {
    for (const Authorization of ["Bearer nonsense", "Bearer ", "bearer a.b.c", "Bearer a b"]) {
      const { statusCode } = await refusedUpgrade({ headers: { Authorization } });
      assert.equal(statusCode, 401, Authorization);
    }
  });

  test("rpc-websockets talks to the server without any code of ours", async () => {
    const [ann, bob] = await Promise.all([c.register(server), c.register(server)]);
    const options = { autoconnect: true, reconnect: false };
    const clients = [new GenericClient(server.ws, options), new GenericClient(server.ws, options)];
    await Promise.all(clients.map((client) => once(client, "open")));
    const [a, b] = clients;
    const opened = await a.call("session.open", { token: ann.accessToken });
    assert.equal(opened.userId, ann.userId);
    await b.call("session.open", { token: bob.accessToken });
    const heard = new Promise((resolve) => b.on("chat.message", resolve));
    const { chatId } = await a.call("chat.open", { userId: bob.userId });
    const sent = await a.call("chat.send", { chatId, clientMsgId: "1", ...c.text("good day") });
    assert.equal(sent.seq, 1);
    const event = await heard;
    assert.equal((event.content ?? event[0].content).text, "good day");
    await assert.rejects(a.call("no.such", {}), (error) => error.code === -32601);
    clients.forEach((client) => client.close());
  });

  test("what is not JSON gets -32700 with a null id, and the connection lives on", async () => {
    const client = await dial();
    const bad = ["", " ", "{", "nope", "{'a':1}", "[1,]", "01", "\u{feff}{}", '{"a":1}{"b":2}', "NaN"];
    for (const text of bad) {
      assert.deepEqual(told(await client.raw(text)), PARSE, JSON.stringify(text));
    }
    await livesOn(client);
  });

  test("JSON that is not a call gets -32600 with a null id", async () => {
    const client = await dial();
    const bad = [
      { foo: 1 },
      1,
      "text",
      null,
      true,
      {},
      { jsonrpc: "2.0" },
      { jsonrpc: "2.0", id: 1 },
      { jsonrpc: "2.0", method: 1 },
      { jsonrpc: "2.0", method: 1, id: 4 },
      { jsonrpc: "1.0", method: "rpc.discover" },
      { jsonrpc: 2, method: "rpc.discover", id: 1 },
      { method: "rpc.discover", id: 1 },
      { ...DISCOVER, id: {} },
      { ...DISCOVER, id: [1] },
      { ...DISCOVER, id: true },
      { ...DISCOVER, id: 1, params: "x" },
      { ...DISCOVER, params: 5 },
    ];
    for (const message of bad) {
      const { code, type, id } = told(await client.raw(JSON.stringify(message)));
      assert.deepEqual({ code, type }, { code: -32600, type: "invalid_request" });
      if (message?.params === undefined) assert.equal(id, null, JSON.stringify(message));
    }
    await livesOn(client);
  });

  test("the id of a call comes back by value, whatever string, number or null it is", async () => {
    const client = await dial();
    const ids = ["0", "7", "-3", "1.5", "1e3", "9007199254740993", "-9007199254740993", "null"];
    ids.push('""', '"a"', '"1"', '"\\u00e9\\n\\ud83d\\ude00"', `"${"x".repeat(64)}"`, "0.1", "1e-7");
    for (const id of ids) {
      client.texts.length = 0;
      await client.raw(`{"jsonrpc":"2.0","method":"no.such","id":${id}}`);
      const text = client.texts[0];
      assert.deepEqual(JSON.parse(text).id, JSON.parse(id));
      if (/^-?\d{16}$/.test(id)) {
        assert.ok(text.includes(id), `${id} keeps every digit in ${text}`);
      }
    }
  });

  test("an id that is too long is refused, and not cut", async () => {
    const client = await dial();
    for (const id of ["x".repeat(5000), "é".repeat(1000)]) {
      assert.deepEqual(told(await client.raw({ jsonrpc: "2.0", method: "no.such", id })), REQUEST);
    }
    await livesOn(client);
  });

  test("an id beyond 64 bits is echoed by value or refused, and not turned into another", async () => {
    const client = await dial();
    for (const id of ["18446744073709551617", "1e300", "1e400", "-1e999"]) {
      client.texts.length = 0;
      await client.raw(`{"jsonrpc":"2.0","method":"no.such","id":${id}}`);
      const answer = JSON.parse(client.texts[0]);
      const echoed = answer.error.code === -32601 && answer.id === JSON.parse(id);
      assert.ok(echoed || (answer.id === null && [-32600, -32700].includes(answer.error.code)));
    }
  });

  test("a notification gets no answer, not even an error", async () => {
    const client = await c.person(server);
    client.notify("no.such", {});
    client.notify("session.list", [1]);
    client.notify("chat.send", { chatId: 5 });
    client.notify("chat.history", { chatId: "unknown" });
    client.socket.send('{"jsonrpc":"2.0","method":"rpc.discover"}');
    await livesOn(client);
    const stranger = await dial();
    stranger.notify("session.list", {});
    stranger.notify("session.open", { token: "nonsense" });
    await livesOn(stranger);
  });

  test("params by position get -32602", async () => {
    const client = await c.person(server);
    for (const params of [[], [1], ["a", "b"]]) {
      assert.equal((await client.ask("session.list", params)).error.code, -32602);
    }
  });

  test("a method is served without params, and with empty ones, alike", async () => {
    const client = await c.person(server);
    const first = await client.raw('{"jsonrpc":"2.0","id":"a","method":"session.list"}');
    const second = await client.raw('{"jsonrpc":"2.0","id":"a","method":"session.list","params":{}}');
    assert.equal(first.result.sessions.length, 1);
    assert.equal(second.result.sessions.length, 1);
  });

  test("an unknown method gets -32601 before login and after it", async () => {
    const client = await dial();
    const odd = ["no.such", "", "chat", "chat.", ".send", "__index", "chat.Send", "x".repeat(5000)];
    for (const method of odd) {
      assert.deepEqual(told(await client.ask(method, {}, "i")), {
        code: -32601,
        type: "method_not_found",
        id: "i",
      });
    }
    const known = await c.person(server);
    assert.equal((await known.ask("no.such", {})).error.data.type, "method_not_found");
  });

  test("a batch gets one array with an answer for each call in it and none for notifications", async () => {
    const client = await c.person(server);
    const answers = await client.raw([
      { jsonrpc: "2.0", id: 1, method: "session.list" },
      { jsonrpc: "2.0", method: "session.list" },
      { jsonrpc: "2.0", id: "two", method: "no.such" },
      { foo: 1 },
      7,
      { jsonrpc: "2.0", id: 3, method: "session.list", params: [] },
    ]);
    assert.ok(Array.isArray(answers));
    const seen = answers.map((a) => [a.id, a.error?.code ?? "result"]);
    seen.sort((x, y) => String(x).localeCompare(String(y)));
    const expected = [[1, "result"], ["two", -32601], [null, -32600], [null, -32600], [3, -32602]];
    expected.sort((x, y) => String(x).localeCompare(String(y)));
    assert.deepEqual(seen, expected);
    await livesOn(client);
  });

  test("a batch of notifications alone gets no answer", async () => {
    const client = await dial();
    client.socket.send(JSON.stringify([DISCOVER, { ...DISCOVER, method: "no.such" }]));
    await livesOn(client);
  });

  test("an empty batch gets a single -32600", async () => {
    const client = await dial();
    assert.deepEqual(told(await client.raw("[]")), REQUEST);
    assert.deepEqual((await client.raw("[[]]")).map(told), [REQUEST]);
    await livesOn(client);
  });

  test("64 calls in a batch are answered, and of 65 nothing runs", async () => {
    const [ann, bob] = await c.people2(server);
    const chatId = await c.direct(ann, bob);
    const batch = (n, mark) =>
      Array.from({ length: n }, (_, i) => ({
        jsonrpc: "2.0",
        id: i,
        method: "chat.send",
        params: { chatId, clientMsgId: `${mark}-${i}`, ...c.text(`${mark} ${i}`) },
      }));
    const answers = await ann.raw(batch(64, "in"));
    assert.equal(answers.length, 64);
    assert.deepEqual(new Set(answers.map((a) => a.result?.seq)).size, 64);
    assert.deepEqual(told(await ann.raw(batch(65, "over"))), REQUEST);
    const { entries } = await ann.call("chat.history", { chatId, limit: 200 });
    assert.equal(entries.length, 64);
    assert.ok(entries.every((e) => e.content.text.startsWith("in ")));
  });

  test("a batch that opens a session and uses it runs in order at its start", async () => {
    const account = await c.register(server);
    const client = await dial();
    const answers = await client.raw([
      { jsonrpc: "2.0", id: 1, method: "session.open", params: { token: account.accessToken } },
      { jsonrpc: "2.0", id: 2, method: "no.such" },
    ]);
    assert.equal(answers.length, 2);
    assert.equal(answers.find((a) => a.id === 1).result.userId, account.userId);
  });

  test("500 calls sent without waiting are all answered, each once", async () => {
    const client = await c.person(server);
    const answers = await Promise.all(
      Array.from({ length: 500 }, () => client.ask("session.list", {})),
    );
    assert.ok(answers.every((a) => a.result.sessions.length === 1));
    assert.deepEqual(client.stray, []);
  });

  test("a message of 262144 bytes is read, and one byte more closes 1009", async () => {
    const client = await dial();
    const frame = (bytes) => {
      const head = '{"jsonrpc":"2.0","id":1,"method":"no.such","params":{"a":"';
      return `${head}${"x".repeat(bytes - head.length - 3)}"}}`;
    };
    assert.equal(frame(262144).length, 262144);
    assert.equal((await client.raw(frame(262144))).error.code, -32601);
    client.socket.send(frame(262145));
    assert.equal((await client.closing()).code, 1009);
  });

  test("fragments that are together over the limit close 1009", async () => {
    const client = await dial();
    for (let i = 0; i < 5 && !client.closed; i++) {
      client.socket.send(" ".repeat(60000), { fin: false });
    }
    assert.equal((await client.closing()).code, 1009);
  });

  test("a message in many fragments is one message", async () => {
    const client = await dial();
    const text = '{"jsonrpc":"2.0","id":"é€😀","method":"no.such"}';
    const bytes = Buffer.from(text);
    for (let i = 0; i < bytes.length; i++) {
      const fin = i === bytes.length - 1;
      client.socket.send(bytes.subarray(i, i + 1), { fin, binary: false });
      if (i % 7 === 0) client.socket.ping("between");
    }
    const answer = await client.answer();
    assert.deepEqual([answer.id, answer.error.code], ["é€😀", -32601]);
  });

  test("a binary frame closes 1003", async () => {
    const client = await dial();
    client.socket.send(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}'));
    assert.equal((await client.closing()).code, 1003);
  });

  test("text that is not UTF-8 closes 1007", async () => {
    for (const hex of ["ff", "c0af", "eda080", "f4908080", "e28226", "80"]) {
      const client = await dial();
      const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(hex, "hex"), Buffer.from('"}')]);
      client.socket.send(bytes, { binary: false });
      assert.equal((await client.closing()).code, 1007, hex);
    }
  });

  test("JSON 32 deep is read, and 33 deep gets -32700", async () => {
    const ann = await c.person(server);
    const chatId = (await ann.call("chat.open", { userId: ann.userId })).chatId;
    const deep = (levels) =>
      `{"jsonrpc":"2.0","id":"d","method":"chat.send","params":{"chatId":"${chatId}",` +
      `"clientMsgId":"d${levels}","type":"x.deep","content":{"a":` +
      `${"[".repeat(levels - 3)}${"]".repeat(levels - 3)}}}}`;
    assert.equal((await ann.raw(deep(32))).result?.seq, 1);
    assert.deepEqual(told(await ann.raw(deep(33))), PARSE);
    await livesOn(ann);
  });

  test("JSON of depth 10,000 gets -32700, and the connection lives on", async () => {
    const client = await dial();
    for (const [left, right] of [["[", "]"], ['{"a":', "}"], ["[", ""], ['[{"a":', ""]]) {
      const text = left.repeat(10000) + (right ? "1" : "") + right.repeat(10000);
      assert.deepEqual(told(await client.raw(text)), PARSE);
    }
    await livesOn(client);
  });

  test("a null byte or a lone surrogate in a string gets -32602, wherever it stands", async () => {
    const ann = await c.person(server);
    const { chatId } = await ann.call("chat.open", { userId: ann.userId });
    for (const bad of ["\\u0000", "a\\u0000b", "\\ud800", "\\udc00", "\\ud800x", "\\udc00\\ud800"]) {
      const places = [
        `"chatId":"${bad}","clientMsgId":"n","type":"text","content":{"text":"a"}`,
        `"chatId":"${chatId}","clientMsgId":"${bad}","type":"text","content":{"text":"a"}`,
        `"chatId":"${chatId}","clientMsgId":"n","type":"text","content":{"text":"${bad}"}`,
        `"chatId":"${chatId}","clientMsgId":"n","type":"x.t","content":{"a":["${bad}"]}`,
        `"chatId":"${chatId}","clientMsgId":"n","type":"x.t","content":{"${bad}":1}`,
      ];
      for (const params of places) {
        const answer = await ann.raw(
          `{"jsonrpc":"2.0","id":"n","method":"chat.send","params":{${params}}}`,
        );
        assert.equal(answer.error?.code, -32602, params);
        assert.equal(answer.id, "n");
      }
    }
    assert.deepEqual((await ann.call("chat.history", { chatId })).entries, []);
  });

  test("a pair of surrogate escapes is the character it stands for", async () => {
    const ann = await c.person(server);
    const { chatId } = await ann.call("chat.open", { userId: ann.userId });
    await ann.raw(
      `{"jsonrpc":"2.0","id":"n","method":"chat.send","params":{"chatId":"${chatId}",` +
        `"clientMsgId":"1","type":"text","content":{"text":"\\ud83d\\ude00"}}}`,
    );
    const { entries } = await ann.call("chat.history", { chatId });
    assert.equal(entries[0].content.text, "😀");
  });

  test("1.0 and 1e1 are integers, and 1.5 is not", async () => {
    const ann = await c.person(server);
    const { chatId } = await ann.call("chat.open", { userId: ann.userId });
    const ask = (limit) =>
      ann.raw(
        `{"jsonrpc":"2.0","id":"n","method":"chat.history","params":` +
          `{"chatId":"${chatId}","limit":${limit}}}`,
      );
    for (const good of ["1", "1.0", "1e1", "20e-1", "200.000"]) {
      assert.ok((await ask(good)).result, good);
    }
    for (const bad of ["1.5", "1e-1", "9007199254740993", "1e300", "-1", "0", "201", "1e999", '"1"']) {
      const { error } = await ask(bad);
      assert.ok([-32602, -32700].includes(error?.code), bad);
      if (error.code === -32602) assert.equal(error.data.path, "/limit");
    }
  });

  test("of duplicate keys the last wins", async () => {
    const ann = await c.person(server);
    const { chatId } = await ann.call("chat.open", { userId: ann.userId });
    const answer = await ann.raw(
      `{"jsonrpc":"2.0","id":1,"id":"two","method":"no.such","method":"chat.send","params":` +
        `{"chatId":"none","clientMsgId":"a","chatId":"${chatId}","type":"text",` +
        `"content":{"text":"first","text":"second"}}}`,
    );
    assert.deepEqual([answer.id, answer.result?.seq], ["two", 1]);
    const { entries } = await ann.call("chat.history", { chatId });
    assert.equal(entries[0].content.text, "second");
  });

  test("numbers beyond 2^53 in the content of an extension come back as they were", async () => {
    const ann = await c.person(server);
    const { chatId } = await ann.call("chat.open", { userId: ann.userId });
    const numbers = ["9007199254740993", "-9223372036854775808", "1e300", "0.1", "5"];
    await ann.raw(
      `{"jsonrpc":"2.0","id":"n","method":"chat.send","params":{"chatId":"${chatId}",` +
        `"clientMsgId":"1","type":"x.numbers","content":{"n":[${numbers}]}}}`,
    );
    ann.texts.length = 0;
    const { entries } = await ann.call("chat.history", { chatId });
    assert.deepEqual(entries[0].content.n, numbers.map(Number));
    assert.ok(ann.texts[0].includes("9007199254740993"), "no digit is lost");
    assert.ok(ann.texts[0].includes("-9223372036854775808"), "no digit is lost");
  });

  test("who is not authenticated within 10 s is closed 4401, a bad token or not; others stay", async () => {
    const account = await c.register(server);
    const [silent, wrong, late] = await Promise.all([dial(), dial(), dial()]);
    const answer = await wrong.ask("session.open", { token: "nonsense" });
    assert.equal(answer.error.code, UNAUTHENTICATED);
    await late.call("session.open", { token: account.accessToken });
    const closes = await Promise.all([silent.closing(), wrong.closing()]);
    assert.deepEqual(closes.map((close) => close.code), [4401, 4401]);
    assert.equal((await late.call("session.list")).sessions.length, 1);
  });

  test("a client's ping is answered with its payload", async () => {
    const client = await dial();
    const pong = once(client.socket, "pong");
    client.socket.ping("payload");
    assert.equal((await pong)[0].toString(), "payload");
  });
});
