/* Forms: the draft is kept as one types, and nothing is sent twice.
 *
 * <form data-autosave="/drafts/7"> posts its fields (no files) two seconds after the last change, with the
 * header X-Autosave: 1. Any 2xx answer means saved; JSON {"saved_at": "14:32"} gives the time shown.
 * The words stand on the status element [data-autosave-status]: data-saving, data-saved ("… {time}"),
 * data-failed, and data-expired for an answer of 401 or 403. */
const DELAY = 2000;
const states = new WeakMap();

function fields(form) {
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  return new URLSearchParams(data);
}

function say(form, key, time = "") {
  const status = document.querySelector(form.dataset.autosaveStatus ?? "[data-autosave-status]");
  if (!status) return;
  (status.querySelector("[data-text]") ?? status).textContent = (status.dataset[key] ?? "").replace("{time}", time);
  status.classList.toggle("is-failed", key === "failed" || key === "expired");
}

async function save(form, keepalive = false) {
  const state = states.get(form);
  clearTimeout(state.timer);
  if (!state.dirty || state.sent) return;
  state.dirty = false;
  say(form, "saving");
  try {
    const answer = await fetch(form.dataset.autosave, {
      method: "POST",
      body: fields(form),
      headers: { Accept: "application/json", "X-Autosave": "1" },
      keepalive,
    });
    if (answer.status === 401 || answer.status === 403 || answer.redirected) return say(form, "expired");
    if (!answer.ok) throw new Error(String(answer.status));
    const body = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    const now = new Date();
    const clock = `${now.getHours()}:${String(now.getMinutes()).padStart(2, "0")}`;
    if (!state.dirty) say(form, "saved", body.saved_at ?? clock);
  } catch {
    state.dirty = true;
    say(form, "failed");
    state.timer = setTimeout(() => save(form), DELAY * 5);
  }
}

function touched(event) {
  const form = event.target.closest?.("form[data-autosave]");
  if (!form || event.target.type === "file" || event.target.closest("[data-no-autosave]")) return;
  const state = states.get(form) ?? {};
  states.set(form, state);
  state.dirty = true;
  clearTimeout(state.timer);
  state.timer = setTimeout(() => save(form), DELAY);
}
document.addEventListener("input", touched);
document.addEventListener("change", touched);

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  for (const form of document.querySelectorAll("form[data-autosave]")) if (states.get(form)?.dirty) save(form, true);
});

/* A second press of a submit button does nothing while the first is on its way. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "get" || form.matches("[data-again]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
  const state = states.get(form);
  if (state) {
    clearTimeout(state.timer);
    state.sent = true;
  }
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});
