import type { Kernel } from "../open-kernel.ts";

interface TurnOptions {
  signal: AbortSignal;
  /** Another has the turn: this one waits. */
  onWait?: () => void;
}

/**
 * Waits until no other process of the home has the turn of this name, in order of arrival. It belongs to a connection of its own, so it ends with its
 * process, and no event tells of it: for what is better done one after the other, not for what must not be done twice.
 * @throws the reason of `signal`; RoostError `unavailable` without a database
 */
export async function takeTurn(kernel: Kernel, name: string, options: TurnOptions): Promise<AsyncDisposable> {
  const { signal, onWait } = options;
  signal.throwIfAborted();
  // The others take as long as they take: the signal is the limit.
  const session = await kernel.database.openSession({ isUnlimited: true });
  const leave = () => void session[Symbol.asyncDispose]();
  signal.addEventListener("abort", leave, { once: true });
  try {
    const key = [`roost.turn:${name}`];
    const [tried] = await session.query<{ isTaken: boolean }>(
      `select pg_try_advisory_lock(hashtextextended($1, 0)) as "isTaken"`,
      key,
    );
    if (tried?.isTaken !== true) {
      onWait?.();
      await session.query("select pg_advisory_lock(hashtextextended($1, 0))", key);
    }
    signal.throwIfAborted();
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
