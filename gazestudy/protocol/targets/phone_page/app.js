/* The page: what is open, the way of an action to the disk and back to the screen, and time. */

const AWAY_MS = 20000;

const APP = {
  language: DATA.language, journal: null, session: null, screen: "home", tab: null, live: [], flushes: new Set(),
  undos: 0, ticked: 0, latest: 0, shift: 0, drawing: null, told: new Map(), sound: null, editing: null,
};

function now() {
  return Date.now() + APP.shift;
}

/* A clock that was set back would put entries into intervals that are over: go on from the last entry. */
function mend_clock() {
  const by = APP.latest - now();
  if (by < 1000) return;
  APP.shift += by;
  commit("clock", {by});
}

/* Write an entry of the open session; it counts and is shown once it is on the disk. */
function commit(kind, fields, then) {
  const session = APP.session;
  mend_clock();
  const entry = {session: session.id, n: session.next, t: now(), kind, ...fields};
  session.next += 1;
  APP.latest = entry.t;
  APP.journal.append(entry, () => {
    session.add(entry);
    if (then) then();
    refresh();
  });
}

/* Undo waits until every tap before it has been counted, so that it takes back the last of them. */
function undo() {
  APP.undos += 1;
  pump_undos();
}

function pump_undos() {
  if (!APP.undos || APP.journal.pending.some((one) => one.done)) return;
  APP.undos -= 1;
  const step = APP.session && APP.session.undo_step();
  if (step) commit("undo", {of: step.n}, pump_undos);
  else APP.undos = 0;
}

function journal_changed() {
  refresh();
  pump_undos();
}

/* Bring the screen up to date, once a picture however many entries arrive. */
function refresh() {
  APP.drawing ??= requestAnimationFrame(draw);
}

function draw() {
  APP.drawing = null;
  for (const update of APP.live) update();
}

function show(screen, tab) {
  for (const write of [...APP.flushes]) write();
  APP.screen = screen;
  APP.tab = tab || null;
  APP.live = [];
  for (const veil of document.querySelectorAll(".veil")) veil.remove();
  remember();
  const main = make("main", {});
  const footer = make("footer", {});
  document.documentElement.lang = APP.language;
  document.getElementById("app").replaceChildren(page_header(), main, footer);
  SCREENS[screen](main, footer);
  draw();
}

/* Which session and tab are open: a convenience, nothing that may not be lost. */
function remember() {
  try {
    const place = {session: APP.session && APP.session.id, screen: APP.screen, tab: APP.tab, language: APP.language};
    localStorage.setItem("gazestudy-phone-place-" + DATA.document, JSON.stringify(place));
  } catch { /* a browser without localStorage opens the list instead */ }
}

function recall() {
  try {
    return JSON.parse(localStorage.getItem("gazestudy-phone-place-" + DATA.document)) || {};
  } catch {
    return {};
  }
}

async function begin_session(id) {
  const entry = {session: id, n: 0, t: Date.now(), kind: "session", document: DATA.document, language: APP.language};
  await APP.journal.begin({id, document: DATA.document, created: entry.t}, entry);
  APP.session = new Session(id, [entry]);
  APP.shift = 0;
  APP.latest = entry.t;
  for (const one of DATA.placements) commit("placement", {code: one.code});
  for (const block of DATA.protocol.blocks) {
    if (block.kind !== "form" || block.answers) continue;
    for (const item of block.items) {
      if (item.id in DATA.prefill) commit("answer", {block: block.id, record: "", item: item.id, value: prefilled(item)});
    }
  }
  show("setup");
}

function prefilled(item) {
  const text = DATA.prefill[item.id];
  return ["integer", "count", "decimal"].includes(item.type) ? Number(text) : item.type === "multi" ? text.split(" ") : text;
}

async function open_session(id, tab) {
  const session = new Session(id, await APP.journal.entries(id));
  const {alive} = (await APP.journal.sessions()).find((one) => one.id === id);
  APP.session = session;
  APP.shift = session.shift;
  APP.latest = session.entries.at(-1).t;
  APP.ticked = 0;
  APP.editing = null;
  if (session.started !== null && session.stopped === null) note_gap(Math.max(alive || 0, session.last));
  const tabs = session.started === null || session.stopped !== null ? null : run_tabs().map((one) => one.id);
  if (session.started === null) show("setup");
  else if (session.stopped === null) show("run", tabs.includes(tab) ? tab : tabs[0]);
  else if (session.finished) show("done");
  else show("closing");
}

/* Time in which the page was closed, or asleep in the background, was not watched through it. */
function note_gap(from) {
  const to = now();
  if (to - from > AWAY_MS) commit("gap", {from, to});
}

function tick() {
  const session = APP.session;
  if (session && session.started !== null && session.stopped === null) {
    mend_clock();
    if (APP.ticked) note_gap(Math.max(APP.ticked, APP.latest));
    const time = now();
    if (time - APP.ticked > 5000 || time < APP.ticked) {
      APP.journal.alive(session.id, time);
      APP.ticked = time;
    }
    prompt_due();
  }
  refresh();
}

/* Buzz and beep once when a scan or an interval begins. */
function prompt_due() {
  for (const block of BLOCKS.values()) {
    if (block.kind !== "scan" && block.kind !== "interval") continue;
    const no = APP.session.slice(block.id, now());
    const before = APP.told.get(block.id);
    APP.told.set(block.id, no);
    if (before === undefined || before === no) continue;
    if (navigator.vibrate) navigator.vibrate(block.kind === "scan" ? [200, 100, 200] : 150);
    if (block.kind === "scan") beep();
  }
}

function beep() {
  try {
    APP.sound ??= new AudioContext();
    const tone = APP.sound.createOscillator();
    const loud = APP.sound.createGain();
    loud.gain.value = 0.15;
    tone.frequency.value = 880;
    tone.connect(loud).connect(APP.sound.destination);
    tone.start();
    tone.stop(APP.sound.currentTime + 0.25);
  } catch { /* silent phones still buzz and show it */ }
}

async function stay_awake() {
  try {
    if (navigator.wakeLock && document.visibilityState === "visible") await navigator.wakeLock.request("screen");
  } catch { /* the screen may go dark; nothing is lost */ }
}

function new_session_id() {
  const letters = DATA.letters;
  const draws = crypto.getRandomValues(new Uint32Array(8));
  const body = [...draws].map((draw) => letters[draw % letters.length]).join("");
  const check = [...body].reduce((sum, letter, i) => sum + (i + 1) * letters.indexOf(letter), 0) % letters.length;
  return `${body.slice(0, 4)}-${body.slice(4)}-${letters[check]}`;
}

async function main_program() {
  const place = recall();
  if (DATA.protocol.languages.includes(place.language)) APP.language = place.language;
  APP.journal = new Journal(journal_changed);
  try {
    await APP.journal.open();
  } catch (error) {
    document.getElementById("app").replaceChildren(make("div", {class: "banner bad"}, word("no_storage")));
    return;
  }
  document.addEventListener("visibilitychange", () => {
    for (const write of [...APP.flushes]) write();
    if (document.visibilityState === "visible") { tick(); stay_awake(); }
  });
  window.addEventListener("pagehide", () => { for (const write of [...APP.flushes]) write(); });
  document.addEventListener("click", stay_awake, {once: true});
  const mine = (await APP.journal.sessions()).filter((one) => one.document === DATA.document);
  const open = await session_to_open(mine, place);
  if (open) await open_session(open, place.session === open ? place.tab : null);
  else show("home");
  setInterval(tick, 250);
}

/* The session that runs, else the one that was on the screen; a killed browser may have forgotten the screen. */
async function session_to_open(mine, place) {
  for (const {id} of mine.sort((a, b) => b.created - a.created)) {
    const session = new Session(id, await APP.journal.entries(id));
    if (session.started !== null && session.stopped === null) return id;
  }
  return place.screen !== "home" && mine.some((one) => one.id === place.session) ? place.session : null;
}

/* One tab at a time: two would give the same number to different entries. */
if (navigator.locks) {
  const veil = make("div", {class: "veil"}, make("div", {class: "sheet"}, word("other_tab")));
  const patience = setTimeout(() => document.body.append(veil), 1500);
  navigator.locks.request("gazestudy-phone", () => {
    clearTimeout(patience);
    veil.remove();
    main_program();
    return new Promise(() => {});
  });
} else {
  main_program();
}
