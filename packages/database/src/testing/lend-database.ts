/** A Database for one test on connections that stay: once it is closed it is as closed as one of its own, and the connections serve the next. */
import { RoostError } from "@roost/base";
import type { Database } from "../database.ts";
import type { KeptSessions } from "./keep-sessions.ts";

export function lendDatabase(database: Database, sessions: KeptSessions): Database {
  const owned = new Set<AsyncDisposable>();
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  function run<T>(work: () => Promise<T>): Promise<T> {
    if (closing !== undefined) return Promise.reject(new RoostError("unavailable", "the database was closed"));
    const result = work();
    const settled: Promise<unknown> = result.then(
      () => running.delete(settled),
      () => running.delete(settled),
    );
    running.add(settled);
    return result;
  }

  /** What is open for the test is closed with it. */
  async function own<T extends AsyncDisposable>(opening: Promise<T>): Promise<T> {
    const opened = await opening;
    owned.add(opened);
    return opened;
  }

  async function close(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
    await Promise.all([...owned].map((each) => each[Symbol.asyncDispose]()));
  }

  return {
    query: (text, values, options) => run(() => database.query(text, values, options)),
    transact: (work, options) => run(() => database.transact(work, options)),
    together: (work) => run(() => database.together(work)),
    listen: (channel, onPayload) => run(() => own(database.listen(channel, onPayload))),
    openSession: (options) =>
      run(() => own(options?.isUnlimited === true ? database.openSession(options) : sessions.open())),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}
