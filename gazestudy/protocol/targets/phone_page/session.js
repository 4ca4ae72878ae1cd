/* A session folded from its journal. Nothing is ever changed in the journal: undo is an entry, too. */

const UNDOABLE = new Set(["tap", "event", "subject", "watch"]);

function key(...parts) {
  return parts.map((part) => (part === undefined || part === null ? "" : part)).join("|");
}

class Session {
  constructor(id, entries) {
    this.id = id;
    this.next = entries.length ? entries[entries.length - 1].n + 1 : 0;
    this.fold(entries);
  }

  fold(entries) {
    this.entries = entries;
    this.placements = [];
    this.started = null;
    this.stopped = null;
    this.counts = new Map();
    this.records = new Map();
    this.watches = new Map();
    this.events = [];
    this.subjects = new Map();
    this.gaps = [];
    this.steps = [];
    this.finished = false;
    this.exported = false;
    this.last = 0;
    this.shift = 0;
    this.shifts = [];
    const undone = new Set(entries.filter((one) => one.kind === "undo").map((one) => one.of));
    for (const entry of entries) if (!undone.has(entry.n)) this.apply(entry);
  }

  add(entry) {
    if (entry.kind === "undo") {
      this.fold([...this.entries, entry]);
    } else {
      this.entries.push(entry);
      this.apply(entry);
    }
  }

  apply(entry) {
    const act = this["on_" + entry.kind];
    if (!["export", "gap", "stop", "finish"].includes(entry.kind)) this.last = Math.max(this.last, entry.t);
    if (entry.kind !== "export") this.exported = false;
    if (UNDOABLE.has(entry.kind)) this.steps.push(entry);
    if (act) act.call(this, entry);
  }

  on_placement(entry) {
    if (!this.placements.some((one) => one.code === entry.code)) this.placements.push({code: entry.code, t: entry.t});
  }

  on_start(entry) { this.started = entry.t; }

  on_stop(entry) { this.stopped = entry.at; }

  on_finish() { this.finished = true; }

  on_export() { this.exported = true; }

  on_clock(entry) {
    this.shift += entry.by;
    this.shifts.push({t: entry.t, by: entry.by});
  }

  on_gap(entry) { this.gaps.push({from: entry.from, to: entry.to}); }

  on_tap(entry) {
    const where = key(entry.block, this.slice(entry.block, entry.t), entry.item, entry.placement);
    this.counts.set(where, (this.counts.get(where) || 0) + 1);
  }

  on_watch(entry) {
    const where = key(entry.block, entry.item, entry.placement);
    if (!this.watches.has(where)) this.watches.set(where, []);
    this.watches.get(where).push({no: this.slice(entry.block, entry.t), on: entry.on});
  }

  on_open(entry) {
    const where = key(entry.block, entry.record);
    if (!this.records.has(where)) {
      this.records.set(where, {block: entry.block, record: entry.record, t: entry.t, answers: new Map()});
    }
  }

  on_answer(entry) {
    this.on_open(entry);
    const answers = this.records.get(key(entry.block, entry.record)).answers;
    const where = key(entry.item, entry.placement);
    if (entry.value === null || entry.value === "") answers.delete(where);
    else answers.set(where, entry.value);
  }

  on_remove(entry) { this.records.delete(key(entry.block, entry.record)); }

  on_subject(entry) {
    for (const event of this.open_states(entry.block)) {
      event.end = entry.t;
      event.closed_by = "observer";
    }
    this.subjects.set(entry.block, entry.subject);
  }

  on_event(entry) {
    const block = BLOCKS.get(entry.block);
    const behaviour = block.behaviours.find((one) => one.code === entry.code);
    const row = {
      n: entry.n, block: entry.block, subject: entry.subject, code: entry.code, placement: entry.placement || "",
      modifiers: entry.modifiers || {}, form: behaviour.type, t: entry.t, end: null, closed_by: "none",
    };
    if (behaviour.type === "state") {
      const same = this.open_states(entry.block).find((one) => one.code === entry.code);
      const rivals = (block.exclusive || []).filter((group) => group.includes(entry.code)).flat();
      for (const event of this.open_states(entry.block)) {
        if (event === same || rivals.includes(event.code)) {
          event.end = entry.t;
          event.closed_by = "observer";
        }
      }
      if (same) return;
    }
    this.events.push(row);
  }

  open_states(block) {
    return this.events.filter((one) => one.block === block && one.form === "state" && one.end === null);
  }

  /* Number of the interval or scan of a block at a time. */
  slice(block, t) {
    return Math.max(0, Math.floor((t - this.started) / (BLOCKS.get(block).every_s * 1000)));
  }

  count(block, no, item, placement) { return this.counts.get(key(block, no, item, placement)) || 0; }

  total(block, item, placement) {
    let sum = 0;
    for (const [where, value] of this.counts) {
      const parts = where.split("|");
      if (parts[0] === block && parts[2] === item && parts[3] === (placement || "")) sum += value;
    }
    return sum;
  }

  /* Whether an item was watched for in an interval: what was said last in it or before it. */
  watched(block, no, item, placement) {
    const changes = (this.watches.get(key(block, item, placement)) || []).filter((one) => one.no <= no);
    return !changes.length || changes[changes.length - 1].on;
  }

  answer(block, record, item, placement) {
    const found = this.records.get(key(block, record));
    const value = found && found.answers.get(key(item, placement));
    return value === undefined ? null : value;
  }

  records_of(block) {
    return [...this.records.values()].filter((one) => one.block === block);
  }

  undo_step() { return this.steps.length ? this.steps[this.steps.length - 1] : null; }
}

/* Answers that are asked: those without a condition, and those whose condition holds. */
function is_asked(session, block, record, item, placement) {
  if (!item.when) return true;
  const given = session.answer(block.id, record, item.when.item, placement)
    ?? session.answer(block.id, record, item.when.item, "");
  const answers = Array.isArray(given) ? given : given === null ? [] : [String(given)];
  return answers.some((one) => item.when.any_of.includes(one));
}

/* Messages of the rules that a row of numbers breaks; `value(item)` is null where nothing is known. */
function broken_rules(block, value) {
  const sum = (terms) => terms.reduce((all, [sign, item, number]) => all + sign * (item ? value(item) : number), 0);
  const compare = {
    "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, ">": (a, b) => a > b, "=": (a, b) => a === b,
  };
  return (DATA.rules[block.id] || []).filter((rule) => {
    if (rule.items.some((item) => value(item) === null)) return false;
    return !compare[rule.operator](sum(rule.left), sum(rule.right));
  });
}
