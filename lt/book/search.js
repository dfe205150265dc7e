for (const box of document.querySelectorAll(".lt-folded input")) box.oninput = () => {
  const parts = box.value.toLowerCase().replace(/\s*(->|→)\s*/g, " → ").split(",").map(part => part.trim());
  for (const fold of box.closest(".lt-folded").querySelectorAll("details")) {
    const lines = [...fold.querySelectorAll("tbody tr")];
    for (const line of lines) line.hidden = !parts.every(part => line.textContent.toLowerCase().includes(part));
    fold.hidden = lines.every(line => line.hidden), fold.open = box.value.trim() && !fold.hidden;
  }
}
