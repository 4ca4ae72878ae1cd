/* Small parts of the page. Text is only ever set as text, never as markup. */

function make(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  for (const child of children.flat(2)) if (child !== null && child !== undefined) node.append(child);
  return node;
}

function button(text, action, kind) {
  return make("button", {type: "button", class: kind || "", onclick: action}, text);
}

function local(text) {
  if (!text) return "";
  return text[APP.language] || text[DATA.protocol.default_language] || Object.values(text)[0];
}

function word(name, values) {
  const text = (DATA.words[APP.language] || DATA.words.en)[name] ?? DATA.words.en[name];
  return text.replace(/\{(\w+)\}/g, (_, blank) => (values || {})[blank] ?? "");
}

function clock(seconds) {
  const all = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(all / 3600);
  return (hours ? hours + ":" : "") + two(Math.floor(all / 60) % 60) + ":" + two(all % 60);
}

function time_of_day(ms) {
  return iso(ms).slice(11, 16);
}

function sheet(...children) {
  const veil = make("div", {class: "veil", role: "dialog"});
  veil.append(make("div", {class: "sheet"}, ...children));
  veil.addEventListener("click", (event) => { if (event.target === veil) veil.remove(); });
  document.body.append(veil);
  return veil;
}

/* Ask before something that cannot be taken back easily: [[words, action, class], ...]. */
function ask(title, text, options) {
  const veil = sheet(make("h2", {}, title), text ? make("p", {}, text) : null);
  const close = (action) => () => { veil.remove(); if (action) action(); };
  for (const [words, action, kind] of options) veil.firstChild.append(button(words, close(action), "wide " + (kind || "")));
  veil.firstChild.append(button(word("cancel"), close(null), "wide"));
}

/* One answer: label, definition and what it is typed or tapped with. `get` and `set` read and journal it. */
function field(item, get, set) {
  const unit = item.unit ? ` (${item.unit})` : "";
  const label = make("div", {class: "label"}, local(item.label) + unit);
  if (item.required) label.append(make("span", {class: "needed"}, " *"));
  const box = make("div", {class: "field", "data-item": item.id}, label);
  if (item.definition) box.append(make("div", {class: "definition"}, local(item.definition)));
  box.append(answer_input(item, get, set));
  return box;
}

function answer_input(item, get, set) {
  if (item.type === "choice" || item.type === "multi") {
    return chips(DATA.protocol.choices[item.choices].map((one) => [one.code, local(one.label)]), get, set, item.type === "multi");
  }
  if (item.type === "bool") return chips([["yes", word("yes")], ["no", word("no")]], get, set, false);
  if (item.type === "scale") {
    const points = Array.from({length: item.points}, (_, i) => [String(i + 1), String(i + 1)]);
    const ends = make("div", {class: "ends"}, make("span", {}, local(item.low)), make("span", {}, local(item.high)));
    return make("div", {}, chips(points, get, set, false), ends);
  }
  if (["integer", "count", "decimal"].includes(item.type)) return number_input(item, get, set);
  const kind = {time: "time", date: "date"}[item.type] || "text";
  const long = item.type === "text" && item.lines > 1;
  const input = make(long ? "textarea" : "input", long ? {rows: item.lines} : {type: kind});
  if (item.type === "photo" || item.type === "audio") input.placeholder = word("photo_note");
  if (kind === "text") Object.assign(input, {autocomplete: "off", spellcheck: false, autocapitalize: "off"});
  input.setAttribute("aria-label", local(item.label));
  input.value = get() ?? "";
  later(input, () => set(input.value.trim() || null));
  return input;
}

/* Typed text is journalled when typing rests, and at once when the field is left. */
function later(input, write) {
  let timer = null;
  let known = input.value;
  const now = () => {
    clearTimeout(timer);
    APP.flushes.delete(now);
    if (input.value !== known) {
      known = input.value;
      write();
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    APP.flushes.add(now);
    timer = setTimeout(now, 300);
  });
  input.addEventListener("change", now);
  input.addEventListener("blur", now);
}

/* What is pressed is what is on the disk; a second tap builds on the first even before that. */
function chips(choices, get, set, several) {
  const box = make("div", {class: "chips", role: "group"});
  let wanted = [];
  const show = () => {
    const given = [get() ?? []].flat().map(String);
    if (!APP.journal.pending.length) wanted = given;
    for (const one of box.children) one.setAttribute("aria-pressed", String(given.includes(one.dataset.code)));
  };
  for (const [code, text] of choices) {
    const chip = button(text, () => {
      const without = wanted.filter((one) => one !== code);
      const taken = without.length === wanted.length;
      wanted = taken ? (several ? [...wanted, code] : [code]) : several ? without : [];
      set(several ? (wanted.length ? wanted : null) : wanted[0] ?? null);
    });
    chip.dataset.code = code;
    box.append(chip);
  }
  show();
  APP.live.push(show);
  return box;
}

function number_input(item, get, set) {
  const whole = item.type !== "decimal";
  const low = item.type === "count" ? 0 : item.min ?? -Infinity;
  const high = item.max ?? Infinity;
  const input = make("input", {type: "text", inputMode: low < 0 ? "text" : whole ? "numeric" : "decimal", autocomplete: "off"});
  input.setAttribute("aria-label", local(item.label));
  const told = make("div", {class: "quiet needed"});
  const write = () => {
    const text = input.value.trim().replace(",", ".");
    const right = (whole ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)$/).test(text);
    const fits = right && Number(text) >= low && Number(text) <= high;
    told.textContent = text === "" || fits ? "" : word("number_wrong", {low: low === -Infinity ? "" : low, high: high === Infinity ? "" : high});
    set(fits ? Number(text) : null);
  };
  input.value = get() ?? "";
  later(input, write);
  if (!whole) return make("div", {}, input, told);
  const step = (by) => () => {
    const value = input.value.trim() === "" ? Math.max(0, low === -Infinity ? 0 : low) - (by < 0 ? by : 0) : Number(input.value) || 0;
    input.value = Math.min(high, Math.max(low, value + by));
    write();
  };
  const minus = button("−", step(-1));
  const plus = button("+", step(1));
  minus.setAttribute("aria-label", "-1");
  plus.setAttribute("aria-label", "+1");
  return make("div", {}, make("div", {class: "stepper"}, minus, input, plus), told);
}
