// Section 6 of the protocol: the state of chats, and that state plus events
// is what a fresh state says.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
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

const again = async (who) => c.session(server, await c.login(server, who.account.username));

async function pair() {
  const [ann, bob] = await c.people2(server);
  return { ann, bob, chatId: await c.direct(ann, bob) };
}

async function pullAll(who, cursor, limit) {
  const chats = [];
  for (;;) {
    const page = await who.call("sync.pull", { ...(cursor ? { cursor } : {}), ...(limit ? { limit } : {}) });
    chats.push(...page.chats);
    cursor = page.cursor;
    if (!page.more) return { chats, cursor };
  }
}

const stateOf = async (who, chatId) =>
  (await pullAll(who)).chats.find((chat) => chat.chatId === chatId);

// What a client of the protocol keeps of one chat: its entries by seq, from
// history and from events alike, and its gaps filled by history.
class Replica {
  constructor(who, chatId) {
    this.who = who;
    this.chatId = chatId;
    this.entries = new Map();
  }

  take(entries) {
    for (const entry of entries) this.entries.set(entry.seq, entry);
  }

  async fill() {
    for (;;) {
      let last = 0;
      while (this.entries.has(last + 1)) last++;
      const { chatId } = this;
      const page = await this.who.call("chat.history", { chatId, after: last, limit: 200 });
      this.take(page.entries);
      if (!page.more) return;
    }
  }

  // The texts as they read now, by seq, by the entries alone.
  texts() {
    const out = {};
    for (const seq of [...this.entries.keys()].sort((x, y) => x - y)) {
      const e = this.entries.get(seq);
      if (e.kind === "message") out[seq] = e.deleted ? null : e.content.text;
      if (e.kind === "edit" && out[e.target] != null && e.content) out[e.target] = e.content.text;
      if (e.kind === "delete") out[e.target] = null;
    }
    return out;
  }
}

describe("sync", { concurrency: 8 }, () => {
  test("a user without chats pulls none", async () => {
    const ann = await c.person(server);
    const page = await ann.call("sync.pull");
    assert.deepEqual([page.chats, page.more], [[], false]);
    assert.equal(typeof page.cursor, "string");
  });

  test("a direct chat's state tells its log, its marks and the other user", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "one");
    const last = await c.send(ann, chatId, "two");
    const mine = await stateOf(ann, chatId);
    const theirs = await stateOf(bob, chatId);
    assert.deepEqual(
      [mine.kind, mine.userId, mine.lastSeq, mine.unread, mine.memberCount, mine.muted, mine.pins],
      ["direct", bob.userId, 2, 0, 2, 0, []],
    );
    assert.deepEqual([mine.myRead, mine.myDelivered, mine.peerRead, mine.peerDelivered], [0, 0, 0, 0]);
    assert.deepEqual([theirs.userId, theirs.unread, theirs.last.seq], [ann.userId, 2, 2]);
    assert.equal(theirs.last.messageId, last.messageId);
    assert.equal(theirs.last.content.text, "two");
    assert.ok(theirs.updatedAt >= last.sentAt - 1000);
  });

  test("unread counts others' messages after the mark that are not deleted, and no edits", async () => {
    const { ann, bob, chatId } = await pair();
    for (const words of ["1", "2", "3", "4"]) await c.send(ann, chatId, words);
    await c.send(bob, chatId, "5");
    const react = { chatId, target: 1, emoji: "👍", on: true, clientMsgId: "r" };
    await ann.call("chat.react", react);
    await ann.call("chat.edit", { chatId, target: 2, content: { text: "2!" }, clientMsgId: "e" });
    assert.equal((await stateOf(bob, chatId)).unread, 4);
    await ann.call("chat.delete", { chatId, target: 3, clientMsgId: "d" });
    assert.equal((await stateOf(bob, chatId)).unread, 3);
    await bob.call("receipts.mark", { chatId, read: 2 });
    assert.equal((await stateOf(bob, chatId)).unread, 1);
    assert.equal((await stateOf(ann, chatId)).unread, 1);
    await bob.call("receipts.mark", { chatId, read: (await stateOf(bob, chatId)).lastSeq });
    assert.equal((await stateOf(bob, chatId)).unread, 0);
  });

  test("last is the last message that is not deleted", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "stays");
    await c.send(ann, chatId, "goes");
    await ann.call("chat.delete", { chatId, target: 2, clientMsgId: "d" });
    const state = await stateOf(bob, chatId);
    assert.deepEqual([state.last.seq, state.lastSeq], [1, 3]);
    await ann.call("chat.delete", { chatId, target: 1, clientMsgId: "d2" });
    assert.ok(!(await stateOf(bob, chatId)).last);
  });

  test("after a cursor only what changed comes", async () => {
    const { ann, bob, chatId } = await pair();
    const cat = await c.person(server);
    const other = await c.direct(ann, cat);
    await c.send(ann, chatId, "a");
    await c.send(ann, other, "b");
    const { cursor } = await pullAll(ann);
    assert.deepEqual((await pullAll(ann, cursor)).chats, []);
    await c.send(bob, chatId, "c");
    const changed = await pullAll(ann, cursor);
    assert.deepEqual(changed.chats.map((x) => x.chatId), [chatId]);
    assert.deepEqual((await pullAll(ann, changed.cursor)).chats, []);
  });

  test("a change of marks, mute or pins comes after a cursor too", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "a");
    let { cursor } = await pullAll(bob);
    const changes = [
      ["receipts.mark", { read: 1 }],
      ["chat.mute", { until: Date.now() + 1e6 }],
      ["chat.pin", { target: 1, on: true }],
    ];
    for (const [method, params] of changes) {
      await bob.call(method, { chatId, ...params });
      const page = await pullAll(bob, cursor);
      assert.deepEqual(page.chats.map((x) => x.chatId), [chatId], method);
      cursor = page.cursor;
    }
    const peer = await stateOf(ann, chatId);
    assert.deepEqual([peer.peerRead, peer.peerDelivered, peer.pins], [1, 1, [1]]);
  });

  test("session.open's cursor lies before whatever comes as an event", async () => {
    const { ann, bob, chatId } = await pair();
    const later = await again(bob);
    await c.send(ann, chatId, "after the open");
    await later.event("chat.message");
    const { chats } = await pullAll(later, later.session.cursor);
    assert.deepEqual(chats.map((x) => x.chatId), [chatId]);
  });

  test("pages continue one listing, newest first, without a chat twice or missing", async () => {
    const ann = await c.person(server);
    const ids = [];
    for (let i = 0; i < 12; i++) {
      const { chatId } = await ann.call("group.create", { title: `g${i}` });
      ids.unshift(chatId);
    }
    const first = await ann.call("sync.pull", { limit: 5 });
    assert.deepEqual([first.chats.length, first.more], [5, true]);
    const { chats } = await pullAll(ann, undefined, 5);
    assert.deepEqual(chats.map((x) => x.chatId), ids);
    assert.ok(chats.every((x) => x.kind === "group" && x.role === "owner" && x.memberCount === 1));
  });

  test("a chat that changes between two pages comes again", async () => {
    const ann = await c.person(server);
    const ids = [];
    for (let i = 0; i < 6; i++) ids.push((await ann.call("group.create", { title: `${i}` })).chatId);
    const first = await ann.call("sync.pull", { limit: 3 });
    const seen = first.chats[0].chatId;
    await c.send(ann, seen, "changed meanwhile");
    let { cursor } = first;
    const later = [];
    for (let more = true; more; ) {
      const page = await ann.call("sync.pull", { cursor, limit: 3 });
      later.push(...page.chats);
      ({ cursor, more } = page);
    }
    later.push(...(await pullAll(ann, cursor)).chats);
    const got = later.filter((x) => x.chatId === seen);
    assert.ok(got.some((x) => x.last?.content.text === "changed meanwhile"));
    const all = new Set([...first.chats, ...later].map((x) => x.chatId));
    assert.deepEqual(all, new Set(ids));
  });

  test("a foreign, broken or changed cursor is -32602", async () => {
    const [ann, bob] = await c.people2(server);
    const { cursor } = await bob.call("sync.pull");
    const changed = (cursor[0] === "A" ? "B" : "A") + cursor.slice(1);
    for (const bad of ["", "x", "0", cursor, `${cursor}x`, changed, "é", "x".repeat(64)]) {
      await c.invalid(ann.call("sync.pull", { cursor: bad }), "/cursor");
    }
    for (const limit of [0, 201, 1.5]) {
      await c.invalid(ann.call("sync.pull", { limit }), "/limit");
    }
    assert.ok(await bob.call("sync.pull", { cursor, limit: 200 }));
  });

  test("who left a group sees it as left, without what came after", async () => {
    const [ann, bob] = await c.people2(server);
    const created = await ann.call("group.create", { title: "g", memberIds: [bob.userId] });
    const { chatId } = created;
    await c.send(ann, chatId, "while bob is here");
    const { cursor } = await pullAll(bob);
    await bob.call("group.leave", { chatId });
    await c.send(ann, chatId, "after bob left");
    const page = await pullAll(bob, cursor);
    assert.equal(page.chats[0].chatId, chatId);
    assert.ok(page.chats[0].left);
    assert.ok(!JSON.stringify(page.chats).includes("after bob left"));
    const { entries } = await bob.call("chat.history", { chatId });
    assert.ok(!JSON.stringify(entries).includes("after bob left"));
    assert.ok(JSON.stringify(entries).includes("while bob is here"));
  });

  test("state plus events is a fresh state, while the reader's connection is cut again and again", async () => {
    const { ann, bob, chatId } = await pair();
    let reader = bob;
    const replica = new Replica(reader, chatId);
    const gather = () => {
      const mine = reader.events.filter((e) => e.method.startsWith("chat."));
      replica.take(mine.map((e) => e.params).filter((p) => p.chatId === chatId && p.seq));
    };
    const write = async (round) => {
      for (let i = 0; i < 12; i++) {
        const { seq } = await c.send(ann, chatId, `${round}.${i}`);
        const target = seq;
        const clientMsgId = c.newId();
        if (i % 3 === 0) {
          const content = { text: `${round}.${i} edited` };
          await ann.call("chat.edit", { chatId, target, content, clientMsgId });
        } else if (i % 4 === 1) {
          await ann.call("chat.delete", { chatId, target, clientMsgId });
        }
      }
    };
    for (let round = 0; round < 6; round++) {
      const writing = write(round);
      await reader.event("chat.message");
      reader.socket.terminate();
      await reader.closing();
      gather();
      reader = await c.session(server, await c.login(server, bob.account.username));
      replica.who = reader;
      await writing;
      gather();
    }
    await c.send(ann, chatId, "the end");
    await reader.event("chat.message", (e) => e.content?.text === "the end");
    gather();
    await replica.fill();
    const fresh = new Replica(reader, chatId);
    await fresh.fill();
    assert.deepEqual(replica.texts(), fresh.texts());
    assert.deepEqual([...fresh.entries.keys()].length, (await stateOf(ann, chatId)).lastSeq);
  });
});
