// Players as one button each, and tables that a keyboard reaches while they scroll. Without this file players are the browser's own.

/** Let one sound play at a time, each from a single button with a name and a length. */
function players() {
  const stop = (audio) => {
    audio.pause();
    audio.currentTime = 0;
  };
  const sounds = [...document.querySelectorAll(".bd-article audio[aria-label]")];
  for (const audio of sounds) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "lt-player";
    button.setAttribute("aria-label", audio.getAttribute("aria-label"));
    button.setAttribute("aria-pressed", "false");
    button.textContent = audio.getAttribute("aria-label").split(", ").pop();
    audio.removeAttribute("controls");
    audio.before(button);
    button.addEventListener("click", () => {
      if (audio.paused) audio.play().catch(() => button.setAttribute("aria-pressed", "false"));
      else stop(audio);
    });
    audio.addEventListener("play", () => {
      button.setAttribute("aria-pressed", "true");
      for (const other of sounds) if (other !== audio) stop(other);
    });
    for (const end of ["pause", "ended"]) {
      audio.addEventListener(end, () => button.setAttribute("aria-pressed", "false"));
    }
  }
}

/** Put boxes that scroll into the order of the tab key, and take the others out of it. */
function boxes() {
  for (const box of document.querySelectorAll(".lt-table")) {
    if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
}

document.addEventListener("DOMContentLoaded", () => {
  players();
  boxes();
  addEventListener("resize", boxes);
});
