// sync: keeps the store as the server's log is. Events are applied as they come;
// whatever does not fit the one before is asked for again.

const PAGE = 50;
const PEOPLE_A_CALL = 200;
const WATCHED_MAX = 200;
const SOON_MS = 200;

const ENTRY_EVENTS = new Set([
  "chat.message",
  "chat.edited",
  "chat.deleted",
  "chat.reaction",
  "group.changed",
]);

// Runs `work` one at a time; asked again meanwhile, it runs once more.
function onceAtATime(work) {
  let running = null;
  let isWanted = false;
  return () => {
    isWanted = true;
    running ??= (async () => {
      try {
        while (isWanted) {
          isWanted = false;
          await work();
        }
      } finally {
        running = null;
      }
    })();
    return running;
  };
}

export class Sync {
  #connection;
  #store;
  #cursor = null;
  #filling = new Map(); // chatId -> function
  #loading = new Map(); // chatId -> promise
  #pullTimer = null;
  #wanted = new Set(); // userIds without a name
  #watched = "";

  constructor(connection, store) {
    this.#connection = connection;
    this.#store = store;
    this.pull = onceAtATime(() => this.#pullAll());
    this.#askNames = onceAtATime(() => this.#readNames());
  }
  #askNames;

  reset() {
    this.#cursor = null;
    this.#filling.clear();
    this.#loading.clear();
    this.#wanted.clear();
    this.#watched = "";
  }

  // A session was opened: what happened meanwhile, then what is loaded and behind.
  async begin() {
    this.#watched = "";
    await this.pull();
  }

  pullSoon() {
    this.#pullTimer ??= setTimeout(() => {
      this.#pullTimer = null;
      this.pull().catch(() => {}); // the next session begins with one
    }, SOON_MS);
  }

  async #pullAll() {
    let page;
    do {
      page = await this.#pullPage();
      this.#cursor = page.cursor;
      for (const state of page.chats) {
        if (!this.#store.applyState(state)) {
          this.pullSoon();
        }
        this.#wantOf(state);
      }
    } while (page.more);
    for (const chat of this.#store.chats.values()) {
      if (chat.isLoaded && chat.seen < chat.lastSeq) {
        this.fill(chat);
      }
    }
    this.watch();
    this.#askNames().catch(() => {});
  }

  async #pullPage() {
    const params = this.#cursor ? { cursor: this.#cursor } : {};
    try {
      return await this.#connection.call("sync.pull", params);
    } catch (error) {
      if (error.type !== "invalid_params" || !this.#cursor) {
        throw error;
      }
      this.#cursor = null; // the server was restored from a backup
      return this.#connection.call("sync.pull", {});
    }
  }

  // ---- a chat's entries ----

  // The newest page, once; what comes later is applied to it.
  load(chat) {
    let loading = this.#loading.get(chat.chatId);
    if (!loading && !chat.isLoaded) {
      loading = this.#loadFirst(chat).finally(() => this.#loading.delete(chat.chatId));
      this.#loading.set(chat.chatId, loading);
    }
    return loading ?? Promise.resolve();
  }

  async #loadFirst(chat) {
    this.#store.applyFirstPage(chat, await this.#history(chat, {}));
    if (chat.seen < chat.lastSeq) {
      this.fill(chat);
    }
  }

  async earlier(chat) {
    const before = this.#store.oldestSeq(chat);
    this.#store.applyEarlierPage(chat, await this.#history(chat, { before }));
  }

  // Asks for what is missing between `seen` and the newest.
  fill(chat) {
    let fill = this.#filling.get(chat.chatId);
    if (!fill) {
      fill = onceAtATime(() => this.#fillGap(chat));
      this.#filling.set(chat.chatId, fill);
    }
    return fill().catch(() => {}); // the connection went; the next session asks again
  }

  async #fillGap(chat) {
    let page;
    do {
      page = await this.#history(chat, { after: chat.seen });
      if (page.entries.length > 0 && page.entries[0].seq > chat.seen + 1) {
        chat.isLoaded = false; // came back to a group: what was missed is not to be seen
        await this.load(chat);
        return;
      }
      for (const entry of page.entries) {
        this.#store.applyEntry(entry);
      }
    } while (page.more);
  }

  async #history(chat, where) {
    const page = await this.#connection.call("chat.history", {
      chatId: chat.chatId,
      limit: PAGE,
      ...where,
    });
    for (const entry of page.entries) {
      this.#wantOfEntry(entry);
    }
    this.#askNames().catch(() => {});
    return page;
  }

  // An entry that the server told of, by an event or as the answer of our call.
  take(entry) {
    const chat = this.#store.chats.get(entry.chatId);
    const outcome = this.#store.applyEntry(entry);
    if (outcome === "unknown") {
      this.pullSoon();
    } else if (outcome === "gap") {
      if (chat.isLoaded) {
        this.fill(chat);
      }
      this.pullSoon();
    } else if (outcome === "applied") {
      this.#follow(chat, entry);
    }
    this.#wantOfEntry(entry);
    this.#askNames().catch(() => {});
  }

  // What an entry alone does not say.
  #follow(chat, entry) {
    const target = chat.messages.get(entry.target);
    if (entry.kind === "delete" || entry.kind === "member") {
      this.pullSoon(); // unread, last, roles
    }
    const isCounted = target?.reactions?.some((r) => r.emoji === entry.emoji && !r.userIds);
    const isMany = target?.reactions?.some((r) => r.userIds?.length > 20);
    if (entry.kind === "reaction" && (isCounted || isMany)) {
      this.#reread(chat, entry.target).catch(() => {});
    }
  }

  async #reread(chat, seq) {
    const page = await this.#history(chat, { after: seq - 1, limit: 1 });
    if (page.entries[0]?.seq === seq) {
      this.#store.applyMessage(chat, page.entries[0]);
    }
  }

  // True when the event was one of ours.
  event(method, params) {
    if (ENTRY_EVENTS.has(method)) {
      this.take(params);
    } else if (method === "chat.updated") {
      const chat = this.#store.chats.get(params.chatId);
      if (chat) {
        this.#store.applyUpdate(chat, params);
      }
      if (!chat || params.hidden) {
        this.pullSoon(); // unread and last
      }
    } else if (method === "receipts.update") {
      this.#store.applyReceipt(params);
      if (params.userId === this.#store.me) {
        this.pullSoon(); // unread, when I read only a part elsewhere
      }
    } else if (method === "sync.reset") {
      this.pull().catch(() => {});
    } else {
      return false;
    }
    return true;
  }

  // ---- people ----

  #wantOf(state) {
    this.want(state.userId);
    if (state.last) {
      this.#wantOfEntry(state.last);
    }
  }

  #wantOfEntry(entry) {
    this.want(entry.senderId);
    this.want(entry.change?.userId);
    this.want(entry.forwardedFrom?.senderId);
  }

  want(userId) {
    if (userId && !this.#store.people.has(userId)) {
      this.#wanted.add(userId);
    }
  }

  async #readNames() {
    while (this.#wanted.size > 0) {
      const userIds = [...this.#wanted].slice(0, PEOPLE_A_CALL);
      const { users } = await this.#connection.call("user.get", { userIds });
      for (const id of userIds) {
        this.#wanted.delete(id);
        this.#store.people.set(id, { displayName: "Deleted account" });
      }
      this.learn(users);
    }
  }

  async namesOf(userIds) {
    userIds.forEach((id) => this.want(id));
    await this.#askNames();
  }

  learn(users) {
    for (const user of users) {
      this.#store.people.set(user.userId, user);
    }
    this.#store.touch();
  }

  // Whose presence is shown: the others of the newest direct chats.
  async watch() {
    const userIds = this.#store
      .chatsByTime()
      .filter((chat) => chat.kind === "direct" && chat.userId !== this.#store.me)
      .slice(0, WATCHED_MAX)
      .map((chat) => chat.userId);
    const watched = userIds.join();
    if (watched === this.#watched) {
      return;
    }
    this.#watched = watched;
    try {
      const { users } = await this.#connection.call("presence.watch", { userIds });
      this.seePresence(users);
    } catch {
      this.#watched = ""; // another plugin than chat; it can be missing for a while
    }
  }

  seePresence(users) {
    for (const user of users) {
      this.#store.presence.set(user.userId, user);
    }
    this.#store.touch();
  }
}
