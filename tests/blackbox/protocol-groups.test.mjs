// The group calls of section 8 of the protocol.
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

const history = async (who, chatId, more = {}) =>
  (await who.call("chat.history", { chatId, limit: 200, ...more })).entries;

// A group of ann, its owner, and bob and cat, its members; entry 1.
async function trio(more = {}) {
  const [ann, bob, cat] = await Promise.all(["ann", "bob", "cat"].map((n) => c.person(server, n)));
  const memberIds = [bob.userId, cat.userId];
  const { chatId } = await ann.call("group.create", { title: "three", memberIds, ...more });
  return { ann, bob, cat, chatId };
}

const ids = (...people) => people.map((p) => p.userId);
const member = async (who, chatId, userId) =>
  (await who.call("group.members", { chatId })).members.find((m) => m.userId === userId);
const changes = (entries) => entries.map((e) => e.change.action);

describe("groups", { concurrency: 8 }, () => {
  test("creating writes entry 1, `created`, and tells it to the members named", async () => {
    const { ann, bob, cat, chatId } = await trio();
    const entries = await history(bob, chatId);
    assert.deepEqual(entries.map((e) => [e.seq, e.kind]), [[1, "member"]]);
    assert.deepEqual([entries[0].change.action, entries[0].change.by], ["created", ann.userId]);
    for (const who of [bob, cat]) {
      const event = await who.event("group.changed");
      assert.deepEqual([event.chatId, event.seq, event.change], [chatId, 1, entries[0].change]);
    }
  });

  test("the creator is the owner, the others are members, and all see all", async () => {
    const { ann, bob, cat, chatId } = await trio();
    const { members, more } = await bob.call("group.members", { chatId });
    assert.equal(more, false);
    assert.deepEqual(
      new Map(members.map((m) => [m.userId, m.role])),
      new Map([[ann.userId, "owner"], [bob.userId, "member"], [cat.userId, "member"]]),
    );
    assert.ok(members.every((m) => m.joinedAt > 1e12));
    const state = (await cat.call("sync.pull")).chats[0];
    assert.deepEqual(
      [state.kind, state.title, state.memberCount, state.role, state.lastSeq],
      ["group", "three", 3, "member", 1],
    );
  });

  test("members come in pages that add up", async () => {
    const { bob, chatId } = await trio();
    const seen = [];
    let cursor;
    for (let more = true; more; ) {
      const page = await bob.call("group.members", { chatId, limit: 1, ...(cursor ? { cursor } : {}) });
      assert.equal(page.members.length, 1);
      seen.push(page.members[0].userId);
      ({ more, cursor } = page);
    }
    assert.equal(new Set(seen).size, 3);
    await c.invalid(bob.call("group.members", { chatId, cursor: "broken" }), "/cursor");
  });

  test("titles, lists and kinds out of range are -32602 or too_large", async () => {
    const ann = await c.person(server);
    await c.invalid(ann.call("group.create", {}), "/title");
    await c.invalid(ann.call("group.create", { title: 5 }), "/title");
    await c.invalid(ann.call("group.create", { title: "a", kind: "direct" }), "/kind");
    await c.invalid(ann.call("group.create", { title: "a", memberIds: [5] }), "/memberIds/0");
    const { error } = await ann.ask("group.create", { title: "x".repeat(100000) });
    assert.ok([-32602, -32013].includes(error?.code));
  });

  test("somebody added is told, reads from where they joined, and starts with nothing unread", async () => {
    const { ann, bob, chatId } = await trio();
    await c.send(ann, chatId, "before dan");
    const dan = await c.person(server, "dan");
    assert.deepEqual(await ann.call("group.add", { chatId, userIds: ids(dan) }), {});
    const event = await bob.event("group.changed", (e) => e.change.userId === dan.userId);
    assert.deepEqual([event.change.action, event.change.by, event.seq], ["added", ann.userId, 3]);
    assert.equal((await dan.event("group.changed")).seq, 3);
    await c.send(ann, chatId, "after dan");
    const entries = await history(dan, chatId, { after: 0 });
    assert.deepEqual(entries.map((e) => e.seq), [3, 4]);
    const state = (await dan.call("sync.pull")).chats[0];
    assert.deepEqual([state.unread, state.memberCount], [1, 4]);
    assert.deepEqual(await history(dan, chatId, { before: 3 }), []);
    await c.notFound(
      dan.call("chat.react", { chatId, target: 2, emoji: "👍", on: true, clientMsgId: "1" }),
    );
  });

  test("historyForNew lets who joins later read from the start", async () => {
    const { ann, chatId } = await trio();
    await c.send(ann, chatId, "before dan");
    await ann.call("group.update", { chatId, permissions: { historyForNew: true } });
    const dan = await c.person(server, "dan");
    await ann.call("group.add", { chatId, userIds: ids(dan) });
    assert.equal((await history(dan, chatId, { after: 0 }))[0].seq, 1);
  });

  test("adding who is there already writes nothing", async () => {
    const { ann, bob, chatId } = await trio();
    await ann.ask("group.add", { chatId, userIds: ids(bob) });
    assert.equal((await history(ann, chatId)).length, 1);
    const { error } = await ann.ask("group.add", { chatId, userIds: ["unknown"] });
    assert.ok(!error || error.code === -32004, JSON.stringify(error));
    assert.equal((await history(ann, chatId)).length, 1);
  });

  test("who is removed is told as the last thing, reads up to there, and sends no more", async () => {
    const { ann, bob, cat, chatId } = await trio();
    await c.send(ann, chatId, "while bob is in");
    await ann.call("group.remove", { chatId, userIds: ids(bob) });
    const event = await bob.event("group.changed", (e) => e.change.action === "removed");
    assert.deepEqual([event.change.userId, event.change.by], [bob.userId, ann.userId]);
    await c.send(ann, chatId, "after bob");
    await cat.event("chat.message", (e) => e.content.text === "after bob");
    await bob.settle();
    assert.deepEqual(bob.seen("chat.message", (e) => e.content.text === "after bob"), []);
    await c.forbidden(c.send(bob, chatId, "let me in"));
    const entries = await history(bob, chatId);
    assert.equal(entries.at(-1).seq, event.seq);
    assert.deepEqual(await history(bob, chatId, { after: event.seq }), []);
    for (const method of ["group.members", "chat.react", "typing.set"]) {
      const params = { chatId, target: 2, emoji: "👍", on: true, clientMsgId: "z", state: "typing" };
      const { error } = await bob.ask(method, params);
      assert.ok([-32003, -32004].includes(error?.code), `${method} ${JSON.stringify(error)}`);
    }
  });

  test("who leaves and comes back reads from the newest joining", async () => {
    const { ann, bob, chatId } = await trio();
    assert.deepEqual(await bob.call("group.leave", { chatId }), {});
    await ann.event("group.changed", (e) => e.change.action === "left");
    await c.send(ann, chatId, "in between");
    await ann.call("group.add", { chatId, userIds: ids(bob) });
    const entries = await history(bob, chatId, { after: 0 });
    assert.deepEqual(changes(entries), ["added"]);
  });

  test("a member may not add, remove, ban, update or give roles if the group does not let them", async () => {
    const { ann, bob, cat, chatId } = await trio();
    await c.forbidden(bob.call("group.remove", { chatId, userIds: ids(cat) }));
    await c.forbidden(bob.call("group.ban", { chatId, userIds: ids(cat) }));
    await c.forbidden(bob.call("group.role", { chatId, userId: bob.userId, role: "owner" }));
    await c.forbidden(bob.call("group.role", { chatId, userId: ann.userId, role: "member" }));
    assert.equal((await history(ann, chatId)).length, 1);
  });

  test("an admin removes members, and neither the owner nor gives themself more", async () => {
    const { ann, bob, cat, chatId } = await trio();
    assert.deepEqual(await ann.call("group.role", { chatId, userId: bob.userId, role: "admin" }), {});
    const event = await cat.event("group.changed", (e) => e.change.action === "role");
    assert.deepEqual(
      [event.change.userId, event.change.role, event.change.by],
      [bob.userId, "admin", ann.userId],
    );
    await c.forbidden(bob.call("group.remove", { chatId, userIds: ids(ann) }));
    await c.forbidden(bob.call("group.role", { chatId, userId: bob.userId, role: "owner" }));
    await bob.call("group.remove", { chatId, userIds: ids(cat) });
    assert.equal((await bob.call("group.members", { chatId })).members.length, 2);
    await c.invalid(ann.call("group.role", { chatId, userId: bob.userId, role: "king" }), "/role");
  });

  test("the last owner can't leave, be removed or step down before handing over", async () => {
    const { ann, bob, chatId } = await trio();
    await c.conflict(ann.call("group.leave", { chatId }));
    await c.conflict(ann.call("group.role", { chatId, userId: ann.userId, role: "member" }));
    await c.conflict(ann.call("group.remove", { chatId, userIds: ids(ann) }));
    await ann.call("group.role", { chatId, userId: bob.userId, role: "owner" });
    await ann.call("group.leave", { chatId });
    await c.conflict(bob.call("group.leave", { chatId }));
    assert.equal((await member(bob, chatId, bob.userId)).role, "owner");
  });

  test("two owners who leave at once leave one of them behind", async () => {
    const { ann, bob, cat, chatId } = await trio();
    await ann.call("group.role", { chatId, userId: bob.userId, role: "owner" });
    const answers = await Promise.all([
      ann.ask("group.leave", { chatId }),
      bob.ask("group.leave", { chatId }),
    ]);
    assert.equal(answers.filter((a) => a.result).length, 1);
    assert.equal(answers.find((a) => a.error).error.code, -32009);
    const { members } = await cat.call("group.members", { chatId });
    assert.equal(members.filter((m) => m.role === "owner").length, 1);
  });

  test("title and about are updated with one entry and seen by all", async () => {
    const { ann, bob, chatId } = await trio();
    assert.deepEqual(await ann.call("group.update", { chatId, title: "new", about: "why" }), {});
    const event = await bob.event("group.changed", (e) => e.change.action === "updated");
    assert.equal(event.seq, 2);
    assert.equal(event.change.title, "new");
    assert.equal((await bob.call("sync.pull")).chats[0].title, "new");
    await c.invalid(ann.call("group.update", { chatId, slowModeS: -1 }), "/slowModeS");
    await c.invalid(ann.call("group.update", { chatId, permissions: 5 }), "/permissions");
  });

  test("in a channel only admins post", async () => {
    const { ann, bob, chatId } = await trio({ kind: "channel" });
    assert.ok((await c.send(ann, chatId, "news")).seq);
    await c.forbidden(c.send(bob, chatId, "me too"));
    assert.equal((await bob.call("sync.pull")).chats[0].kind, "channel");
    await ann.call("group.role", { chatId, userId: bob.userId, role: "admin" });
    assert.ok((await c.send(bob, chatId, "now")).seq);
  });

  test("who is banned is out, can't be added, and can be after an unban", async () => {
    const { ann, bob, chatId } = await trio();
    await ann.call("group.ban", { chatId, userIds: ids(bob) });
    const event = await bob.event("group.changed", (e) => e.change.action === "banned");
    assert.equal(event.change.userId, bob.userId);
    await c.forbidden(c.send(bob, chatId, "a"));
    const { error } = await ann.ask("group.add", { chatId, userIds: ids(bob) });
    assert.ok(error || !(await member(ann, chatId, bob.userId)), "a banned one is not added");
    await ann.call("group.unban", { chatId, userIds: ids(bob) });
    await ann.call("group.add", { chatId, userIds: ids(bob) });
    assert.ok(await member(ann, chatId, bob.userId));
  });

  test("a link lets join as often as it says, and not who is banned", async () => {
    const { ann, bob, chatId } = await trio();
    const { code } = await ann.call("group.link", { chatId, uses: 1 });
    const [dan, eve] = await c.people2(server);
    assert.deepEqual(await dan.call("group.join", { code }), { chatId });
    const event = await bob.event("group.changed", (e) => e.change.action === "joined");
    assert.equal(event.change.userId, dan.userId);
    await c.notFound(eve.call("group.join", { code }));
    await c.notFound(eve.call("group.join", { code: "unknown" }));
    await ann.call("group.ban", { chatId, userIds: ids(eve) });
    const open = await ann.call("group.link", { chatId });
    const { error } = await eve.ask("group.join", { code: open.code });
    assert.ok([-32003, -32004].includes(error?.code), JSON.stringify(error));
  });

  test("ten who join by a link of three uses at once are three members more", async () => {
    const { ann, chatId } = await trio();
    const { code } = await ann.call("group.link", { chatId, uses: 3 });
    const people = await Promise.all(Array.from({ length: 10 }, () => c.person(server)));
    const answers = await Promise.all(people.map((p) => p.ask("group.join", { code })));
    assert.equal(answers.filter((a) => a.result).length, 3);
    assert.equal((await ann.call("group.members", { chatId })).members.length, 6);
  });

  test("changes from many sides at once leave a gapless log that tells the members", async () => {
    const { ann, bob, cat, chatId } = await trio();
    await ann.call("group.role", { chatId, userId: bob.userId, role: "admin" });
    const people = await Promise.all(Array.from({ length: 6 }, () => c.person(server)));
    const work = people.flatMap((p, i) => [
      (i % 2 ? ann : bob).ask("group.add", { chatId, userIds: ids(p) }),
      cat.ask("chat.send", { chatId, clientMsgId: `m${i}`, ...c.text(`${i}`) }),
      (i % 2 ? bob : ann).ask("group.remove", { chatId, userIds: ids(people[(i + 1) % 6]) }),
    ]);
    const answers = await Promise.all(work);
    for (const { error } of answers) {
      assert.ok(!error || [-32004, -32009].includes(error.code), JSON.stringify(error));
    }
    const entries = await history(ann, chatId);
    assert.deepEqual(entries.map((e) => e.seq), entries.map((_, i) => i + 1));
    const told = new Set(ids(ann, bob, cat));
    for (const { kind, change } of entries) {
      if (kind !== "member") continue;
      if (change.action === "added") told.add(change.userId);
      if (change.action === "removed") told.delete(change.userId);
    }
    const { members } = await ann.call("group.members", { chatId });
    assert.deepEqual(new Set(members.map((m) => m.userId)), told);
  });
});
