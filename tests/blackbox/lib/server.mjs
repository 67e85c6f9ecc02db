// A running server for the tests: on a free port, with a data folder of its
// own. What it logs is kept, and a sanitizer's report in it fails the test.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const BIN = process.env.CHATTERMESH_BIN ?? "build/chattermesh";
const REPORT = /AddressSanitizer|runtime error:|LeakSanitizer|ThreadSanitizer|CHECK failed/;

// Passwords are hashed by the hundred here; what a hash costs is not what is tested.
const CHEAP = ["--set", "password_memory_mib=8", "--set", "password_passes=1"];

export function newFolder() {
  return mkdtempSync(join(tmpdir(), "chattermesh-test-"));
}

const running = new Set();

// Ends what a failed test left behind; the runner waits for it otherwise.
export function killAll() {
  for (const child of running) child.kill("SIGKILL");
}

export class Server {
  // `args` come last, so that a test can say otherwise.
  constructor({ data, args = [], limits = "off", workers = 2 } = {}) {
    this.owned = data === undefined;
    this.data = data ?? newFolder();
    this.args = ["serve", "--listen", "127.0.0.1:0", "--data", this.data];
    this.args.push("--limits", limits, "--workers", String(workers), ...CHEAP, ...args);
    this.log = "";
    this.port = 0;
  }

  static async start(options) {
    const server = new Server(options);
    await server.run();
    return server;
  }

  // Starts it, again on the same data after a crash.
  async run() {
    this.child = spawn(BIN, this.args, { stdio: ["ignore", "pipe", "pipe"] });
    const child = this.child;
    running.add(child);
    child.once("close", () => running.delete(child));
    this.exited = new Promise((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal }));
      child.once("error", (error) => {
        this.log += String(error);
        resolve({ code: -1, signal: null });
      });
    });
    child.stderr.on("data", (chunk) => (this.log += chunk));
    let out = "";
    const ready = new Promise((resolve) => {
      child.stdout.on("data", (chunk) => {
        out += chunk;
        const at = out.match(/^listening on http:\/\/127\.0\.0\.1:(\d+)$/m);
        if (at) resolve(Number(at[1]));
      });
    });
    this.port = (await Promise.race([ready, this.exited.then(() => 0)])) || 0;
    assert.ok(this.port, `the server does not start:\n${this.log}`);
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get ws() {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  async kill() {
    this.child.kill("SIGKILL");
    return this.exited;
  }

  async term() {
    this.child.kill("SIGTERM");
    return this.exited;
  }

  // Ends it and holds it to exit status 0 and a log without a sanitizer's report.
  async stop() {
    try {
      const { code, signal } = await this.term();
      const report = this.log.search(REPORT);
      assert.equal(report, -1, this.log.slice(report, report + 4000));
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, this.log.slice(-2000));
    } finally {
      this.remove();
    }
  }

  remove() {
    if (this.owned) {
      rmSync(this.data, { recursive: true, force: true });
    }
  }

  // Runs a command of the program on this server: {code, stdout, stderr}.
  cli(...args) {
    return run(...args, "--data", this.data);
  }

  async get(path, token) {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    return answerOf(await fetch(this.url + path, { headers }));
  }

  async post(path, body, token) {
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    const text = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    return answerOf(await fetch(this.url + path, { method: "POST", headers, body: text }));
  }
}

export function run(...args) {
  return new Promise((resolve) => {
    execFile(BIN, args, { timeout: 60000 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
  });
}

async function answerOf(response) {
  const text = await response.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

