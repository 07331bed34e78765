/** One line at the lower edge; replaced by the next, gone after eight seconds or on click. */
export function toast(sentence) {
  if (!sentence) return;
  document.querySelector(".bn-toast.is-passing")?.remove();
  const line = document.createElement("div");
  line.className = "bn-toast is-passing";
  line.setAttribute("role", "status");
  line.textContent = sentence;
  document.body.append(line);
  const leave = setTimeout(() => line.remove(), 8000);
  line.addEventListener("click", () => {
    clearTimeout(leave);
    line.remove();
  });
}
