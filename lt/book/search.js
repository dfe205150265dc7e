for (const box of document.querySelectorAll(".lt-folded input")) box.oninput = () => {
  const parts = box.value.toLowerCase().replace(/\s*(->|→)\s*/g, " → ").split(",").map(part => part.trim());
  // from the start of a word: "MNIST → MNIST" is no part of "Fashion-MNIST → MNIST"
  const asked = parts.map(part => new RegExp("(^|[^\\w-])" + part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  const folds = [...box.closest(".lt-folded").querySelectorAll("details")];
  for (const fold of folds) {
    const lines = [...fold.querySelectorAll("tbody tr")], [title] = fold.querySelector("summary").textContent.split(":");
    for (const line of lines) {
      const text = [title, ...[...line.cells].map(cell => cell.textContent.trim())].join(" ").toLowerCase();
      line.hidden = !asked.every(one => one.test(text));
    }
    fold.hidden = lines.every(line => line.hidden), fold.open = box.value.trim() && !fold.hidden;
  }
  box.closest(".lt-folded").querySelector("output").value = folds.every(fold => fold.hidden) ? "nothing found" : "";
}
