/* A list with a reading pane: a link with data-preview shows its target in short in #reading while the pane is on the
 * page. A second click, Enter, a phone, or no script at all opens the link itself. */
import htmx from "htmx.org/dist/htmx.esm.js";

const pane = () => document.getElementById("reading");
const shown = (element) => Boolean(element && element.offsetParent !== null);

function read(link) {
  for (const other of document.querySelectorAll("[data-preview][aria-current]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  htmx.ajax("GET", link.dataset.preview, { target: "#reading", swap: "outerHTML" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-preview]");
  if (!link || !shown(pane()) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.hasAttribute("aria-current")) return; // already read: go there
  event.preventDefault();
  read(link);
});

const first = document.querySelector("[data-preview]");
if (first && shown(pane())) read(first);

/* On paper nothing stays folded away. */
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details.bn-filed:not([open])")) {
    folded.open = true;
    folded.dataset.unfolded = "1";
  }
});
addEventListener("afterprint", () => {
  for (const unfolded of document.querySelectorAll("details[data-unfolded]")) {
    unfolded.open = false;
    delete unfolded.dataset.unfolded;
  }
});

/* What a changed form sent along is stored and listed by now: an emptied file field does not send it again. */
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail?.ctx?.target?.id !== "form-fields") return;
  for (const field of document.querySelectorAll("#form-fields input[type=file]")) field.value = "";
});
