// A headless Chromium with a fresh profile and no network, and its one tab, spoken to through its pipe.
"use strict";

const {spawn} = require("child_process");
const fs = require("fs"), os = require("os"), path = require("path");
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const keys = {ArrowLeft: 37, ArrowRight: 39, Home: 36, End: 35, Escape: 27, Enter: 13, " ": 32, Tab: 9, Backspace: 8};
// How long what must come may take, at most; nothing else depends on how quick the machine is.
const kPatience = 120_000, kLook = 50;

// What the promise comes to, or an error that says what was waited for in vain.
function within(promise, what) {
  let bell;
  const late = new Promise((_, reject) => { bell = setTimeout(() => reject(new Error(`${kPatience / 1000} s were not enough for ${what}`)), kPatience); });
  return Promise.race([promise, late]).finally(() => clearTimeout(bell));
}

// The pipe: send(method, parameters) and what the console said. A browser that ends, or whose tab does, answers with an error.
function speak(browser) {
  const waiting = new Map(), errors = [];
  let ended = "";
  const refuse = why => {
    for (const tell of waiting.values()) tell({error: {message: why}});
    waiting.clear();
  };
  const end = why => { ended = why; refuse(why); };
  browser.on("exit", (code, signal) => end(`the browser has ended with ${code ?? signal}`));
  browser.on("error", error => end(error.message));
  browser.stdio[4].setEncoding("utf8");
  browser.stdio[3].on("error", () => {});  // then it has ended
  let last = 0, rest = "", session;
  const heard = ({method, params}) => {
    if (method === "Inspector.targetCrashed") refuse("the tab has crashed");
    if (method === "Runtime.exceptionThrown") errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Log.entryAdded" && ["error", "warning"].includes(params.entry.level)) errors.push(params.entry.text);
    if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params.type)) errors.push(JSON.stringify(params.args));
  };
  browser.stdio[4].on("data", bytes => {
    const messages = (rest + bytes).split("\0");
    rest = messages.pop();
    for (const message of messages.map(text => JSON.parse(text))) {
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
      if (message.method) heard(message);
    }
  });
  const send = (method, params = {}) => within(new Promise((resolve, reject) => {
    if (ended) throw new Error(`${method}: ${ended}`);
    waiting.set(++last, ({result, error}) => error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result));
    browser.stdio[3].write(JSON.stringify({id: last, method, params, sessionId: session}) + "\0");
  }), `the browser's answer to ${method} ${params.expression ?? ""}`);
  const attach = async () => {
    let page;
    for (const begin = Date.now(); !page; await pause(kLook)) {
      if (Date.now() - begin > kPatience) throw new Error(`${kPatience / 1000} s were not enough for the browser's tab`);
      page = (await send("Target.getTargets")).targetInfos.find(each => each.type === "page");
    }
    ({sessionId: session} = await send("Target.attachToTarget", {targetId: page.targetId, flatten: true}));
  };
  return {send, attach, errors};
}

function tabOf(send, fail, pictures) {
  const tab = {
    send,
    async look(expression) {
      const {result, exceptionDetails} = await send("Runtime.evaluate", {expression, awaitPromise: true, returnByValue: true, userGesture: true});
      if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
      return result.value;
    },
    async until(expression, what) {
      for (const begin = Date.now(); Date.now() - begin < kPatience; await pause(kLook))
        if (await tab.look(expression)) return true;
      const says = await tab.look(`document.getElementById("progress")?.textContent`);
      throw new Error(`${kPatience / 1000} s were not enough for ${what}, which is ${expression}; the page says "${says}"`);
    },
    // What is so, or else a failure.
    async expect(expression, what) { if (!await tab.look(expression)) fail(`${what} (${expression})`); },
    async open(url, width = 1280, height = 900) {
      await tab.size(width, height);
      await send("Page.navigate", {url: "about:blank"});
      await send("Page.navigate", {url});
      await tab.until(`typeof begun === "object" && begun.then(() => true)`, `the page to begin`);
    },
    size: (width, height) => send("Emulation.setDeviceMetricsOverride", {width, height, deviceScaleFactor: 1, mobile: false}),
    dark: () => send("Emulation.setEmulatedMedia", {features: [{name: "prefers-color-scheme", value: "dark"}]}),
    async press(key, modifiers = 0) {
      for (const type of ["rawKeyDown", "keyUp"])
        await send("Input.dispatchKeyEvent", {type, key, code: key === " " ? "Space" : key, modifiers, windowsVirtualKeyCode: keys[key]});
    },
    type: text => send("Input.insertText", {text}),
    // In one step, since what stands above may grow or shrink at any time: where a reader can see it, and it can be clicked.
    click: id => tab.until(`(() => {
      const button = $("${id}");
      button.scrollIntoView({block: "center"});
      const {x, y, width, height} = button.getBoundingClientRect();
      if (button.disabled || !button.contains(document.elementFromPoint(x + width / 2, y + height / 2))) return false;
      button.focus();
      button.click();
      return true;
    })()`, `a button ${id} that can be clicked`),
    // As a reader does who opens the list and takes one.
    choose: (id, value) => tab.look(`(() => { const e = $("${id}"); e.value = ${JSON.stringify(value)}; e.dispatchEvent(new Event("change", {bubbles: true})); return e.value; })()`),
    async picture(name) {
      if (!pictures) return;
      const {data} = await send("Page.captureScreenshot", {format: "png"});
      fs.writeFileSync(path.join(pictures, `${name}.png`), Buffer.from(data, "base64"));
    },
  };
  return tab;
}

// browse(chromium, fail, pictures, use): `use` gets the tab; fail(what) hears of everything that goes wrong.
exports.browse = async (chromium, fail, pictures, use) => {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "web-"));
  const browser = spawn(chromium, ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`,
    "--disable-dev-shm-usage",
    "--disable-background-networking", "--hide-scrollbars", "about:blank"], {stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true});
  process.once("exit", () => { try { process.kill(-browser.pid, "SIGKILL"); } catch {} });  // no browser outlives this
  const over = new Promise(resolve => { for (const event of ["exit", "error"]) browser.on(event, resolve); });
  const {send, attach, errors} = speak(browser);
  try {
    await attach();
    for (const domain of ["Inspector", "Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
    await send("Network.emulateNetworkConditions", {offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0});
    await send("Emulation.setFocusEmulationEnabled", {enabled: true});
    await use(tabOf(send, fail, pictures));
  } catch (error) {
    fail(`${error.stack}`);
  } finally {
    for (const error of errors) fail(`the console says ${error}`);
    send("Browser.close").catch(() => {});  // with all its processes, which write to the profile to their end
    await within(over, "the browser to end").catch(error => { fail(error.message); process.kill(-browser.pid, "SIGKILL"); });
    fs.rmSync(profile, {recursive: true, force: true, maxRetries: 50});
  }
};
