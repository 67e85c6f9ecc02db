// outbox: what the user did and the server has not acknowledged. Each item keeps
// its clientMsgId over reconnects and reloads of the page, so sending it again
// never doubles it.

const AGAIN_MS = 3_000;
const WAITING_MAX = 500;
const TRY_AGAIN = new Set(["timeout", "unavailable", "rate_limited"]);

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The entry that a call made, from what was asked and answered.
function entryOf(item, result, store) {
  const { method, params } = item;
  const kinds = { "chat.edit": "edit", "chat.delete": "delete", "chat.react": "reaction" };
  return {
    ...params,
    ...result,
    chatId: params.chatId,
    kind: kinds[method] ?? "message",
    senderId: store.me,
    deviceId: store.deviceId,
    sentAt: result.sentAt ?? Date.now(),
  };
}

export class Outbox {
  #connection;
  #store;
  #sync;
  #items = []; // {method, params, at, error?}, the oldest first
  #isSending = false;
  #timer = null;

  constructor(connection, store, sync) {
    this.#connection = connection;
    this.#store = store;
    this.#sync = sync;
  }

  #key() {
    return `chattermesh.outbox.${this.#store.me}`;
  }

  open() {
    this.#items = JSON.parse(localStorage.getItem(this.#key()) ?? "[]");
  }

  #changed() {
    localStorage.setItem(this.#key(), JSON.stringify(this.#items));
    this.#store.touch();
  }

  // Takes chat.send, chat.edit, chat.delete or chat.react; false when it is full.
  add(method, params) {
    if (this.#items.length >= WAITING_MAX) {
      return false;
    }
    this.#items.push({ method, params: { ...params, clientMsgId: newId() }, at: Date.now() });
    this.#changed();
    this.flush();
    return true;
  }

  // Messages of a chat that wait; not those whose entry came by another way.
  waiting(chat) {
    const there = new Set();
    for (const entry of chat.messages.values()) {
      if (entry.senderId === this.#store.me) {
        there.add(entry.clientMsgId);
      }
    }
    return this.#items.filter(
      (item) =>
        item.method === "chat.send" &&
        item.params.chatId === chat.chatId &&
        !there.has(item.params.clientMsgId),
    );
  }

  failed() {
    return this.#items.filter((item) => item.error && item.method !== "chat.send");
  }

  discard(item) {
    this.#items = this.#items.filter((other) => other !== item);
    this.#changed();
  }

  retry(item) {
    delete item.error;
    this.#changed();
    this.flush();
  }

  // One at a time, so that messages are stored in the order they were written.
  async flush() {
    if (this.#isSending) {
      return;
    }
    this.#isSending = true;
    clearTimeout(this.#timer);
    let item;
    while (this.#connection.isReady && (item = this.#items.find((i) => !i.error))) {
      if (!(await this.#send(item))) {
        break;
      }
    }
    this.#isSending = false;
  }

  async #send(item) {
    try {
      const result = await this.#connection.call(item.method, item.params);
      this.#sync.take(entryOf(item, result, this.#store));
      this.discard(item);
    } catch (error) {
      if (error.type === "closed") {
        return false; // the next session goes on
      }
      if (TRY_AGAIN.has(error.type)) {
        this.#timer = setTimeout(() => this.flush(), AGAIN_MS);
        return false;
      }
      item.error = error.message;
      this.#changed();
    }
    return true;
  }
}
