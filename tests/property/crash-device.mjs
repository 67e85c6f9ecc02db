// A device for crash.mjs: what it has seen outlives its connections and the
// server. It applies events in the order they came, and asks for what it lacks.
import assert from "node:assert/strict";
import { Client } from "../blackbox/lib/client.mjs";

const PAGE = 50;
const COMES = new Set(["added", "joined"]);
const GOES = new Set(["removed", "left", "banned"]);

class Chat {
  constructor(me) {
    Object.assign(this, { me, log: new Map(), low: 0, high: 0, want: 0, out: false, read: 0 });
  }

  // Who comes back reads from their newest joining.
  beginAt(seq) {
    for (const at of this.log.keys()) if (at < seq) this.log.delete(at);
    this.low = seq;
    this.high = seq - 1;
    this.out = false;
  }

  take(e) {
    const mine = this.log.get(e.seq);
    if (mine) assert.equal(mine.messageId, e.messageId, `two entries have seq ${e.seq}`);
    if (!mine && e.seq >= this.low) this.log.set(e.seq, e);
    this.want = Math.max(this.want, e.seq);
    this.walk();
  }

  walk() {
    while (this.low && this.log.has(this.high + 1)) {
      const e = this.log.get(this.high + 1);
      const mine = e.kind === "member" && e.change.userId === this.me ? e.change.action : "";
      if (COMES.has(mine) && this.out) this.beginAt(e.seq);
      if (COMES.has(mine)) this.out = false;
      if (GOES.has(mine)) this.out = true;
      this.high = e.seq;
    }
  }

  get lacks() {
    return !this.low || this.high < this.want;
  }

  // The log with later entries applied to earlier ones.
  shown() {
    const log = new Map();
    for (const [seq, e] of [...this.log].sort((a, b) => a[0] - b[0])) {
      const { reactions, editedAt, ...own } = e;
      log.set(seq, own);
      const m = log.get(e.target);
      if (e.kind === "delete") bury(log, e.target);
      if (!m || m.deleted) continue;
      if (e.kind === "edit" && e.content) Object.assign(m, { content: e.content, editedAt: e.sentAt });
      if (e.kind === "reaction") react(m, e);
    }
    for (const m of log.values()) {
      if (!m.marks?.length) delete m.marks;
      if (!m.marks) continue;
      m.marks.sort((a, b) => a.by[0].seq - b.by[0].seq);
      m.reactions = m.marks.map(({ emoji, by }) => ({ emoji, userIds: by.map((x) => x.id) }));
      delete m.marks;
    }
    return log;
  }
}

function bury(log, target) {
  const m = log.get(target);
  if (m) {
    for (const name of ["content", "mentions", "marks", "editedAt", "expiresAt"]) delete m[name];
    m.deleted = true;
  }
  for (const e of log.values()) {
    if (e.kind === "edit" && e.target === target) {
      delete e.content;
      e.deleted = true;
    }
  }
}

function react(m, { emoji, on, senderId, seq }) {
  m.marks ??= [];
  let mark = m.marks.find((x) => x.emoji === emoji);
  if (!mark && on) m.marks.push((mark = { emoji, by: [] }));
  if (on) mark.by.push({ id: senderId, seq });
  else if (mark) mark.by = mark.by.filter((x) => x.id !== senderId);
  m.marks = m.marks.filter((x) => x.by.length);
}

const isEntry = (name) => /^chat\.(message|edited|deleted|reaction)$|^group\.changed$/.test(name);

export class Device {
  constructor(name, account) {
    Object.assign(this, { name, account, id: account.userId, chats: new Map(), dirty: true });
    this.nextId = 1;
  }

  async connect(server) {
    this.client = await Client.dial(server);
    const opened = await this.ask("session.open", { token: this.account.accessToken });
    if (opened === null) return;
    assert.ok(opened.result, JSON.stringify(opened));
    this.dirty = true;
  }

  get isOpen() {
    return this.client && !this.client.closed;
  }

  // What was read already counts, what was on its way is lost.
  cut() {
    this.client.socket.terminate();
    for (const call of this.client.calls.values()) call(null);
    this.client.calls.clear();
    this.drain();
    this.client = undefined;
  }

  // The answer, or null when the connection ended first. told(result) makes it
  // an event of its own, in its place among the others.
  ask(method, params, told) {
    const { client } = this;
    return new Promise((resolve) => {
      if (!client || client.closed || client.socket.readyState !== 1) return resolve(null);
      const id = `d${this.nextId++}`;
      client.calls.set(id, (message) => {
        const event = message?.result && told?.(message.result);
        if (event) client.events.push(event);
        resolve(message);
      });
      client.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  drain() {
    for (const { method, params } of this.client?.events.splice(0) ?? []) {
      const chat = this.chats.get(params.chatId);
      if (method === "sync.reset" || (!chat && params.chatId)) this.dirty = true;
      else if (isEntry(method)) chat.take(params);
      else if (method === "wrote") chat.want = Math.max(chat.want, params.seq);
      else if (method === "chat.updated") this.update(chat, params);
      else if (method === "receipts.update" && params.userId === this.id) {
        chat.read = Math.max(chat.read, params.read);
      }
    }
  }

  update(chat, { muted, pins }) {
    chat.muted = muted ?? chat.muted;
    chat.pins = pins ?? chat.pins;
  }

  // Pulls and fills until nothing is lacking; false when the connection ended.
  async catchUp() {
    this.drain();
    while (this.dirty) {
      this.dirty = false;
      const page = await this.ask("sync.pull", { cursor: this.cursor, limit: 5 });
      if (page === null) {
        this.dirty = true;
        return false;
      }
      assert.ok(page.result, JSON.stringify(page));
      this.cursor = page.result.cursor;
      for (const state of page.result.chats) this.setState(state);
      this.dirty ||= page.result.more;
      this.drain();
    }
    for (const [id, chat] of this.chats) {
      if (chat.lacks && !(await this.fill(id, chat))) return false;
    }
    return !this.dirty || this.catchUp();
  }

  setState(state) {
    const chat = this.chats.get(state.chatId) ?? new Chat(this.id);
    this.chats.set(state.chatId, chat);
    chat.state = state;
    chat.want = Math.max(chat.want, state.lastSeq);
    chat.read = Math.max(chat.read, state.myRead);
    this.update(chat, state);
  }

  async fill(chatId, chat) {
    for (let more = true; more; ) {
      const after = chat.high;
      const page = await this.ask("chat.history", { chatId, after, limit: PAGE });
      if (page === null) return false;
      assert.ok(page.result, JSON.stringify(page));
      const [first] = page.result.entries;
      if (first && (!chat.low || first.seq > after + 1)) {
        this.dirty ||= chat.low > 0;
        chat.beginAt(first.seq);
      }
      for (const e of page.result.entries) chat.take(e);
      ({ more } = page.result);
      this.drain();
    }
    return true;
  }

  // Something there and back, so that what was sent before it has arrived.
  async settle() {
    await this.ask("session.list", {});
    await this.catchUp();
  }
}
