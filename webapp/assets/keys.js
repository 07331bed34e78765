/* Keyboard: "/" to the search field, J and K through a list ([data-keys] with links [data-key-item]),
 * Enter opens the current one, and [data-key="j"] on a link answers that key on single pages. */
const typing = (element) => element.closest("input, textarea, select, [contenteditable], .djs-container");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "/") {
    const search = document.querySelector("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    return;
  }
  const list = document.querySelector("[data-keys]");
  if (list && (key === "j" || key === "k")) {
    const items = [...list.querySelectorAll("[data-key-item]")];
    const here = items.findIndex((item) => item === document.activeElement || item.hasAttribute("aria-current"));
    const next = items[Math.min(Math.max(here + (key === "j" ? 1 : -1), 0), items.length - 1)];
    if (!next || next === items[here]) return;
    event.preventDefault();
    next.focus();
    next.click();
    return;
  }
  const link = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (link) link.click();
});
