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

/* A menu behind details[data-closes] closes at a press elsewhere and with Escape. */
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-closes][open]")) {
    if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-closes][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

/* A link to a folded part of the page unfolds it. */
function unfold() {
  const part = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (part && part.matches("details")) part.open = true;
}
addEventListener("hashchange", unfold);
unfold();

/* How many required fields of the decision are still empty: [data-missing="… {n} …"] beside the buttons. */
function countMissing() {
  const told = document.querySelector("[data-missing]");
  const form = document.getElementById("decide");
  if (!told || !form) return;
  const groups = [...form.querySelectorAll("[role=radiogroup][aria-required=true]")];
  const fields = [...form.querySelectorAll("input[aria-required=true], select[aria-required=true], textarea[aria-required=true]")];
  const empty = (field) => (field.type === "checkbox" ? !field.checked : field.type !== "radio" && !field.value.trim());
  const missing = groups.filter((group) => !group.querySelector("input:checked")).length + fields.filter(empty).length;
  told.querySelector("span").textContent = told.dataset.missing.replace("{n}", missing);
  told.hidden = missing === 0;
}
document.addEventListener("input", countMissing);
document.addEventListener("change", countMissing);
document.addEventListener("htmx:after:swap", countMissing);
countMissing();

/* The names of those picked stand in the outlook: [data-chosen="name of the inputs"]. */
document.addEventListener("change", (event) => {
  const place = document.querySelector(`[data-chosen="${CSS.escape(event.target.name ?? "")}"]`);
  if (!place) return;
  const names = [...document.querySelectorAll(`[name="${CSS.escape(event.target.name)}"]:checked`)].map((i) => i.dataset.name);
  place.textContent = names.join(document.documentElement.lang.startsWith("zh") ? "、" : ", ") || place.dataset.empty;
});
