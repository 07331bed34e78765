/* Keyboard. Which key does what stands on [data-keymap] (a person may change it at /inbox/keys); these are the usual.
 * In a list ([data-keys] with links [data-key-item]) they act on the selected row, on the page of a task on the button
 * [data-key-action] of that name. Nothing decides by a key alone: "approve" puts the focus on the button, Enter presses.
 * They rest while one types, with Ctrl, Alt or Cmd, and while a dialog is open. [data-key="j"] on a link answers that key. */
const USUAL = { next: "j", previous: "k", approve: "a", return: "r", reject: "b", tick: "x", search: "/", help: "?" };
const PLAIN = /^(checkbox|radio|button|submit|reset)$/;

const keymap = () => ({ ...USUAL, ...JSON.parse(document.querySelector("[data-keymap]")?.dataset.keymap ?? "{}") });
const typing = (element) =>
  element.closest?.("textarea, select, [contenteditable], .djs-container") ||
  (element.matches?.("input") && !PLAIN.test(element.type));
const rows = () => [...document.querySelectorAll("[data-keys] [data-key-item]")];
const here = () => {
  const all = rows();
  return all.find((row) => row === document.activeElement) ?? all.find((row) => row.hasAttribute("aria-current"));
};

function step(by) {
  const all = rows();
  if (!all.length) return press(by > 0 ? "next" : "previous", true);
  const next = all[Math.min(Math.max(all.indexOf(here()) + by, 0), all.length - 1)];
  if (!next || next === here()) return false;
  next.focus();
  if (!next.hasAttribute("aria-current") && next.dataset.preview) next.click();
  return true;
}

/** Focus the page's button for an action; links are followed. */
function press(action, follow = false) {
  const button = document.querySelector(`[data-key-action="${action}"]`);
  if (!button) return false;
  if (follow) button.click();
  else button.focus();
  return true;
}

/** Unfold 退回 or 不予 and go to its first choice. */
function unfold(id) {
  const folded = document.querySelector(`details#${id}`);
  if (!folded) return press(id);
  folded.open = true;
  folded.scrollIntoView({ block: "nearest" });
  (folded.querySelector("input:checked") ?? folded.querySelector("input"))?.focus();
  return true;
}

/** The first thing that agreeing still asks for, else its button. */
function approve() {
  const form = document.getElementById("decide");
  const missing = [...(form?.querySelectorAll("[required], [aria-required=true]") ?? [])].find(
    (field) => !field.disabled && !field.value && field.offsetParent !== null,
  );
  if (missing) missing.focus();
  else return press("approve");
  return true;
}

function decide(action) {
  const row = here();
  if (!row) return action === "approve" ? approve() : unfold(action);
  if (action === "approve" && row.dataset.preview && document.getElementById("reading")?.offsetParent) {
    document.dispatchEvent(new CustomEvent("beian:agree", { detail: row }));
  } else {
    location.assign(`${row.href}#${action}`);
  }
  return true;
}

const acts = {
  next: () => step(1),
  previous: () => step(-1),
  approve: () => decide("approve"),
  return: () => decide("return"),
  reject: () => decide("reject"),
  tick() {
    const box = here()?.closest("li")?.querySelector("[data-tick]");
    box?.click();
    return Boolean(box);
  },
  search() {
    const field = document.querySelector("main [data-search]") ?? document.querySelector("[data-search]");
    field?.focus();
    field?.select();
    return Boolean(field);
  },
  help() {
    const dialog = document.getElementById("keys-help");
    dialog?.showModal();
    return Boolean(dialog);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat && !/^[jk]$/i.test(event.key)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.shiftKey && /^[a-z]$/i.test(event.key)) return;
  const key = event.key.toLowerCase();
  const action = Object.entries(keymap()).find(([, own]) => own === key)?.[0];
  if (action ? acts[action]() : false) {
    event.preventDefault();
    return;
  }
  if (key.length === 1) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (!dialog) return;
  event.preventDefault();
  dialog.showModal();
});

/* A page that was opened from the list for one decision begins there, once the browser has gone to the place itself. */
if (/^#(approve|return|reject)$/.test(location.hash) && document.getElementById("decide")) {
  const action = location.hash.slice(1);
  const begin = () => setTimeout(action === "approve" ? approve : unfold, 0, action);
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin, { once: true });
}
