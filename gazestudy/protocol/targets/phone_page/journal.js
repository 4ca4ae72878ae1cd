/* The journal: what happened, entry by entry, each on the disk before it is shown.

IndexedDB with strict durability: localStorage of Chromium reaches the disk only seconds later.
Entries that arrive while one is being written go together in the next transaction. */

class Journal {
  constructor(onState) {
    this.onState = onState;
    this.pending = [];
    this.writing = false;
    this.failed = false;
    this.db = null;
  }

  async open() {
    this.db = await new Promise((resolve, reject) => {
      const request = indexedDB.open("gazestudy-phone", 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("sessions", {keyPath: "id"});
        request.result.createObjectStore("journal", {keyPath: ["session", "n"]});
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("blocked"));
    });
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => {});
  }

  transaction(mode, work, durability = "strict") {
    return new Promise((resolve, reject) => {
      const transaction = this.db.transaction(["sessions", "journal"], mode, {durability});
      const request = work(transaction);
      transaction.oncomplete = () => resolve(request && request.result);
      transaction.onabort = () => reject(transaction.error || new Error("aborted"));
    });
  }

  sessions() {
    return this.transaction("readonly", (t) => t.objectStore("sessions").getAll());
  }

  entries(session) {
    const range = IDBKeyRange.bound([session, 0], [session, Number.MAX_SAFE_INTEGER]);
    return this.transaction("readonly", (t) => t.objectStore("journal").getAll(range));
  }

  begin(summary, entry) {
    return this.transaction("readwrite", (t) => {
      t.objectStore("sessions").add(summary);
      t.objectStore("journal").add(entry);
    });
  }

  /* Note that the page was open and awake at a time. */
  alive(session, time) {
    return this.transaction("readwrite", (t) => {
      const store = t.objectStore("sessions");
      const request = store.get(session);
      request.onsuccess = () => { if (request.result) store.put({...request.result, alive: time}); };
    }, "relaxed").catch(() => {});
  }

  remove(session) {
    const range = IDBKeyRange.bound([session, 0], [session, Number.MAX_SAFE_INTEGER]);
    return this.transaction("readwrite", (t) => {
      t.objectStore("sessions").delete(session);
      t.objectStore("journal").delete(range);
    });
  }

  /* Write an entry; `done` is called once it is on the disk, or with true when that failed for now. */
  append(entry, done) {
    this.pending.push({entry, done});
    this.flush();
  }

  async flush() {
    if (this.writing || !this.pending.length) return;
    this.writing = true;
    const batch = this.pending.slice();
    this.onState();
    try {
      await this.transaction("readwrite", (t) => {
        const store = t.objectStore("journal");
        for (const {entry} of batch) store.add(entry);
      });
      this.pending.splice(0, batch.length);
      this.failed = false;
      this.writing = false;
      for (const one of batch) this.tell(one);
      this.onState();
      this.flush();
    } catch (error) {
      // another tab has used the number: show what is there; what was not shown was not counted
      if (error.name === "ConstraintError") return location.reload();
      this.failed = true;
      this.writing = false;
      for (const one of batch) this.tell(one);
      this.onState();
      setTimeout(() => this.flush(), 2000);
    }
  }

  tell(one) {
    if (one.done) one.done();
    one.done = null;
  }
}
