"""Firefox by its own remote protocol, Marionette: Debian has no geckodriver."""

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any


class Firefox:
    """A headless Firefox with a fresh profile in ``folder``; leave the ``with`` block to close it."""

    def __init__(self, program: str, folder: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = {"marionette.port": self.port, "app.update.enabled": False, "datareporting.policy.dataSubmissionEnabled": False}
        lines = [f"user_pref({json.dumps(key)}, {json.dumps(value)});" for key, value in settings.items()]
        (folder / "user.js").write_text("\n".join(lines))
        command = [program, "--headless", "--marionette", "--no-remote", "--profile", str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.sent = 0

    def __enter__(self) -> "Firefox":
        for _ in range(300):
            try:
                self.link = socket.create_connection(("127.0.0.1", self.port), timeout=90)
                break
            except OSError:
                time.sleep(0.2)
        else:
            raise AssertionError("Firefox does not answer")
        self._read()  # a greeting
        self.ask("WebDriver:NewSession", {})
        self.ask("WebDriver:SetTimeouts", {"script": 60_000, "pageLoad": 60_000})
        return self

    def __exit__(self, *_: object) -> None:
        self.link.close()
        self.process.terminate()
        self.process.wait(30)

    def _read(self) -> Any:
        """One message: its length in digits, a colon, JSON."""
        length = b""
        while not length.endswith(b":"):
            length += self.link.recv(1)
        left, data = int(length[:-1]), b""
        while len(data) < left:
            data += self.link.recv(left - len(data))
        return json.loads(data)

    def ask(self, command: str, parameters: dict) -> Any:
        self.sent += 1
        message = json.dumps([0, self.sent, command, parameters]).encode()
        self.link.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, answer = self._read()
        assert error is None, f"{command}: {error['message']}"
        return answer.get("value") if isinstance(answer, dict) else answer

    def open(self, url: str) -> None:
        self.ask("WebDriver:Navigate", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns in the page; it reads ``arguments``."""
        return self.ask("WebDriver:ExecuteScript", {"script": script, "args": list(arguments), "sandbox": None})

    def wait(self, script: str) -> Any:
        """The first result that counts as true."""
        for _ in range(600):
            if found := self.run(script):
                return found
            time.sleep(0.1)
        raise AssertionError(f"never true: {script}")
