// The command line from outside: exit statuses, what is printed where, and two
// people who talk through the terminal client over pipes.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync,
  writeFileSync,
} from "node:fs";

const WAIT_MS = 30000;
const binary = process.env.CHATTERMESH_BIN ?? "build/chattermesh";
const root = mkdtempSync(join(tmpdir(), "cli-test-"));
const home = join(root, "home");
const data = join(root, "data");
const plugins = join(root, "plugins");
const environment = { ...process.env, HOME: home, XDG_CONFIG_HOME: "", TERM: "dumb" };
for (const name of ["CHATTERMESH_DATA", "CHATTERMESH_CONFIG", "CHATTERMESH_PASSWORD"]) {
  delete environment[name];
}
let server;

// --- helpers ---

function run(args, { input = "", env = {}, cwd } = {}) {
  const done = spawnSync(binary, args, {
    input, cwd, env: { ...environment, ...env }, encoding: "utf8", timeout: WAIT_MS,
  });
  assert.equal(done.signal, null, `${args.join(" ")} ended by itself`);
  return done;
}

const ask = (...args) => run([...args, "--data", data]);

// A program whose output is collected; until(pattern) waits for a line of it.
class Program {
  constructor(args, env = {}) {
    this.text = "";
    this.waiting = [];
    this.process = spawn(binary, args, { env: { ...environment, ...env } });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => this.take(chunk));
    }
    this.process.stdin.on("error", () => {});
    this.exit = once(this.process, "close").then(([code]) => {
      this.take("");
      for (const { fail } of this.waiting) {
        fail(new Error(`it ended with ${code} and said:\n${this.text}`));
      }
      return code;
    });
  }

  take(chunk) {
    this.text += chunk;
    this.waiting = this.waiting.filter(({ pattern, tell }) => {
      const found = this.text.match(pattern);
      found && tell(found);
      return !found;
    });
  }

  until(pattern) {
    return new Promise((tell, fail) => {
      const timer = setTimeout(
        () => fail(new Error(`no ${pattern} in:\n${this.text}`)), WAIT_MS);
      const found = (match) => (clearTimeout(timer), tell(match));
      const failed = (error) => (clearTimeout(timer), fail(error));
      this.waiting.push({ pattern, tell: found, fail: failed });
      this.take("");
    });
  }

  say(line) {
    this.process.stdin.write(`${line}\n`);
  }

  end() {
    this.process.stdin.end();
    return this.exit;
  }
}

async function serve(port = 0) {
  const program = new Program([
    "serve", "--listen", `127.0.0.1:${port}`, "--data", data, "--workers", "2", "--plugins",
    plugins, "--dev", "--limits", "off",
  ]);
  const [, url, taken] = await program.until(/^listening on (http:\/\/127\.0\.0\.1:(\d+))$/m);
  return Object.assign(program, { url, port: Number(taken) });
}

const talk = (user) =>
  new Program(["chat", server.url, "--user", user], { CHATTERMESH_PASSWORD: `secret of ${user}` });

function writePlugin(name, code) {
  const folder = join(plugins, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "plugin.json"), JSON.stringify({
    name, version: "1.0.0", api: "1", summary: "A plugin of the tests.",
    capabilities: { command: true, log: true },
  }));
  writeFileSync(join(folder, "init.lua"), code);
}

const GREETER = `
local greeter = {}
function greeter.start(mesh)
  mesh.command("greet", {
    summary = "Greets.",
    args = { { name = "who", summary = "Whom." }, { name = "how", optional = true, summary = "." } },
  }, function(_, args)
    mesh.log.info("greeted")
    return { greeting = (args.how or "hello") .. " " .. args.who }
  end)
end
return greeter
`;

before(async () => {
  mkdirSync(home);
  mkdirSync(plugins);
  writePlugin("greeter", GREETER);
  server = await serve();
});

after(async () => {
  server.process.kill("SIGTERM");
  const code = await server.exit;
  rmSync(root, { recursive: true, force: true });
  assert.equal(code, 0, "it drains and ends well");
});

// --- usage ---

test("help and version go to standard output and are no mistake", () => {
  for (const args of [["--help"], ["help"], ["serve", "--help"], ["plugin", "--help"],
    ["chat", "-h"], ["--version"], ["stats", "--version"]]) {
    const done = run(args);
    assert.equal(done.status, 0, args.join(" "));
    assert.equal(done.stderr, "");
    assert.match(done.stdout, /chattermesh/);
  }
});

test("a mistyped word gets the nearest right one and status 2", () => {
  const cases = [
    [["srve"], /unknown command 'srve', do you mean 'serve'/],
    [["serve", "--lisen", "x"], /unknown option '--lisen', do you mean --listen/],
    [["plugin", "relod", "chat"], /unknown command 'plugin relod', do you mean 'plugin reload'/],
    [["--versoin"], /do you mean --version/],
    [["usr", "add", "x"], /do you mean 'user add'/],
    [["stats", "--jsn"], /do you mean --json/],
  ];
  for (const [args, words] of cases) {
    const done = run(args, { cwd: home });
    assert.equal(done.status, 2, args.join(" "));
    assert.match(done.stderr, words);
    assert.equal(done.stdout, "");
  }
});

test("what is missing or too much is told with the usage and status 2", () => {
  for (const args of [[], ["plugin"], ["plugin", "reload"], ["plugin", "list", "more"],
    ["backup"], ["serve", "--listen"], ["serve", "now"], ["chat", "http://127.0.0.1:1"],
    ["chat", "gopher://x", "--user", "ann"], ["chat", "http://127.0.0.1:1", "--user", "../ann"]]) {
    const done = run(args);
    assert.equal(done.status, 2, args.join(" "));
    assert.notEqual(done.stderr, "");
  }
});

test("check-config explains every key without a server", () => {
  const done = run(["check-config", "--set", "workers=3"], { cwd: home });
  assert.equal(done.status, 0);
  assert.match(done.stdout, /listen/);
  const keys = JSON.parse(run(["check-config", "--json"], { cwd: home }).stdout);
  assert.ok(keys.some(({ key }) => key === "workers"));
});

test("a wrong configuration is told by serve and check-config alike, with status 2", () => {
  const file = join(root, "wrong.lua");
  writeFileSync(file, "-- mine\nwrokers = 3\n");
  for (const command of ["check-config", "serve"]) {
    const done = run([command, "--config", file, "--data", join(root, "unused")]);
    assert.equal(done.status, 2);
    assert.match(done.stderr, /wrong\.lua:2.*wrokers.*workers/s);
  }
  assert.equal(existsSync(join(root, "unused")), false);
});

test("without a server the commands say how to start one, with status 1", () => {
  for (const args of [["plugin", "list"], ["stats"], ["user", "add", "ann"], ["reread"],
    ["backup", "x"], ["plugin", "logs", "chat"]]) {
    const done = run([...args, "--data", join(root, "nowhere")]);
    assert.equal(done.status, 1, args.join(" "));
    assert.match(done.stderr, /no server is running .*chattermesh serve/);
  }
});

test("the data folder is also found by variable and in the current folder", () => {
  assert.equal(run(["stats"], { env: { CHATTERMESH_DATA: data } }).status, 0);
  assert.equal(run(["stats"], { cwd: root }).status, 0);
});

// --- the running server ---

test("plugin list is a table for people and JSON for machines", () => {
  const table = ask("plugin", "list");
  assert.equal(table.status, 0);
  const lines = table.stdout.trimEnd().split("\n");
  assert.match(lines[0], /^NAME +VERSION +GENERATION +STATE/);
  const column = lines[0].indexOf("STATE");
  assert.ok(lines.slice(1).every((line) => line.slice(column).startsWith("serving")));
  const list = JSON.parse(ask("plugin", "list", "--json").stdout);
  for (const name of ["chat", "greeter", "groups", "presence", "receipts", "users"]) {
    assert.equal(list.find((plugin) => plugin.name === name)?.state, "serving", name);
  }
});

test("stats are numbers", () => {
  const stats = JSON.parse(ask("stats", "--json").stdout);
  assert.equal(stats.workers, 2);
  assert.equal(stats.database.canWrite, true);
  assert.match(ask("stats").stdout, /^database\.queue +\d+$/m);
});

test("the control socket and the data folder are their owner's only", () => {
  assert.equal(statSync(join(data, "control.sock")).mode & 0o77, 0);
  assert.equal(statSync(data).mode & 0o77, 0);
});

test("a reload makes a new generation, and an unknown plugin is an error", () => {
  const generation = () => JSON.parse(ask("plugin", "list", "--json").stdout)
    .find(({ name }) => name === "chat").generation;
  const before = generation();
  const done = ask("plugin", "reload", "chat");
  assert.equal(done.status, 0);
  assert.match(done.stdout, /^chat 1\.0\.0, generation \d+: serving, took [\d.]+ ms$/m);
  assert.ok(generation() > before);
  const unknown = ask("plugin", "reload", "chatt");
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /chatt/);
});

test("a disabled plugin is listed so until it is enabled", () => {
  assert.equal(JSON.parse(ask("plugin", "disable", "greeter", "--json").stdout).state, "disabled");
  assert.equal(ask("greet", "ann").status, 2);
  assert.equal(JSON.parse(ask("plugin", "enable", "greeter", "--json").stdout).state, "serving");
  assert.equal(ask("greet", "ann").status, 0);
});

test("a plugin's command takes its declared arguments by place and by name", () => {
  assert.equal(JSON.parse(ask("greet", "ann", "--json").stdout).greeting, "hello ann");
  assert.equal(JSON.parse(ask("greet", "ann", "good day", "--json").stdout).greeting,
    "good day ann");
  assert.equal(JSON.parse(ask("greet", "--how", "hi", "bob", "--json").stdout).greeting, "hi bob");
  assert.match(ask("greet", "ann").stdout, /^greeting +hello ann$/m);
  assert.equal(ask("greet").status, 2);
  assert.equal(ask("greet", "a", "b", "c").status, 2);
  assert.match(ask("greet", "--help").stdout, /usage: chattermesh greet who \[how\]/);
  assert.match(ask("gret", "ann").stderr, /do you mean 'greet'/);
});

test("user add takes the password from standard input and never from the line", () => {
  const data_option = ["--data", data];
  const made = run(["user", "add", "eva", "--json", ...data_option], { input: "eva's secret\n" });
  assert.equal(made.status, 0);
  assert.equal(JSON.parse(made.stdout).password, undefined);
  const given = JSON.parse(run(["user", "add", "max", "--json", ...data_option]).stdout);
  assert.ok(given.password.length >= 8, "one is made when none is given");
  assert.equal(run(["user", "add", "eva", ...data_option]).status, 1, "taken");
  assert.equal(run(["user", "add", "zoe", "--password=secret12", ...data_option]).status, 2);
});

test("plugin logs shows what was logged, and -f goes on", async () => {
  ask("greet", "ann");
  assert.match(ask("plugin", "logs", "greeter").stdout, /greeted/);
  const line = ask("plugin", "logs", "greeter", "--json").stdout.trimEnd().split("\n").pop();
  assert.equal(JSON.parse(line).plugin, "greeter");
  assert.equal(ask("plugin", "logs", "nobody").status, 1);
  const follower = new Program(["plugin", "logs", "greeter", "-f", "--data", data]);
  const [seen] = await follower.until(/(.*greeted.*\n)+/);
  ask("greet", "bob");
  await follower.until(new RegExp(`^.{${seen.length},}greeted`, "s"));
  follower.process.kill("SIGTERM");
  await follower.exit;
});

test("a backup is a database and its keys, private, and overwrites nothing", () => {
  const file = join(root, "backup.db");
  const done = run(["backup", "backup.db", "--data", data], { cwd: root });
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /backup\.db\.key/);
  assert.equal(readFileSync(file).subarray(0, 15).toString(), "SQLite format 3");
  assert.deepEqual(readFileSync(`${file}.key`), readFileSync(join(data, "secret.key")));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(`${file}.key`).mode & 0o777, 0o600);
  const bytes = readFileSync(file);
  assert.equal(ask("backup", file).status, 1);
  rmSync(`${file}.key`);
  assert.equal(ask("backup", file).status, 1);
  assert.deepEqual(readFileSync(file), bytes);
  assert.equal(existsSync(`${file}.key`), false);
});

test("the control socket answers nonsense with errors and lives on", async () => {
  const socket = connect(join(data, "control.sock"));
  const lines = ["nonsense", "{}", '{"id":1}', '{"id":2,"command":"stats","args":[]}',
    '{"id":"x","command":"no such thing"}', '{"id":3,"command":"plugin reload"}',
    '{"id":4,"command":"backup","args":{"path":"relative"}}', '{"id":5,"command":"stats"}'];
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
    text.split("\n").length > lines.length && socket.end();
  });
  socket.write(`${lines.join("\n")}\n`);
  await once(socket, "close");
  const answers = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const of = (id) => answers.find((answer) => answer.id === id);
  assert.equal(answers.filter(({ id }) => id === null).length, 2);
  assert.equal(of("x").error.type, "ERR_NOT_FOUND");
  assert.ok([1, 2, 3, 4].every((id) => of(id).ok === false));
  assert.equal(of(5).ok, true);
});

test("SIGHUP and reread take the configuration again", async () => {
  assert.match(ask("reread").stdout, /was read again/);
  server.process.kill("SIGHUP");
  await server.until(/read again[^]*read again/);
});

test("--dev reloads what changed, and a mistake is told with file and line", async () => {
  const code = join(plugins, "greeter", "init.lua");
  writeFileSync(code, GREETER.replace('"hello"', '"howdy"'));
  await server.until(/dev: greeter reloaded in \d+ ms/);
  assert.match(ask("greet", "ann").stdout, /howdy ann/);
  appendFileSync(code, "\nthis is no Lua\n");
  const [words] = await server.until(/dev: greeter not reloaded.*\n.*/);
  assert.match(words, /init\.lua:\d+/);
  assert.match(ask("greet", "ann").stdout, /howdy ann/);
});

// --- chat ---

test("two people talk, see ticks, and no terminal is at a sender's mercy", async () => {
  const bob = talk("bob");
  await bob.until(/you are bob/);
  const ann = talk("ann");
  ann.say("/to bob");
  ann.say("hello \u001b[2J\u009bbob\u202e");
  await ann.until(/you: hello .* ✓/);
  await bob.until(/^\d\d:\d\d ann: hello \\u\{1b\}\[2J\\u\{9b\}bob\\u\{202e\}$/m);
  await ann.until(/bob has read it/);
  bob.say("good to hear");
  await ann.until(/bob: good to hear/);
  ann.say("/group trip bob");
  ann.say("who drives?");
  await ann.until(/you: who drives\? ✓/);
  await bob.until(/unread in trip/);
  bob.say("/to trip");
  await bob.until(/ann: who drives\?/);
  bob.say("//slash");
  await ann.until(/bob: \/slash/);
  assert.equal(await ann.end(), 0);
  assert.equal(await bob.end(), 0);
  assert.equal(statSync(join(home, ".config/chattermesh")).mode & 0o77, 0);
});

test("a login is remembered privately and needs no password again", async () => {
  const folder = join(home, ".config/chattermesh", `127.0.0.1_${server.port}`);
  assert.equal(statSync(join(folder, "ann.json")).mode & 0o77, 0);
  const ann = new Program(["chat", server.url, "--user", "ann"]);
  await ann.until(/you are ann, in 2 chats/);
  ann.say("/to bob");
  await ann.until(/bob: good to hear/);
  assert.equal(await ann.end(), 0);
});

test("a wrong password is told, and a readable password file is refused", async () => {
  rmSync(join(home, ".config"), { recursive: true });
  const wrong = run(["chat", server.url, "--user", "ann"],
    { env: { CHATTERMESH_PASSWORD: "not ann's secret" } });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /the password is wrong/);
  const file = join(root, "password");
  writeFileSync(file, "secret of ann\n", { mode: 0o644 });
  const options = ["chat", server.url, "--user", "ann", "--password-file", file];
  assert.equal(run(options).status, 2);
  rmSync(file);
  writeFileSync(file, "secret of ann\n", { mode: 0o600 });
  const right = run(options);
  assert.equal(right.status, 0, right.stderr);
});

test("nobody listens: the client says so with status 1", () => {
  const done = run(["chat", "http://127.0.0.1:1", "--user", "ann"]);
  assert.equal(done.status, 1);
  assert.match(done.stderr, /can't connect to 127\.0\.0\.1 port 1/);
});

test("what is typed while the server is dead is sent once when it lives again", async () => {
  const bob = talk("bob");
  await bob.until(/you are bob/);
  const ann = talk("ann");
  ann.say("/to bob");
  await ann.until(/-- bob/);
  bob.say("/to ann");
  const { port } = server;
  server.process.kill("SIGKILL");
  await server.exit;
  await ann.until(/connection is lost/);
  await bob.until(/connection is lost/);
  ann.say("into the dark");
  await ann.until(/it waits and will be sent: into the dark/);
  // The name of the plugin that a test broke is another test's matter.
  writePlugin("greeter", GREETER);
  server = await serve(port);
  await ann.until(/you: into the dark ✓/);
  await bob.until(/ann: into the dark/);
  ann.say("and on");
  await bob.until(/ann: and on/);
  assert.equal(bob.text.match(/into the dark/g).length, 1);
  assert.equal(await ann.end(), 0);
  assert.equal(await bob.end(), 0);
});
