// What a script that runs in the chat, with all that a script there can do, tries against an ops page that is signed in.
// Says for each attempt what came of it.

async (key) => {
  const attempt = async (work) => {
    try {
      return String(await work());
    } catch (error) {
      return `refused: ${error.name}`;
    }
  };
  const ask = (path, options = {}) => attempt(async () => {
    const answer = await fetch(path, options);
    return `${answer.status} ${await answer.text()}`;
  });
  const authorization = `Bearer ${key}`;
  const change = { method: "POST", body: '{"version": 4, "reason": "taken over"}' };
  const frame = async (attributes) => {
    const element = Object.assign(document.createElement("iframe"), attributes);
    const loaded = new Promise((resolve) => { element.onload = element.onerror = resolve; setTimeout(resolve, 1000); });
    document.body.append(element);
    await loaded;
    return element.contentDocument?.body?.innerText ?? "nothing";
  };
  window.opened = window.open("/ops");
  return {
    storage: JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]),
    page: await ask("/ops"),
    read: await ask("/ops/api/deployments"),
    "read with cookies": await ask("/ops/api/deployments", { credentials: "include" }),
    change: await ask("/ops/api/deployments/promote", change),
    "read with the key itself": await ask("/ops/api/deployments", { headers: { authorization } }),
    "change with the key itself": await ask("/ops/api/deployments/promote", { ...change, headers: { authorization } }),
    "without an origin": await ask("/ops/api/deployments", { headers: { authorization, origin: "null" }, referrerPolicy: "no-referrer" }),
    framed: await attempt(() => frame({ src: "/ops" })),
    "framed without an origin": await attempt(() => frame({ srcdoc: "<script>parent.postMessage(1)</script>", sandbox: "allow-scripts" })),
    opened: await attempt(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return opened.document.body.innerText;
    }),
    worker: await attempt(() => navigator.serviceWorker.register("/chat-static/page.js")),
  };
}
