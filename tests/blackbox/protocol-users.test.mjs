// Section 4 of the protocol: accounts, logins, tokens, sessions and profiles.
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

const dial = (options) => c.Client.dial(server, options);
const credentials = (username, password = c.PASSWORD) => ({ username, password });

async function closesWith(client, code) {
  assert.equal((await client.closing()).code, code);
}

async function opens(token) {
  const client = await dial();
  const { result } = await client.ask("session.open", { token });
  await client.close();
  return result !== undefined;
}

describe("users and sessions", { concurrency: 8 }, () => {
  test("before session.open known methods get -32001, unknown ones -32601", async () => {
    const client = await dial();
    const known = ["session.list", "user.get", "user.logout", "chat.send", "chat.open", "sync.pull"];
    known.push("receipts.mark", "typing.set", "presence.watch", "group.create", "chat.history");
    for (const method of known) {
      const { error } = await client.ask(method, {});
      assert.deepEqual([error.code, error.data.type], [-32001, "unauthenticated"], method);
    }
    assert.equal((await client.ask("session.lists", {})).error.code, -32601);
    assert.ok((await client.ask("rpc.discover", {})).result.methods.length > 20);
  });

  test("registering and logging in answer tokens and open no session", async () => {
    const client = await dial();
    const username = c.newName();
    const first = await client.call("user.register", credentials(username));
    const second = await client.call("user.login", credentials(username));
    for (const got of [first, second]) {
      for (const name of ["userId", "deviceId", "accessToken", "refreshToken"]) {
        assert.equal(typeof got[name], "string", name);
      }
      assert.ok(Number.isInteger(got.expiresIn) && got.expiresIn > 0);
      assert.ok(got.userId.length <= 64 && got.deviceId.length <= 64);
    }
    assert.equal(first.userId, second.userId);
    assert.notEqual(first.accessToken, second.accessToken);
    await c.unauthenticated(client.call("session.list"));
  });

  test("a username is taken whatever its case, and a login finds it whatever its case", async () => {
    const client = await dial();
    const username = c.newName("mixed");
    const { userId } = await client.call("user.register", credentials(username));
    await c.conflict(client.call("user.register", credentials(username)));
    await c.conflict(client.call("user.register", credentials(username.toUpperCase())));
    const login = await client.call("user.login", credentials(username.toUpperCase()));
    assert.equal(login.userId, userId);
  });

  test("two who register one name at once get one account and one conflict", async () => {
    const clients = await Promise.all([dial(), dial(), dial(), dial()]);
    const username = c.newName("race");
    const answers = await Promise.all(
      clients.map((client) => client.ask("user.register", credentials(username))),
    );
    assert.equal(answers.filter((a) => a.result).length, 1);
    assert.equal(answers.filter((a) => a.error?.code === -32009).length, 3);
  });

  test("usernames that are too short, too long or of other characters get -32602", async () => {
    const client = await dial();
    const bad = ["ab", "", "x".repeat(33), "with space", "é-name", "semi;colon", "a\nbc", "a/b/c", 5];
    for (const username of [...bad, null, ["abc"], { a: 1 }]) {
      await c.invalid(client.call("user.register", credentials(username)), "/username");
    }
    await c.invalid(client.call("user.register", { password: c.PASSWORD }));
    const edge = `${c.newName("_.-")}`.padEnd(32, "x");
    assert.ok((await client.call("user.register", credentials(edge))).userId);
  });

  test("passwords of 8 to 1024 bytes are taken, and no others", async () => {
    const ask = async (method, params) =>
      (await server.post("/rpc", { jsonrpc: "2.0", id: 1, method, params })).json;
    for (const password of ["12345678", "éééé", "x".repeat(1024)]) {
      const params = credentials(c.newName(), password);
      assert.ok((await ask("user.register", params)).result, password);
      assert.ok((await ask("user.login", params)).result, password);
    }
    for (const password of ["1234567", "x".repeat(1025), "é".repeat(513), "ééé"]) {
      const { error } = await ask("user.register", credentials(c.newName(), password));
      assert.deepEqual([error?.code, error?.data?.path], [-32602, "/password"]);
    }
  });

  test("a wrong password and an unknown user are answered byte for byte alike", async () => {
    const client = await dial();
    const { username } = await c.register(server);
    const wrong = await client.ask("user.login", credentials(username, "wrong password"), "same");
    const unknown = await client.ask("user.login", credentials(c.newName(), "any password"), "same");
    assert.equal(wrong.error.code, -32001);
    assert.equal(wrong.text, unknown.text);
  });

  test("a login with the device's id keeps it, and one without gets a new one", async () => {
    const account = await c.register(server, "u", { device: { name: "phone", platform: "test" } });
    const again = await c.login(server, account.username, { id: account.deviceId });
    const other = await c.login(server, account.username);
    assert.equal(again.deviceId, account.deviceId);
    assert.notEqual(other.deviceId, account.deviceId);
  });

  test("session.open answers who, when, and with which limits and plugins", async () => {
    const account = await c.register(server);
    const before = Date.now();
    const client = await c.session(server, account);
    const { session } = client;
    assert.equal(session.userId, account.userId);
    assert.equal(session.deviceId, account.deviceId);
    assert.equal(typeof session.sessionId, "string");
    assert.equal(typeof session.cursor, "string");
    assert.ok(session.serverTime >= before - 1000 && session.serverTime <= Date.now() + 1000);
    const names = ["batch", "callsInFlight", "frameBytes", "jsonDepth", "mediaBytes", "outboxBytes"];
    names.push("textBytes");
    assert.deepEqual(Object.keys(session.limits).sort(), names);
    assert.deepEqual(
      [session.limits.frameBytes, session.limits.jsonDepth, session.limits.callsInFlight],
      [262144, 32, 64],
    );
    const plugins = session.capabilities.map((p) => p.name);
    for (const name of ["users", "chat", "groups", "receipts", "presence"]) {
      assert.ok(plugins.includes(name), name);
    }
    assert.ok(session.capabilities.every((p) => /^\d+\.\d+\.\d+/.test(p.version)));
  });

  test("the token may come as a bearer of the upgrade", async () => {
    const account = await c.register(server);
    const client = await dial({ token: account.accessToken });
    const opened = await client.call("session.open", {});
    assert.equal(opened.userId, account.userId);
    assert.equal((await client.call("session.list")).sessions.length, 1);
  });

  test("a bad token gets -32001 and the connection may try again", async () => {
    const account = await c.register(server);
    const client = await dial();
    for (const token of ["nonsense", "", account.refreshToken, `${account.accessToken}x`]) {
      await c.unauthenticated(client.call("session.open", { token }));
    }
    await c.unauthenticated(client.call("session.open", {}));
    assert.ok((await client.call("session.open", { token: account.accessToken })).sessionId);
  });

  test("every changed byte of an access token makes it a bad one", async () => {
    const { accessToken } = await c.register(server);
    const client = await dial();
    for (let at = 0; at < accessToken.length; at += 5) {
      const other = accessToken[at] === "A" ? "B" : "A";
      const token = accessToken.slice(0, at) + other + accessToken.slice(at + 1);
      await c.unauthenticated(client.call("session.open", { token }));
    }
  });

  test("a second session.open on a connection answers the same again", async () => {
    const client = await c.person(server);
    const again = await client.call("session.open", { token: client.account.accessToken });
    assert.equal(again.sessionId, client.session.sessionId);
    assert.equal(again.deviceId, client.session.deviceId);
  });

  test("another login's token on an open connection is a conflict, and the first stays", async () => {
    const [ann, bob] = [await c.person(server), await c.register(server)];
    await c.conflict(ann.call("session.open", { token: bob.accessToken }));
    const second = await c.login(server, ann.account.username);
    await c.conflict(ann.call("session.open", { token: second.accessToken }));
    assert.deepEqual((await ann.call("user.get", { userIds: [ann.userId] })).users.length, 1);
  });

  test("the same login on another connection closes the older one 4409", async () => {
    const account = await c.register(server);
    const older = await c.session(server, account);
    const newer = await c.session(server, account);
    await closesWith(older, 4409);
    assert.equal((await newer.call("session.list")).sessions.length, 1);
    const newest = await c.session(server, account);
    await closesWith(newer, 4409);
    await newest.settle();
  });

  test("another login of the same user leaves the first one open", async () => {
    const ann = await c.person(server);
    const other = await c.session(server, await c.login(server, ann.account.username));
    const { sessions } = await ann.call("session.list");
    assert.equal(sessions.length, 2);
    assert.deepEqual(
      new Set(sessions.map((s) => s.sessionId)),
      new Set([ann.session.sessionId, other.session.sessionId]),
    );
  });

  test("session.list tells the device, the times, and which one is asking", async () => {
    const device = { name: "a phone", platform: "test 1" };
    const ann = await c.person(server, "ann", { device });
    const { sessions } = await ann.call("session.list");
    const [one] = sessions;
    assert.equal(one.current, true);
    assert.equal(one.sessionId, ann.session.sessionId);
    assert.equal(one.deviceId, ann.session.deviceId);
    assert.equal(one.device.name, "a phone");
    assert.equal(one.device.platform, "test 1");
    assert.ok(one.createdAt > 1e12 && one.lastSeenAt >= one.createdAt);
  });

  test("a refresh gives a pair that works", async () => {
    const account = await c.register(server);
    const client = await dial();
    const next = await client.call("user.refresh", { refreshToken: account.refreshToken });
    assert.notEqual(next.accessToken, account.accessToken);
    assert.notEqual(next.refreshToken, account.refreshToken);
    assert.ok(await opens(next.accessToken));
    const third = await client.call("user.refresh", { refreshToken: next.refreshToken });
    assert.ok(await opens(third.accessToken));
  });

  test("a refresh leaves the open session open", async () => {
    const ann = await c.person(server);
    const next = await ann.call("user.refresh", { refreshToken: ann.account.refreshToken });
    await ann.settle();
    const again = await ann.call("session.open", { token: next.accessToken });
    assert.equal(again.sessionId, ann.session.sessionId);
  });

  test("a refresh token used twice revokes its family: 4403, and its tokens die at once", async () => {
    const ann = await c.person(server);
    const other = await c.session(server, await c.login(server, ann.account.username));
    const client = await dial();
    const { refreshToken } = ann.account;
    const next = await client.call("user.refresh", { refreshToken });
    await c.unauthenticated(client.call("user.refresh", { refreshToken }));
    await closesWith(ann, 4403);
    for (const token of [ann.account.accessToken, next.accessToken]) {
      await c.unauthenticated(client.call("session.open", { token }));
    }
    await c.unauthenticated(client.call("user.refresh", { refreshToken: next.refreshToken }));
    assert.equal((await server.get("/api/messages?chatId=x", next.accessToken)).status, 401);
    await other.settle(); // another login's family lives
  });

  test("one refresh token used twenty times at once gives at most one pair", async () => {
    const account = await c.register(server);
    const client = await dial();
    const { refreshToken } = account;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.ask("user.refresh", { refreshToken })),
    );
    assert.ok(answers.filter((a) => a.result).length <= 1);
    assert.ok(answers.every((a) => a.result || a.error.code === -32001));
    assert.equal(await opens(account.accessToken), false);
  });

  test("a broken refresh token gets -32001", async () => {
    const account = await c.register(server);
    const client = await dial();
    for (const refreshToken of ["", "x", account.accessToken, `${account.refreshToken}A`]) {
      await c.unauthenticated(client.call("user.refresh", { refreshToken }));
    }
    assert.ok(await opens(account.accessToken));
  });

  test("user.logout is answered, then closes 4403, and its tokens are dead", async () => {
    const ann = await c.person(server);
    const other = await c.session(server, await c.login(server, ann.account.username));
    assert.deepEqual(await ann.call("user.logout"), {});
    await closesWith(ann, 4403);
    assert.equal(await opens(ann.account.accessToken), false);
    const client = await dial();
    const { refreshToken } = ann.account;
    await c.unauthenticated(client.call("user.refresh", { refreshToken }));
    assert.equal((await other.call("session.list")).sessions.length, 1);
  });

  test("session.revoke by sessionId closes the other one 4403", async () => {
    const ann = await c.person(server);
    const other = await c.session(server, await c.login(server, ann.account.username));
    const { sessionId } = other.session;
    assert.deepEqual(await ann.call("session.revoke", { sessionId }), {});
    await closesWith(other, 4403);
    assert.equal(await opens(other.account.accessToken), false);
    assert.equal((await ann.call("session.list")).sessions.length, 1);
  });

  test("session.revoke by deviceId closes that device's session 4403", async () => {
    const ann = await c.person(server);
    const other = await c.session(server, await c.login(server, ann.account.username));
    await ann.call("session.revoke", { deviceId: other.session.deviceId });
    await closesWith(other, 4403);
    await ann.settle();
  });

  test("session.revoke of the own session is answered, then closes 4403", async () => {
    const ann = await c.person(server);
    const { sessionId } = ann.session;
    assert.deepEqual(await ann.call("session.revoke", { sessionId }), {});
    await closesWith(ann, 4403);
  });

  test("somebody else's session can't be revoked, and looks like an unknown one", async () => {
    const [ann, bob] = await c.people2(server);
    const revoke = (sessionId) => ann.ask("session.revoke", { sessionId }, "same");
    const theirs = await revoke(bob.session.sessionId);
    const unknown = await revoke("s_unknown");
    assert.equal(theirs.error?.code, -32004);
    assert.equal(theirs.text, unknown.text);
    await bob.settle();
    await c.invalid(ann.call("session.revoke", {}));
  });

  test("user.get tells those it knows and leaves unknown ones out", async () => {
    const [ann, bob] = await c.people2(server);
    const { users } = await ann.call("user.get", { userIds: [bob.userId, "unknown", ann.userId] });
    assert.deepEqual(
      new Map(users.map((u) => [u.userId, u.username])),
      new Map([[bob.userId, bob.account.username], [ann.userId, ann.account.username]]),
    );
    assert.ok(users.every((u) => typeof u.displayName === "string"));
    assert.deepEqual(await ann.call("user.get", { userIds: [] }), { users: [] });
    await c.invalid(ann.call("user.get", { userIds: "x" }), "/userIds");
    await c.invalid(ann.call("user.get", { userIds: ["a", 5] }), "/userIds/1");
  });

  test("user.update changes what others see, and user.search finds it", async () => {
    const [ann, bob] = await c.people2(server);
    const displayName = `Ann of ${c.newName("place")}`;
    await ann.call("user.update", { displayName, about: "busy" });
    const [seen] = (await bob.call("user.get", { userIds: [ann.userId] })).users;
    assert.deepEqual([seen.displayName, seen.about], [displayName, "busy"]);
    const { users } = await bob.call("user.search", { query: ann.account.username.slice(0, 10) });
    assert.ok(users.some((u) => u.userId === ann.userId));
    const one = await bob.call("user.search", { query: "ann", limit: 1 });
    assert.ok(one.users.length <= 1);
    await c.invalid(ann.call("user.update", { displayName: 5 }), "/displayName");
    await c.invalid(ann.call("user.update", { privacy: { lastSeen: "all" } }), "/privacy/lastSeen");
    await c.invalid(ann.call("user.update", { privacy: { readReceipts: 1 } }), "/privacy/readReceipts");
  });

  test("user.search takes wildcards of databases as plain characters", async () => {
    const ann = await c.person(server);
    for (const query of ["%", "_%", "*", "' OR 1=1 --", "\\"]) {
      const { users } = await ann.call("user.search", { query });
      const fits = (u) => `${u.username} ${u.displayName}`.toLowerCase().includes(query);
      assert.ok(users.every(fits), `${query} found ${JSON.stringify(users.slice(0, 3))}`);
    }
  });

  test("who is blocked can't open a chat with the blocker or send to them, until unblocked", async () => {
    const [ann, bob] = await c.people2(server);
    const chatId = await c.direct(bob, ann);
    await c.send(bob, chatId, "before");
    assert.deepEqual(await ann.call("user.block", { userId: bob.userId }), {});
    await c.forbidden(bob.call("chat.open", { userId: ann.userId }));
    await c.forbidden(c.send(bob, chatId, "after"));
    const direct = { receiverId: ann.userId, clientMsgId: "r", ...c.text("after") };
    await c.forbidden(bob.call("chat.send", direct));
    await ann.call("user.unblock", { userId: bob.userId });
    assert.equal((await c.send(bob, chatId, "again")).seq, 2);
  });

  test("user.export gives the caller's own data and nobody else's secrets", async () => {
    const [ann, bob] = await c.people2(server);
    const chatId = await c.direct(ann, bob);
    await c.send(ann, chatId, "mine to keep");
    const text = JSON.stringify(await ann.call("user.export"));
    assert.ok(text.includes(ann.account.username));
    assert.ok(!text.includes(c.PASSWORD) && !/argon2/i.test(text));
    assert.ok(!text.includes(bob.account.refreshToken) && !text.includes(ann.account.refreshToken));
  });

  test("user.erase needs the password", async () => {
    const ann = await c.person(server);
    await c.unauthenticated(ann.call("user.erase", { password: "wrong password" }));
    await c.invalid(ann.call("user.erase", {}));
    await ann.settle();
  });

  test("who is erased can't log in, and others see their messages without a name", async () => {
    const [ann, bob] = await c.people2(server);
    const chatId = await c.direct(ann, bob);
    await c.send(ann, chatId, "hello and goodbye");
    assert.deepEqual(await ann.call("user.erase", { password: c.PASSWORD }), {});
    await ann.closing();
    assert.equal(await opens(ann.account.accessToken), false);
    const client = await dial();
    await c.unauthenticated(client.call("user.login", credentials(ann.account.username)));
    const { users } = await bob.call("user.get", { userIds: [ann.userId] });
    assert.ok(!JSON.stringify(users).includes(ann.account.username));
    const told = await bob.event("chat.deleted", (e) => e.chatId === chatId);
    assert.deepEqual([told.target, told.senderId], [1, null]);
    const { entries } = await bob.call("chat.history", { chatId });
    assert.ok(entries[0].deleted && !("content" in entries[0]));
    assert.ok(!JSON.stringify(entries).includes("hello and goodbye"));
    assert.equal(entries[0].senderId, ann.userId);
    const found = await bob.call("user.search", { query: ann.account.username });
    assert.deepEqual(found.users, []);
  });
});
