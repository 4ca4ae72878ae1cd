/* What is on the screen before and after a session. */

const SCREENS = {home: home_screen, setup: setup_screen, run: run_screen, closing: closing_screen, done: done_screen};

function page_header() {
  const languages = make("select", {"aria-label": word("language"), onchange: () => {
    APP.language = languages.value;
    show(APP.screen, APP.tab);
  }}, DATA.protocol.languages.map((code) => make("option", {value: code, selected: code === APP.language}, DATA.language_names[code] || code)));
  const saved = make("span", {class: "saved", id: "saved", role: "status"});
  APP.live.push(() => {
    const waiting = APP.journal.pending.length;
    saved.textContent = APP.journal.failed ? word("not_saved", {n: waiting}) : waiting ? word("saving") : APP.session ? word("saved") : "";
    saved.className = "saved" + (APP.journal.failed ? " bad" : waiting ? " wait" : "");
  });
  const top = make("div", {class: "top"}, make("h1", {}, APP.session ? APP.session.id : local(DATA.protocol.title)), saved, languages);
  return make("header", {}, top, APP.screen === "run" ? [run_clocks(), taps_may_miss() ? run_notice() : null] : null);
}

function taps_may_miss() {
  return DATA.protocol.blocks.some((one) => ["interval", "scan", "focal"].includes(one.kind));
}

async function home_screen(main, footer) {
  APP.session = null;
  main.append(make("h2", {}, local(DATA.protocol.title)), make("p", {class: "quiet"}, local(DATA.protocol.purpose)));
  const box = make("div", {});
  main.append(box, make("p", {class: "quiet"}, word("keeps")), how_to());
  footer.append(make("div", {class: "undo"}, button(word("new_session"), choose_session, "main")));
  const all = await APP.journal.sessions();
  const mine = all.filter((one) => one.document === DATA.document).sort((a, b) => b.created - a.created);
  for (const one of mine) box.append(await session_card(one));
  if (all.length > mine.length) box.append(make("p", {class: "quiet"}, word("other_sessions", {n: all.length - mine.length})));
}

async function session_card(summary) {
  const session = new Session(summary.id, await APP.journal.entries(summary.id));
  const state = session.stopped === null ? (session.started === null ? "being_prepared" : "running") : session.exported ? "exported" : "not_exported";
  const row = make("div", {class: "row"}, button(word("open"), () => open_session(summary.id), "main"));
  if (session.exported || session.started === null) {
    row.append(button(word("delete"), () => ask(word("delete_ask"), summary.id, [[word("delete"), async () => {
      await APP.journal.remove(summary.id);
      show("home");
    }, "stop"]])));
  }
  const day = iso(session.started ?? summary.created);
  return make("div", {class: "card", "data-session": summary.id},
    make("b", {}, summary.id), make("div", {class: "quiet"}, `${day.slice(0, 10)} ${day.slice(11, 16)} · ${word(state)}`), row);
}

async function choose_session() {
  const known = new Set((await APP.journal.sessions()).map((one) => one.id));
  const planned = DATA.sessions.filter((id) => !known.has(id));
  if (planned.length === 1) return begin_session(planned[0]);
  const input = make("input", {value: planned.length ? "" : new_session_id(), autocomplete: "off", autocapitalize: "characters", spellcheck: false});
  const told = make("p", {class: "needed"});
  const start = (id) => {
    if (!id || known.has(id) || /[\s|]/.test(id) || id.length > 80) told.textContent = word("session_wrong");
    else { veil.remove(); begin_session(id); }
  };
  const veil = sheet(make("h2", {}, word("session")),
    planned.map((id) => button(id, () => start(id), "wide")),
    make("p", {class: "quiet"}, word("session_hint")), input, told,
    button(word("next"), () => start(input.value.trim()), "wide main"), button(word("cancel"), () => veil.remove(), "wide"));
  return veil;
}

function how_to() {
  const steps = (DATA.protocol.instructions || []).map((one) => make("li", {}, local(one)));
  return steps.length ? make("details", {}, make("summary", {}, word("instructions")), make("ol", {}, steps)) : null;
}

function forms(at) {
  return DATA.protocol.blocks.filter((one) => one.kind === "form" && !one.answers && (one.at || "start") === at);
}

/* Fields of one record of a block; placements have fields of their own for items taken for each. */
function form_fields(block, record, items) {
  const session = APP.session;
  const box = make("div", {"data-block": block.id, "data-record": record});
  const add = (item, place) => {
    const one = field(item, () => session.answer(block.id, record, item.id, place),
      (value) => commit("answer", {block: block.id, record, item: item.id, placement: place, value}));
    one.dataset.placement = place;
    const show_if = () => one.classList.toggle("hidden", !is_asked(session, block, record, item, place));
    if (item.when) { show_if(); APP.live.push(show_if); }
    box.append(one);
  };
  for (const item of items.filter((one) => !one.per_placement)) add(item, "");
  const own = items.filter((one) => one.per_placement);
  for (const place of own.length ? session.placements : []) {
    box.append(make("h3", {}, placement_name(place.code)));
    for (const item of own) add(item, place.code);
  }
  return box;
}

function placement_name(code) {
  const known = DATA.placements.find((one) => one.code === code);
  const name = known ? local(known.label) : code;
  return name === code ? code : `${name} (${code})`;
}

function missing(blocks, record) {
  return blocks.flatMap((block) => block.items.filter((item) => item.required
    && is_asked(APP.session, block, record, item, "") && APP.session.answer(block.id, record, item.id, "") === null));
}

function needs_placements() {
  return DATA.protocol.blocks.some((block) => block.kind === "per_ad" || (block.items || []).some((item) => item.per_placement));
}

function placement_editor() {
  const list = make("div", {class: "quiet"});
  const input = make("input", {placeholder: word("placement_id"), "aria-label": word("placement_id"), autocomplete: "off", autocapitalize: "off", spellcheck: false, id: "placement"});
  const told = make("p", {class: "needed"});
  const add = button(word("add"), () => {
    const code = input.value.trim();
    const right = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/.test(code) && !APP.session.placements.some((one) => one.code === code);
    told.textContent = right ? "" : word("placement_wrong");
    if (!right) return;
    input.value = "";
    commit("placement", {code}, () => show(APP.screen, APP.tab));
  });
  APP.live.push(() => { list.textContent = APP.session.placements.map((one) => placement_name(one.code)).join(", "); });
  return make("div", {}, make("h2", {}, word("placements")), list, make("div", {class: "add"}, input, add), told);
}

function setup_screen(main, footer) {
  if (needs_placements()) main.append(placement_editor());
  for (const block of forms("start")) {
    main.append(make("h2", {}, local(block.title)));
    if (block.instructions) main.append(make("p", {class: "quiet"}, local(block.instructions)));
    main.append(form_fields(block, "", block.items));
  }
  const how = how_to();
  if (how) main.append(how);
  const told = make("div", {class: "quiet"});
  const start = button(word("start"), () => commit("start", {}, () => {
    beep();
    show("run", run_tabs()[0].id);
  }), "main");
  start.id = "start";
  APP.live.push(() => {
    const open = missing(forms("start"), "");
    start.disabled = open.length > 0;
    told.textContent = open.length ? word("missing", {items: open.map((item) => local(item.label)).join(", ")}) : "";
  });
  main.append(told);
  footer.append(make("div", {class: "undo"}, start, button(word("back"), () => show("home"))));
}

function closing_screen(main, footer) {
  const session = APP.session;
  main.append(make("h2", {}, word("stopped_at", {time: time_of_day(session.stopped)})));
  if (session.gaps.length) {
    const away = session.gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
    main.append(make("div", {class: "banner"}, word("away", {time: clock(away / 1000)})));
  }
  for (const line of all_broken_rules()) main.append(make("div", {class: "banner"}, line));
  for (const one of open_interval_forms()) main.append(interval_form_button(one));
  for (const block of forms("end")) {
    main.append(make("h2", {}, local(block.title)));
    if (block.instructions) main.append(make("p", {class: "quiet"}, local(block.instructions)));
    main.append(form_fields(block, "", block.items));
  }
  const finish = button(word("finish"), () => commit("finish", {}, () => show("done")), "main");
  finish.id = "finish";
  APP.live.push(() => { finish.disabled = missing(forms("end"), "").length > 0; });
  const stop = [...session.entries].reverse().find((one) => one.kind === "stop");
  const go_on = button(word("continue_session"), () => {
    const from = session.stopped;
    commit("undo", {of: stop.n}, () => {
      commit("gap", {from, to: now()});
      show("run", run_tabs()[0].id);
    });
  });
  footer.append(make("div", {class: "undo"}, finish, go_on));
}

function all_broken_rules() {
  const lines = [];
  for (const block of BLOCKS.values()) {
    if (block.kind !== "interval") continue;
    const most = APP.session.slice(block.id, (APP.session.stopped ?? now()) - 1);
    for (let no = 0; no <= most; no += 1) {
      for (const rule of broken_in_interval(block, no)) lines.push(`${word("interval")} ${no + 1}: ${local(rule.message)}`);
    }
  }
  return lines;
}

function done_screen(main, footer) {
  const session = APP.session;
  main.append(make("h2", {}, word("finished")), make("p", {}, word("export_hint")));
  main.append(button(word("export_json"), () => download("json"), "wide main"), button(word("export_csv"), () => download("csv"), "wide"));
  if (navigator.canShare) main.append(button(word("share"), share, "wide"));
  const told = make("p", {class: "quiet"});
  APP.live.push(() => { told.textContent = session.exported ? word("exported") : word("not_exported"); });
  main.append(told, totals_table());
  footer.append(make("div", {class: "undo"}, button(word("change"), () => show("closing")), button(word("back"), () => show("home"))));
}

function totals_table() {
  const box = make("div", {class: "quiet"});
  for (const block of blocks_of("interval")) {
    box.append(make("h3", {}, word("sum")));
    for (const item of block.items.filter((one) => one.type === "count")) {
      for (const place of item.per_placement ? APP.session.placements : [{code: ""}]) {
        const name = local(item.label) + (place.code ? ` · ${placement_name(place.code)}` : "");
        box.append(make("div", {}, `${name}: ${APP.session.total(block.id, item.id, place.code)}`));
      }
    }
  }
  return box;
}

function export_file(kind) {
  const text = kind === "json" ? as_json(APP.session, now()) : as_csv(APP.session, now());
  const name = APP.session.id.replace(/[^A-Za-z0-9._-]/g, "_") + "." + kind;
  return new File([text], name, {type: kind === "json" ? "application/json" : "text/csv"});
}

function download(kind) {
  const file = export_file(kind);
  const link = make("a", {href: URL.createObjectURL(file), download: file.name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  if (APP.session.stopped !== null) commit("export", {as: kind});
}

async function share() {
  const file = export_file("json");
  try {
    if (navigator.canShare({files: [file]})) await navigator.share({files: [file], title: file.name});
    else await navigator.share({title: file.name, text: await file.text()});
    if (APP.session.stopped !== null) commit("export", {as: "share"});
  } catch { /* the observer closed the list of programs */ }
}
