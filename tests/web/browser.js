// The page in a headless Chromium, from its file and without a network, used as a reader uses it.
//   browser.js <chromium> <page.html> [<folder for pictures>]
"use strict";

const {spawn} = require("child_process");
const fs = require("fs"), os = require("os"), path = require("path");
const [chromium, page, pictures] = process.argv.slice(2);
const address = `file://${path.resolve(page)}`;
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

let failed = 0;
const fail = what => { ++failed; console.log(`failed: ${what}`); };

// A browser with a fresh profile, spoken to through its pipe.
async function browse(use) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "web-"));
  const process = spawn(chromium, ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`,
    "--disable-background-networking", "about:blank"], {stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"]});
  const waiting = new Map();
  let last = 0, rest = "";
  const errors = [];
  process.stdio[4].on("data", bytes => {
    const messages = (rest + bytes).split("\0");
    rest = messages.pop();
    for (const message of messages.map(text => JSON.parse(text))) {
      waiting.get(message.id)?.(message);
      if (message.method === "Runtime.exceptionThrown") errors.push(message.params.exceptionDetails.exception?.description ?? message.params.exceptionDetails.text);
      if (message.method === "Log.entryAdded" && message.params.entry.level === "error") errors.push(message.params.entry.text);
      if (message.method === "Runtime.consoleAPICalled" && message.params.type === "error") errors.push(JSON.stringify(message.params.args));
    }
  });
  let sessionId;
  const send = (method, params = {}) => new Promise((resolve, reject) => {
    waiting.set(++last, ({result, error}) => error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result));
    process.stdio[3].write(JSON.stringify({id: last, method, params, sessionId}) + "\0");
  });
  try {
    const {targetInfos} = await send("Target.getTargets");
    ({sessionId} = await send("Target.attachToTarget", {targetId: targetInfos.find(each => each.type === "page").targetId, flatten: true}));
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
    await send("Network.emulateNetworkConditions", {offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0});
    const tab = {
      send,
      async look(expression) {
        const {result, exceptionDetails} = await send("Runtime.evaluate", {expression, awaitPromise: true, returnByValue: true});
        if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
        return result.value;
      },
      // Waits for what must come; how long it may take is of the machine.
      async until(expression) {
        for (let tries = 0; tries < 1200; ++tries) {
          if (await tab.look(expression)) return true;
          await pause(50);
        }
        fail(`it does not come to ${expression}`);
        return false;
      },
      async open(url, width = 1280, height = 900) {
        await send("Emulation.setDeviceMetricsOverride", {width, height, deviceScaleFactor: 1, mobile: false});
        await send("Page.navigate", {url: "about:blank"});
        await send("Page.navigate", {url});
        await tab.until(`typeof begun === "object" && begun.then(() => true)`);
      },
      async press(key, code = key) {
        for (const type of ["keyDown", "keyUp"]) await send("Input.dispatchKeyEvent", {type, key, code,
          windowsVirtualKeyCode: {ArrowLeft: 37, ArrowRight: 39, Home: 36, End: 35, Escape: 27}[key]});
      },
      async picture(name) {
        if (!pictures) return;
        const {data} = await send("Page.captureScreenshot", {format: "png"});
        fs.writeFileSync(path.join(pictures, `${name}.png`), Buffer.from(data, "base64"));
      },
      judged: () => tab.until(`$("stop").disabled && asked.cells.length > 0`),
    };
    await use(tab);
  } catch (error) {
    fail(`${error.stack}`);
  } finally {
    for (const error of errors) fail(`the console says ${error}`);
    process.kill();
    await new Promise(resolve => process.on("exit", resolve));
    fs.rmSync(profile, {recursive: true, force: true, maxRetries: 5});
  }
}

const fits = async (tab, what) => {
  const [is, may] = await tab.look(`[document.documentElement.scrollWidth, document.documentElement.clientWidth]`);
  if (is > may) fail(`${what}: the page is ${is} wide, the window ${may}`);
};

(async () => {
  let link = "";
  await browse(async tab => {
    await tab.open(address);
    await tab.look(`$("judge").click()`);
    await tab.judged();
    await tab.until(`!!shown.run && !!$("step")`);
    if (await tab.look(`asked.cells.find(each => each.cell.judge === "A").cell.verdict`) !== "always") fail("A does not always leak");
    // Step by step, by keys.
    await tab.press("Home");
    if (await tab.look(`shown.step`) !== 0) fail("Home does not go to the start");
    await tab.press("ArrowRight");
    if (await tab.look(`shown.step`) !== 1) fail("the right arrow does not go on");
    await tab.press("ArrowLeft");
    await tab.press("End");
    if (!await tab.look(`shown.step === shown.run.steps.length && shown.step > 0`)) fail("End does not go to the end");
    await tab.picture("web-light");
    // A harm of one's own: a word is mistyped, mended, and the link passed on.
    const text = await tab.look(`Editor.text`);
    await tab.look(`Editor.text = ${JSON.stringify(text)}.replace("fork C", "frok C"); changed()`);
    await tab.until(`document.querySelectorAll("#faults li").length === 1 && $("judge").disabled`);
    if (!await tab.look(`/fork/.test($("faults").textContent) && !!document.querySelector("#colours .wrong")`)) fail("the fault is not shown at its line");
    await tab.look(`Editor.text = ${JSON.stringify(text)}.replace(/litmus .*/, "litmus my-own"); changed()`);
    await tab.until(`!document.querySelector("#faults li") && !$("judge").disabled`);
    await tab.look(`$("how").open = true; $("base").value = "E1"; $("knob").value = "reuse_small"; offerAnswers(); $("answer").value = "map"; $("add").click()`);
    await tab.look(`remember()`);
    link = await tab.look(`location.href`);
    if (!/#t=/.test(link)) fail("there is no link");
    await tab.look(`$("judge").click()`);
    await tab.judged();
    if (!await tab.look(`asked.cells.some(each => each.cell.judge === "E1,reuse_small=map")`)) fail("the changed rule-set is not asked");
    if (!/my-own/.test(await tab.look(`tableText()`)) || !/^cleave litmus my-own.litmus --rules /.test(await tab.look(`command()`))) fail("table or command");
    if (Math.max(...(await tab.look(`tableText()`)).split("\n").slice(1).map(line => line.length)) > 76) fail("the table is too wide for a mail");
    // Stop stops.
    await tab.look(`openExample("swap/swap-out-against-fork"); $("search").value = "states"`).catch(() => tab.look(`openExample(catalogue[0].name)`));
    const stopped = await tab.look(`new Promise(resolve => { judge(); setTimeout(() => { const at = performance.now(); judging.stop();
      const look = () => $("stop").disabled ? resolve(performance.now() - at) : setTimeout(look, 10); look(); }, 300); })`);
    if (stopped > 1000) fail(`Stop took ${stopped} ms`);
    await tab.look(`$("search").value = "dpor"; $("judge").click()`);
    await tab.judged();
  });
  await browse(async tab => {  // another reader, with the link
    await tab.send("Emulation.setEmulatedMedia", {features: [{name: "prefers-color-scheme", value: "dark"}]});
    await tab.open(link);
    if (!/litmus my-own/.test(await tab.look(`Editor.text`))) fail("the link does not hold the test");
    if (!(await tab.look(`chosen()`)).includes("E1,reuse_small=map")) fail("the link does not hold the rule-sets");
    await tab.look(`$("judge").click()`);
    await tab.judged();
    await tab.until(`!!shown.run && !!$("step")`);
    await tab.picture("web-dark");
    await tab.open(address, 360, 740);  // a phone
    await fits(tab, "at the start");
    await tab.look(`$("how").open = true; $("judge").click()`);
    await tab.judged();
    await tab.until(`!!shown.run && !!$("step")`);
    await fits(tab, "with a run");
    await tab.picture("web-phone");
    await tab.press("Escape");
    await fits(tab, "with a table");
  });
  await browse(async tab => {  // every example
    await tab.open(address);
    for (const name of await tab.look(`catalogue.map(each => each.name)`)) {
      await tab.look(`openExample(${JSON.stringify(name)}); check()`);
      if (!await tab.look(`judging.ask({ask: "judge", text: Editor.text, rules: "E1"}).then(answer => !!answer.judgement || /nothing/.test(answer.error))`))
        fail(`${name} is not judged`);
      if (await tab.look(`asked.checked.faults.length`)) fail(`${name} has faults`);
    }
  });
  console.log(failed ? `${failed} failed` : "all is well");
  process.exit(failed ? 1 : 0);
})();
