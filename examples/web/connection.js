// connection: JSON-RPC 2.0 over a WebSocket that comes back by itself. It knows
// nothing of chats: `hooks` say how to log in and who hears events.

const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 30_000;
const ANSWER_MS_MAX = 20_000; // no answer for so long: the connection is dead
const SILENCE_MS_MAX = 60_000; // nothing heard for so long: ask
const RATE_LIMITED_TRIES = 3;
const FLOODED_MS = 10_000;

// type is the contract's error type, or "closed" when the connection went first.
export class CallError extends Error {
  constructor(message, type, data = {}) {
    super(message);
    this.type = type;
    this.data = data;
  }
}

export function errorOf(error) {
  return new CallError(error.message, error.data?.type ?? "internal", error.data ?? {});
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Connection {
  #url;
  #hooks;
  #socket = null;
  #calls = new Map(); // id -> {resolve, reject, timer}
  #nextId = 1;
  #failures = 0;
  #retryTimer = null;
  #heardAt = 0;
  #delayMs = 0; // what the server asked for when it went away
  isReady = false;

  // hooks: open() logs in and may throw; ready(); event(method, params);
  // state("connecting" | "ready" | "waiting", ms); ended("login" | "replaced").
  constructor(url, hooks) {
    this.#url = url;
    this.#hooks = hooks;
    setInterval(() => this.#checkSilence(), SILENCE_MS_MAX / 4);
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => this.wake());
  }

  start() {
    if (this.#socket) {
      return;
    }
    clearTimeout(this.#retryTimer);
    this.#hooks.state("connecting");
    const socket = new WebSocket(this.#url, "chattermesh.v1.json");
    this.#socket = socket;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (message) => this.#received(socket, message.data);
    socket.onclose = (event) => this.#closed(socket, event.code, event.reason);
  }

  // Ends the connection; start() begins anew.
  stop() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#drop();
  }

  // The network or the page came back: don't wait for a timer.
  wake() {
    if (document.visibilityState === "hidden") {
      return;
    }
    if (this.#retryTimer !== null) {
      this.#retryTimer = null;
      this.start();
    } else {
      this.#checkSilence(5_000);
    }
  }

  async call(method, params = {}) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#ask(method, params);
      } catch (error) {
        if (error.type !== "rate_limited" || tries === RATE_LIMITED_TRIES) {
          throw error;
        }
        await wait(error.data.retryAfterMs ?? 1000);
      }
    }
  }

  // Without an answer, and lost when there is no connection.
  notify(method, params) {
    if (this.isReady) {
      this.#send({ jsonrpc: "2.0", method, params });
    }
  }

  #ask(method, params) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new CallError("there is no connection", "closed"));
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => this.#lost(), ANSWER_MS_MAX);
      this.#calls.set(id, { resolve, reject, timer });
      this.#send({ jsonrpc: "2.0", id, method, params });
    });
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  async #opened(socket) {
    this.#heardAt = Date.now();
    try {
      await this.#hooks.open();
    } catch (error) {
      if (socket !== this.#socket) {
        return; // it closed meanwhile, which was dealt with
      }
      if (error.type === "unauthenticated") {
        this.stop();
        this.#hooks.ended("login");
      } else {
        this.#lost();
      }
      return;
    }
    if (socket === this.#socket) {
      this.#failures = 0;
      this.isReady = true;
      this.#hooks.state("ready");
      this.#hooks.ready();
    }
  }

  #received(socket, text) {
    if (socket !== this.#socket) {
      return;
    }
    this.#heardAt = Date.now();
    const message = JSON.parse(text);
    if (message.method) {
      this.#hooks.event(message.method, message.params ?? {});
      return;
    }
    const call = this.#calls.get(message.id);
    if (call) {
      this.#calls.delete(message.id);
      clearTimeout(call.timer);
      if (message.error) {
        call.reject(errorOf(message.error));
      } else {
        call.resolve(message.result);
      }
    }
  }

  #closed(socket, code, reason) {
    if (socket !== this.#socket) {
      return;
    }
    this.#drop();
    if (code === 4401 || code === 4403) {
      this.#hooks.ended("login");
    } else if (code === 4409) {
      this.#hooks.ended("replaced");
    } else {
      this.#delayMs = code === 1001 ? Number(reason) || 0 : code === 4429 ? FLOODED_MS : 0;
      this.#retry();
    }
  }

  #lost() {
    this.#drop();
    this.#retry();
  }

  // Lets go of the socket, if any, and tells all who wait for an answer.
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.isReady = false;
    socket?.close();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) {
      clearTimeout(call.timer);
      call.reject(new CallError("the connection was lost", "closed"));
    }
  }

  // Half of each wait is random, so that a restarted server is not met by all at once.
  #retry() {
    const most = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.#failures);
    const ms = Math.max(this.#delayMs, most / 2) + (Math.random() * most) / 2;
    this.#failures++;
    this.#delayMs = 0;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.start();
    }, ms);
    this.#hooks.state("waiting", ms);
  }

  // A browser does not say when a network is gone. session.open is answered
  // again on an open session; when that does not come, #ask gives up.
  #checkSilence(ms = SILENCE_MS_MAX) {
    if (this.isReady && Date.now() - this.#heardAt > ms && this.#calls.size === 0) {
      this.#ask("session.open", {}).catch(() => {});
    }
  }
}
