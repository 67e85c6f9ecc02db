// Erasing an account, seen from the disk: a marker is planted in every text that a
// user can give the server, and after the erasure no file of the data folder, no
// backup and no line of the log has it.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as c from "./lib/client.mjs";
import { Server } from "./lib/server.mjs";

const MARK = "plantedmarker";
const GONE_MS = 60000; // jobs run every few seconds; only what stays for good meets this
let server, ann, bob, number = 0;

const marked = (what) => `${MARK} ${what} ${++number}`;

before(async () => {
  server = await Server.start({ workers: 2 });
});

after(async () => {
  c.closeAll();
  await server.stop();
});

function filesWithMark(folder) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      found.push(...filesWithMark(path));
    } else if (entry.isFile()) {
      const at = readFileSync(path).indexOf(MARK);
      if (at >= 0) {
        const text = readFileSync(path).subarray(at, at + 60).toString("latin1");
        found.push(`${entry.name}: ${text.replace(/[^ -~]/g, ".")}`);
      }
    }
  }
  return found;
}

async function session(username, more = {}) {
  const client = await c.Client.dial(server);
  const params = { username, password: c.PASSWORD, ...more };
  const login = await client.call("user.register", params);
  await client.call("session.open", { token: login.accessToken });
  client.userId = login.userId;
  return client;
}

function send(client, to, text) {
  const message = { type: "text", content: { text }, clientMsgId: `c${++number}` };
  return client.call("chat.send", { ...to, ...message });
}

async function plantProfile() {
  await ann.call("user.update", { displayName: marked("name"), about: marked("about") });
  await ann.call("user.update", { displayName: marked("later name") });
  await ann.call("presence.set", { status: "busy", text: marked("presence") });
  const report = { userId: bob.userId, reason: "other", text: marked("report") };
  await ann.call("report.create", report);
  const { chatId } = await bob.call("group.create", { title: "Kitchen" });
  await bob.call("group.update", { chatId, discoverable: true, joinPolicy: "request" });
  await ann.call("group.request", { chatId, text: marked("request") });
}

async function plantMessages() {
  const { chatId, seq } = await send(ann, { receiverId: bob.userId }, marked("message"));
  const content = { text: marked("edited") };
  await ann.call("chat.edit", { chatId, target: seq, content, clientMsgId: "edit" });
  const deleted = await send(ann, { chatId }, marked("deleted"));
  await ann.call("chat.delete", { chatId, target: deleted.seq, clientMsgId: "delete" });
  for (let i = 0; i < 100; i++) {
    await send(ann, { chatId }, marked("long ".repeat(200)));
  }
  await ann.call("chat.draft", { chatId, text: marked("draft") });
  const own = await ann.call("chat.open", { userId: ann.userId });
  await send(ann, { chatId: own.chatId }, marked("note to self"));
  await bob.call("report.create", { chatId, seq, reason: "spam" });
  await send(bob, { chatId }, "words of bob");
  return chatId;
}

async function plantGroup() {
  const about = marked("about");
  const { chatId } = await ann.call("group.create", { title: marked("title"), about });
  await ann.call("group.update", { chatId, title: marked("new title") });
  await send(ann, { chatId }, marked("in the group"));
}

test("an erased user's texts are in no file, no backup and no log", async () => {
  const device = { name: marked("device"), platform: marked("platform") };
  ann = await session("ann", { displayName: marked("first name"), device });
  bob = await session("bob");
  await plantProfile();
  const chatId = await plantMessages();
  await plantGroup();
  assert.notDeepEqual(filesWithMark(server.data), []);
  await ann.call("user.erase", { password: c.PASSWORD });
  assert.equal((await ann.closing()).code, 4403);

  const until = Date.now() + GONE_MS;
  let left = filesWithMark(server.data);
  while (left.length > 0 && Date.now() < until) {
    await pause(500);
    left = filesWithMark(server.data);
  }
  assert.deepEqual(left, []);

  const backup = `${server.data}-backup.db`;
  try {
    const made = await server.cli("backup", backup);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(readFileSync(backup).indexOf(MARK), -1);
  } finally {
    rmSync(backup, { force: true });
    rmSync(`${backup}.key`, { force: true });
  }
  assert.equal(server.log.indexOf(MARK), -1);

  const { entries } = await bob.call("chat.history", { chatId, limit: 200 });
  assert.ok(entries.some((e) => e.content?.text === "words of bob"), "what others wrote stays");
  assert.ok(entries.every((e) => e.senderId !== ann.userId || e.content === undefined));
});
