// Keeps the address in step with the chat that is shown, so that a reload or a link finds it again.

export function mount({ props, watch }) {
  const follow = () => {
    const id = props.value?.conversation_id ?? null;
    const url = new URL(window.location);
    if (!props.value || url.searchParams.get("c") === id) return;
    if (id) url.searchParams.set("c", id);
    else url.searchParams.delete("c");
    history.pushState(null, "", url);
  };
  watch("value", follow);
}
