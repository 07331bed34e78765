/* The list of the inbox: its reading pane, its boxes, and the counter that keeps itself up to date.
 *
 * A link with data-preview shows its target in short in #reading while the pane is on the page. A second click, Enter,
 * a phone, or no script at all opens the link itself. */
import htmx from "htmx.org/dist/htmx.esm.js";

const EVERY = 30_000;
const pane = () => document.getElementById("reading");
const shown = (element) => Boolean(element && element.offsetParent !== null);
const current = () => document.querySelector("[data-preview][aria-current]");
let agreeing = null; // the row whose agreement was asked for before its pane had come

function read(link) {
  for (const other of document.querySelectorAll("[data-preview][aria-current]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  if (agreeing !== link) agreeing = null;
  htmx.ajax("GET", link.dataset.preview, { target: "#reading", swap: "outerHTML" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-preview]");
  if (!link || !shown(pane()) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.hasAttribute("aria-current")) return; // already read: go there
  event.preventDefault();
  read(link);
});

/** Put the focus on the pane's button for a row, or open its page where agreeing needs more than that. */
function agree(row) {
  if (pane().dataset.seat !== row.dataset.seat) {
    agreeing = row; // never the button of another task: wait for this one's
    if (!row.hasAttribute("aria-current")) read(row);
    return;
  }
  agreeing = null;
  const button = document.querySelector(`#pane-agree[data-seat="${CSS.escape(row.dataset.seat)}"]`);
  if (button) button.focus();
  else location.assign(`${row.href}#approve`);
}
document.addEventListener("beian:agree", (event) => agree(event.detail));

document.addEventListener("htmx:after:swap", () => {
  const row = current();
  if (!row || !pane()) return;
  // An answer that was overtaken by a later choice is not what is selected.
  if (pane().dataset.seat && pane().dataset.seat !== row.dataset.seat) read(row);
  else if (agreeing === row) agree(row);
});

const first = document.querySelector("[data-preview][data-at]") ?? document.querySelector("[data-preview]");
if (first && shown(pane())) {
  read(first);
  if (first.matches("[data-at]")) {
    first.focus({ preventScroll: true });
    first.scrollIntoView({ block: "nearest" });
  }
}

/* Boxes: how many are ticked, and all of this page. */
const boxes = () => [...document.querySelectorAll("[data-tick]")];
function count() {
  const told = document.querySelector("[data-ticked]");
  if (!told) return;
  told.dataset.none ??= told.textContent;
  const number = boxes().filter((box) => box.checked).length;
  told.textContent = number ? told.dataset.ticked.replace("{n}", number) : told.dataset.none;
}
document.addEventListener("change", (event) => event.target.matches("[data-tick]") && count());
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-tick-all]")) return;
  event.preventDefault();
  const all = boxes().every((box) => box.checked);
  for (const box of boxes()) box.checked = !all;
  count();
});
count();

/* The counter in the title and in the navigation, asked for anew every half minute while somebody looks. */
const source = document.querySelector("[data-counter]")?.dataset.counter;
let timer;

function tell({ count: number, shown: words }) {
  const link = document.querySelector('[data-nav="inbox"]');
  let mark = link?.querySelector(".bn-count");
  if (link && number && !mark) {
    mark = link.appendChild(document.createElement("span"));
    mark.className = "bn-count";
  }
  if (mark) {
    mark.textContent = words;
    if (!number) mark.remove();
  }
  if (!document.querySelector("[data-inbox]")) return;
  const title = document.title.replace(/^\(\d+\+?\) /, "");
  document.title = number ? `(${words}) ${title}` : title;
}

async function ask() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(source, { headers: { Accept: "application/json" } });
    if (answer.redirected) return; // logged out: nothing to count any more
    if (answer.ok) tell(await answer.json());
  } catch {
    /* offline; the next time will do */
  }
  timer = setTimeout(ask, EVERY);
}
if (source) {
  timer = setTimeout(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("beian:recount", ask);
}
