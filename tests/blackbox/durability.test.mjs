// What was acknowledged survives: kill -9 under load again and again, a
// second server on the same folder, a disk that is full.
import { after, describe, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as c from "./lib/client.mjs";
import { killAll, newFolder, run, Server } from "./lib/server.mjs";

const KILLS = 8;
const PAIRS = 6;
const IN_FLIGHT = 8; // a sender
const ACKNOWLEDGED_A_ROUND = 150; // then it is killed

after(() => {
  c.closeAll();
  killAll();
});

// One sender's account of what it sent and what the server said to it.
class Sender {
  constructor(server, account, chatId, name) {
    Object.assign(this, { server, account, chatId, name });
    this.next = 0;
    this.acknowledged = new Map(); // clientMsgId -> seq
    this.open = new Set(); // sent, and never answered
  }

  async connect() {
    const login = { username: this.account.username };
    const fresh = await c.login(this.server, login.username, { id: this.account.deviceId });
    this.client = await c.session(this.server, fresh);
  }

  params(id) {
    return { chatId: this.chatId, clientMsgId: id, ...c.text(`${this.name} ${id}`) };
  }

  // Sends until the connection ends, some calls at a time.
  flood(onAnswer) {
    const lane = async () => {
      while (!this.client.closed) {
        const id = `${this.next++}`;
        this.open.add(id);
        const answer = await this.client.ask("chat.send", this.params(id));
        if (answer === null) return;
        assert.ok(answer.result, JSON.stringify(answer));
        assert.equal(answer.result.duplicate, false);
        this.open.delete(id);
        this.acknowledged.set(id, answer.result.seq);
        onAnswer();
      }
    };
    return Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  }
}

async function wholeLog(client, chatId) {
  const entries = [];
  for (let more = true; more; ) {
    const after = entries.length ? entries.at(-1).seq : 0;
    const page = await client.call("chat.history", { chatId, after, limit: 200 });
    entries.push(...page.entries);
    ({ more } = page);
  }
  return entries;
}

// The log of both senders has no gap, nothing twice and all that was acknowledged.
async function checkLog(senders) {
  const entries = await wholeLog(senders[0].client, senders[0].chatId);
  assert.deepEqual(entries.map((e) => e.seq), entries.map((_, i) => i + 1));
  for (const sender of senders) {
    const mine = entries.filter((e) => e.senderId === sender.account.userId);
    const bySeq = new Map(mine.map((e) => [e.clientMsgId, e]));
    assert.equal(bySeq.size, mine.length, "no clientMsgId is there twice");
    for (const [id, seq] of sender.acknowledged) {
      assert.equal(bySeq.get(id)?.seq, seq, `${sender.name} ${id} keeps its seq`);
      assert.equal(bySeq.get(id).content.text, `${sender.name} ${id}`);
    }
    for (const id of bySeq.keys()) {
      assert.ok(sender.acknowledged.has(id) || sender.open.has(id), `${id} was sent`);
    }
    sender.stored = bySeq;
  }
}

// Asks again for what was never answered, and for some of what was.
async function retry(sender) {
  for (const id of sender.open) {
    const { seq, duplicate } = await sender.client.call("chat.send", sender.params(id));
    const stored = sender.stored.get(id);
    assert.equal(duplicate, stored !== undefined, `${id} is a duplicate if it was written`);
    if (stored) assert.equal(seq, stored.seq);
    sender.acknowledged.set(id, seq);
  }
  sender.open.clear();
  for (const [id, seq] of [...sender.acknowledged].slice(-5)) {
    const answer = await sender.client.call("chat.send", sender.params(id));
    assert.deepEqual([answer.seq, answer.duplicate], [seq, true]);
  }
}

describe("durability", () => {
  test("kill -9 under load, again and again, loses and doubles nothing acknowledged", async () => {
    const server = await Server.start();
    const pairs = [];
    for (let i = 0; i < PAIRS; i++) {
      const [a, b] = await c.people2(server);
      const chatId = await c.direct(a, b);
      pairs.push([a, b].map((x, j) => new Sender(server, x.account, chatId, `${i}${j}`)));
    }
    const senders = pairs.flat();
    for (let round = 0; round < KILLS; round++) {
      await Promise.all(senders.map((s) => s.connect()));
      let answers = 0;
      const enough = new Promise((resolve) => {
        for (const sender of senders) {
          sender.flooding = sender.flood(() => ++answers === ACKNOWLEDGED_A_ROUND && resolve());
        }
      });
      await Promise.race([enough, Promise.all(senders.map((s) => s.flooding))]);
      assert.ok(answers >= ACKNOWLEDGED_A_ROUND, "the load flows");
      await server.kill();
      await Promise.all(senders.map((s) => s.flooding));
      await server.run();
      await Promise.all(senders.map((s) => s.connect()));
      await Promise.all(pairs.map(checkLog));
      await Promise.all(senders.map(retry));
      await Promise.all(pairs.map(checkLog));
    }
    assert.ok(senders.reduce((n, s) => n + s.acknowledged.size, 0) >= KILLS * ACKNOWLEDGED_A_ROUND);
    await server.stop();
  });

  test("sessions, accounts, marks and groups survive kill -9 too", async () => {
    const server = await Server.start();
    const [ann, bob] = await c.people2(server);
    const { chatId } = await ann.call("group.create", { title: "kept", memberIds: [bob.userId] });
    const { seq } = await c.send(ann, chatId, "a");
    await bob.call("receipts.mark", { chatId, read: seq });
    await server.kill();
    await server.run();
    const later = await c.session(server, bob.account);
    const state = (await later.call("sync.pull")).chats[0];
    assert.deepEqual([state.title, state.myRead, state.unread, state.lastSeq], ["kept", seq, 0, seq]);
    assert.ok((await c.login(server, ann.account.username)).userId);
    await server.stop();
  });

  test("a cursor from before kill -9 goes on after it", async () => {
    const server = await Server.start();
    const [ann, bob] = await c.people2(server);
    const chatId = await c.direct(ann, bob);
    const { cursor } = await bob.call("sync.pull");
    await c.send(ann, chatId, "a");
    await server.kill();
    await server.run();
    const later = await c.session(server, bob.account);
    const { chats } = await later.call("sync.pull", { cursor });
    assert.deepEqual(chats.map((x) => [x.chatId, x.lastSeq]), [[chatId, 1]]);
    await server.stop();
  });

  test("a second server on the same folder ends with 1 and says why; the first does not notice", async () => {
    const server = await Server.start();
    const ann = await c.person(server);
    const { chatId } = await ann.call("chat.open", { userId: ann.userId });
    const second = await run("serve", "--listen", "127.0.0.1:0", "--data", server.data);
    assert.equal(second.code, 1, second.stderr);
    assert.ok(second.stderr.includes(server.data), second.stderr);
    assert.match(second.stderr, /another|already|in use|lock/i);
    assert.equal((await c.send(ann, chatId, "still here")).seq, 1);
    await server.stop();
  });

  test("a data folder that can't be made or a corrupt database is a clear error", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "file"), "");
    const nowhere = join(folder, "file", "data");
    const first = await run("serve", "--listen", "127.0.0.1:0", "--data", nowhere);
    assert.equal(first.code, 1);
    assert.ok(first.stderr.includes(nowhere), first.stderr);
    const server = await Server.start();
    await server.term();
    for (const name of readdirSync(server.data).filter((n) => n.endsWith(".db"))) {
      writeFileSync(join(server.data, name), Buffer.alloc(65536, "not a database "));
    }
    const second = await run("serve", "--listen", "127.0.0.1:0", "--data", server.data);
    assert.equal(second.code, 1, second.stderr);
    assert.match(second.stderr, /corrupt|not a database|malformed/i);
    server.remove();
    rmSync(folder, { recursive: true });
  });
});

// A small disk of its own; only root may mount one.
function smallDisk(megabytes) {
  const folder = newFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], {
      stdio: "ignore",
    });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return {
    folder,
    remount: (how) => execFileSync("mount", ["-o", `remount,${how}`, folder]),
    remove: () => {
      execFileSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

describe("a disk that fails", () => {
  test("on a full disk sends are unavailable, nothing acknowledged is lost, and space brings it back", async (t) => {
    const disk = smallDisk(24);
    if (!disk) return t.skip("mounting needs root");
    t.after(() => disk.remove());
    const data = join(disk.folder, "data");
    mkdirSync(data);
    const server = await Server.start({ data });
    const [ann, bob] = await c.people2(server);
    const chatId = await c.direct(ann, bob);
    const acknowledged = new Map();
    const send = async (id) => {
      const params = { chatId, clientMsgId: id, ...c.text(`${id} ${"x".repeat(8000)}`) };
      const { result, error } = await ann.ask("chat.send", params);
      if (result) acknowledged.set(id, result.seq);
      return error;
    };
    for (let i = 0; i < 20; i++) assert.equal(await send(`before ${i}`), undefined);
    const ballast = join(disk.folder, "ballast");
    fillUp(ballast);
    let refused;
    for (let i = 0; i < 3000 && !refused; i++) {
      const errors = await Promise.all(Array.from({ length: 8 }, (_, j) => send(`full ${i}.${j}`)));
      refused = errors.find((error) => error);
    }
    assert.deepEqual([refused?.code, refused?.data.type], [-32050, "unavailable"]);
    const { entries } = await bob.call("chat.history", { chatId, limit: 1 });
    assert.equal(entries.length, 1, "reading goes on");
    assert.equal((await server.get("/healthz")).status, 200);
    rmSync(ballast);
    let back = false;
    for (let i = 0; i < 2000 && !back; i++) back = (await send(`after ${i}`)) === undefined;
    assert.ok(back, "it serves again");
    const check = async (reader) => {
      const log = await wholeLog(reader, chatId);
      assert.deepEqual(log.map((e) => e.seq), log.map((_, i) => i + 1));
      const seqs = new Map(log.map((e) => [e.clientMsgId, e.seq]));
      assert.equal(seqs.size, log.length);
      for (const [id, seq] of acknowledged) assert.equal(seqs.get(id), seq, id);
    };
    await check(bob);
    await server.kill();
    await server.run();
    await check(await c.session(server, bob.account));
    await server.stop();
  });

  test("a folder on a read-only disk is a clear error at the start", async (t) => {
    const disk = smallDisk(24);
    if (!disk) return t.skip("mounting needs root");
    t.after(() => disk.remove());
    const data = join(disk.folder, "data");
    mkdirSync(data);
    const server = await Server.start({ data });
    await server.stop();
    disk.remount("ro");
    const second = await run("serve", "--listen", "127.0.0.1:0", "--data", data);
    assert.equal(second.code, 1, second.stderr);
    assert.match(second.stderr, /read-only|readonly/i);
    assert.ok(existsSync(data));
  });
});

function fillUp(path) {
  const chunk = Buffer.alloc(65536, 1);
  let size = chunk.length;
  for (;;) {
    try {
      writeFileSync(path, chunk.subarray(0, size), { flag: "a" });
    } catch {
      if (size <= 512) return;
      size /= 2;
    }
  }
}
