// live: what is not in the log: marks of what was delivered and read, who is
// writing, who is there.
import { shortTime } from "./dom.js";

const MARK_MS = 300; // marks of one chat are sent together
const TYPING_MS = 3_000; // the server takes two missed repeats for silence
const OPEN_ENDED_MS = 10_000; // typing that nobody ended

export class Live {
  #connection;
  #store;
  #asked = new Map(); // "read chatId" -> seq
  #marks = new Map(); // chatId -> {delivered, read}
  #markTimer = null;
  #typingAt = 0;
  #typingIn = null;

  constructor(connection, store) {
    this.#connection = connection;
    this.#store = store;
  }

  // ---- marks ----

  // A new session: what was asked for on the old one may be lost.
  begin() {
    this.#asked.clear();
  }

  // What others wrote is here now.
  markDelivered() {
    for (const chat of this.#store.chats.values()) {
      if (chat.unread > 0 && chat.lastSeq > chat.myDelivered) {
        this.#mark(chat, "delivered");
      }
    }
  }

  markRead(chat) {
    if (chat.unread > 0 && chat.lastSeq > chat.myRead) {
      this.#mark(chat, "read");
    }
  }

  #mark(chat, name) {
    const key = `${name} ${chat.chatId}`;
    if (chat.left || this.#asked.get(key) >= chat.lastSeq) {
      return;
    }
    this.#asked.set(key, chat.lastSeq);
    this.#marks.set(chat.chatId, { ...this.#marks.get(chat.chatId), [name]: chat.lastSeq });
    this.#markTimer ??= setTimeout(() => this.#sendMarks(), MARK_MS);
  }

  async #sendMarks() {
    const marks = this.#marks;
    this.#marks = new Map();
    this.#markTimer = null;
    for (const [chatId, mark] of marks) {
      try {
        const result = await this.#connection.call("receipts.mark", { chatId, ...mark });
        this.#store.applyReceipt({ chatId, userId: this.#store.me, ...result });
      } catch {
        // What is still unread is marked again at the next session.
      }
    }
  }

  // ---- typing ----

  wrote(chat, isEmpty) {
    const now = Date.now();
    if (isEmpty) {
      this.stopped();
    } else if (this.#typingIn !== chat.chatId || now - this.#typingAt >= TYPING_MS) {
      this.#typingIn = chat.chatId;
      this.#typingAt = now;
      this.#connection.notify("typing.set", { chatId: chat.chatId, state: "typing" });
    }
  }

  stopped() {
    if (this.#typingIn) {
      this.#connection.notify("typing.set", { chatId: this.#typingIn, state: "idle" });
      this.#typingIn = null;
    }
  }

  // A message ends it at the server.
  sent() {
    this.#typingIn = null;
  }

  typingUpdate({ chatId, userId, state, ttlMs }) {
    const writers = this.#store.typing.get(chatId) ?? new Map();
    this.#store.typing.set(chatId, writers);
    clearTimeout(writers.get(userId));
    writers.delete(userId);
    if (state !== "idle") {
      const forget = () => {
        writers.delete(userId);
        this.#store.touch();
      };
      writers.set(userId, setTimeout(forget, ttlMs || OPEN_ENDED_MS));
    }
    this.#store.touch();
  }

  // Who writes in a chat, in words, or "".
  writersOf(chat) {
    const ids = [...(this.#store.typing.get(chat.chatId)?.keys() ?? [])];
    if (ids.length === 0) {
      return "";
    }
    if (chat.kind === "direct") {
      return "is typing…";
    }
    const names = ids.slice(0, 3).map((id) => this.#store.nameOf(id));
    return `${names.join(", ")} ${ids.length > 1 ? "are" : "is"} typing…`;
  }

  // ---- presence ----

  isThere(chat) {
    const there = chat.kind === "direct" && this.#store.presence.get(chat.userId);
    return there ? there.status !== "offline" : false;
  }

  // The line under a chat's name.
  statusOf(chat) {
    if (chat.left) {
      return "You are no longer in this group";
    }
    if (chat.kind !== "direct") {
      return `${chat.memberCount} ${chat.memberCount === 1 ? "member" : "members"}`;
    }
    const there = chat.userId !== this.#store.me && this.#store.presence.get(chat.userId);
    if (!there) {
      return "";
    }
    if (there.status !== "offline") {
      return there.text || there.status;
    }
    return there.lastSeenAt ? `last seen ${shortTime(there.lastSeenAt)}` : "offline";
  }
}
