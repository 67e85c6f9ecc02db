// Random schedules on the built server that is killed with SIGKILL and started
// again in the midst of them. After each: every device equals a fresh one, logs
// have no gap, what was acknowledged is there once, and retries agree.
//   CHATTERMESH_BIN=... node tests/property/crash.mjs [first] [count] [seconds]
import assert from "node:assert/strict";
import { closeAll, login, register } from "../blackbox/lib/client.mjs";
import { Server } from "../blackbox/lib/server.mjs";
import { Device } from "./crash-device.mjs";

const USERS = 3;
const DEVICES = 2;
const STEPS = 70;
const BURST = 10; // calls in flight at a kill
const KILLS_MAX = 3; // a schedule
const ROUNDS_MAX = 100; // of asking until events are in
const AGAIN_MAX = 5;
const REFUSALS = new Set(["not_found", "forbidden", "conflict", "invalid_params", "too_large"]);

// splitmix64, as in prng.lua.
function dice(seed) {
  let state = BigInt(seed);
  const mask = (1n << 64n) - 1n;
  const next = () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = ((state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return (z ^ (z >> 31n)) >> 1n;
  };
  const below = (n) => Number(next() % BigInt(n));
  return { below, oneIn: (n) => below(n) === 0, pick: (list) => list[below(Math.max(list.length, 1))] };
}

const text = (id) => ({ type: "text", content: { text: id } });

class Schedule {
  constructor(server, seed) {
    Object.assign(this, { server, seed, g: dice(seed), devices: [], users: [], calls: [] });
    this.trace = [];
    this.running = new Set();
  }

  async start() {
    for (let i = 0; i < USERS; i++) {
      const account = await register(this.server);
      this.users.push(account.userId);
      for (let k = 0; k < DEVICES; k++) {
        const its = k ? await login(this.server, account.username, {}) : account;
        this.devices.push(new Device(`u${i}.${k}`, its));
      }
    }
    await this.gather();
  }

  // Everybody who is away comes back and catches up.
  async gather() {
    for (const d of this.devices) {
      if (!d.isOpen) await d.connect(this.server);
    }
    await Promise.all(this.devices.map((d) => d.catchUp()));
  }

  // ---- steps ----

  // One of the chats that were known last, so that a few see much.
  known(d) {
    return this.g.pick([...d.chats.keys()].slice(-3));
  }

  // The seq of a message that is known, most often of the device's user.
  target(d, chatId) {
    const { g } = this;
    const chat = d.chats.get(chatId);
    const messages = [...(chat?.log.values() ?? [])].filter((e) => e.kind === "message");
    const mine = messages.filter((e) => e.senderId === d.id);
    if (g.oneIn(15) || !messages.length) return 1 + g.below((chat?.high ?? 0) + 1);
    return g.pick(mine.length && !g.oneIn(3) ? mine : messages).seq;
  }

  // [method, params, what the answer tells the device itself]
  move(d, id) {
    const { g } = this;
    const chatId = this.known(d);
    const target = this.target(d, chatId);
    const about = { chatId, target, clientMsgId: id };
    const wrote = ({ seq }) => ({ method: "wrote", params: { chatId, seq } });
    const kind = chatId ? g.below(22) : g.below(2);
    if (kind === 0) return ["group.create", { title: id, memberIds: [g.pick(this.users)] }];
    if (kind === 1) return this.sending(d, { receiverId: g.pick(this.users), clientMsgId: id });
    if (kind < 8) return this.sending(d, { chatId, clientMsgId: id });
    if (kind < 11) return ["chat.edit", { ...about, content: { text: id } }, wrote];
    if (kind === 11) return ["chat.delete", about, wrote];
    if (kind < 15) return ["chat.react", { ...about, emoji: g.pick(["x", "y"]), on: !g.oneIn(3) }, wrote];
    if (kind === 15) return this.reading(d, { chatId, read: target });
    if (kind === 16) return this.muting({ chatId, until: g.below(99) });
    if (kind === 17) return ["chat.pin", { chatId, target, on: !g.oneIn(3) }];
    if (kind === 18) return ["group.update", { chatId, title: id }];
    if (kind === 19) return ["group.remove", { chatId, userIds: [g.pick(this.users)] }];
    return ["group.add", { chatId, userIds: [g.pick(this.users)] }];
  }

  sending(d, where) {
    const params = { ...where, ...text(where.clientMsgId) };
    const told = ({ duplicate, ...sent }) => {
      if (duplicate) return { method: "wrote", params: sent };
      const { type, content, clientMsgId } = params;
      const from = { senderId: d.id, deviceId: d.account.deviceId, clientMsgId };
      return { method: "chat.message", params: { ...sent, kind: "message", ...from, type, content } };
    };
    return ["chat.send", params, told];
  }

  reading(d, params) {
    const told = ({ read, delivered }) => ({
      method: "receipts.update",
      params: { chatId: params.chatId, userId: d.id, read, delivered },
    });
    return ["receipts.mark", params, told];
  }

  muting(params) {
    const { chatId, until: muted } = params;
    return ["chat.mute", params, () => ({ method: "chat.updated", params: { chatId, muted } })];
  }

  // Starts a call and keeps account of how it ends.
  call(d, method, params, told) {
    const call = { d, method, params, told };
    if (params.clientMsgId) this.calls.push(call);
    this.trace.push(`${d.name} ${method} ${JSON.stringify(params)}`);
    const done = d.ask(method, params, told).then((answer) => {
      this.running.delete(done);
      if (answer?.error) assert.ok(REFUSALS.has(answer.error.data?.type), JSON.stringify(answer));
      call.result ??= answer?.result;
      call.answer = answer;
      this.trace.push(`  ${d.name} ${params.clientMsgId ?? method} -> ${JSON.stringify(answer)}`);
      return answer;
    });
    this.running.add(done);
    return done;
  }

  // A burst of calls, of which some are answered, some written and some not.
  async kill(step) {
    for (let i = 0; i < BURST; i++) {
      const d = this.g.pick(this.devices);
      if (d.isOpen) this.call(d, ...this.move(d, `s${step}.${i}`));
    }
    for (let i = this.g.below(3); i > 0 && this.running.size; i--) await Promise.race(this.running);
    this.trace.push("kill -9");
    await this.server.kill();
    await Promise.all(this.devices.map((d) => d.client?.closing()));
    await Promise.all(this.running);
    for (const d of this.devices) d.drain();
    await this.server.run();
    await this.gather();
  }

  async run() {
    const { g } = this;
    let kills = 1 + g.below(KILLS_MAX);
    for (let i = 0; i < STEPS; i++) {
      const d = g.pick(this.devices);
      if (kills > 0 && g.below(STEPS - i) < kills) {
        kills--;
        await this.kill(i);
      } else if (g.oneIn(15)) {
        this.trace.push(`${d.name} is cut off`);
        if (d.isOpen) d.cut();
      } else if (!d.isOpen) {
        await d.connect(this.server);
        await d.catchUp();
      } else {
        this.call(d, ...this.move(d, `s${i}`));
      }
      if (g.oneIn(6)) await Promise.all(this.running);
      if (g.oneIn(3)) await d.catchUp();
    }
    await Promise.all(this.running);
  }

  // ---- judging ----

  // Fails with the last difference when the devices do not come to agree.
  async agree() {
    await this.gather();
    for (let round = 1; ; round++) {
      await Promise.all(this.devices.map((d) => d.settle()));
      try {
        return await this.compare();
      } catch (error) {
        if (round >= ROUNDS_MAX || !(error instanceof assert.AssertionError)) throw error;
      }
    }
  }

  async compare() {
    const logs = new Map();
    for (const d of this.devices) {
      const fresh = new Device(`${d.name} afresh`, d.account);
      fresh.client = d.client;
      const events = d.client.events.splice(0);
      await fresh.catchUp();
      d.client.events.unshift(...events);
      d.drain();
      for (const [id, chat] of fresh.chats) {
        same(d.chats.get(id), chat, `${d.name} ${id}`);
        const log = logs.get(id) ?? new Map();
        logs.set(id, new Map([...chat.log, ...log]));
      }
      assert.equal(d.chats.size, fresh.chats.size, `${d.name} knows as many chats`);
    }
    return logs;
  }

  acknowledged(logs) {
    const written = new Map();
    for (const [chatId, log] of logs) {
      for (const e of log.values()) {
        if (!e.clientMsgId) continue;
        const key = `${e.deviceId} ${e.clientMsgId}`;
        assert.ok(!written.has(key), `${key} is there twice`);
        written.set(key, { ...e, chatId });
      }
    }
    for (const call of this.calls) {
      const key = `${call.d.account.deviceId} ${call.params.clientMsgId}`;
      call.entry = written.get(key);
      const { result, entry } = call;
      if (!result || result.duplicate) continue;
      const chatId = result.chatId ?? call.params.chatId;
      const low = Math.min(...(logs.get(chatId)?.keys() ?? []));
      if (result.seq < low) continue; // before all that anybody may read now
      assert.equal(entry?.seq, result.seq, `${key} keeps its seq`);
      if (call.method === "chat.send" && entry.content && !entry.editedAt) {
        assert.deepEqual(entry.content, call.params.content);
      }
    }
  }

  // Asks again for what was never answered and for some of what was.
  async again() {
    let left = AGAIN_MAX;
    for (const call of this.calls.filter((x) => x.answer === null || x.entry)) {
      if (call.answer !== null && left-- <= 0) continue;
      const { entry } = call;
      const answer = await call.d.ask(call.method, call.params, call.told);
      const what = `${call.d.name} ${call.method} ${call.params.clientMsgId}: ${JSON.stringify(answer)}`;
      if (answer.error) assert.ok(!entry && REFUSALS.has(answer.error.data?.type), what);
      else if (entry) assert.deepEqual([answer.result.seq, answer.result.duplicate], [entry.seq, true], what);
      call.result ??= answer.result;
    }
  }

  async judge() {
    this.acknowledged(await this.agree());
    await this.again();
    this.acknowledged(await this.agree());
    for (const d of this.devices) d.cut();
  }
}

function same(mine, fresh, where) {
  assert.ok(mine, `${where}: the device does not know of it`);
  const left = fresh.state.left ?? false;
  assert.deepEqual([mine.out, mine.high], [left, fresh.high], `${where}: left, high`);
  const seqs = [...fresh.log.keys()].sort((a, b) => a - b);
  assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i), `${where}: no gap`);
  assert.equal(fresh.high, fresh.state.lastSeq, `${where}: lastSeq`);
  if (left) return; // what is taken out of the log later is not told to who left
  assert.deepEqual([mine.read, mine.muted], [fresh.state.myRead, fresh.state.muted], `${where}: marks`);
  assert.deepEqual([...mine.pins].sort(), [...fresh.state.pins].sort(), `${where}: pins`);
  const shown = mine.shown();
  for (const [seq, e] of fresh.log) assert.deepEqual(shown.get(seq), e, `${where}: ${seq}`);
  assert.equal(shown.size, fresh.log.size, `${where}: entries`);
}

const [first = 1, count = 20, seconds = 60] = process.argv.slice(2).map(Number);
const started = Date.now();
const server = await Server.start({ workers: 3 });
let passed = 0;
let failed = 0;
let seed = first;
// The time bounds a slow machine's run, and a longer one goes on until it is over.
for (; seed < first + count || process.env.SOAK; seed++) {
  if (Date.now() - started > seconds * 1000 && passed > 0) break;
  const schedule = new Schedule(server, seed);
  try {
    await schedule.start();
    await schedule.run();
    await schedule.judge();
    passed++;
  } catch (error) {
    failed++;
    console.log(`# crash seed ${seed} failed: ${error.stack}`);
    for (const line of schedule.trace) console.log(`#   ${line}`);
    break;
  }
}
closeAll();
try {
  await server.stop();
  passed++;
} catch (error) {
  failed++;
  console.log(`# the server did not end well: ${error.message}`);
}
console.log(`# crash seeds ${first} to ${seed - 1} in ${Math.round((Date.now() - started) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
