// Lets the chat do without 'unsafe-eval'. Gradio's HTML component hands its template and its `js_on_load` to Function().
// In this page the template is always empty and `js_on_load` is a JSON object (chat_ui/page.py), so what they would be
// compiled to stands here. Any other text goes to the real Function(), which the Content-Security-Policy refuses.
// It can go when Gradio (6.31: HTML.svelte) compiles templates without eval.

(() => {
  const EMPTY_TEMPLATES = ["return ``;", 'return "";'];

  function known(body) {
    if (EMPTY_TEMPLATES.includes(body)) return () => "";
    return body.startsWith('{"island":') ? mount(JSON.parse(body)) : null;
  }

  function mount({ island, ...given }) {
    return async (element, trigger, props, server, upload, watch) => {
      const module = await import(`/chat-static/${island}.js`);
      module.mount({ element, trigger, props, watch, ...given });
    };
  }

  window.Function = new Proxy(Function, {
    apply: (real, self, texts) => known(String(texts.at(-1)).trim()) ?? Reflect.apply(real, self, texts),
  });
})();
