"""A headless Chromium, driven by its DevTools protocol: taps like a thumb, reloads, and a kill without warning."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}


def find_chromium() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One browser with one tab; the profile folder outlives it."""

    def __init__(self, program: str, profile: Path, downloads: Path) -> None:
        self.program, self.profile, self.downloads = program, profile, downloads
        self.process: subprocess.Popen[bytes] | None = None
        self.closing = ExitStack()

    def start(self) -> None:
        from websockets.sync.client import connect

        self.profile.mkdir(parents=True, exist_ok=True)
        self.downloads.mkdir(parents=True, exist_ok=True)
        port = self.profile / "DevToolsActivePort"
        port.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                self.program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--remote-debugging-port=0", f"--user-data-dir={self.profile}", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-extensions",
                "--hide-scrollbars", "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not (port.exists() and len(port.read_text().splitlines()) == 2):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Chromium did not start")
            time.sleep(0.05)
        number, path = port.read_text().splitlines()
        self.socket = self.closing.enter_context(
            connect(f"ws://127.0.0.1:{number}{path}", max_size=None, open_timeout=30, close_timeout=1)
        )
        self.last, self.session, self.requests, self.logged, self.clock = 0, None, [], [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("Network.enable")
        self.call("Emulation.setDeviceMetricsOverride", **PHONE)
        self.call("Emulation.setTouchEmulationEnabled", enabled=True)
        self.call("Emulation.setTimezoneOverride", timezoneId="Asia/Bangkok")
        self.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))

    def set_clock(self, ms: int) -> None:
        """Stop the clock of pages opened from now on.

        `advance(ms)` in the page moves it; so does every tap, by the first number of `steps`.
        """
        if self.clock is not None:
            self.call("Page.removeScriptToEvaluateOnNewDocument", identifier=self.clock)
        source = (
            f"let t = {ms}; Date.now = () => t; window.advance = (by) => (t += by); window.steps = [];"
            "addEventListener('click', () => advance(steps.shift() || 0), true)"
        )
        self.clock = self.call("Page.addScriptToEvaluateOnNewDocument", source=f"(() => {{{source}}})()")[
            "identifier"
        ]

    def go_offline(self) -> None:
        self.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )

    def send(self, method: str, **parameters: Any) -> int:
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        self.socket.send(json.dumps(message | ({"sessionId": self.session} if self.session else {})))
        return self.last

    def call(self, method: str, **parameters: Any) -> Any:
        return self.receive(self.send(method, **parameters))

    def receive(self, number: int) -> Any:
        while True:
            message = json.loads(self.socket.recv(timeout=60))
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            if message.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled"):
                self.logged.append(message["params"])
            if message.get("method") == "Runtime.exceptionThrown":
                raise AssertionError(message["params"]["exceptionDetails"])
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]

    def run(self, script: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def reload(self) -> None:
        self.run("window.stale = true")
        self.call("Page.reload")
        self.wait("!window.stale && document.readyState === 'complete'")

    def wait(self, script: str, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self.run(f"Boolean({script})"):
                    return
            except RuntimeError:
                pass  # the page is just being replaced
            if time.monotonic() > deadline:
                raise AssertionError(f"never true: {script}\n{self.run('document.body.innerText')}")
            time.sleep(0.02)

    def spot(self, script: str) -> tuple[float, float]:
        """Scroll to the element that the script gives, wait until it can be touched and return its middle."""
        self.wait(
            f"(() => {{const e = {script}; return e && !e.disabled && e.getClientRects().length > 0}})()"
        )
        self.run(f"{script}.scrollIntoView({{block: 'center'}})")
        return self.middle(script)

    def middle(self, script: str) -> tuple[float, float]:
        x, y, covered = self.run(
            f"(() => {{const e = {script}; const r = e.getBoundingClientRect();"
            " const x = r.x + r.width / 2, y = r.y + r.height / 2;"
            " return [x, y, !e.contains(document.elementFromPoint(x, y))]})()"
        )
        assert not covered, f"{script} is under something or out of sight"
        return x, y

    def tap(self, script: str) -> None:
        x, y = self.spot(script)
        self.tap_at(x, y)

    def tap_at(self, x: float, y: float) -> None:
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def tap_many(self, places: list[tuple[float, float]]) -> None:
        """Tap as fast as the browser takes it."""
        for x, y in places:
            self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
            number = self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.receive(number)

    def tap_text(self, text: str) -> None:
        """Tap the last button with these words: the one on top."""
        self.tap(
            f"[...document.querySelectorAll('button')].filter(b => b.innerText.trim() === {json.dumps(text)}).at(-1)"
        )

    def type(self, script: str, text: str) -> None:
        self.wait(f"(() => {{const e = {script}; return e && e.getClientRects().length}})()")
        self.run(f"{script}.focus()")
        self.call("Input.insertText", text=text)
        self.run("document.activeElement.blur()")

    def picture(self, path: Path) -> None:
        import base64

        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def kill(self) -> None:
        """End the browser as a crash or an empty battery does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.closing.close()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


def wait_for_file(path: Path, seconds: float = 30) -> Path:
    deadline = time.monotonic() + seconds
    while not (
        path.exists() and path.stat().st_size and not path.with_name(path.name + ".crdownload").exists()
    ):
        if time.monotonic() > deadline:
            raise AssertionError(f"{path} was not downloaded; there is {list(path.parent.iterdir())}")
        time.sleep(0.05)
    return path
