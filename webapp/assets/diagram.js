/* Read-only diagrams. Markup is made by the macro `diagram` in templates/_macros.html:
 *
 * [data-diagram][data-src]  where the BPMN XML is
 *   data-marks  {"element id": "done|now|todo|returned|skipped"}   state of this case; flows are inferred
 *   data-notes  {"element id": "2 次，11-17"}                       small labels above elements
 *   data-zoom-in, data-zoom-out, data-zoom-fit, data-failed          words
 * The text equivalent is the server's: a list whose rows carry data-element="element id". */
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';
const PAD = 14;
const NOTE_ROOM = 18;
const SMALLEST = 0.72;
const PRINT_WIDTH = 588; // the A4 text block of 156 mm

const read = (text) => (text ? JSON.parse(text) : {});
const passed = new Set(["done", "now", "returned"]);

/** Marks for every element: what the server did not name is todo; a flow is done when it was walked. */
function completeMarks(registry, given) {
  if (!Object.keys(given).length) return {};
  const marks = { ...given };
  const nodes = registry.filter((e) => e.businessObject && !e.waypoints && !e.labelTarget && e.parent);
  for (const node of nodes.reverse()) {
    const inside = (node.children ?? []).map((child) => marks[child.id]);
    const scope = inside.includes("now") ? "now" : inside.some((mark) => passed.has(mark)) ? "done" : "todo";
    marks[node.id] ??= scope;
  }
  for (const flow of registry.filter((e) => e.waypoints)) {
    const walked = passed.has(marks[flow.source?.id]) && marks[flow.source?.id] !== "now" && passed.has(marks[flow.target?.id]);
    marks[flow.id] ??= walked ? "done" : "todo";
  }
  return marks;
}

/** Give the drawing a size that can be read, centre the current step, keep the page from jumping. */
function layout(viewer, frame, focus, width) {
  const canvas = viewer.get("canvas");
  const host = frame.querySelector(".bjs-container");
  const { inner } = canvas.viewbox();
  const box = { width: inner.width + 2 * PAD, height: inner.height + 2 * PAD + NOTE_ROOM };
  const room = width ?? frame.clientWidth;
  const scale = Math.min(1, Math.max(room / box.width, width ? 0 : SMALLEST));
  host.style.width = `${Math.max(room, Math.ceil(box.width * scale))}px`;
  frame.style.height = `${Math.ceil(box.height * scale) + (box.width * scale > room + 1 ? 16 : 0)}px`;
  canvas.resized();
  const view = { width: host.clientWidth / scale, height: host.clientHeight / scale };
  canvas.viewbox({
    x: inner.x - PAD - (view.width - box.width) / 2,
    y: inner.y - PAD - NOTE_ROOM - (view.height - box.height) / 2,
    ...view,
  });
  if (!focus || host.clientWidth <= frame.clientWidth) return;
  const { x } = canvas.viewbox();
  frame.scrollLeft = (focus.x + focus.width / 2 - x) * scale - frame.clientWidth / 2;
}

function zoomButtons(mount, viewer, fit) {
  const bar = document.createElement("span");
  bar.className = "bn-diagram__zoom bn-noprint";
  const zoom = (step) => () => viewer.get("canvas").zoom(Math.min(3, Math.max(0.2, viewer.get("canvas").zoom() * step)));
  for (const [icon, label, action] of [
    ["zoom-out", mount.dataset.zoomOut, zoom(1 / 1.25)],
    ["zoom-in", mount.dataset.zoomIn, zoom(1.25)],
    ["arrows-angle-contract", mount.dataset.zoomFit, fit],
  ]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-quiet";
    button.title = label;
    button.setAttribute("aria-label", label);
    const picture = document.createElement("i");
    picture.className = `bi bi-${icon}`;
    picture.setAttribute("aria-hidden", "true");
    button.append(picture);
    button.addEventListener("click", action);
    bar.append(button);
  }
  mount.closest("figure")?.querySelector("figcaption")?.append(bar);
}

/** Chosen in the drawing, lit in the list, and the other way round. */
function linkList(mount, viewer, registry) {
  const rows = [...document.querySelectorAll("[data-element]")];
  viewer.on("selection.changed", ({ newSelection }) => {
    const chosen = new Set(newSelection.map((element) => element.id));
    for (const row of rows) row.classList.toggle("is-lit", chosen.has(row.dataset.element));
    mount.dispatchEvent(new CustomEvent("beian:element", { bubbles: true, detail: { ids: [...chosen] } }));
  });
  for (const row of rows) {
    const element = registry.get(row.dataset.element);
    if (!element) continue;
    const canvas = viewer.get("canvas");
    row.addEventListener("mouseenter", () => canvas.addMarker(element, "is-lit"));
    row.addEventListener("mouseleave", () => canvas.removeMarker(element, "is-lit"));
  }
}

function note(text, mark) {
  const label = document.createElement("span");
  label.className = `bn-ov is-${mark}`;
  label.textContent = text;
  return label;
}

async function mountDiagram(mount) {
  mount.dataset.diagram = "mounted";
  const frame = mount;
  const viewer = new NavigatedViewer({
    container: frame,
    zoomScroll: { enabled: false }, // the wheel belongs to the page
    bpmnRenderer: { defaultFillColor: "#ffffff", defaultStrokeColor: "#1a1d1e", defaultLabelColor: "#1a1d1e" },
    textRenderer: {
      defaultStyle: { fontFamily: FONT, fontSize: 15, lineHeight: 1.35 },
      externalStyle: { fontFamily: FONT, fontSize: 13, lineHeight: 1.3 },
    },
  });
  try {
    const answer = await fetch(mount.dataset.src, { headers: { Accept: "application/xml" } });
    if (!answer.ok) throw new Error(String(answer.status));
    await viewer.importXML(await answer.text());
  } catch (error) {
    viewer.destroy();
    const sentence = document.createElement("p");
    sentence.className = "bn-diagram__failed";
    sentence.textContent = mount.dataset.failed;
    frame.replaceChildren(sentence);
    document.querySelector(".bn-diagram__text")?.setAttribute("open", "");
    console.error("diagram", error);
    return;
  }
  const registry = viewer.get("elementRegistry");
  const marks = completeMarks(registry, read(mount.dataset.marks));
  const canvas = viewer.get("canvas");
  for (const [id, mark] of Object.entries(marks)) if (registry.get(id)) canvas.addMarker(id, `is-${mark}`);
  for (const scope of registry.filter((e) => e.children?.length && e.parent && !e.labelTarget)) canvas.addMarker(scope, "is-scope");
  for (const [id, text] of Object.entries(read(mount.dataset.notes))) {
    if (registry.get(id)) {
      viewer.get("overlays").add(id, { position: { top: -1, left: 0 }, scale: false, html: note(text, marks[id] ?? "done") });
    }
  }
  const svg = frame.querySelector("svg");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", mount.getAttribute("aria-label") ?? "");
  const now = Object.keys(marks).find((id) => marks[id] === "now" && !registry.get(id)?.children?.length);
  const fit = () => layout(viewer, frame, registry.get(now));
  fit();
  zoomButtons(mount, viewer, fit);
  linkList(mount, viewer, registry);
  new ResizeObserver(fit).observe(mount.parentElement);
  addEventListener("beforeprint", () => layout(viewer, frame, null, PRINT_WIDTH));
  addEventListener("afterprint", fit);
}

function mountAll() {
  for (const mount of document.querySelectorAll('[data-diagram]:not([data-diagram="mounted"])')) mountDiagram(mount);
}
mountAll();
document.addEventListener("htmx:after:swap", mountAll);
