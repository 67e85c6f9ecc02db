// app: the wiring of the page. The parts know each other only through here:
// connection and account reach the server, store keeps what is known, sync,
// outbox and live change it, chatlist, messages and dialogs show it.
import { enter, forgetLogin, keptLogin, openSession } from "./account.js";
import { ChatList, summaryOf } from "./chatlist.js";
import { Connection } from "./connection.js";
import { Dialogs } from "./dialogs.js";
import { Live } from "./live.js";
import { Messages } from "./messages.js";
import { Outbox } from "./outbox.js";
import { Store } from "./store.js";
import { Sync } from "./sync.js";

const TOAST_MS = 5_000;
const byId = (id) => document.getElementById(id);

const store = new Store();
const connection = new Connection(new URL("ws", location.href.replace(/^http/, "ws")), {
  open: async () => {
    const session = await openSession((method, params) => connection.call(method, params));
    store.me = session.userId;
    store.deviceId = session.deviceId;
  },
  ready: () => onReady(),
  event: (method, params) => onEvent(method, params),
  state: (state, ms) => showConnection(state, ms),
  ended: (why) => onEnded(why),
});
const sync = new Sync(connection, store);
const outbox = new Outbox(connection, store, sync);
const live = new Live(connection, store);
const dialogs = new Dialogs(byId("dialog"), connection, store, sync, (chatId) => openChat(chatId));
const chatList = new ChatList(byId("chats"), store, live, (chatId) => openChat(chatId));
const messages = new Messages(byId("log"), byId("scroller"), store, outbox, {
  reply: (entry) => compose({ reply: entry }),
  edit: (entry) => compose({ edit: entry }),
  remove: (entry) => outbox.add("chat.delete", targetOf(entry)),
  react: (entry, emoji, on) => outbox.add("chat.react", { ...targetOf(entry), emoji, on }),
  jump: (seq) => messages.jump(seq),
  retry: (item) => outbox.retry(item),
  discard: (item) => outbox.discard(item),
  earlier: () => sync.earlier(active()).catch(showError),
});

const targetOf = (entry) => ({ chatId: entry.chatId, target: entry.seq });

// ---- which chat is open: the address says it, so that "back" works ----

function active() {
  return store.chats.get(decodeURIComponent(location.hash.slice(1)));
}

function openChat(chatId) {
  location.hash = encodeURIComponent(chatId);
  byId("text").focus();
}

let composing = {}; // {reply: entry} or {edit: entry}

addEventListener("hashchange", () => {
  live.stopped();
  compose({});
  byId("text").value = "";
  render();
  messages.toEnd();
});

// ---- the session ----

async function onReady() {
  outbox.open();
  live.begin();
  sync.want(store.me);
  try {
    await sync.begin();
  } catch (error) {
    if (error.type !== "closed") {
      showError(error);
    }
  }
  outbox.flush();
}

function onEvent(method, params) {
  if (sync.event(method, params)) {
    return;
  }
  if (method === "typing.update") {
    live.typingUpdate(params);
  } else if (method === "presence.update") {
    sync.seePresence(params.users);
  }
}

function onEnded(why) {
  if (why === "replaced") {
    byId("connection").textContent = "This login was opened in another tab.";
    byId("reconnect").hidden = false;
    return;
  }
  forgetLogin();
  leave("Your login is over. Please log in again.");
}

function leave(note) {
  connection.stop();
  sync.reset();
  store.clear();
  chatList.clear();
  messages.render(undefined);
  dialogs.close();
  history.replaceState(null, "", location.pathname);
  showLogin(note);
}

function showConnection(state, ms) {
  const words = {
    connecting: "Connecting…",
    ready: "",
    waiting: `No connection. Trying again in ${Math.ceil(ms / 1000)} s.`,
  };
  byId("connection").textContent = words[state];
  byId("reconnect").hidden = state !== "waiting";
}

byId("reconnect").addEventListener("click", () => {
  connection.stop();
  connection.start();
});

byId("log-out").addEventListener("click", async () => {
  forgetLogin();
  await connection.call("user.logout").catch(() => {});
  leave("");
});

// ---- login ----

function showLogin(note) {
  byId("login-note").textContent = note;
  byId("login").hidden = false;
  byId("chat").hidden = true;
  byId("login-form").elements.username.focus();
}

function showChat() {
  byId("login").hidden = true;
  byId("chat").hidden = false;
  connection.start();
}

byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const { username, password, code } = form.elements;
  const isNew = event.submitter?.value === "register";
  form.inert = true;
  try {
    await enter(username.value.trim(), password.value, isNew, code.value.trim());
    password.value = code.value = "";
    byId("login-code").hidden = true;
    showChat();
  } catch (error) {
    byId("login-note").textContent = error.message;
    byId("login-code").hidden = error.data?.needs !== "code";
  } finally {
    form.inert = false;
  }
});

// ---- writing ----

// Whom the next text answers, or which message it replaces.
function compose(what) {
  composing = what;
  const entry = what.reply ?? what.edit;
  const about = byId("composer-about");
  about.hidden = !entry;
  if (entry) {
    const verb = what.edit ? "Editing" : `Reply to ${store.nameOf(entry.senderId)}`;
    about.querySelector("span").textContent = `${verb}: ${summaryOf(entry)}`;
    if (what.edit) {
      byId("text").value = entry.content.text;
    }
    byId("text").focus();
  }
}

byId("composer-about").querySelector("button").addEventListener("click", () => {
  if (composing.edit) {
    byId("text").value = "";
  }
  compose({});
});

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const chat = active();
  const input = byId("text");
  const text = input.value.trim();
  if (!chat || !text) {
    return;
  }
  const { edit, reply } = composing;
  const taken = edit
    ? outbox.add("chat.edit", { ...targetOf(edit), content: { text } })
    : outbox.add("chat.send", {
        chatId: chat.chatId,
        type: "text",
        content: { text },
        ...(reply ? { replyTo: reply.seq } : {}),
      });
  if (!taken) {
    showError(new Error("Too many messages wait to be sent."));
    return;
  }
  input.value = "";
  compose({});
  live.sent();
  render();
  messages.toEnd();
});

byId("text").addEventListener("input", (event) => {
  const chat = active();
  if (chat) {
    live.wrote(chat, event.target.value === "");
  }
});

byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId("composer").requestSubmit();
  } else if (event.key === "Escape") {
    byId("composer-about").querySelector("button").click();
  }
});

// ---- buttons of the room ----

byId("back").addEventListener("click", () => {
  location.hash = "";
});
byId("new-chat").addEventListener("click", () => dialogs.newChat());
byId("room-members").addEventListener("click", () => dialogs.members(active()).catch(showError));
byId("room-mute").addEventListener("click", async () => {
  const chat = active();
  const until = chat.muted > Date.now() ? 0 : Date.now() + 365 * 86_400_000;
  try {
    await connection.call("chat.mute", { chatId: chat.chatId, until });
    chat.muted = until;
    store.touch();
  } catch (error) {
    showError(error);
  }
});

let toastTimer;
function showError(error) {
  const toast = byId("toast");
  toast.textContent = error.message;
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.hidden = true), TOAST_MS);
}

// ---- showing ----

function renderRoom(chat) {
  byId("room-empty").hidden = Boolean(chat);
  byId("room-header").hidden = !chat;
  byId("composer").hidden = !chat || !store.isWritable(chat);
  byId("chat").classList.toggle("has-room", Boolean(chat));
  if (chat) {
    byId("room-title").textContent = store.titleOf(chat);
    byId("room-status").textContent = live.writersOf(chat) || live.statusOf(chat);
    byId("room-members").hidden = chat.kind === "direct" || chat.left;
    byId("room-mute").textContent = chat.muted > Date.now() ? "Unmute" : "Mute";
  }
  messages.render(chat);
}

function seen(chat) {
  if (chat?.isLoaded && document.visibilityState === "visible" && messages.isAtEnd()) {
    live.markRead(chat);
  }
}

function render() {
  const chat = active();
  if (chat && !chat.isLoaded && connection.isReady) {
    sync.load(chat).catch((error) => error.type === "closed" || showError(error));
  }
  byId("my-name").textContent = store.me ? store.nameOf(store.me) : "";
  chatList.render(chat?.chatId);
  renderRoom(chat);
  if (connection.isReady) {
    live.markDelivered();
    seen(chat);
  }
  for (const item of outbox.failed()) {
    showError(new Error(item.error));
    outbox.discard(item);
  }
  const unread = store.unreadTotal();
  document.title = unread > 0 ? `(${unread}) ChatterMesh` : "ChatterMesh";
}

store.addEventListener("change", render);
byId("scroller").addEventListener("scroll", () => seen(active()));
document.addEventListener("visibilitychange", () => seen(active()));

if (keptLogin()) {
  showChat();
} else {
  showLogin("");
}
