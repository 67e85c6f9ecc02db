// chatlist: the list of chats, newest first.
import { arrange, el, shortTime } from "./dom.js";

// One line for what a message says.
export function summaryOf(entry) {
  if (entry.deleted) {
    return "Deleted message";
  }
  if (entry.kind === "member" || !entry.content) {
    return "";
  }
  if (entry.type === "text") {
    return entry.content.text;
  }
  return entry.type === "sealed" ? "Encrypted message" : `[${entry.content.name ?? entry.type}]`;
}

function badgeOf(chat) {
  if (chat.unread === 0) {
    return null;
  }
  const quiet = chat.muted > Date.now() ? " is-quiet" : "";
  return el("span", { class: `badge${quiet}`, "aria-label": `${chat.unread} unread` }, chat.unread);
}

export class ChatList {
  #list;
  #store;
  #live;
  #onOpen;
  #items = new Map(); // chatId -> {shown, element}

  constructor(list, store, live, onOpen) {
    this.#list = list;
    this.#store = store;
    this.#live = live;
    this.#onOpen = onOpen;
  }

  #previewOf(chat) {
    const writers = this.#live.writersOf(chat);
    if (writers || !chat.last) {
      return writers;
    }
    const isMine = chat.last.senderId === this.#store.me;
    const needsName = chat.kind !== "direct" && !isMine;
    const who = isMine ? "You: " : needsName ? `${this.#store.nameOf(chat.last.senderId)}: ` : "";
    return who + summaryOf(chat.last);
  }

  #itemOf(chat, activeId) {
    const facts = {
      title: this.#store.titleOf(chat),
      preview: this.#previewOf(chat),
      time: chat.last ? shortTime(chat.last.sentAt) : "",
      unread: chat.unread,
      muted: chat.muted > Date.now(),
      isThere: this.#live.isThere(chat),
      isActive: chat.chatId === activeId,
    };
    const shown = JSON.stringify(facts);
    const kept = this.#items.get(chat.chatId);
    if (kept?.shown === shown) {
      return kept.element;
    }
    const element = kept?.element ?? el("li");
    this.#fill(element, chat, facts);
    this.#items.set(chat.chatId, { shown, element });
    return element;
  }

  // The button stays when its content changes, so that focus does.
  #fill(element, chat, facts) {
    let open = element.firstChild;
    if (!open) {
      open = el("button", { type: "button", onclick: () => this.#onOpen(chat.chatId) });
      element.append(open);
    }
    open.toggleAttribute("aria-current", facts.isActive);
    const dot = facts.isThere ? el("span", { class: "dot", title: "online" }) : null;
    open.replaceChildren(
      el("span", { class: "avatar", "aria-hidden": "true" }, [...facts.title][0] ?? "", dot),
      el("span", { class: "chat-title" }, facts.title),
      el("time", {}, facts.time),
      el("span", { class: "preview" }, facts.preview),
      badgeOf(chat) ?? "",
    );
  }

  render(activeId) {
    const chats = this.#store.chatsByTime();
    arrange(
      this.#list,
      chats.map((chat) => this.#itemOf(chat, activeId)),
    );
  }

  clear() {
    this.#items.clear();
    this.#list.replaceChildren();
  }
}
