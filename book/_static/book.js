// Players as one button each, and tables that a keyboard reaches while they scroll. Without this file players are the browser's own.

/** Let one sound play at a time, each from a single button with a name and a length. */
function players() {
  const sounds = [...document.querySelectorAll(".bd-article audio[aria-label]")];
  for (const audio of sounds) {
    const name = audio.getAttribute("aria-label");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "lt-player", textContent: name.split(", ").pop() });
    button.setAttribute("aria-label", name);
    const pressed = () => button.setAttribute("aria-pressed", String(!audio.paused));
    pressed();
    audio.removeAttribute("controls");
    audio.before(button);
    button.addEventListener("click", () => {
      const was = audio.paused;
      for (const one of sounds) one.pause();
      audio.currentTime = 0;
      if (was) audio.play().catch(pressed);
    });
    for (const change of ["play", "pause"]) audio.addEventListener(change, pressed);
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
