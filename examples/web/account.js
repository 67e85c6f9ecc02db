// account: the login that this browser keeps, and its tokens. These calls need
// no session, so they go by POST /rpc.
import { CallError, errorOf } from "./connection.js";

const LOGIN_KEY = "chattermesh.login";
const DEVICE_KEY = "chattermesh.device";
const EARLY_MS = 30_000; // a token so near its end is refreshed first

// {userId, deviceId, accessToken, refreshToken, expiresAt}, or null.
export function keptLogin() {
  return JSON.parse(localStorage.getItem(LOGIN_KEY) ?? "null");
}

export function forgetLogin() {
  localStorage.removeItem(LOGIN_KEY);
}

function keep(pair) {
  const { userId, deviceId, accessToken, refreshToken, expiresIn } = pair;
  const expiresAt = Date.now() + expiresIn * 1000;
  const login = { userId, deviceId, accessToken, refreshToken, expiresAt };
  localStorage.setItem(LOGIN_KEY, JSON.stringify(login));
  localStorage.setItem(DEVICE_KEY, deviceId);
  return login;
}

async function post(method, params) {
  let answer;
  try {
    const response = await fetch("rpc", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    answer = await response.json();
  } catch {
    throw new CallError("The server can't be reached.", "closed");
  }
  if (answer.error) {
    throw errorOf(answer.error);
  }
  return answer.result;
}

// Logs in, or makes the account first. code: of the second step, where the user
// has one; without it the error's data.needs is "code". The device keeps its id, since it is part
// of what identifies a message.
export async function enter(username, password, isNew, code) {
  const device = { name: "Web", platform: "web" };
  const id = localStorage.getItem(DEVICE_KEY);
  if (id) {
    device.id = id;
  }
  const method = isNew ? "user.register" : "user.login";
  const second = code && !isNew ? { code } : {};
  return keep(await post(method, { username, password, device, ...second }));
}

// A refresh token works once, and using it twice ends the login, so tabs take turns.
function alone(work) {
  return navigator.locks ? navigator.locks.request(LOGIN_KEY, work) : work();
}

async function refresh(stale) {
  return alone(async () => {
    const login = keptLogin();
    if (!login) {
      throw new CallError("not logged in", "unauthenticated");
    }
    if (login.accessToken !== stale) {
      return login; // another tab was faster
    }
    return keep(await post("user.refresh", { refreshToken: login.refreshToken }));
  });
}

// Makes the connection a session of the kept login; gives session.open's answer.
export async function openSession(call) {
  let login = keptLogin();
  if (!login) {
    throw new CallError("not logged in", "unauthenticated");
  }
  if (login.expiresAt - EARLY_MS < Date.now()) {
    login = await refresh(login.accessToken);
  }
  try {
    return await call("session.open", { token: login.accessToken });
  } catch (error) {
    if (error.type !== "unauthenticated") {
      throw error;
    }
  }
  login = await refresh(login.accessToken);
  return call("session.open", { token: login.accessToken });
}
