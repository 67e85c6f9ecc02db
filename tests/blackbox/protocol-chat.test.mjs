// Sections 2, 5 and 10 of the protocol: chats, their log, and its identities.
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
const history = async (who, chatId, more = {}) =>
  (await who.call("chat.history", { chatId, ...more })).entries;

async function pair() {
  const [ann, bob] = await c.people2(server);
  return { ann, bob, chatId: await c.direct(ann, bob) };
}

// A group of `owner` and the others, its entries 1 to others+1 the joinings.
async function groupOf(owner, ...others) {
  const memberIds = others.map((o) => o.userId);
  return (await owner.call("group.create", { title: "a group", memberIds })).chatId;
}

describe("chats", { concurrency: 8 }, () => {
  test("a direct chat is made once, whoever asks first, or both at once", async () => {
    const [ann, bob] = await c.people2(server);
    const opened = await Promise.all(
      Array.from({ length: 10 }, (_, i) => c.direct(...(i % 2 ? [ann, bob] : [bob, ann]))),
    );
    assert.equal(new Set(opened).size, 1);
    assert.deepEqual(await history(ann, opened[0]), []);
  });

  test("a chat with oneself is notes to self and one's own", async () => {
    const [ann, bob] = await c.people2(server);
    const { chatId } = await ann.call("chat.open", { userId: ann.userId });
    assert.equal((await c.send(ann, chatId, "remember")).seq, 1);
    assert.equal((await ann.call("chat.open", { userId: ann.userId })).chatId, chatId);
    await c.notFound(bob.call("chat.history", { chatId }));
  });

  test("a chat with an unknown user is not_found", async () => {
    const ann = await c.person(server);
    await c.notFound(ann.call("chat.open", { userId: "unknown" }));
    const params = { receiverId: "unknown", clientMsgId: "1", ...c.text("a") };
    await c.notFound(ann.call("chat.send", params));
  });

  test("sending answers chatId, seq, messageId, sentAt and duplicate, with seq from 1", async () => {
    const { ann, bob, chatId } = await pair();
    const before = Date.now();
    const first = await c.send(ann, chatId, "one");
    assert.deepEqual(Object.keys(first).sort(), [
      "chatId", "duplicate", "messageId", "sentAt", "seq",
    ]);
    assert.deepEqual([first.chatId, first.seq, first.duplicate], [chatId, 1, false]);
    assert.ok(first.sentAt >= before - 1000 && first.sentAt <= Date.now() + 1000);
    assert.equal((await c.send(bob, chatId, "two")).seq, 2);
  });

  test("a receiverId opens the chat, and it is the one chat.open gives", async () => {
    const [ann, bob] = await c.people2(server);
    const params = { receiverId: bob.userId, clientMsgId: "1", ...c.text("a") };
    const sent = await ann.call("chat.send", params);
    assert.equal(sent.chatId, await c.direct(bob, ann));
    assert.equal((await bob.event("chat.message")).chatId, sent.chatId);
  });

  test("both or neither of chatId and receiverId is -32602", async () => {
    const { ann, bob, chatId } = await pair();
    const both = { chatId, receiverId: bob.userId, clientMsgId: "1", ...c.text("a") };
    await c.invalid(ann.call("chat.send", both));
    await c.invalid(ann.call("chat.send", { clientMsgId: "1", ...c.text("a") }));
  });

  test("a member of the wrong type or out of range is told by its path", async () => {
    const { ann, chatId } = await pair();
    const blob = (more) => ({ type: "image", content: { blobId: "b", ...more } });
    const cases = [
      [{ chatId: 5 }, "/chatId"],
      [{ clientMsgId: "" }, "/clientMsgId"],
      [{ clientMsgId: "x".repeat(65) }, "/clientMsgId"],
      [{ clientMsgId: "é".repeat(33) }, "/clientMsgId"],
      [{ clientMsgId: 5 }, "/clientMsgId"],
      [{ clientMsgId: undefined }, "/clientMsgId"],
      [{ content: { text: 5 } }, "/content/text"],
      [{ content: {} }, "/content/text"],
      [{ content: "text" }, "/content"],
      [{ content: undefined }, "/content"],
      [{ type: undefined }, "/type"],
      [{ type: "Text" }, "/type"],
      [{ type: "x." }, "/type"],
      [{ type: 5 }, "/type"],
      [{ replyTo: "1" }, "/replyTo"],
      [{ replyTo: 0 }, "/replyTo"],
      [{ replyTo: 1.5 }, "/replyTo"],
      [{ mentions: "a" }, "/mentions"],
      [{ mentions: ["a", 5] }, "/mentions/1"],
      [{ expiresIn: 0 }, "/expiresIn"],
      [{ expiresIn: -1 }, "/expiresIn"],
      [blob({ size: "5" }), "/content/size"],
      [blob({ width: 1.5 }), "/content/width"],
      [{ type: "image", content: {} }, "/content/blobId"],
      [{ type: "sealed", content: { scheme: "a" } }, "/content/ciphertext"],
      [{ type: "sealed", content: { scheme: "a", ciphertext: "+/==" } }, "/content/ciphertext"],
    ];
    for (const [more, path] of cases) {
      const params = { chatId, clientMsgId: "w", ...c.text("a"), ...more };
      const { error, result } = await ann.ask("chat.send", params);
      assert.deepEqual(
        [error?.code, error?.data?.path],
        [-32602, path],
        `${JSON.stringify(more)}: ${JSON.stringify(error ?? result)}`,
      );
    }
    assert.deepEqual(await history(ann, chatId), []);
  });

  test("a text over the limit is too_large and one of the limit is sent", async () => {
    const { ann, chatId } = await pair();
    const { textBytes } = ann.session.limits;
    assert.equal((await c.send(ann, chatId, "x".repeat(textBytes))).seq, 1);
    await c.tooLarge(c.send(ann, chatId, "x".repeat(textBytes + 1)));
    await c.tooLarge(c.send(ann, chatId, "é".repeat(textBytes / 2 + 1)));
  });

  test("text, sealed and extension content comes back as it went in", async () => {
    const { ann, bob, chatId } = await pair();
    const odd = '"\\/\b\f\n\r\t\u007f\u2028é😀\u{10ffff}<script>';
    const contents = [
      { type: "text", content: { text: odd } },
      { type: "sealed", content: { ciphertext: "AAEC_-9f", scheme: "mls" } },
      { type: "x.poll", content: { a: [1, { b: null, c: true }], "": "empty", n: -0.5, e: [], o: {} } },
    ];
    for (const { type, content } of contents) {
      await ann.call("chat.send", { chatId, clientMsgId: c.newId(), type, content });
      const event = await bob.event("chat.message");
      assert.deepEqual([event.type, event.content], [type, content]);
    }
    const entries = await history(bob, chatId);
    assert.deepEqual(entries.map((e) => e.content), contents.map((m) => m.content));
  });

  test("unknown members are dropped before anything is stored or compared", async () => {
    const { ann, chatId } = await pair();
    const params = { chatId, clientMsgId: "u", type: "text", content: { text: "a", evil: 1 }, more: 2 };
    const first = await ann.call("chat.send", params);
    const other = { ...params, content: { text: "a", evil: 2 }, more: 3, extra: { deep: [] } };
    const second = await ann.call("chat.send", other);
    assert.deepEqual([second.seq, second.duplicate], [first.seq, true]);
    assert.deepEqual((await history(ann, chatId))[0].content, { text: "a" });
  });

  test("the same clientMsgId again is answered with the same seq and duplicate: true", async () => {
    const { ann, bob, chatId } = await pair();
    const params = {
      chatId, clientMsgId: "d", type: "x.a", content: { a: 1, b: [1, 2], c: "é" }, mentions: [bob.userId],
    };
    const first = await ann.call("chat.send", params);
    const reordered = {
      mentions: [bob.userId], content: { c: "é", b: [1.0, 2e0], a: 1 }, type: "x.a", clientMsgId: "d", chatId,
    };
    const second = await ann.call("chat.send", reordered);
    assert.deepEqual(second, { ...first, duplicate: true });
    assert.equal((await history(ann, chatId)).length, 1);
    await bob.event("chat.message");
    await bob.settle();
    assert.deepEqual(bob.seen("chat.message"), []);
  });

  test("the same clientMsgId with anything else is a conflict", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "zero", { clientMsgId: "zero" });
    const params = { chatId, clientMsgId: "k", type: "text", content: { text: "a" } };
    await ann.call("chat.send", params);
    const group = await groupOf(ann, bob);
    const others = [
      { content: { text: "b" } }, { type: "x.t" }, { replyTo: 1 }, { mentions: [bob.userId] },
      { expiresIn: 60 }, { chatId: group },
    ];
    for (const more of others) {
      await c.conflict(ann.call("chat.send", { ...params, ...more }));
    }
    assert.equal((await history(ann, chatId)).length, 2);
  });

  test("fifty sends at once with one clientMsgId write one message", async () => {
    const { ann, chatId } = await pair();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => c.send(ann, chatId, "same", { clientMsgId: "same" })),
    );
    assert.equal(new Set(answers.map((a) => a.seq)).size, 1);
    assert.equal(answers.filter((a) => !a.duplicate).length, 1);
    assert.equal((await history(ann, chatId)).length, 1);
  });

  test("another device of the sender may use the same clientMsgId", async () => {
    const { ann, chatId } = await pair();
    const other = await again(ann);
    await c.send(ann, chatId, "a", { clientMsgId: "same" });
    const second = await c.send(other, chatId, "b", { clientMsgId: "same" });
    assert.deepEqual([second.seq, second.duplicate], [2, false]);
  });

  test("a retry from a new session of the same device is a duplicate", async () => {
    const { ann, chatId } = await pair();
    const first = await c.send(ann, chatId, "a", { clientMsgId: "r" });
    const login = await c.login(server, ann.account.username, { id: ann.session.deviceId });
    const later = await c.session(server, login);
    const second = await c.send(later, chatId, "a", { clientMsgId: "r" });
    assert.deepEqual(second, { ...first, duplicate: true });
  });

  test("one clientMsgId is unique over send, edit, delete and react", async () => {
    const { ann, chatId } = await pair();
    const { seq: target } = await c.send(ann, chatId, "a", { clientMsgId: "one" });
    const clientMsgId = "one";
    await c.conflict(ann.call("chat.edit", { chatId, target, content: { text: "b" }, clientMsgId }));
    await c.conflict(ann.call("chat.delete", { chatId, target, clientMsgId }));
    await c.conflict(ann.call("chat.react", { chatId, target, emoji: "👍", on: true, clientMsgId }));
    assert.equal((await history(ann, chatId))[0].content.text, "a");
  });

  test("200 sends from both sides at once leave a gapless log without a message twice", async () => {
    const { ann, bob, chatId } = await pair();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => c.send(i % 2 ? ann : bob, chatId, `${i}`)),
    );
    const seqs = answers.map((a) => a.seq).sort((x, y) => x - y);
    assert.deepEqual(seqs, Array.from({ length: 200 }, (_, i) => i + 1));
    const entries = await history(ann, chatId, { limit: 200 });
    assert.deepEqual(entries.map((e) => e.seq), seqs);
    assert.equal(new Set(entries.map((e) => e.content.text)).size, 200);
    assert.equal(new Set(entries.map((e) => e.messageId)).size, 200);
  });

  test("a message reaches every other session of every member, and not the sending one", async () => {
    const { ann, bob, chatId } = await pair();
    const [ann2, bob2] = [await again(ann), await again(bob)];
    const sent = await c.send(ann, chatId, "to all", { clientMsgId: "m" });
    for (const who of [ann2, bob, bob2]) {
      const event = await who.event("chat.message");
      const { messageId, sentAt } = sent;
      assert.deepEqual(event, {
        chatId, seq: 1, kind: "message", messageId, senderId: ann.userId,
        deviceId: ann.session.deviceId, clientMsgId: "m", sentAt, ...c.text("to all"),
      });
    }
    await ann.settle();
    assert.deepEqual(ann.seen("chat.message"), []);
  });

  test("an event's params are the entry that history tells", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "first");
    await c.send(ann, chatId, "second", { replyTo: 1, mentions: [bob.userId], expiresIn: 3600 });
    const event = await bob.event("chat.message", (e) => e.seq === 2);
    assert.deepEqual((await history(bob, chatId))[1], event);
    assert.deepEqual([event.replyTo, event.mentions], [1, [bob.userId]]);
    const lives = event.expiresAt - event.sentAt;
    assert.ok(lives >= 3599000 && lives <= 3601000, `${lives}`);
  });

  test("a stranger's chat is answered byte for byte as an unknown one, by every call", async () => {
    const { ann, bob, chatId } = await pair();
    const group = await groupOf(ann, bob);
    await c.send(ann, chatId, "private");
    const eve = await c.person(server, "eve");
    const calls = {
      "chat.send": { clientMsgId: "e", ...c.text("a") },
      "chat.history": {},
      "chat.edit": { target: 1, content: { text: "b" }, clientMsgId: "e" },
      "chat.delete": { target: 1, clientMsgId: "e" },
      "chat.react": { target: 1, emoji: "👍", on: true, clientMsgId: "e" },
      "chat.mute": { until: 0 },
      "chat.pin": { target: 1, on: true },
      "receipts.mark": { read: 1 },
      "receipts.get": { seq: 1 },
      "typing.set": { state: "typing" },
      "group.update": { title: "x" },
      "group.add": { userIds: [eve.userId] },
      "group.remove": { userIds: [ann.userId] },
      "group.leave": {},
      "group.role": { userId: eve.userId, role: "owner" },
      "group.members": {},
    };
    for (const [method, params] of Object.entries(calls)) {
      const unknown = await eve.ask(method, { ...params, chatId: "unknown" }, "same");
      assert.equal(unknown.error?.code, -32004, `${method}: ${unknown.text}`);
      for (const id of [chatId, group]) {
        const answer = await eve.ask(method, { ...params, chatId: id }, "same");
        assert.equal(answer.text, unknown.text, method);
      }
    }
    await ann.settle();
    assert.deepEqual(ann.seen("typing.update"), []);
  });

  test("an edit changes the content for all, and keeps its own place in the log", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "befroe", { clientMsgId: "1" });
    const edit = { chatId, target: 1, content: { text: "before" }, clientMsgId: "2" };
    const done = await ann.call("chat.edit", edit);
    assert.deepEqual([done.seq, done.duplicate], [2, false]);
    const event = await bob.event("chat.edited");
    assert.deepEqual(
      [event.seq, event.kind, event.target, event.content, event.senderId],
      [2, "edit", 1, { text: "before" }, ann.userId],
    );
    const [message, entry] = await history(bob, chatId);
    assert.deepEqual(message.content, { text: "before" });
    assert.ok(message.editedAt >= message.sentAt);
    assert.deepEqual(entry, event);
    const retry = await ann.call("chat.edit", edit);
    assert.deepEqual([retry.seq, retry.duplicate], [2, true]);
    await c.conflict(ann.call("chat.edit", { ...edit, content: { text: "other" } }));
  });

  test("only the sender edits, only messages, and never a deleted one", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "a");
    const edit = (who, target) =>
      who.call("chat.edit", { chatId, target, content: { text: "b" }, clientMsgId: c.newId() });
    await c.forbidden(edit(bob, 1));
    await c.notFound(edit(ann, 99));
    await edit(ann, 1);
    await c.notFound(edit(ann, 2)); // an edit is no message
    await ann.call("chat.delete", { chatId, target: 1, clientMsgId: "d" });
    await c.notFound(edit(ann, 1));
  });

  test("an edit keeps the type: content of another type is refused", async () => {
    const { ann, chatId } = await pair();
    await c.send(ann, chatId, "a");
    const content = { ciphertext: "AAAA", scheme: "s" };
    await c.invalid(ann.call("chat.edit", { chatId, target: 1, content, clientMsgId: "e" }));
  });

  test("a delete takes content and edits away for all and leaves the tombstone", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "first secret");
    await ann.call("chat.edit", { chatId, target: 1, content: { text: "second secret" }, clientMsgId: "e" });
    const done = await ann.call("chat.delete", { chatId, target: 1, clientMsgId: "d" });
    assert.deepEqual([done.seq, done.duplicate], [3, false]);
    const event = await bob.event("chat.deleted");
    assert.deepEqual([event.seq, event.kind, event.target], [3, "delete", 1]);
    const entries = await history(bob, chatId);
    assert.ok(!JSON.stringify(entries).includes("secret"));
    assert.deepEqual(entries.map((e) => e.seq), [1, 2, 3]);
    assert.equal(entries[0].deleted, true);
    assert.ok(!("content" in entries[0]));
    const twice = await ann.call("chat.delete", { chatId, target: 1, clientMsgId: "other" });
    assert.equal(twice.seq, 3);
    assert.equal((await history(bob, chatId)).length, 3);
  });

  test("a send whose message was deleted since is still a duplicate", async () => {
    const { ann, chatId } = await pair();
    const first = await c.send(ann, chatId, "a", { clientMsgId: "gone" });
    await ann.call("chat.delete", { chatId, target: 1, clientMsgId: "d" });
    const retry = await c.send(ann, chatId, "a", { clientMsgId: "gone" });
    assert.deepEqual(retry, { ...first, duplicate: true });
  });

  test("in a direct chat the other can't delete, and in a group a member can't but an admin can", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "a");
    const remove = (who, id, target) =>
      who.call("chat.delete", { chatId: id, target, clientMsgId: c.newId() });
    await c.forbidden(remove(bob, chatId, 1));
    await c.notFound(remove(ann, chatId, 9));
    const group = await groupOf(ann, bob);
    const { seq: own } = await c.send(ann, group, "owner's");
    const { seq: theirs } = await c.send(bob, group, "member's");
    await c.forbidden(remove(bob, group, own));
    assert.equal((await remove(ann, group, theirs)).seq, theirs + 1);
  });

  test("a reaction is one a user and emoji, and told to the others", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "a");
    const react = (who, emoji, on, clientMsgId = c.newId()) =>
      who.call("chat.react", { chatId, target: 1, emoji, on, clientMsgId });
    assert.equal((await react(bob, "👍", true)).seq, 2);
    const event = await ann.event("chat.reaction");
    assert.deepEqual(
      [event.seq, event.kind, event.target, event.emoji, event.on, event.senderId],
      [2, "reaction", 1, "👍", true, bob.userId],
    );
    assert.equal((await react(bob, "👍", true)).seq, 2);
    assert.equal((await react(ann, "👍", true)).seq, 3);
    assert.equal((await react(bob, "❤️", true)).seq, 4);
    const [message] = await history(ann, chatId);
    const seen = new Map(message.reactions.map((r) => [r.emoji, r.userIds ?? r.count]));
    assert.deepEqual(new Set(seen.get("👍")), new Set([ann.userId, bob.userId]));
    assert.deepEqual(seen.get("❤️"), [bob.userId]);
    assert.equal((await react(bob, "👍", false)).seq, 5);
    await c.notFound(react(bob, "👍", false));
    await c.notFound(react(ann, "🎉", false));
    const [left] = await history(ann, chatId);
    assert.deepEqual(left.reactions.find((r) => r.emoji === "👍").userIds, [ann.userId]);
    await c.notFound(
      ann.call("chat.react", { chatId, target: 77, emoji: "👍", on: true, clientMsgId: "x" }),
    );
  });

  test("a reaction's retry with its clientMsgId is a duplicate", async () => {
    const { ann, chatId } = await pair();
    await c.send(ann, chatId, "a");
    const params = { chatId, target: 1, emoji: "👍", on: true, clientMsgId: "r" };
    await ann.call("chat.react", params);
    assert.deepEqual(await ann.call("chat.react", params), { seq: 2, duplicate: true });
    await c.conflict(ann.call("chat.react", { ...params, emoji: "👎" }));
  });

  test("history pages by before, after, around and at, and says when there is more", async () => {
    const { ann, chatId } = await pair();
    for (let i = 1; i <= 10; i++) await c.send(ann, chatId, `${i}`);
    const page = async (more) => {
      const got = await ann.call("chat.history", { chatId, ...more });
      return [got.entries.map((e) => e.seq), got.more];
    };
    assert.deepEqual(await page({ limit: 3 }), [[8, 9, 10], true]);
    assert.deepEqual(await page({ limit: 10 }), [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false]);
    assert.deepEqual(await page({ after: 0, limit: 2 }), [[1, 2], true]);
    assert.deepEqual(await page({ after: 8, limit: 2 }), [[9, 10], false]);
    assert.deepEqual(await page({ after: 10 }), [[], false]);
    assert.deepEqual(await page({ after: 99 }), [[], false]);
    assert.deepEqual(await page({ before: 4, limit: 2 }), [[2, 3], true]);
    assert.deepEqual(await page({ before: 3, limit: 2 }), [[1, 2], false]);
    assert.deepEqual(await page({ before: 1 }), [[], false]);
    const [around, more] = await page({ around: 5, limit: 3 });
    assert.deepEqual([around, more], [[4, 5, 6], true]);
    assert.deepEqual((await page({ around: 5, limit: 200 }))[1], false);
    const entries = await history(ann, chatId);
    const at = entries[6].sentAt;
    const first = entries.find((e) => e.sentAt >= at).seq;
    assert.deepEqual((await page({ at, limit: 2 }))[0], [first, first + 1]);
    assert.deepEqual(await page({ at: Date.now() + 3600000 }), [[], false]);
    assert.deepEqual((await page({ at: 0, limit: 2 }))[0], [1, 2]);
  });

  test("history refuses two directions and limits outside 1 to 200", async () => {
    const { ann, chatId } = await pair();
    for (const more of [{ before: 1, after: 1 }, { around: 1, at: 1 }, { after: 0, around: 2 }]) {
      await c.invalid(ann.call("chat.history", { chatId, ...more }));
    }
    for (const limit of [0, 201, -1, 1.5, "5", null]) {
      await c.invalid(ann.call("chat.history", { chatId, limit }), "/limit");
    }
    await c.invalid(ann.call("chat.history", { chatId, after: -1 }), "/after");
    await c.invalid(ann.call("chat.history", {}), "/chatId");
  });

  test("a message whose time runs out becomes a tombstone by a delete of nobody", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "short lived", { expiresIn: 1 });
    const event = await bob.event("chat.deleted");
    assert.deepEqual([event.target, event.senderId, event.seq, event.kind], [1, null, 2, "delete"]);
    const entries = await history(bob, chatId);
    assert.ok(entries[0].deleted && !("content" in entries[0]));
    assert.deepEqual(entries[1], event);
  });

  test("a mute is told to the own other sessions alone", async () => {
    const { ann, bob, chatId } = await pair();
    const other = await again(ann);
    const until = Date.now() + 3600000;
    assert.deepEqual(await ann.call("chat.mute", { chatId, until }), {});
    const event = await other.event("chat.updated");
    assert.deepEqual([event.chatId, event.muted], [chatId, until]);
    const state = async () => (await ann.call("sync.pull")).chats.find((x) => x.chatId === chatId);
    assert.equal((await state()).muted, until);
    await ann.call("chat.mute", { chatId, until: 0 });
    assert.equal((await state()).muted, 0);
    await bob.settle();
    assert.deepEqual(bob.seen("chat.updated"), []);
    assert.deepEqual(await history(ann, chatId), []);
  });

  test("a pin is told to the members and writes no entry", async () => {
    const { ann, bob, chatId } = await pair();
    await c.send(ann, chatId, "important");
    assert.deepEqual(await ann.call("chat.pin", { chatId, target: 1, on: true }), {});
    const event = await bob.event("chat.updated");
    assert.deepEqual([event.chatId, event.pins], [chatId, [1]]);
    await c.notFound(ann.call("chat.pin", { chatId, target: 5, on: true }));
    await ann.call("chat.pin", { chatId, target: 1, on: false });
    assert.deepEqual((await bob.event("chat.updated")).pins, []);
    assert.equal((await history(ann, chatId)).length, 1);
  });

  test("a mention or reply that can't be is refused or harmless, and never an internal error", async () => {
    const { ann, chatId } = await pair();
    for (const more of [{ replyTo: 99 }, { mentions: ["unknown"] }, { mentions: [] }]) {
      const { error } = await ann.ask("chat.send", {
        chatId, clientMsgId: c.newId(), ...c.text("a"), ...more,
      });
      assert.ok(!error || [-32602, -32004].includes(error.code), JSON.stringify(error));
    }
  });

  test("numbers at and beyond the ends of integers never get an internal error", async () => {
    const { ann, chatId } = await pair();
    await c.send(ann, chatId, "a");
    const numbers = ["9007199254740991", "9007199254740992", "9223372036854775807"];
    numbers.push("9223372036854775808", "18446744073709551616", "-9223372036854775809", "1e308");
    const calls = ["chat.history\n before", "chat.history\n after", "chat.history\n around"];
    calls.push("chat.history\n at", "chat.mute\n until", "receipts.mark\n read");
    for (const [method, name] of calls.map((x) => x.split("\n "))) {
      for (const n of numbers) {
        const { error } = await ann.raw(
          `{"jsonrpc":"2.0","id":"x","method":"${method}","params":{"chatId":"${chatId}","${name}":${n}}}`,
        );
        assert.ok(!error || error.code === -32602, `${method} ${name} ${n}: ${JSON.stringify(error)}`);
      }
    }
    for (const n of numbers) {
      const { error } = await ann.raw(
        `{"jsonrpc":"2.0","id":"x","method":"chat.send","params":{"chatId":"${chatId}",` +
          `"clientMsgId":"${n}","type":"text","content":{"text":"a"},"expiresIn":${n}}}`,
      );
      assert.ok(!error || error.code === -32602, `expiresIn ${n}: ${JSON.stringify(error)}`);
    }
  });
});
