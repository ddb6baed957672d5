// The gateway's admin routes, through the chat's own server. The key stands in this module while the page is open and in
// the header of each request, and nowhere else: not in storage, not in a cookie, not in an address, not on the server.

let key = null;

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const hasKey = () => key !== null;

export function keepKey(given) {
  if (!/^[\x21-\x7e]{1,200}$/.test(given)) throw new ApiError("This is no API key: it begins with sk-attune- and has no spaces.", 401);
  key = given;
}

export function forgetKey() {
  key = null;
}

export async function get(path) {
  return (await call(path)).json();
}

export async function change(action, body) {
  return (await call(`deployments/${action}`, { method: "POST", body: JSON.stringify(body) })).json();
}

// An address for <img>, which could not send the key itself.
export async function pictureUrl(path) {
  return URL.createObjectURL(await (await call(path)).blob());
}

async function call(path, options = {}) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key ?? ""}` };
  let answer;
  try {
    answer = await fetch(`/ops/api/${path}`, { ...options, headers, cache: "no-store", credentials: "omit" });
  } catch {
    throw new ApiError("The chat's server cannot be reached.", 0);
  }
  if (!answer.ok) throw new ApiError(await reason(answer), answer.status);
  return answer;
}

async function reason(answer) {
  try {
    return (await answer.json()).error.message;
  } catch {
    return `The server answered with status ${answer.status}.`;
  }
}
