// store: what is known of chats and people, and how entries and states change
// it. Nothing here touches the network or the page, and applying anything twice
// does no harm.

function newChat(chatId) {
  return {
    chatId,
    kind: "direct",
    lastSeq: 0,
    last: null,
    unread: 0,
    myRead: 0,
    myDelivered: 0,
    peerRead: 0,
    peerDelivered: 0,
    role: "member",
    muted: 0,
    pins: [],
    memberCount: 0,
    updatedAt: 0,
    left: false,
    isLoaded: false, // whether `messages` reaches up to `seen` without gaps
    seen: 0, // entries up to here are applied, once loaded
    hasEarlier: false,
    messages: new Map(), // seq -> entry of kind message or member
  };
}

export class Store extends EventTarget {
  me = null; // userId
  deviceId = null;
  chats = new Map(); // chatId -> chat
  people = new Map(); // userId -> {displayName, username}
  presence = new Map(); // userId -> {status, text?, lastSeenAt?}
  typing = new Map(); // chatId -> Map of userId -> timer
  #isTelling = false;

  // Something changed: tells once for all that changes in one turn.
  touch() {
    if (!this.#isTelling) {
      this.#isTelling = true;
      setTimeout(() => {
        this.#isTelling = false;
        this.dispatchEvent(new Event("change"));
      }, 0);
    }
  }

  clear() {
    this.me = null;
    for (const known of [this.chats, this.people, this.presence, this.typing]) {
      known.clear();
    }
    this.touch();
  }

  // ---- states, as sync.pull gives them ----

  // False when events have told more than this state does: then unread is still
  // to be asked for.
  applyState(state) {
    const chat = this.chats.get(state.chatId) ?? newChat(state.chatId);
    this.chats.set(state.chatId, chat);
    const isBehind = state.lastSeq < chat.lastSeq;
    const { lastSeq, last, unread, updatedAt } = chat;
    Object.assign(chat, state, { left: state.left ?? false });
    if (isBehind) {
      Object.assign(chat, { lastSeq, last, unread, updatedAt });
    }
    this.touch();
    return !isBehind;
  }

  // The first page of history: what came before is unknown.
  applyFirstPage(chat, page) {
    chat.messages.clear();
    chat.isLoaded = true;
    chat.seen = page.entries.at(-1)?.seq ?? chat.lastSeq;
    this.applyEarlierPage(chat, page);
  }

  applyEarlierPage(chat, page) {
    for (const entry of page.entries) {
      this.#keep(chat, entry);
    }
    chat.hasEarlier = page.more;
    this.touch();
  }

  // A message as it is now, with its reactions.
  applyMessage(chat, entry) {
    chat.messages.set(entry.seq, entry);
    this.touch();
  }

  #keep(chat, entry) {
    if (entry.kind === "message" || entry.kind === "member") {
      chat.messages.set(entry.seq, entry);
    }
  }

  oldestSeq(chat) {
    let oldest = chat.seen + 1;
    for (const seq of chat.messages.keys()) {
      oldest = Math.min(oldest, seq);
    }
    return oldest;
  }

  // ---- entries, from events, own calls and history ----

  // "applied", "known" before, "gap": earlier ones are missing, or "unknown" chat.
  // The chat's state (lastSeq, last, unread) and its loaded log (seen, messages)
  // come by different calls, so either can be ahead of the other.
  applyEntry(entry) {
    const chat = this.chats.get(entry.chatId);
    if (!chat) {
      return "unknown";
    }
    const isNewToState = entry.seq > chat.lastSeq;
    const isNewToLog = chat.isLoaded && entry.seq > chat.seen;
    if (!isNewToState && !isNewToLog) {
      return "known";
    }
    if (entry.seq > (isNewToLog ? chat.seen : chat.lastSeq) + 1) {
      return "gap";
    }
    if (isNewToLog) {
      chat.seen = entry.seq;
      this.#changeLog(chat, entry);
    }
    if (isNewToState) {
      chat.lastSeq = entry.seq;
      chat.updatedAt = Math.max(chat.updatedAt, entry.sentAt);
      this.#changeState(chat, entry);
    }
    this.touch();
    return "applied";
  }

  #changeLog(chat, entry) {
    this.#keep(chat, entry);
    this.#changeTarget(chat.messages.get(entry.target), entry);
  }

  #changeState(chat, entry) {
    if (entry.kind === "member") {
      this.#changeByMember(chat, entry.change);
    } else if (entry.kind !== "message") {
      this.#changeTarget(chat.last?.seq === entry.target ? chat.last : null, entry);
    } else if (!entry.deleted) {
      chat.last = entry;
      chat.unread += entry.senderId === this.me ? 0 : 1;
    }
  }

  #changeTarget(message, entry) {
    if (!message || message.deleted || message.hidden) {
      return;
    }
    if (entry.kind === "edit" && entry.content) {
      message.content = entry.content;
      message.editedAt = entry.sentAt;
    } else if (entry.kind === "delete") {
      message.deleted = true;
      delete message.content;
      delete message.reactions;
    } else if (entry.kind === "reaction") {
      this.#react(message, entry);
    }
  }

  // Long lists are told as a count, which can't be changed without knowing who
  // is in it: sync asks for those messages again.
  #react(message, { emoji, senderId, on }) {
    const reactions = (message.reactions ??= []);
    let reaction = reactions.find((r) => r.emoji === emoji);
    if (!reaction) {
      reaction = { emoji, userIds: [] };
      reactions.push(reaction);
    }
    if (reaction.userIds) {
      const others = reaction.userIds.filter((id) => id !== senderId);
      reaction.userIds = on ? [...others, senderId] : others;
      message.reactions = reactions.filter((r) => r.count || r.userIds?.length);
    }
  }

  #changeByMember(chat, change) {
    const { action, userId } = change;
    const isMe = userId === this.me;
    const goes = action === "removed" || action === "left" || action === "banned";
    const comes = action === "added" || action === "joined";
    if (comes || goes) {
      chat.memberCount += comes ? 1 : -1;
    }
    if (isMe && (comes || goes)) {
      chat.left = goes;
    }
    if (isMe && action === "role") {
      chat.role = change.role;
    }
    if (action === "updated" && change.title) {
      chat.title = change.title;
    }
  }

  // ---- the rest ----

  // chat.updated: members of the state, and what the user hid on another device.
  applyUpdate(chat, { hidden, ...members }) {
    Object.assign(chat, members);
    for (const seq of hidden ?? []) {
      const message = chat.messages.get(seq);
      if (message) {
        message.hidden = true;
        delete message.content;
      }
    }
    this.touch();
  }

  applyReceipt({ chatId, userId, delivered, read }) {
    const chat = this.chats.get(chatId);
    if (!chat) {
      return;
    }
    if (userId === this.me) {
      chat.myDelivered = Math.max(chat.myDelivered, delivered);
      chat.myRead = Math.max(chat.myRead, read);
      if (chat.myRead >= chat.lastSeq) {
        chat.unread = 0;
      }
    } else if (chat.kind === "direct") {
      chat.peerDelivered = Math.max(chat.peerDelivered ?? 0, delivered);
      chat.peerRead = Math.max(chat.peerRead ?? 0, read);
    }
    this.touch();
  }

  isWritable(chat) {
    return !chat.left && (chat.kind !== "channel" || chat.role !== "member");
  }

  nameOf(userId) {
    const person = userId && this.people.get(userId);
    return person?.displayName || person?.username || (userId ? "…" : "Somebody");
  }

  titleOf(chat) {
    if (chat.kind !== "direct") {
      return chat.title || "Group";
    }
    return chat.userId === this.me ? "Notes to self" : this.nameOf(chat.userId);
  }

  chatsByTime() {
    return [...this.chats.values()].sort((a, b) => b.updatedAt - a.updatedAt);
  }

  unreadTotal() {
    let total = 0;
    for (const chat of this.chats.values()) {
      total += chat.muted > Date.now() ? 0 : chat.unread;
    }
    return total;
  }
}
