// Section 7 of the protocol: receipts, typing and presence.
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

async function pair(messages = 0) {
  const [ann, bob] = await c.people2(server);
  const chatId = await c.direct(ann, bob);
  for (let i = 1; i <= messages; i++) await c.send(ann, chatId, `${i}`);
  return { ann, bob, chatId };
}

const stateOf = async (who, chatId) =>
  (await who.call("sync.pull")).chats.find((chat) => chat.chatId === chatId);
const about = (userId) => (p) => p.users.some((u) => u.userId === userId);
const one = (update, userId) => update.users.find((u) => u.userId === userId);
const becomes = (userId, status) => (p) => one(p, userId)?.status === status;

describe("receipts", { concurrency: 8 }, () => {
  test("marks merge by max, read implies delivered, and nothing goes back", async () => {
    const { bob, chatId } = await pair(5);
    const mark = (params) => bob.call("receipts.mark", { chatId, ...params });
    assert.deepEqual(await mark({ delivered: 3 }), { delivered: 3, read: 0 });
    assert.deepEqual(await mark({ read: 2 }), { delivered: 3, read: 2 });
    assert.deepEqual(await mark({ read: 4 }), { delivered: 4, read: 4 });
    assert.deepEqual(await mark({ delivered: 1, read: 1 }), { delivered: 4, read: 4 });
    assert.deepEqual(await mark({}), { delivered: 4, read: 4 });
    const state = await stateOf(bob, chatId);
    assert.deepEqual([state.myRead, state.myDelivered, state.unread], [4, 4, 1]);
  });

  test("a mark above lastSeq is -32602, and the marks stay", async () => {
    const { bob, chatId } = await pair(2);
    await c.invalid(bob.call("receipts.mark", { chatId, read: 3 }), "/read");
    await c.invalid(bob.call("receipts.mark", { chatId, delivered: 3 }), "/delivered");
    await c.invalid(bob.call("receipts.mark", { chatId, delivered: -1 }), "/delivered");
    assert.deepEqual(await bob.call("receipts.mark", { chatId }), { delivered: 0, read: 0 });
  });

  test("a mark is told to the other side and to the own other sessions, not to the asking one", async () => {
    const { ann, bob, chatId } = await pair(2);
    const bob2 = await again(bob);
    await bob.call("receipts.mark", { chatId, read: 2 });
    for (const who of [ann, bob2]) {
      const update = await who.event("receipts.update");
      assert.deepEqual(update, { chatId, userId: bob.userId, delivered: 2, read: 2 });
    }
    await bob.settle();
    assert.deepEqual(bob.seen("receipts.update"), []);
  });

  test("a mark that changes nothing tells nobody", async () => {
    const { ann, bob, chatId } = await pair(2);
    await bob.call("receipts.mark", { chatId, read: 1 });
    await ann.event("receipts.update");
    await bob.call("receipts.mark", { chatId, read: 1 });
    await bob.call("receipts.mark", { chatId, delivered: 2 });
    assert.equal((await ann.event("receipts.update")).delivered, 2);
    await ann.settle();
    assert.deepEqual(ann.seen("receipts.update"), []);
  });

  test("sending moves no mark, and own messages are never unread", async () => {
    const { ann, chatId } = await pair(3);
    const state = await stateOf(ann, chatId);
    assert.deepEqual([state.unread, state.myRead, state.myDelivered], [0, 0, 0]);
  });

  test("a message that was only sent to an open session is not delivered", async () => {
    const { ann, bob, chatId } = await pair(1);
    await bob.event("chat.message");
    assert.equal((await stateOf(ann, chatId)).peerDelivered, 0);
  });

  test("receipts.get tells who has a message and who read it", async () => {
    const { ann, bob, chatId } = await pair(2);
    await bob.call("receipts.mark", { chatId, read: 1, delivered: 2 });
    const get = (seq) => ann.call("receipts.get", { chatId, seq });
    const first = await get(1);
    assert.deepEqual([first.deliveredCount, first.readCount], [1, 1]);
    assert.deepEqual([first.deliveredBy, first.readBy], [[bob.userId], [bob.userId]]);
    const second = await get(2);
    assert.deepEqual([second.deliveredBy, second.readBy], [[bob.userId], []]);
    await c.notFound(get(9));
  });

  test("members of a small group are told of each other's marks", async () => {
    const [ann, bob, cat] = [await c.person(server), await c.person(server), await c.person(server)];
    const memberIds = [bob.userId, cat.userId];
    const { chatId } = await ann.call("group.create", { title: "g", memberIds });
    const { seq } = await c.send(ann, chatId, "a");
    await cat.call("receipts.mark", { chatId, read: seq });
    for (const who of [ann, bob]) {
      assert.equal((await who.event("receipts.update")).userId, cat.userId);
    }
  });

  test("who hides read receipts neither shows nor sees read, and their devices still agree", async () => {
    const { ann, bob, chatId } = await pair(3);
    const bob2 = await again(bob);
    await bob.call("user.update", { privacy: { readReceipts: false } });
    await bob.call("receipts.mark", { chatId, read: 3 });
    const update = await ann.event("receipts.update");
    assert.deepEqual([update.delivered, update.read], [3, 0]);
    assert.deepEqual((await bob2.event("receipts.update")).read, 3);
    assert.equal((await stateOf(ann, chatId)).peerRead, 0);
    assert.deepEqual((await ann.call("receipts.get", { chatId, seq: 1 })).readBy, []);
    await c.send(bob, chatId, "from the hidden one");
    await ann.call("receipts.mark", { chatId, read: 4 });
    assert.deepEqual((await bob.event("receipts.update", (e) => e.userId === ann.userId)).read, 0);
    assert.equal((await stateOf(bob, chatId)).peerRead, 0);
  });
});

describe("typing", { concurrency: 8 }, () => {
  test("a notification of typing reaches the other members' sessions, and not one's own session", async () => {
    const { ann, bob, chatId } = await pair();
    ann.notify("typing.set", { chatId, state: "typing" });
    const update = await bob.event("typing.update");
    assert.deepEqual([update.chatId, update.userId, update.state], [chatId, ann.userId, "typing"]);
    assert.ok(Number.isInteger(update.ttlMs) && update.ttlMs > 0);
    await ann.settle();
    assert.deepEqual(ann.seen("typing.update"), []);
  });

  test("each state is told, idle ends it, and an unknown one is -32602", async () => {
    const { ann, bob, chatId } = await pair();
    for (const state of ["recording", "uploading", "idle"]) {
      assert.deepEqual(await ann.call("typing.set", { chatId, state }), {});
      await bob.event("typing.update", (e) => e.state === state);
    }
    await c.invalid(ann.call("typing.set", { chatId, state: "thinking" }), "/state");
  });

  test("typing is ended by the message", async () => {
    const { ann, bob, chatId } = await pair();
    await ann.call("typing.set", { chatId, state: "typing" });
    await bob.event("typing.update", (e) => e.state === "typing");
    await c.send(ann, chatId, "done");
    await bob.event("chat.message");
    await bob.event("typing.update", (e) => e.state === "idle");
  });

  test("typing ends by silence, and idle is sent then", async () => {
    const { ann, bob, chatId } = await pair();
    ann.notify("typing.set", { chatId, state: "typing" });
    await bob.event("typing.update", (e) => e.state === "typing");
    await bob.event("typing.update", (e) => e.state === "idle");
  });

  test("a stranger's typing gives no event, and is not_found as a call", async () => {
    const { ann, bob, chatId } = await pair();
    const eve = await c.person(server, "eve");
    eve.notify("typing.set", { chatId, state: "typing" });
    await c.notFound(eve.call("typing.set", { chatId, state: "typing" }));
    await ann.settle();
    await bob.settle();
    assert.deepEqual([...ann.seen("typing.update"), ...bob.seen("typing.update")], []);
  });

  test("the blocker's typing is hidden from who is blocked", async () => {
    const { ann, bob, chatId } = await pair();
    await ann.call("user.block", { userId: bob.userId });
    ann.notify("typing.set", { chatId, state: "typing" });
    await ann.settle();
    await bob.settle();
    assert.deepEqual(bob.seen("typing.update"), []);
  });
});

describe("presence", { concurrency: 8 }, () => {
  test("watching tells who is online, who is not, and leaves unknown users out", async () => {
    const { ann, bob } = await pair();
    const away = await c.register(server);
    const userIds = [bob.userId, away.userId, "unknown"];
    const { users } = await ann.call("presence.watch", { userIds });
    const status = Object.fromEntries(users.map((u) => [u.userId, u.status]));
    assert.deepEqual(status, { [bob.userId]: "online", [away.userId]: "offline" });
  });

  test("a status and its text are told to who watches", async () => {
    const { ann, bob } = await pair();
    await ann.call("presence.watch", { userIds: [bob.userId] });
    assert.deepEqual(await bob.call("presence.set", { status: "busy", text: "in a meeting" }), {});
    const update = await ann.event("presence.update", becomes(bob.userId, "busy"));
    assert.equal(one(update, bob.userId).text, "in a meeting");
    await c.invalid(bob.call("presence.set", { status: "offline" }), "/status");
    await c.invalid(bob.call("presence.set", { status: "busy", text: 5 }), "/text");
  });

  test("who comes online is told to who watches", async () => {
    const ann = await c.person(server);
    const account = await c.register(server);
    await ann.call("presence.watch", { userIds: [account.userId] });
    await c.session(server, account);
    await ann.event("presence.update", becomes(account.userId, "online"));
  });

  test("who goes is told as offline, once the grace is over", async () => {
    const { ann, bob } = await pair();
    await ann.call("presence.watch", { userIds: [bob.userId] });
    await bob.close();
    const update = await ann.event("presence.update", becomes(bob.userId, "offline"));
    assert.ok(one(update, bob.userId).lastSeenAt > 1e12);
  });

  test("who comes back within the grace was never offline", async () => {
    const { ann, bob } = await pair();
    await ann.call("presence.watch", { userIds: [bob.userId] });
    await bob.close();
    const later = await again(bob);
    await later.call("presence.set", { status: "away" });
    await ann.event("presence.update", becomes(bob.userId, "away"));
    assert.deepEqual(ann.seen("presence.update", becomes(bob.userId, "offline")), []);
  });

  test("invisible looks like offline", async () => {
    const { ann, bob } = await pair();
    await ann.call("presence.watch", { userIds: [bob.userId] });
    await bob.call("presence.set", { status: "invisible" });
    const update = await ann.event("presence.update", becomes(bob.userId, "offline"));
    assert.ok(!JSON.stringify(update).includes("invisible"));
    const { users } = await ann.call("presence.watch", { userIds: [bob.userId] });
    assert.equal(users[0].status, "offline");
  });

  test("a watch replaces the one before it", async () => {
    const { ann, bob } = await pair();
    const cat = await c.person(server);
    await ann.call("presence.watch", { userIds: [bob.userId] });
    await ann.call("presence.watch", { userIds: [cat.userId] });
    await bob.call("presence.set", { status: "busy" });
    await cat.call("presence.set", { status: "away" });
    await ann.event("presence.update", becomes(cat.userId, "away"));
    assert.deepEqual(ann.seen("presence.update", about(bob.userId)), []);
    const many = Array.from({ length: 201 }, (_, i) => `u${i}`);
    const { error } = await ann.ask("presence.watch", { userIds: many });
    assert.ok([-32602, -32013].includes(error?.code), JSON.stringify(error));
  });

  test("lastSeenAt obeys privacy.lastSeen: nobody, contacts, everyone", async () => {
    const { ann, bob } = await pair();
    const eve = await c.person(server, "eve");
    const seen = async (who) => {
      const { users } = await who.call("presence.watch", { userIds: [bob.userId] });
      return users[0].lastSeenAt !== undefined;
    };
    await bob.call("user.update", { privacy: { lastSeen: "everyone" } });
    await bob.call("presence.set", { status: "invisible" });
    assert.deepEqual([await seen(ann), await seen(eve)], [true, true]);
    await bob.call("user.update", { privacy: { lastSeen: "contacts" } });
    assert.deepEqual([await seen(ann), await seen(eve)], [true, false]);
    await bob.call("user.update", { privacy: { lastSeen: "nobody" } });
    assert.deepEqual([await seen(ann), await seen(eve)], [false, false]);
  });

  test("the blocker's presence and last seen are hidden from who is blocked", async () => {
    const { ann, bob } = await pair();
    await ann.call("user.block", { userId: bob.userId });
    const { users } = await bob.call("presence.watch", { userIds: [ann.userId] });
    assert.equal(users[0]?.status ?? "offline", "offline");
    assert.equal(users[0]?.lastSeenAt, undefined);
    await ann.call("presence.set", { status: "busy" });
    const cat = await c.person(server);
    await cat.call("presence.watch", { userIds: [ann.userId] });
    await ann.call("presence.set", { status: "away" });
    await cat.event("presence.update", becomes(ann.userId, "away"));
    await bob.settle();
    assert.deepEqual(bob.seen("presence.update", about(ann.userId)), []);
  });
});
