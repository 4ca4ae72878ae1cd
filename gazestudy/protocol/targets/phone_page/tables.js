/* From a folded session to the canonical tables, as JSON and CSV. */

function iso(ms) {
  if (ms === null) return "";
  const away = -new Date(ms).getTimezoneOffset();
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const local = new Date(ms + away * 60000).toISOString().slice(0, 23);
  return local + (away < 0 ? "-" : "+") + two(Math.abs(away) / 60) + ":" + two(Math.abs(away) % 60);
}

function as_written(item, value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(" ");
  return String(value);
}

function is_numeric(item) {
  return ["count", "integer", "decimal", "scale"].includes(item.type);
}

function numeric_choice(item) {
  return item.type === "choice"
    && DATA.protocol.choices[item.choices].every((one) => /^-?\d+(\.\d+)?$/.test(one.code));
}

class Tables {
  constructor(session, now) {
    this.session = session;
    this.stop = session.stopped ?? now;
    this.rows = {sessions: [], interval_counts: [], scans: [], events: [], audits: [], notes: [], answers: [], media: []};
    this.conditions = {};
    this.personal = [];
    this.head = {
      session_id: session.id, protocol_id: DATA.protocol.id, protocol_version: DATA.protocol.version,
      started_at: iso(session.started), stopped_at: iso(this.stop),
      tz: Intl.DateTimeFormat().resolvedOptions().timeZone || "",
    };
    for (const block of DATA.protocol.blocks) this["from_" + block.kind](block);
    this.gaps();
    if (Object.keys(this.conditions).length) this.head.conditions_json = JSON.stringify(this.conditions);
    this.rows.sessions.push(this.head);
    this.number("notes", "note_no", (row) => row.at_s ?? 0);
    this.number("events", "event_id", (row) => row.t_s);
  }

  number(name, column, order) {
    this.rows[name].sort((a, b) => order(a) - order(b));
    this.rows[name].forEach((row, number) => { row[column] = number; });
  }

  put(name, row) { this.rows[name].push({session_id: this.session.id, ...row}); }

  at(ms) { return Math.round(ms - this.session.started) / 1000; }

  length_s() { return this.at(this.stop); }

  note(at_s, text, placement) { this.put("notes", {at_s, placement_id: placement || "", text}); }

  /* Placements that an item is about: "" for the whole point. */
  places(item) {
    return item.per_placement ? this.session.placements.map((one) => one.code) : [""];
  }

  is_file(item) { return item.type === "photo" || item.type === "audio"; }

  from_form(block) {
    const session = this.session;
    if (!block.answers) {
      const columns = DATA.columns.sessions;
      for (const item of block.items) {
        const value = is_asked(session, block, "", item, "") ? session.answer(block.id, "", item.id, "") : null;
        if (value === null) continue;
        if (item.personal) this.personal.push({item: item.id, value: as_written(item, value)});
        else if (this.is_file(item)) this.put("media", {path: as_written(item, value), item: item.id});
        else if (item.id === "planned_start" && item.type === "time") this.head.planned_start = this.planned(value);
        else if (columns.includes(item.id)) this.head[item.id] = as_written(item, value);
        else this.conditions[item.id] = Array.isArray(value) ? value.join(" ") : value;
      }
      return;
    }
    for (const record of session.records_of(block.id)) {
      for (const item of block.items) {
        for (const place of this.places(item)) {
          const value = is_asked(session, block, record.record, item, place) ? record.answers.get(key(item.id, place)) : undefined;
          if (value === undefined) continue;
          const row = {placement_id: place, item: item.id};
          if (item.personal) this.personal.push({respondent_id: record.record, item: item.id, value: as_written(item, value)});
          else if (this.is_file(item)) this.put("media", {...row, path: as_written(item, value), at_s: this.at(record.t)});
          else this.put("answers", {...row, respondent_id: record.record, value: as_written(item, value)});
        }
      }
    }
  }

  planned(time) {
    const day = new Date(this.session.started);
    const [hour, minute] = time.split(":").map(Number);
    return iso(new Date(day.getFullYear(), day.getMonth(), day.getDate(), hour, minute).getTime());
  }

  slices(block) {
    let most = Math.ceil((this.stop - this.session.started) / (block.every_s * 1000));
    for (const where of this.session.counts.keys()) {
      const [name, no] = where.split("|");
      if (name === block.id) most = Math.max(most, Number(no) + 1);
    }
    return most;
  }

  from_interval(block) {
    for (let no = 0; no < this.slices(block); no += 1) {
      const start_s = no * block.every_s;
      const key_columns = {interval_no: no, start_s, end_s: Math.min(start_s + block.every_s, Math.max(this.length_s(), start_s + 0.001))};
      for (const item of block.items) {
        for (const place of this.places(item)) this.interval_value(block, no, item, place, key_columns);
      }
    }
  }

  interval_value(block, no, item, place, key_columns) {
    const row = {...key_columns, placement_id: place, item: item.id, rule: "event_count", source: "live"};
    if (item.type === "count") {
      const count = this.session.count(block.id, no, item.id, place);
      if (this.session.watched(block.id, no, item.id, place) && this.was_there(block, no, place)) {
        this.put("interval_counts", {...row, value: count});
      } else if (count) {
        this.note(key_columns.start_s, `${item.id}: ${count}, not watched all the interval`, place);
      }
      return;
    }
    const value = is_asked(this.session, block, no, item, place) ? this.session.answer(block.id, no, item.id, place) : null;
    if (value === null) return;
    if (is_numeric(item) || numeric_choice(item)) this.put("interval_counts", {...row, value: Number(value)});
    else if (this.is_file(item)) this.put("media", {path: as_written(item, value), at_s: key_columns.start_s, placement_id: place, item: item.id});
    else this.note(key_columns.start_s, `${item.id}: ${as_written(item, value)}`, place);
  }

  was_there(block, no, place) {
    if (!place) return true;
    const placement = this.session.placements.find((one) => one.code === place);
    return this.session.slice(block.id, placement.t) <= no;
  }

  from_scan(block) {
    const session = this.session;
    for (const record of session.records_of(block.id)) {
      const key_columns = {scan_no: Number(record.record), at_s: this.at(record.t)};
      for (const item of block.items) {
        for (const place of this.places(item)) {
          const value = is_asked(session, block, record.record, item, place) ? session.answer(block.id, record.record, item.id, place) : null;
          if (value === null) continue;
          const row = {...key_columns, placement_id: place, item: item.id, source: "live"};
          if (this.is_file(item)) this.put("media", {path: as_written(item, value), at_s: key_columns.at_s, placement_id: place, item: item.id});
          else if (is_numeric(item) || numeric_choice(item)) this.put("scans", {...row, value: Number(value), text: ""});
          else this.put("scans", {...row, value: null, text: as_written(item, value)});
        }
      }
    }
  }

  from_per_ad(block) {
    const session = this.session;
    for (const {code} of session.placements) {
      const row = {placement_id: code};
      const details = {};
      for (const item of block.items) {
        const value = is_asked(session, block, code, item, "") ? session.answer(block.id, code, item.id, "") : null;
        if (value === null) continue;
        if (this.is_file(item)) this.put("media", {path: as_written(item, value), placement_id: code, item: item.id});
        else if (DATA.columns.audits.includes(item.id)) row[item.id] = is_numeric(item) ? Number(value) : as_written(item, value);
        else details[item.id] = is_numeric(item) ? Number(value) : as_written(item, value);
      }
      if (Object.keys(details).length) row.details_json = JSON.stringify(details);
      if (Object.keys(row).length > 1) this.put("audits", row);
    }
  }

  from_log(block) {
    const codes_first = [...block.items].sort((a, b) => Number(!a.choices) - Number(!b.choices));
    for (const record of this.session.records_of(block.id)) {
      const parts = [];
      for (const item of codes_first) {
        const value = this.session.answer(block.id, record.record, item.id, "");
        if (value === null) continue;
        if (this.is_file(item)) this.put("media", {path: as_written(item, value), at_s: this.at(record.t), item: item.id});
        else parts.push(as_written(item, value));
      }
      if (parts.length) this.note(this.at(record.t), parts.join(": "));
    }
  }

  from_focal(block) {
    for (const event of this.session.events) {
      if (event.block !== block.id) continue;
      const open = event.form === "state" && event.end === null;
      this.put("events", {
        subject: event.subject || "", code: event.code, placement_id: event.placement, form: event.form,
        t_s: this.at(event.t), t_end_s: event.form === "point" ? null : this.at(open ? this.stop : event.end),
        modifiers_json: JSON.stringify(event.modifiers), closed_by: open ? "session_end" : event.closed_by,
      });
    }
  }

  gaps() {
    let away_s = 0;
    for (const gap of this.session.gaps) {
      const from = Math.max(gap.from, this.session.started);
      const to = Math.min(gap.to, this.stop);
      if (to <= from) continue;
      away_s += (to - from) / 1000;
      this.note(this.at(from), `page closed for ${Math.round((to - from) / 1000)} s`);
    }
    for (const {t, by} of this.session.shifts) this.note(this.at(t), `clock of the phone was set back by ${Math.round(by / 1000)} s`);
    if (away_s && this.head.paused_s === undefined) this.head.paused_s = Math.round(away_s);
  }
}

function as_json(session, now) {
  const {rows, personal} = new Tables(session, now);
  return JSON.stringify({
    format: DATA.format, protocol: {id: DATA.protocol.id, version: DATA.protocol.version},
    exported_at: iso(now), complete: session.stopped !== null, tables: rows, personal, journal: session.entries,
  }, null, 1);
}

/* One CSV: the first column names the canonical table, the others are the columns of all of them. */
function as_csv(session, now) {
  const rows = new Tables(session, now).rows;
  const columns = [...new Set(Object.keys(rows).flatMap((name) => DATA.columns[name]))];
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const complete = session.stopped !== null ? "" : "unfinished";
  const lines = [["table", ...columns, DATA.format, complete].map(cell).join(",")];
  for (const [name, list] of Object.entries(rows)) {
    for (const row of list) lines.push([name, ...columns.map((column) => row[column])].map(cell).join(",") + ",,");
  }
  return "﻿" + lines.join("\r\n") + "\r\n";
}
