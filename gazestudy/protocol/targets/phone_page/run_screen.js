/* What is on the screen while a session runs. */

const TABS = {interval: count_tab, scan: scan_tab, focal: focal_tab, per_ad: faces_tab, answers: asked_tab, log: notes_tab, stop: stop_tab};

function run_tabs() {
  const tabs = [];
  const once = new Set();
  for (const block of DATA.protocol.blocks) {
    const kind = block.kind === "form" ? (block.answers ? "answers" : null) : block.kind;
    if (!kind || (kind !== "focal" && once.has(kind))) continue;
    once.add(kind);
    tabs.push({id: kind === "focal" ? "focal:" + block.id : kind, kind, block});
  }
  const order = ["interval", "focal", "answers", "scan", "per_ad", "log"];
  tabs.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return [...tabs, {id: "stop", kind: "stop"}];
}

function blocks_of(kind) {
  return [...BLOCKS.values()].filter((one) => one.kind === kind);
}

function run_clocks() {
  const session = APP.session;
  const elapsed = make("b", {id: "elapsed"});
  const label = make("span", {class: "quiet"});
  const left = make("b", {id: "left"});
  const fill = make("i", {});
  const block = blocks_of("interval")[0] || blocks_of("scan")[0];
  APP.live.push(() => {
    const ms = Math.max(0, now() - session.started);
    elapsed.textContent = clock(ms / 1000);
    if (!block) return;
    const no = session.slice(block.id, now());
    const rest = (no + 1) * block.every_s - ms / 1000;
    label.textContent = `${word(block.kind)} ${no + 1}`;
    left.textContent = clock(Math.ceil(rest));
    fill.style.width = `${100 - (100 * rest) / block.every_s}%`;
  });
  const right = make("span", {class: "left"}, label, " ", left);
  return make("div", {}, make("div", {class: "clocks"}, elapsed, block ? right : null), block ? make("div", {class: "bar"}, fill) : null);
}

/* One line of fixed height for what is due: nothing on the page may move under a tapping thumb. */
function run_notice() {
  const line = button("", () => { if (act) act(); });
  let act = null;
  line.id = "notice";
  APP.live.push(() => {
    const [words, action, kind] = most_urgent() || ["", null, ""];
    act = action;
    line.textContent = words;
    line.className = kind;
    line.disabled = !words;
  });
  return line;
}

function most_urgent() {
  const session = APP.session;
  const scan = blocks_of("scan").find(scan_due);
  if (scan && APP.tab !== "scan") {
    return [word("scan_due", {n: session.slice(scan.id, now()) + 1}), () => show("run", "scan"), "warn"];
  }
  const [form] = open_interval_forms();
  if (form) return [form_words(form), () => interval_sheet(form.block, form.no), "warn"];
  const broken = blocks_of("interval").flatMap((block) => broken_in_interval(block, session.slice(block.id, now())));
  if (broken.length) return [broken.map((rule) => local(rule.message)).join(" · "), () => show("run", "interval"), "bad"];
  const over = DATA.length_s && now() - session.started >= DATA.length_s * 1000;
  return over ? [word("times_up"), () => show("run", "stop"), "warn"] : null;
}

function run_screen(main, footer) {
  const tabs = run_tabs();
  const chosen = tabs.find((one) => one.id === APP.tab) || tabs[0];
  TABS[chosen.kind](main, chosen.block);
  if (chosen.kind !== "stop" && blocks_of("interval").length + blocks_of("focal").length) footer.append(undo_bar());
  footer.append(make("nav", {class: "tabs"}, tabs.map((one) => tab_button(one, chosen))));
}

function tab_button(tab, chosen) {
  const words = tab.kind === "focal" && blocks_of("focal").length > 1 ? local(tab.block.title) : word("tab_" + tab.kind);
  const one = button(make("span", {}, words), () => show("run", tab.id), tab === chosen ? "now" : "");
  one.dataset.tab = tab.id;
  if (tab.kind === "scan") APP.live.push(() => one.classList.toggle("due", blocks_of("scan").some(scan_due)));
  return one;
}

function undo_bar() {
  const back = button("", undo);
  back.id = "undo";
  APP.live.push(() => {
    const step = APP.session.undo_step();
    back.textContent = step ? word("undo", {what: step_name(step)}) : word("nothing_to_undo");
    back.disabled = !step;
  });
  return make("div", {class: "undo"}, back);
}

function step_name(step) {
  const block = BLOCKS.get(step.block);
  if (step.kind === "subject") return word("next_person");
  const one = step.kind === "event" ? block.behaviours.find((b) => b.code === step.code) : block.items.find((i) => i.id === step.item);
  return local(one.label) + (step.placement ? ` · ${step.placement}` : "");
}

/* Counting */

function count_tab(main) {
  for (const block of blocks_of("interval")) {
    const counts = block.items.filter((one) => one.type === "count");
    const whole = counts.filter((one) => !one.per_placement);
    main.append(make("div", {class: "grid"}, whole.map((item, i) => tally(block, item, "", i === 0))));
    for (const place of counts.length > whole.length ? APP.session.placements : []) {
      const own = counts.filter((one) => one.per_placement);
      main.append(make("h3", {}, placement_name(place.code)), make("div", {class: "grid"}, own.map((item) => tally(block, item, place.code, false))));
    }
    if (block.items.some((one) => one.type !== "count")) {
      main.append(button(word("interval_now"), () => interval_sheet(block, APP.session.slice(block.id, now())), "wide"));
    }
  }
}

function tally(block, item, place, first) {
  const session = APP.session;
  const number = make("span", {class: "number"});
  const sum = make("span", {class: "sum"});
  const big = button(make("span", {class: "name"}, local(item.label)), () => {
    if (navigator.vibrate) navigator.vibrate(15);
    if (session.watched(block.id, session.slice(block.id, now()), item.id, place)) commit("tap", {block: block.id, item: item.id, placement: place});
  });
  big.append(make("span", {}, number, sum));
  const box = make("div", {class: "tally" + (first ? " first" : ""), "data-item": item.id, "data-placement": place}, big);
  const about = button("?", () => about_item(block, item, place), "info");
  about.setAttribute("aria-label", `${word("definitions")}: ${local(item.label)}`);
  box.append(about);
  APP.live.push(() => {
    const no = session.slice(block.id, now());
    const on = session.watched(block.id, no, item.id, place);
    number.textContent = on ? session.count(block.id, no, item.id, place) : "–";
    sum.textContent = on ? `Σ ${session.total(block.id, item.id, place)}` : word("off");
    box.classList.toggle("off", !on);
    box.classList.toggle("wrong", broken_in_interval(block, no, place).some((rule) => rule.items.includes(item.id)));
  });
  return box;
}

function about_item(block, item, place) {
  const on = APP.session.watched(block.id, APP.session.slice(block.id, now()), item.id, place);
  const veil = sheet(make("h2", {}, local(item.label)), make("p", {}, local(item.definition)), make("p", {class: "quiet"}, word("not_watched_hint")),
    button(word(on ? "not_watched" : "watch_again"), () => {
      commit("watch", {block: block.id, item: item.id, placement: place, on: !on});
      veil.remove();
    }, "wide"), button(word("done"), () => veil.remove(), "wide main"));
}

/* Rules that the counts of an interval break: of one placement, or of any. */
function broken_in_interval(block, no, place) {
  const session = APP.session;
  const items = new Map(block.items.map((item) => [item.id, item]));
  const value = (of) => (id) => {
    const item = items.get(id);
    const at = item.per_placement ? of : "";
    if (item.per_placement && !of) return null;
    if (item.type !== "count") return session.answer(block.id, no, id, at) === null ? null : Number(session.answer(block.id, no, id, at));
    return session.watched(block.id, no, id, at) ? session.count(block.id, no, id, at) : null;
  };
  const places = place === undefined ? ["", ...session.placements.map((one) => one.code)] : ["", place];
  return [...new Set(places.flatMap((one) => broken_rules(block, value(one))))];
}

/* Intervals that are over and have questions without an answer. */
function open_interval_forms() {
  const session = APP.session;
  const open = [];
  for (const block of blocks_of("interval")) {
    const items = block.items.filter((one) => one.type !== "count");
    const ended = session.stopped === null ? session.slice(block.id, now()) - 1 : session.slice(block.id, session.stopped - 1);
    for (let no = ended; no >= 0 && items.length; no -= 1) {
      if (items.every((item) => session.answer(block.id, no, item.id, item.per_placement ? (session.placements[0] || {}).code : "") === null)) open.push({block, no});
    }
  }
  return open;
}

function form_words({block, no}) {
  const names = block.items.filter((one) => one.type !== "count").map((one) => local(one.label)).join(", ");
  return `${word("interval")} ${no + 1}: ${names}`;
}

function interval_form_button(form) {
  const one = button(form_words(form), () => interval_sheet(form.block, form.no, () => one.remove()), "banner");
  return one;
}

function interval_sheet(block, no, then) {
  const veil = sheet(make("h2", {}, `${word("interval")} ${no + 1}`), form_fields(block, no, block.items.filter((one) => one.type !== "count")),
    button(word("done"), () => {
      for (const write of [...APP.flushes]) write();
      veil.remove();
      if (then) then();
    }, "wide main"));
}

/* Scans */

function scan_due(block) {
  const no = APP.session.slice(block.id, now());
  return !APP.session.records.has(key(block.id, no));
}

function scan_tab(main) {
  for (const block of blocks_of("scan")) {
    main.append(make("h2", {}, local(block.title)));
    if (APP.editing && APP.editing.block === block.id) { scan_form(main, block, APP.editing.record); continue; }
    if (block.instructions) main.append(make("p", {}, local(block.instructions)));
    const start = button("", () => {
      const record = APP.session.slice(block.id, now());
      commit("open", {block: block.id, record}, () => edit_record(block.id, record));
    }, "wide main");
    start.dataset.scan = block.id;
    const wait = make("p", {class: "quiet"});
    APP.live.push(() => {
      const no = APP.session.slice(block.id, now());
      start.textContent = word("scan_start", {n: no + 1});
      start.classList.toggle("hidden", !scan_due(block));
      wait.textContent = scan_due(block) ? "" : word("scan_wait", {time: clock((no + 1) * block.every_s - (now() - APP.session.started) / 1000)});
    });
    main.append(start, wait);
    for (const one of APP.session.records_of(block.id).reverse()) {
      main.append(button(`${word("scan")} ${Number(one.record) + 1} · ${time_of_day(one.t)}`, () => edit_record(block.id, one.record), "wide"));
    }
  }
}

function edit_record(block, record) {
  APP.editing = block === null ? null : {block, record};
  show("run", APP.tab);
}

function scan_form(main, block, record) {
  main.append(make("h3", {}, `${word("scan")} ${Number(record) + 1}`));
  const broken = make("div", {class: "banner hidden"});
  const number = (place) => (id) => {
    const item = block.items.find((one) => one.id === id);
    const value = APP.session.answer(block.id, record, id, item.per_placement ? place : "");
    return value === null ? null : Number(value);
  };
  APP.live.push(() => {
    const lines = new Set(["", ...APP.session.placements.map((one) => one.code)].flatMap((place) => broken_rules(block, number(place)).map((rule) => local(rule.message))));
    broken.textContent = [...lines].join(" · ");
    broken.classList.toggle("hidden", !lines.size);
  });
  main.append(form_fields(block, record, block.items), broken, button(word("done"), () => edit_record(null), "wide main"));
}

/* Focal follows */

function focal_tab(main, block) {
  const session = APP.session;
  const people = block.subject !== "place";
  const subject = () => (people ? session.subjects.get(block.id) || "1" : "");
  if (people) {
    const who = make("b", {});
    APP.live.push(() => { who.textContent = word("person", {n: subject()}); });
    main.append(make("div", {class: "who"}, who, button(word("next_person"), () => commit("subject", {block: block.id, subject: String(Number(subject()) + 1)}), "main")));
  }
  const categories = [...(block.categories || []), {code: undefined, label: null}];
  for (const category of categories) {
    const own = block.behaviours.filter((one) => (one.category || undefined) === category.code);
    if (!own.length) continue;
    if (category.label) main.append(make("h3", {}, local(category.label)));
    main.append(make("div", {class: "grid"}, own.map((one) => behaviour_button(block, one, subject))));
  }
}

function behaviour_button(block, behaviour, subject) {
  const session = APP.session;
  const number = make("span", {class: "number"});
  const running = () => session.open_states(block.id).find((one) => one.code === behaviour.code);
  const note = (modifiers, placement) => commit("event", {block: block.id, subject: subject(), code: behaviour.code, modifiers, placement});
  const big = button(make("span", {class: "name"}, local(behaviour.label)), () => {
    if (navigator.vibrate) navigator.vibrate(15);
    if ((behaviour.modifiers || []).length && !running()) modifier_sheet(block, behaviour, note);
    else note({}, "");
  });
  big.append(number);
  const about = button("?", () => sheet(make("h2", {}, local(behaviour.label)), make("p", {}, local(behaviour.definition))), "info");
  about.setAttribute("aria-label", `${word("definitions")}: ${local(behaviour.label)}`);
  const box = make("div", {class: "tally", "data-code": behaviour.code}, big, about);
  APP.live.push(() => {
    const open = running();
    box.classList.toggle("on", Boolean(open));
    const times = session.events.filter((one) => one.block === block.id && one.code === behaviour.code && one.subject === subject()).length;
    number.textContent = open ? clock((now() - open.t) / 1000) : times;
  });
  return box;
}

function modifier_sheet(block, behaviour, note) {
  const given = {};
  const sets = behaviour.modifiers.map((id) => block.modifiers.find((one) => one.id === id));
  const veil = sheet(make("h2", {}, local(behaviour.label)));
  const close = () => veil.remove();
  const write = () => {
    for (const one of [...APP.flushes]) one();
    const {placement, ...modifiers} = given;
    close();
    note(modifiers, placement || "");
  };
  for (const one of sets) {
    const name = one.type === "placement" ? "placement" : one.id;
    const set = (value) => {
      if (value === null) delete given[name];
      else given[name] = value;
      if (sets.length === 1 && (one.type === "single" || one.type === "placement")) write();
      else refresh();
    };
    const get = () => given[name] ?? null;
    const input = one.type === "placement" ? chips(APP.session.placements.map((p) => [p.code, placement_name(p.code)]), get, set, false)
      : one.type === "number" ? number_input({type: "decimal", label: one.label}, get, set)
        : chips(DATA.protocol.choices[one.choices].map((c) => [c.code, local(c.label)]), get, set, one.type === "multi");
    veil.firstChild.append(make("div", {class: "field"}, make("div", {class: "label"}, local(one.label)), input));
  }
  veil.firstChild.append(button(word("done"), write, "wide main"), button(word("cancel"), close, "wide"));
}

/* Placements, answers of people, notes, stop */

function faces_tab(main) {
  for (const block of blocks_of("per_ad")) {
    main.append(make("h2", {}, local(block.title)));
    if (block.instructions) main.append(make("p", {class: "quiet"}, local(block.instructions)));
    for (const {code} of APP.session.placements) {
      main.append(make("details", {open: APP.session.placements.length === 1}, make("summary", {}, placement_name(code)), form_fields(block, code, block.items)));
    }
  }
  main.append(placement_editor());
}

function asked_tab(main) {
  for (const block of DATA.protocol.blocks.filter((one) => one.kind === "form" && one.answers)) {
    record_list(main, block, "new_respondent", (number) => `${APP.session.id}-${number}`);
  }
}

function notes_tab(main) {
  for (const block of blocks_of("log")) record_list(main, block, "new_note", String);
}

/* Rows that are added one by one: notes, and people who were asked. */
function record_list(main, block, words, name) {
  main.append(make("h2", {}, local(block.title)));
  if (APP.editing && APP.editing.block === block.id) {
    const {record} = APP.editing;
    const done = button(word("done"), () => edit_record(null), "wide main");
    APP.live.push(() => { done.disabled = missing([block], record).length > 0; });
    main.append(form_fields(block, record, block.items), done,
      button(word("delete"), () => ask(word("delete_ask"), "", [[word("delete"), () => commit("remove", {block: block.id, record}, () => edit_record(null)), "stop"]]), "wide"));
    return;
  }
  if (block.instructions) main.append(make("p", {class: "quiet"}, local(block.instructions)));
  const rows = APP.session.records_of(block.id);
  const opened = APP.session.entries.filter((one) => one.kind === "open" && one.block === block.id).length;
  main.append(button("+ " + word(words), () => {
    const record = name(opened + 1);
    commit("open", {block: block.id, record}, () => edit_record(block.id, record));
  }, "wide main"));
  for (const one of rows.reverse()) {
    const text = [...one.answers.values()].map((value) => [value].flat().join(" ")).join(" · ").slice(0, 60);
    main.append(button(`${time_of_day(one.t)} ${text}`, () => edit_record(block.id, one.record), "wide"));
  }
}

function stop_tab(main) {
  main.append(make("h2", {}, word("stop_ask")), make("p", {class: "quiet"}, word("stop_hint")));
  main.append(button(word("stop"), stop_session, "wide stop"), button(word("export_json"), () => download("json"), "wide"));
  main.append(make("p", {class: "quiet"}, word("backup_hint")), totals_table());
}

function stop_session() {
  const session = APP.session;
  const end = (at) => () => {
    APP.editing = null;
    commit("stop", {at}, () => show("closing"));
  };
  const options = [[word("stop_now", {time: time_of_day(now())}), () => end(now())(), "stop"]];
  const planned = DATA.length_s ? session.started + DATA.length_s * 1000 : null;
  if (planned && planned >= session.last && planned < now() - 1000) options.push([word("stop_planned", {time: time_of_day(planned)}), end(planned)]);
  if (now() - session.last > 120000) options.push([word("stop_last", {time: time_of_day(session.last)}), end(session.last)]);
  ask(word("stop_ask"), word("stop_states"), options);
}
