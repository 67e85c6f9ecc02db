// The WebSocket side of the running server, spoken to byte by byte: what a
// library would refuse to send is what matters here. The cases are those of
// the Autobahn test suite (tests/vectors/websocket), by their numbers. Text
// that is not JSON gets -32700 with a null id, and a call of an unknown method
// gets -32601 with its own id, which shows that the text came through whole.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MESSAGE_BYTES_MAX = 262144;
const WAIT_MS = 20000;
const CONT = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;
const vectors = new URL("../vectors/websocket/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, vectors), "utf8"));

let server, port, data;

before(async () => {
  data = mkdtempSync(join(tmpdir(), "websocket-test-"));
  server = spawn(
    process.env.CHATTERMESH_BIN ?? "build/chattermesh",
    ["serve", "--listen", "127.0.0.1:0", "--data", data, "--limits", "off", "--workers", "1"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let out = "";
  for await (const chunk of server.stdout) {
    out += chunk;
    const ready = out.match(/listening on http:\/\/127\.0\.0\.1:(\d+)/);
    if (ready) {
      port = Number(ready[1]);
      break;
    }
  }
  assert.ok(port, "the server says where it listens");
});

after(async () => {
  if (server.exitCode === null) {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
  rmSync(data, { recursive: true, force: true });
  assert.equal(server.exitCode, 0);
});

// --- a client that obeys nothing ---

function frame(opcode, payload = "", { fin = true, rsv = 0, masked = true } = {}) {
  const body = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const bit = masked ? 0x80 : 0;
  let length = Buffer.alloc(0);
  if (body.length < 126) {
    head.push(bit | body.length);
  } else if (body.length < 65536) {
    head.push(bit | 126);
    length = Buffer.alloc(2);
    length.writeUInt16BE(body.length);
  } else {
    head.push(bit | 127);
    length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(body.length));
  }
  const mask = masked ? Buffer.from([0x37, 0xfa, 0x21, 0x3d]) : Buffer.alloc(0);
  const out = Buffer.from(body);
  for (let i = 0; masked && i < out.length; i++) {
    out[i] ^= mask[i & 3];
  }
  return Buffer.concat([Buffer.from(head), length, mask, out]);
}

function close(code, reason = "") {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([head, Buffer.from(reason)]));
}

class Client {
  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.wake?.();
    });
    const end = () => {
      this.ended = true;
      this.wake?.();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", () => {}); // a refused peer may see a reset; what it had read counts
  }

  static async dial() {
    const socket = connect(port, "127.0.0.1");
    const client = new Client(socket);
    await once(socket, "connect");
    return client;
  }

  static async open(headers = {}) {
    const client = await Client.dial();
    client.socket.write(handshake(headers));
    const answer = await client.head();
    assert.match(answer, /^HTTP\/1\.1 101 /);
    return client;
  }

  // Resolves when `done` gives something other than undefined, or the connection ends.
  async until(done) {
    const timer = setTimeout(() => this.socket.destroy(new Error("no answer")), WAIT_MS);
    for (;;) {
      const value = done();
      if (value !== undefined || this.ended) {
        clearTimeout(timer);
        return value;
      }
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  async head() {
    const end = await this.until(() => {
      const at = this.bytes.indexOf("\r\n\r\n");
      return at < 0 ? undefined : at + 4;
    });
    assert.ok(end, "an HTTP answer comes");
    const text = this.bytes.subarray(0, end).toString();
    this.bytes = this.bytes.subarray(end);
    return text;
  }

  // The next frame as {opcode, payload}, or null at the end.
  async next() {
    const got = await this.until(() => {
      const b = this.bytes;
      if (b.length < 2) return undefined;
      assert.equal(b[1] & 0x80, 0, "a server does not mask");
      const short = b[1] & 0x7f;
      const at = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (b.length < at) return undefined;
      const length =
        short === 126 ? b.readUInt16BE(2) : short === 127 ? Number(b.readBigUInt64BE(2)) : short;
      if (b.length < at + length) return undefined;
      this.bytes = b.subarray(at + length);
      return { opcode: b[0] & 0x0f, first: b[0], payload: b.subarray(at, at + length) };
    });
    return got ?? null;
  }

  async send(bytes, chop = 0) {
    if (chop === 0) {
      this.socket.write(bytes);
      return;
    }
    for (let at = 0; at < bytes.length && !this.ended; at += chop) {
      if (!this.socket.write(bytes.subarray(at, at + chop))) {
        await Promise.race([once(this.socket, "drain"), once(this.socket, "close")]).catch(() => {});
      } else if (chop < 64) {
        await new Promise(setImmediate); // one segment each, as far as we can help it
      }
    }
  }
}

function handshake(headers = {}, method = "GET", target = "/ws") {
  const all = {
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== null);
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([k, v]) => `${k}: ${v}\r\n`).join("")}\r\n`;
}

// --- what is expected ---

async function gets(client, opcode, payload) {
  const got = await client.next();
  assert.ok(got, "a frame comes before the end");
  assert.equal(got.opcode, opcode);
  assert.equal(got.first & 0x70, 0, "no reserved bit");
  if (payload !== undefined) {
    assert.deepEqual(got.payload, Buffer.from(payload));
  }
  return got;
}

async function getsError(client, code, id) {
  const { payload } = await gets(client, TEXT);
  const answer = JSON.parse(payload.toString());
  assert.equal(answer.error.code, code);
  assert.equal(answer.id, id);
}

const notJson = (client) => getsError(client, -32700, null);

async function ends(client) {
  assert.equal(await client.next(), null, "nothing comes after the close frame");
}

async function closesWith(client, ...codes) {
  const { payload } = await gets(client, CLOSE);
  const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
  assert.ok(codes.includes(code), `close code ${code}, expected ${codes}`);
  await ends(client);
}

async function closesCleanly(client) {
  await client.send(close(1000));
  await closesWith(client, 1000);
}

const call = (id) => JSON.stringify({ jsonrpc: "2.0", id, method: "nope" });

// Pieces of one message as frames.
function fragments(...pieces) {
  return Buffer.concat(
    pieces.map((piece, i) => frame(i === 0 ? TEXT : CONT, piece, { fin: i === pieces.length - 1 })),
  );
}

function fragmentsOf(opcode, bytes, size) {
  const out = [];
  for (let at = 0; at < bytes.length; at += size) {
    const fin = at + size >= bytes.length;
    out.push(frame(at === 0 ? opcode : CONT, bytes.subarray(at, at + size), { fin }));
  }
  return Buffer.concat(out);
}

// --- the cases ---

const cases = {};

[0, 125, 126, 127, 128, 65535, 65536, 65536].forEach((length, i) => {
  const chop = i === 7 ? 997 : 0;
  cases[`1.1.${i + 1}`] = async (client) => {
    await client.send(frame(TEXT, "*".repeat(length)), chop);
    await notJson(client);
    await closesCleanly(client);
  };
  cases[`1.2.${i + 1}`] = async (client) => {
    await client.send(frame(BINARY, "*".repeat(length)), chop);
    await closesWith(client, 1003);
  };
});

function pings(payloads, chop = 0) {
  return async (client) => {
    await client.send(Buffer.concat(payloads.map((payload) => frame(PING, payload))), chop);
    for (const payload of payloads) {
      await gets(client, PONG, payload);
    }
    await closesCleanly(client);
  };
}
const ten = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
const fe125 = Buffer.alloc(125, 0xfe);
cases["2.1"] = pings([""]);
cases["2.2"] = pings(["Hello, world!"]);
cases["2.3"] = pings([Buffer.from([0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff])]);
cases["2.4"] = pings([fe125]);
cases["2.5"] = fails(frame(PING, Buffer.alloc(126, 0xfe)));
cases["2.6"] = pings([fe125], 1);
cases["2.7"] = async (client) => {
  await client.send(frame(PONG));
  await closesCleanly(client);
};
cases["2.8"] = async (client) => {
  await client.send(frame(PONG, "unasked"));
  await closesCleanly(client);
};
cases["2.9"] = async (client) => {
  await client.send(Buffer.concat([frame(PONG, "unasked"), frame(PING, "asked")]));
  await gets(client, PONG, "asked");
  await closesCleanly(client);
};
cases["2.10"] = pings(ten);
cases["2.11"] = pings(ten, 1);

// The frames are refused with 1002 or one of the codes.
function fails(bytes, { chop = 0, codes = [1002] } = {}) {
  return async (client) => {
    await client.send(bytes, chop);
    await closesWith(client, ...codes);
  };
}

// A good message, a bad frame, a ping: the message is answered, the ping is not.
function failsAfterMessage(bad, chop = 0) {
  return async (client) => {
    await client.send(Buffer.concat([frame(TEXT, call("a")), bad, frame(PING)]), chop);
    await getsError(client, -32601, "a");
    await closesWith(client, 1002);
  };
}

cases["3.1"] = fails(frame(TEXT, "Hello", { rsv: 1 }));
cases["3.2"] = failsAfterMessage(frame(TEXT, "Hello", { rsv: 2 }));
cases["3.3"] = failsAfterMessage(frame(TEXT, "Hello", { rsv: 3 }), 1);
cases["3.4"] = failsAfterMessage(frame(TEXT, "Hello", { rsv: 4 }), 1);
cases["3.5"] = fails(frame(BINARY, "\0\0", { rsv: 5 }));
cases["3.6"] = fails(frame(PING, "Hello", { rsv: 6 }));
cases["3.7"] = fails(frame(CLOSE, "", { rsv: 7 }));
[3, 4].forEach((opcode, i) => {
  cases[`4.1.${i + 1}`] = fails(frame(opcode, i ? "reserved" : ""));
});
[5, 6, 7].forEach((opcode, i) => {
  cases[`4.1.${i + 3}`] = failsAfterMessage(frame(opcode, i ? "reserved" : ""));
});
[11, 12].forEach((opcode, i) => {
  cases[`4.2.${i + 1}`] = fails(frame(opcode, i ? "reserved" : ""));
});
[13, 14, 15].forEach((opcode, i) => {
  cases[`4.2.${i + 3}`] = failsAfterMessage(frame(opcode, i ? "reserved" : ""));
});

const half = [call("fragment1").slice(0, 20), call("fragment1").slice(20)];
function whole(bytes, { chop = 0, pong } = {}) {
  return async (client) => {
    await client.send(bytes, chop);
    for (const payload of pong ?? []) {
      await gets(client, PONG, payload);
    }
    await getsError(client, -32601, "fragment1");
    await closesCleanly(client);
  };
}
const withPing = Buffer.concat([
  frame(TEXT, half[0], { fin: false }),
  frame(PING, "ping"),
  frame(CONT, half[1]),
]);
cases["5.1"] = fails(Buffer.concat([frame(PING, "a", { fin: false }), frame(CONT, "b")]));
cases["5.2"] = fails(Buffer.concat([frame(PONG, "a", { fin: false }), frame(CONT, "b")]));
cases["5.3"] = whole(fragments(...half));
cases["5.4"] = whole(fragments(...half), { chop: 26 });
cases["5.5"] = whole(fragments(...half), { chop: 1 });
cases["5.6"] = whole(withPing, { pong: ["ping"] });
cases["5.7"] = whole(withPing, { pong: ["ping"], chop: 26 });
cases["5.8"] = whole(withPing, { pong: ["ping"], chop: 1 });
[true, false].forEach((fin, i) => {
  const bytes = Buffer.concat([frame(CONT, "no start", { fin }), frame(TEXT, "Hello")]);
  [0, 14, 1].forEach((chop, j) => {
    cases[`5.${9 + i * 3 + j}`] = fails(bytes, { chop });
  });
});
cases["5.15"] = async (client) => {
  const stray = frame(CONT, "no start", { fin: false });
  await client.send(Buffer.concat([fragments(...half), stray, frame(TEXT, "Hello")]));
  await getsError(client, -32601, "fragment1");
  await closesWith(client, 1002);
};
[false, true].forEach((fin, i) => {
  const round = Buffer.concat([frame(CONT, "no start", { fin }), fragments(...half)]);
  cases[`5.${16 + i}`] = fails(Buffer.concat([round, round]));
});
cases["5.18"] = fails(Buffer.concat([frame(TEXT, "a", { fin: false }), frame(TEXT, "b")]));
[0, 1].forEach((chop, i) => {
  cases[`5.${19 + i}`] = async (client) => {
    const text = call("five");
    const cut = (n) => text.slice(n * 10, n === 4 ? undefined : n * 10 + 10);
    const part = (n) => frame(n === 0 ? TEXT : CONT, cut(n), { fin: n === 4 });
    await client.send(Buffer.concat([part(0), part(1), frame(PING, "first")]), chop);
    await gets(client, PONG, "first"); // before the message is whole
    await client.send(Buffer.concat([part(2), part(3), frame(PING, "second"), part(4)]), chop);
    await gets(client, PONG, "second");
    await getsError(client, -32601, "five");
    await closesCleanly(client);
  };
});

const greek = "κόσμε-µ@ßöäüàá-UTF-8!!";
const brokenGreek = Buffer.from("cebae1bdb9cf83cebcceb5eda080656469746564", "hex");
const octets = (bytes) => fragmentsOf(TEXT, Buffer.from(bytes), 1);
cases["6.1.1"] = answersNotJson(frame(TEXT, ""));
cases["6.1.2"] = answersNotJson(fragments("", "", ""));
cases["6.1.3"] = answersNotJson(fragments("", "middle frame payload", ""));
cases["6.2.1"] = answersGreek((text) => frame(TEXT, text));
cases["6.2.2"] = answersGreek((text) => fragments(text.slice(0, 30), text.slice(30)));
cases["6.2.3"] = answersGreek(octets);
cases["6.2.4"] = async (client) => {
  await client.send(octets(Buffer.from("cebae1bdb9cf83cebcceb5", "hex")));
  await notJson(client);
  await closesCleanly(client);
};
cases["6.3.1"] = fails(frame(TEXT, brokenGreek), { codes: [1007] });
cases["6.3.2"] = fails(octets(brokenGreek), { codes: [1007] });
const part1 = Buffer.from("cebae1bdb9cf83cebcceb5", "hex");
const part2 = Buffer.from("f4908080", "hex");
const part3 = Buffer.from("656469746564", "hex");
cases["6.4.1"] = fails(fragments(part1, part2, part3), { codes: [1007] });
cases["6.4.2"] = fails(fragments(part1, part2.subarray(0, 2), part3), { codes: [1007] });
const oneFrame = frame(TEXT, Buffer.concat([part1, part2, part3]));
cases["6.4.3"] = fails(oneFrame, { chop: 17, codes: [1007] });
cases["6.4.4"] = fails(oneFrame, { chop: 18, codes: [1007] });

function answersNotJson(bytes) {
  return async (client) => {
    await client.send(bytes);
    await notJson(client);
    await closesCleanly(client);
  };
}
function answersGreek(encode) {
  return async (client) => {
    await client.send(encode(call(greek)));
    await getsError(client, -32601, greek);
    await closesCleanly(client);
  };
}

function closing(bytes, ...codes) {
  return async (client) => {
    await client.send(bytes);
    await closesWith(client, ...codes);
  };
}
cases["7.1.1"] = async (client) => {
  await client.send(Buffer.concat([frame(TEXT, call("last")), close(1000)]));
  await getsError(client, -32601, "last");
  await closesWith(client, 1000);
};
cases["7.1.2"] = closing(Buffer.concat([close(1000), close(1000)]), 1000);
cases["7.1.3"] = closing(Buffer.concat([close(1000), frame(PING)]), 1000);
cases["7.1.4"] = closing(Buffer.concat([close(1000), frame(TEXT, call("late"))]), 1000);
cases["7.1.5"] = closing(
  Buffer.concat([frame(TEXT, "a", { fin: false }), close(1000), frame(CONT, "b")]),
  1000,
);
cases["7.1.6"] = async (client) => {
  const big = frame(TEXT, "*".repeat(MESSAGE_BYTES_MAX));
  await client.send(Buffer.concat([big, close(1000), frame(PING)]));
  await notJson(client);
  await closesWith(client, 1000);
};
cases["7.3.1"] = closing(frame(CLOSE), 1000);
cases["7.3.2"] = closing(frame(CLOSE, "a"), 1002);
cases["7.3.3"] = closing(close(1000), 1000);
cases["7.3.4"] = closing(close(1000, "Hello World!"), 1000);
cases["7.3.5"] = closing(close(1000, "*".repeat(123)), 1000);
cases["7.3.6"] = closing(close(1000, "*".repeat(124)), 1002);
cases["7.5.1"] = closing(close(1000, brokenGreek), 1007);
[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].forEach((code, i) => {
  cases[`7.7.${i + 1}`] = closing(close(code), 1000, code);
});
[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999].forEach((code, i) => {
  cases[`7.9.${i + 1}`] = closing(close(code), 1002);
});
cases["7.13.1"] = closing(close(5000), 1002);
cases["7.13.2"] = closing(close(65535), 1002);

// Of category 9 the sizes: what fits is answered, what does not is 1009.
const MIB = 2 ** 20;
function sized(opcode, length, { fragment = 0, chop = 0 } = {}) {
  return async (client) => {
    const body = Buffer.alloc(length, "*");
    const bytes = fragment ? fragmentsOf(opcode, body, fragment) : frame(opcode, body);
    const sending = client.send(bytes, chop || 65536);
    if (opcode === BINARY) {
      await closesWith(client, 1003);
    } else if (length > MESSAGE_BYTES_MAX) {
      await closesWith(client, 1009);
    } else {
      await notJson(client);
      await closesCleanly(client);
    }
    await sending;
  };
}
[TEXT, BINARY].forEach((opcode, kind) => {
  [MIB / 16, MIB / 4, MIB, 4 * MIB, 8 * MIB, 16 * MIB].forEach((length, i) => {
    cases[`9.${1 + kind}.${i + 1}`] = sized(opcode, length);
  });
  [64, 256, 1024, 4096, 16384, 65536, MIB / 4, MIB, 4 * MIB].forEach((fragment, i) => {
    cases[`9.${3 + kind}.${i + 1}`] = sized(opcode, 4 * MIB, { fragment });
  });
  [64, 128, 256, 512, 1024, 2048].forEach((chop, i) => {
    cases[`9.${5 + kind}.${i + 1}`] = sized(opcode, MIB, { chop });
  });
});
cases["9.9.1"] = async (client) => {
  const piece = "*".repeat(4096);
  await client.send(frame(TEXT, piece, { fin: false }));
  const more = frame(CONT, piece, { fin: false });
  for (let i = 0; i < 1000 && !client.ended; i++) {
    await client.send(more, more.length);
  }
  await closesWith(client, 1009);
};
cases["10.1.1"] = answersNotJson(fragmentsOf(TEXT, Buffer.alloc(65536, "*"), 1300));

const index = read("autobahn-case-index.json").cases;

test("every case of the index is here", () => {
  assert.deepEqual(Object.keys(cases).sort(), index.map(({ id }) => id).sort());
});

for (const { id, description } of index) {
  test(`${id} ${description.replace(/<[^>]*>|\s+/g, " ").slice(0, 100)}`, async () => {
    const client = await Client.open();
    await cases[id](client);
    client.socket.destroy();
  });
}

for (const { group, cases: sequences } of read("utf8-sequences.json")) {
  test(`UTF-8: ${group}`, async () => {
    for (const { hex, valid } of sequences) {
      const bytes = Buffer.from(hex, "hex");
      for (const encode of [(b) => frame(TEXT, b), octets]) {
        const client = await Client.open();
        await client.send(encode(bytes));
        if (valid) {
          await notJson(client);
          await closesCleanly(client);
        } else {
          await closesWith(client, 1007);
        }
        client.socket.destroy();
      }
    }
  });
}

test("a frame without a mask is a protocol error", async () => {
  const client = await Client.open();
  await client.send(frame(TEXT, call("a"), { masked: false }));
  await closesWith(client, 1002);
});

test("a length written longer than it needs to be is a protocol error", async () => {
  const client = await Client.open();
  await client.send(Buffer.from([0x81, 0xfe, 0, 1, 0, 0, 0, 0, 0x61]));
  await closesWith(client, 1002);
});

test("a length with its highest bit set is a protocol error", async () => {
  const client = await Client.open();
  await client.send(Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]));
  await closesWith(client, 1002);
});

// --- the opening handshake ---

const lies = [
  ["no key", { "Sec-WebSocket-Key": null }, 400],
  ["a key that is too short", { "Sec-WebSocket-Key": "c2hvcnQ=" }, 400],
  ["a key that is not base64", { "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" }, 400],
  ["an old version", { "Sec-WebSocket-Version": "8" }, 426],
  ["no version", { "Sec-WebSocket-Version": null }, 426],
  ["no Upgrade header", { Upgrade: null }, 426],
  ["another protocol in Upgrade", { Upgrade: "h2c" }, 426],
  ["no Connection header", { Connection: null }, 400],
  ["a Connection header that keeps alive", { Connection: "keep-alive" }, 400],
  ["a body", { "Content-Length": "5" }, 400],
  ["no Host header", { Host: null }, 400],
  ["only unknown sub-protocols", { "Sec-WebSocket-Protocol": "soap, wamp" }, 400],
  ["a head without end", { "X-Long": "a".repeat(20000) }, 431],
];
for (const [what, headers, status] of lies) {
  test(`an upgrade request with ${what} is answered ${status}`, async () => {
    const client = await Client.dial();
    client.socket.write(handshake(headers));
    const head = await client.head();
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(head, /content-type: application\/problem\+json/i);
    client.socket.destroy();
  });
}

test("an upgrade request that is not a GET is refused", async () => {
  const client = await Client.dial();
  client.socket.write(handshake({}, "POST"));
  assert.match(await client.head(), /^HTTP\/1\.1 400 /);
  client.socket.destroy();
});

test("the known sub-protocol is selected among others", async () => {
  const client = await Client.dial();
  client.socket.write(handshake({ "Sec-WebSocket-Protocol": "soap, chattermesh.v1.json" }));
  const head = await client.head();
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.match(head, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
  assert.match(head, /sec-websocket-protocol: chattermesh\.v1\.json\r\n/i);
  await closesCleanly(client);
});

test("without an offer no sub-protocol and no extension is selected", async () => {
  const client = await Client.dial();
  client.socket.write(handshake({ "Sec-WebSocket-Extensions": "permessage-deflate" }));
  const head = await client.head();
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.doesNotMatch(head, /sec-websocket-(protocol|extensions)/i);
  await closesCleanly(client);
});

test("frames sent together with the handshake are not lost", async () => {
  const client = await Client.dial();
  client.socket.write(Buffer.concat([Buffer.from(handshake()), frame(TEXT, call("early"))]));
  assert.match(await client.head(), /^HTTP\/1\.1 101 /);
  await getsError(client, -32601, "early");
  await closesCleanly(client);
});
