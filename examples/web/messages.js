// messages: the log of the chat that is open. An element is built again only
// when what it shows has changed.
import { summaryOf } from "./chatlist.js";
import { arrange, button, dayOf, el, linked, timeOf } from "./dom.js";

const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const NEAR_END_PX = 80;

const TICKS = {
  waiting: ["◷", "waiting to be sent"],
  stored: ["✓", "sent"],
  delivered: ["✓✓", "delivered"],
  read: ["✓✓", "read"],
};

export class Messages {
  #log;
  #scroller;
  #store;
  #outbox;
  #actions;
  #chatId = null;
  #kept = new Map(); // key -> {shown, element}

  // actions: reply(entry), edit(entry), remove(entry), react(entry, emoji, on),
  // jump(seq), retry(item), discard(item), earlier().
  constructor(log, scroller, store, outbox, actions) {
    this.#log = log;
    this.#scroller = scroller;
    this.#store = store;
    this.#outbox = outbox;
    this.#actions = actions;
  }

  isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  render(chat) {
    const isOther = chat?.chatId !== this.#chatId;
    if (isOther) {
      this.#chatId = chat?.chatId ?? null;
      this.#kept.clear();
      this.#log.replaceChildren();
    }
    if (!chat) {
      return;
    }
    const stays = isOther || this.isAtEnd();
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    arrange(this.#log, this.#elements(chat));
    // Earlier messages come in above, so it is the distance to the end that stays.
    this.#scroller.scrollTop = this.#scroller.scrollHeight - (stays ? 0 : fromEnd);
  }

  #elements(chat) {
    const elements = [];
    if (chat.hasEarlier) {
      elements.push(this.#keep("earlier", "", () => this.#earlierOf()));
    }
    let lastDay = "";
    const shown = [...chat.messages.values()].filter((entry) => !entry.hidden);
    const entries = shown.sort((a, b) => a.seq - b.seq);
    for (const entry of entries) {
      const day = dayOf(entry.sentAt);
      if (day !== lastDay) {
        elements.push(this.#keep(`day ${day}`, "", () => el("li", { class: "day" }, day)));
        lastDay = day;
      }
      elements.push(this.#entryOf(chat, entry));
    }
    for (const item of this.#outbox.waiting(chat)) {
      const key = `waiting ${item.params.clientMsgId}`;
      elements.push(this.#keep(key, item.error ?? "", () => this.#waitingOf(item)));
    }
    return elements;
  }

  #keep(key, shown, build) {
    const kept = this.#kept.get(key);
    if (kept?.shown === shown) {
      return kept.element;
    }
    const element = build();
    if (kept?.element.classList.contains("is-open")) {
      element.classList.add("is-open");
    }
    this.#kept.set(key, { shown, element });
    return element;
  }

  #earlierOf() {
    return el("li", { class: "note" }, button("Earlier messages", () => this.#actions.earlier()));
  }

  // ---- one entry ----

  #entryOf(chat, entry) {
    const reply = entry.replyTo ? chat.messages.get(entry.replyTo) : null;
    const facts = {
      name: this.#store.nameOf(entry.senderId),
      content: entry.content,
      deleted: entry.deleted,
      edited: entry.editedAt && !entry.deleted,
      ticks: this.#ticksOf(chat, entry),
      reactions: entry.reactions,
      reply: reply && [this.#store.nameOf(reply.senderId), summaryOf(reply)],
      from: entry.forwardedFrom && this.#store.nameOf(entry.forwardedFrom.senderId),
      about: entry.change && this.#store.nameOf(entry.change.userId),
      may: [chat.left, chat.role],
    };
    return this.#keep(entry.seq, JSON.stringify(facts), () =>
      entry.kind === "member" ? this.#memberOf(entry) : this.#messageOf(chat, entry, facts),
    );
  }

  #ticksOf(chat, entry) {
    if (entry.senderId !== this.#store.me || entry.deleted) {
      return null;
    }
    if (chat.kind !== "direct" || chat.userId === this.#store.me) {
      return "stored";
    }
    if (chat.peerRead >= entry.seq) {
      return "read";
    }
    return chat.peerDelivered >= entry.seq ? "delivered" : "stored";
  }

  #memberOf(entry) {
    const { action, userId, role, title } = entry.change;
    const by = this.#store.nameOf(entry.senderId);
    const who = this.#store.nameOf(userId);
    const words = {
      created: `${by} made the group`,
      added: `${by} added ${who}`,
      removed: `${by} removed ${who}`,
      banned: `${by} banned ${who}`,
      unbanned: `${by} lifted the ban of ${who}`,
      left: `${who} left`,
      joined: `${who} joined`,
      role: `${who} is now ${role}`,
      updated: title ? `${by} named the group ${title}` : `${by} changed the group`,
    };
    return el("li", { class: "note" }, words[action] ?? "The group changed");
  }

  #messageOf(chat, entry, facts) {
    const isMine = entry.senderId === this.#store.me;
    const element = el(
      "li",
      { class: `message${isMine ? " is-mine" : ""}`, "data-seq": entry.seq, tabindex: "-1" },
      isMine || chat.kind === "direct" ? null : el("span", { class: "sender" }, facts.name),
      facts.from ? el("span", { class: "sender" }, `Forwarded from ${facts.from}`) : null,
      facts.reply ? this.#quoteOf(entry.replyTo, facts.reply) : null,
      el(
        "div",
        { class: entry.deleted ? "body is-deleted" : "body" },
        entry.type === "text" && !entry.deleted ? linked(entry.content.text) : summaryOf(entry),
      ),
      this.#metaOf(entry, facts),
      this.#reactionsOf(entry),
      entry.deleted || chat.left ? null : this.#toolsOf(chat, entry, isMine),
    );
    // A finger has no hover: a tap shows the tools.
    element.addEventListener("click", (event) => {
      if (!event.target.closest("button, a")) {
        element.classList.toggle("is-open");
      }
    });
    return element;
  }

  #quoteOf(seq, [name, text]) {
    return button([el("b", {}, name), " ", text], () => this.#actions.jump(seq), {
      class: "quote",
      "aria-label": `Answer to ${name}: ${text}`,
    });
  }

  #metaOf(entry, { ticks, edited }) {
    return el(
      "span",
      { class: "meta" },
      edited ? "edited " : "",
      el("time", { datetime: new Date(entry.sentAt).toISOString() }, timeOf(entry.sentAt)),
      ticks ? this.#tickOf(ticks) : null,
    );
  }

  #tickOf(state) {
    const [sign, words] = TICKS[state];
    return el("span", { class: `ticks is-${state}`, role: "img", "aria-label": words }, sign);
  }

  #reactionsOf(entry) {
    if (!entry.reactions?.length) {
      return null;
    }
    return el(
      "div",
      { class: "reactions" },
      entry.reactions.map(({ emoji, userIds, count }) => {
        const isMine = userIds?.includes(this.#store.me) ?? false;
        const names = userIds?.map((id) => this.#store.nameOf(id)).join(", ");
        return button(
          `${emoji} ${count ?? userIds.length}`,
          () => this.#actions.react(entry, emoji, !isMine),
          { "aria-pressed": String(isMine), title: names },
        );
      }),
    );
  }

  #toolsOf(chat, entry, isMine) {
    const mayRemove = isMine || (chat.kind !== "direct" && chat.role !== "member");
    const { reply, edit, remove, react } = this.#actions;
    return el(
      "div",
      { class: "tools", role: "group", "aria-label": "What to do with this message" },
      EMOJI.map((emoji) =>
        button(emoji, () => react(entry, emoji, true), { "aria-label": `React with ${emoji}` }),
      ),
      button("Reply", () => reply(entry)),
      isMine && entry.type === "text" ? button("Edit", () => edit(entry)) : null,
      mayRemove ? button("Delete", () => remove(entry)) : null,
    );
  }

  // ---- what is not sent yet ----

  #waitingOf(item) {
    const failed = item.error
      ? el(
          "span",
          { class: "meta is-failed" },
          `Not sent: ${item.error} `,
          button("Try again", () => this.#actions.retry(item)),
          button("Discard", () => this.#actions.discard(item)),
        )
      : el("span", { class: "meta" }, timeOf(item.at), this.#tickOf("waiting"));
    return el(
      "li",
      { class: "message is-mine is-waiting" },
      el("div", { class: "body" }, item.params.content.text),
      failed,
    );
  }

  jump(seq) {
    const element = this.#kept.get(seq)?.element;
    element?.scrollIntoView({ block: "center" });
    element?.focus();
  }
}
