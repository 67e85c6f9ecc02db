// dialogs: beginning a chat, and the members of a group.
import { button, el } from "./dom.js";

const SEARCH_MS = 250;

export class Dialogs {
  #dialog;
  #connection;
  #store;
  #sync;
  #onOpen;

  constructor(dialog, connection, store, sync, onOpen) {
    this.#dialog = dialog;
    this.#connection = connection;
    this.#store = store;
    this.#sync = sync;
    this.#onOpen = onOpen;
  }

  // Shows a form; its submit and its buttons may fail, which is told in it.
  #show(title, parts, submit) {
    const note = el("p", { role: "alert" });
    const run = (work) => async () => {
      try {
        note.textContent = "";
        await work();
      } catch (error) {
        note.textContent = error.message;
      }
    };
    const form = el("form", { method: "dialog" }, el("h2", { id: "dialog-title" }, title));
    form.append(...parts(run), note);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      run(submit)();
    });
    this.#dialog.replaceChildren(form);
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
    form.querySelector("input")?.focus();
  }

  close() {
    this.#dialog.close();
  }

  #closeButton() {
    return button("Close", () => this.close());
  }

  // A field that searches people, and the list of those found.
  #finder(run, label, action, pick) {
    const found = el("ul", { class: "people" });
    const input = el("input", { type: "search", autocomplete: "off", autocapitalize: "none" });
    let timer;
    const search = run(async () => {
      const query = input.value.trim();
      const { users } = query ? await this.#connection.call("user.search", { query }) : { users: [] };
      if (query !== input.value.trim()) {
        return; // typed on meanwhile
      }
      this.#sync.learn(users);
      const items = users.map((user) =>
        el(
          "li",
          {},
          el("span", {}, `${user.displayName} (${user.username})`),
          button(action, run(() => pick(user))),
        ),
      );
      found.replaceChildren(...(items.length || !query ? items : [el("li", {}, "Nobody found.")]));
    });
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(search, SEARCH_MS);
    });
    return [el("label", {}, label, input), found];
  }

  async #open(chatId) {
    await this.#sync.pull();
    this.close();
    this.#onOpen(chatId);
  }

  newChat() {
    const pick = async (user) => {
      const { chatId } = await this.#connection.call("chat.open", { userId: user.userId });
      await this.#open(chatId);
    };
    this.#show(
      "New chat",
      (run) => [
        ...this.#finder(run, "Find people by name", "Chat", pick),
        el(
          "div",
          { class: "row" },
          button("New group", () => this.newGroup()),
          button("Join by code", () => this.joinGroup()),
          this.#closeButton(),
        ),
      ],
      () => {},
    );
  }

  newGroup() {
    const members = new Map();
    const chosen = el("p");
    const title = el("input", { required: true, maxlength: 128 });
    const pick = (user) => {
      members.set(user.userId, user.displayName);
      chosen.textContent = `With ${[...members.values()].join(", ")}`;
    };
    this.#show(
      "New group",
      (run) => [
        el("label", {}, "Name", title),
        ...this.#finder(run, "Find people by name", "Add", pick),
        chosen,
        el(
          "div",
          { class: "row" },
          el("button", { type: "submit", class: "primary" }, "Make group"),
          this.#closeButton(),
        ),
      ],
      async () => {
        const params = { title: title.value, memberIds: [...members.keys()] };
        const { chatId } = await this.#connection.call("group.create", params);
        await this.#open(chatId);
      },
    );
  }

  joinGroup() {
    const code = el("input", { required: true, autocomplete: "off", autocapitalize: "none" });
    this.#show(
      "Join a group",
      () => [
        el("label", {}, "Code of the invite", code),
        el(
          "div",
          { class: "row" },
          el("button", { type: "submit", class: "primary" }, "Join"),
          this.#closeButton(),
        ),
      ],
      async () => {
        const { chatId } = await this.#connection.call("group.join", { code: code.value.trim() });
        await this.#open(chatId);
      },
    );
  }

  async members(chat) {
    const { chatId } = chat;
    const { members } = await this.#connection.call("group.members", { chatId, limit: 200 });
    await this.#sync.namesOf(members.map((member) => member.userId));
    const again = () => this.members(chat);
    const mayRemove = chat.role !== "member";
    const itemOf = (run, { userId, role }) => {
      const isMe = userId === this.#store.me;
      const remove = async () => {
        await this.#connection.call("group.remove", { chatId, userIds: [userId] });
        await again();
      };
      return el(
        "li",
        {},
        el("span", {}, this.#store.nameOf(userId), role === "member" ? "" : ` (${role})`),
        mayRemove && !isMe ? button("Remove", run(remove)) : null,
      );
    };
    this.#show(
      this.#store.titleOf(chat),
      (run) => [
        el("ul", { class: "people" }, members.map((member) => itemOf(run, member))),
        ...this.#finder(run, "Add somebody", "Add", async (user) => {
          await this.#connection.call("group.add", { chatId, userIds: [user.userId] });
          await again();
        }),
        this.#groupButtons(run, chat),
      ],
      () => {},
    );
  }

  #groupButtons(run, { chatId }) {
    const code = el("output");
    const invite = run(async () => {
      code.textContent = (await this.#connection.call("group.link", { chatId })).code;
    });
    const leave = run(async () => {
      await this.#connection.call("group.leave", { chatId });
      this.close();
    });
    return el(
      "div",
      { class: "row" },
      button("Invite", invite),
      code,
      button("Leave group", leave),
      this.#closeButton(),
    );
  }
}
