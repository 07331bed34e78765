/* What every page loads. Pages work without it; it saves typing, clicks and waiting. */
import htmx from "htmx.org/dist/htmx.esm.js";
import "./keys.js";
import "./form.js";
import "./desk.js";
import "./inbox.js";
import { toast } from "./toast.js";

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:config:request", (event) => {
  const request = event.detail.ctx.request;
  if (!/^(GET|HEAD|QUERY)$/.test(request.method)) request.headers["X-CSRFToken"] = token();
});

/* A refused htmx request leaves the page as it is; the server's sentence is said in a toast. */
document.addEventListener("htmx:response:error", (event) => {
  const { response, text } = event.detail.ctx;
  if (response.status === 422) return;
  const answer = new DOMParser().parseFromString(text ?? "", "text/html");
  toast(answer.querySelector("[data-error-sentence]")?.textContent.trim() || document.body.dataset.textFailed);
});
document.addEventListener("htmx:error", () => toast(document.body.dataset.textOffline));

/* [data-toggle-open="#id"] opens and closes a panel. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggle-open]");
  if (!button) return;
  const open = document.querySelector(button.dataset.toggleOpen).classList.toggle("is-open");
  button.setAttribute("aria-expanded", String(open));
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest(closer.dataset.close)?.remove();
});

/* A click on a phrase puts it into the text field it belongs to: [data-phrase-for="id"]. */
document.addEventListener("click", (event) => {
  const phrase = event.target.closest("[data-phrase-for]");
  if (!phrase) return;
  const field = document.getElementById(phrase.dataset.phraseFor);
  const words = phrase.dataset.phrase ?? phrase.textContent.trim();
  field.value = field.value ? `${field.value.trimEnd()}\n${words}` : words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});

/** Chosen radios get their frame; [data-show-when="name=value"] follows its cause. */
function settle(root = document) {
  for (const label of root.querySelectorAll(".bn-radios label")) {
    label.classList.toggle("is-on", Boolean(label.querySelector("input")?.checked));
  }
  for (const part of root.querySelectorAll("[data-show-when]")) {
    const [name, ...values] = part.dataset.showWhen.split("=");
    const form = part.closest("form") ?? document;
    const chosen = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)]
      .filter((input) => input.checked || !/^(radio|checkbox)$/.test(input.type))
      .map((input) => input.value);
    part.hidden = !values.join("=").split("|").some((value) => chosen.includes(value));
  }
  for (const wide of root.querySelectorAll("[data-scroll-end]")) wide.scrollLeft = wide.scrollWidth;
}
document.addEventListener("change", () => settle());
document.addEventListener("htmx:after:swap", () => settle());
settle();

/* Filters apply as soon as one is chosen. */
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change] select, [data-submit-on-change] input[type=radio]")) {
    event.target.form.requestSubmit();
  }
});

window.htmx = htmx;
